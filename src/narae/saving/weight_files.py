"""Weights alone: `.weights.h5` files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from narae.base.errors import entry, in_words, unknown_arguments, warn_user
from narae.base.files import atomic_write
from narae.base.limits import TooMuch
from narae.distributed.processes import written_once
from narae.saving import archive, legacy
from narae.saving.h5 import Reader, Writer, group_in, hdf5, open_for_reading
from narae.saving.paths import CorruptFile, as_path, check_source, check_target
from narae.saving.reading import DAMAGE, damage_named
from narae.saving.shards import ShardedWriter, Shards, sharded
from narae.saving.tree import parts

if TYPE_CHECKING:
    from narae.base.types import PathLike
    from narae.models import Model


@entry
def save_weights(
    model: Model,
    filepath: PathLike,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    **kwargs: Any,
) -> None:
    """Write all variables of a model (the optimizer's included) to a `.weights.h5` file.

    Args:
        model: a model that is built.
        filepath: ends in `.weights.h5`.
        overwrite: whether a file that is there is replaced.
        max_shard_size: GiB of variables in one file; the name then ends in `.weights.json`, and the files beside it
            are numbered. None for one file.

    Raises:
        ValueError: the name has another ending, an argument is not known, or the model is not built.
        FileExistsError: the file is there, and overwrite is False.

    >>> import tempfile, narae
    >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(model, f"{folder}/model.weights.h5")
    ...     load_weights(model, f"{folder}/model.weights.h5")
    """
    if kwargs:
        raise unknown_arguments("save_weights", kwargs, save_weights)
    path = _target(as_path(filepath), max_shard_size)
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights to save before it is built: call it on data first"
        )
    files = _packed(model, path, max_shard_size)
    with written_once(str(path)) as here:
        if here:
            check_target(path, overwrite)
            for name, data in files.items():
                with atomic_write(path.with_name(name)) as file:
                    file.write(data)


def _target(path: Path, max_shard_size: float | None) -> Path:
    """The file to write. Raises ValueError for another ending, and a size that is none."""
    if max_shard_size is None:
        if not path.name.endswith(".weights.h5"):
            raise ValueError(f"a weights file's name ends in `.weights.h5`, got {path.name!r}")
        return path
    if not path.name.endswith((".weights.json", ".weights.h5")):
        raise ValueError(f"with max_shard_size the name ends in `.weights.json`, got {path.name!r}")
    if isinstance(max_shard_size, bool) or not max_shard_size > 0:
        raise ValueError(f"max_shard_size is a number of GiB above 0, got {max_shard_size!r}")
    if path.suffix != ".json":
        warn_user(
            f"weights in several files have an index that ends in `.json`: {path.name!r} is written as "
            f"{path.with_suffix('.json').name!r}"
        )
    return path.with_suffix(".json")


def _packed(model: Model, path: Path, max_shard_size: float | None) -> dict[str, Any]:
    """What is written, by the files' names: an index last, when what it names is there."""
    if max_shard_size is None:
        whole = io.BytesIO()
        write_weights(model, whole)
        return {path.name: whole.getbuffer()}
    shards = Shards(path, float(max_shard_size) * 1024**3)
    for inner, part in parts(model):
        part.save_own_variables(ShardedWriter(shards, inner, part.name))
    return {**shards.contents(), path.name: shards.index()}


def write_weights(
    model: Model, target: PathLike | IO[bytes], include_optimizer: bool = True
) -> None:
    """Write a model's variables into an HDF5 file (a path or a binary file)."""
    with hdf5().File(target, "w") as file:
        for path, part in parts(model):
            if include_optimizer or path.split("/")[0] != "optimizer":
                part.save_own_variables(Writer(file, path, part.name))


@entry
def load_weights(
    model: Model, filepath: PathLike, skip_mismatch: bool = False, **kwargs: Any
) -> None:
    """Read weights from a `.weights.h5`, `.weights.json` or `.keras` file, or an `.h5` file of older Keras, into a
    built model.

    Args:
        model: a model that is built as the one that was saved.
        filepath: the file.
        skip_mismatch: whether parts whose number or shapes of variables differ stay as they are, with a warning.
        **kwargs: objects_to_skip, layers or other parts that stay as they are; by_name, whether layers of files
            of older Keras are matched by their names instead of their order.

    Raises:
        ValueError: they differ, or the name has another ending.
        CorruptFile: the file is damaged or hostile (a ValueError).

    >>> import narae
    >>> load_weights(narae.Sequential(), "model.txt")
    Traceback (most recent call last):
    ValueError: a weights file's name ends in ...
    """
    skipped = kwargs.pop("objects_to_skip", None)
    by_name = kwargs.pop("by_name", None)
    if kwargs:
        raise unknown_arguments("load_weights", kwargs, load_weights)
    path = as_path(filepath)
    is_old = path.suffix in (".h5", ".hdf5") and not path.name.endswith(".weights.h5")
    is_new = path.suffix == ".keras" or path.name.endswith((".weights.h5", ".weights.json"))
    if not is_old and not is_new:
        raise ValueError(
            "a weights file's name ends in `.weights.h5`, `.weights.json`, `.keras` or `.h5`, got "
            f"{path.name!r}"
        )
    if by_name and not is_old:
        raise ValueError(f"by_name is for `.h5` files of older Keras, got {path.name!r}")
    if skipped is not None and is_old:
        raise ValueError(
            f"objects_to_skip is not for `.h5` files of older Keras, got {path.name!r}"
        )
    if path.suffix != ".keras":
        check_source(path, "a weights file")
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on data, then load weights")
    if path.suffix == ".keras":
        with archive.opened(path) as found:
            read_weights(model, found.weights(), str(path), skip_mismatch, skipped)
    elif path.suffix == ".json":
        with sharded(path) as reader:
            _read_parts(model, reader, str(path), skip_mismatch, skipped)
    elif is_old:
        _load_old(model, path, skip_mismatch, bool(by_name))
    else:
        read_weights(model, path, str(path), skip_mismatch, skipped)


def _load_old(model: Model, path: Path, skip_mismatch: bool, by_name: bool) -> None:
    """From an `.h5` file: of a whole model, of weights alone, or in today's layout under that ending."""
    shown = str(path)
    with open_for_reading(path, shown) as file, damage_named(shown):
        inner = group_in(file, "model_weights", shown)
        group = file if inner is None else inner
        if not any(key.startswith("layer_names") for key in group.attrs):
            if by_name:
                raise ValueError(f"{shown} names no layers: by_name is for files of older Keras")
        elif by_name:
            return legacy.read_layers_by_name(group, model, shown, skip_mismatch)
        else:
            return legacy.read_layers(group, model, shown, skip_mismatch)
    return read_weights(model, path, shown, skip_mismatch)


def read_weights(
    model: Model,
    source: PathLike,
    shown: str,
    skip_mismatch: bool = False,
    skipped: Iterable[object] | None = None,
) -> None:
    """Read a model's variables from an HDF5 file (a path or a binary file)."""
    with open_for_reading(source, shown) as file:
        _read_parts(model, lambda path: Reader(file, path, shown), shown, skip_mismatch, skipped)


def _read_parts(
    model: Model,
    reader: Callable[[str], Any],
    shown: str,
    skip_mismatch: bool,
    skipped: Iterable[object] | None,
) -> None:
    leave = {id(one) for one in skipped or ()}
    for path, part in parts(model):
        if id(part) in leave:
            continue
        try:
            _read_part(part, path, reader(path), model)
        except (CorruptFile, TooMuch, FileNotFoundError):
            raise
        except ValueError as error:
            if not skip_mismatch:
                raise ValueError(f"{shown}: {in_words(error)}") from error
            warn_user(f"{shown}: skipped {path or part.name}: {error}")
        except DAMAGE as error:
            where = path or "its root"
            raise CorruptFile(f"{shown} is damaged at {where}: {in_words(error)}") from error


def _read_part(part: Any, path: str, store: Mapping[str, Any], model: Model) -> None:
    if path in ("optimizer", "optimizer/inner_optimizer"):
        if not part.built and len(store) > len(part.variables):
            part.build(model.trainable_variables)
        if len(store) < min(3, len(part.variables)):
            return  # written before the optimizer was built: the weights are whole
    part.load_own_variables(store)
