"""Whole models: `.keras` files with configuration, weights and optimizer state; `.h5` files of older Keras."""

from __future__ import annotations

import datetime
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narae.base.errors import entry, unknown_arguments, warn_user
from narae.base.files import atomic_write, kind_of
from narae.base.language import tr
from narae.base.limits import Limits, limited
from narae.base.serialization import serialize_keras_object
from narae.distributed.processes import written_once
from narae.engine.initial import finish_waiting
from narae.saving import archive, legacy, reading
from narae.saving.paths import CorruptFile, as_path, check_source, check_target
from narae.saving.weight_files import read_weights, write_weights

if TYPE_CHECKING:
    from narae.base.types import CustomObjects, PathLike
    from narae.models import Model

# The version of Keras whose format is written: real Keras reads it in the metadata.
_FORMAT = "3.15.0"
_LEGACY = (".h5", ".hdf5")


@entry
def save_model(
    model: Model,
    filepath: PathLike,
    overwrite: bool = True,
    zipped: bool | None = None,
    **kwargs: Any,
) -> None:
    """Write a model: configuration, weights, and the optimizer's state.

    Args:
        model: a model that is built.
        filepath: ends in `.keras`; in `.h5` or `.hdf5` for the format of older Keras.
        overwrite: whether a file that is there is replaced.
        zipped: False for a folder of that name, without an ending, in place of a file; None and True for a file.
        **kwargs: include_optimizer=False: without what `compile` was given.

    Raises:
        ValueError: the name has another ending, or an argument is not known.
        FileExistsError: the file is there, and overwrite is False.

    >>> import tempfile, narae
    >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.keras")
    ...     load_model(f"{folder}/model.keras").count_params()
    3
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs.pop("save_format", None) is not None:
        warn_user(tr("save_format is not needed: the ending of the name says it"))
    if kwargs:
        raise unknown_arguments("save", kwargs, save_model)
    path = as_path(filepath)
    _check_ending(path, zipped)
    if path.suffix in _LEGACY:
        files = {"": legacy.packed(model, include_optimizer, _FORMAT)}
    else:
        files = _described(model, include_optimizer)
    if zipped is False:
        with written_once(str(path)) as here:
            if here:
                _write_folder(path, files, overwrite)
    else:
        _write_file(path, files, overwrite)


def save_with(model: Model, path: Path, members: Mapping[str, bytes]) -> None:
    """Write a `.keras` file with more members, at which Keras does not look. Raises as `save_model` does."""
    _check_ending(path, None)
    _write_file(path, {**_described(model, True), **members}, overwrite=True)


def _write_file(path: Path, files: dict[str, bytes], overwrite: bool) -> None:
    with written_once(str(path)) as here:
        if here:
            check_target(path, overwrite)
            _write(path, files)


def _check_ending(path: Path, zipped: bool | None) -> None:
    if zipped is False:
        if path.suffix in (".keras", *_LEGACY):
            raise ValueError(
                tr(
                    "zipped=False makes a folder: its name has no ending like {suffix!r}, got {name!r}",
                    suffix=path.suffix,
                    name=path.name,
                )
            )
    elif path.suffix not in (".keras", *_LEGACY):
        raise ValueError(
            tr(
                "Invalid filepath extension: a model file's name ends in `.keras` (or `.h5`, as older "
                "Keras has it), got {name!r}",
                name=path.name,
            )
        )


def _described(model: Model, include_optimizer: bool) -> dict[str, bytes]:
    """The files of a `.keras` file, by name."""
    config = serialize_keras_object(model)
    if not include_optimizer:
        config.pop("compile_config", None)
    saved = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": _FORMAT, "date_saved": saved}
    weights = io.BytesIO()
    write_weights(model, weights, include_optimizer)
    return {
        archive.METADATA: json.dumps(metadata).encode(),
        archive.CONFIG: json.dumps(config).encode(),
        archive.WEIGHTS: weights.getvalue(),
    }


def _write(path: Path, files: dict[str, bytes]) -> None:
    with atomic_write(path) as target:
        if list(files) == [""]:
            target.write(files[""])
            return
        with archive.Written(target, "w") as file:
            for name, data in files.items():
                file.writestr(name, data)


def _write_folder(path: Path, files: dict[str, bytes], overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise FileExistsError(tr("{path} is there already; overwrite=True replaces it", path=path))
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with atomic_write(path / name) as target:
            target.write(data)


# The text has no weights, by which to say how large a model it may mean: arrays that are computed while
# it is made, and pieces of work, are bounded as for a file; the weights themselves by the machine.
_ARRAYS, _STEPS = 256 << 20, 2_000_000


def read_json(text: str, custom_objects: CustomObjects | None = None) -> Any:
    """The model that a text of `to_json` describes. Raises CorruptFile, a ValueError, where it describes none."""
    shown = "the JSON text"
    if not isinstance(text, (str, bytes, bytearray)):
        raise TypeError(
            tr("model_from_json takes the text of to_json, got {kind}", kind=type(text).__name__)
        )
    try:
        config = json.loads(text)
    except RecursionError:
        raise CorruptFile(tr("{shown} is nested too deep", shown=shown)) from None
    except ValueError as error:
        raise CorruptFile(tr("{shown} is no JSON: {error}", shown=shown, error=error)) from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise CorruptFile(tr("{shown} describes no model: it has no class_name", shown=shown))
    with limited(Limits(shown, _memory(), _ARRAYS, _STEPS, "this machine has memory for")) as left:
        model = reading.described(config, custom_objects, True, shown)
    finish_waiting(left)
    return model


def _memory() -> int:
    """The bytes of this machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 40  # a system that does not tell


@entry
def load_model(
    filepath: PathLike,
    custom_objects: CustomObjects | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """The model in a `.keras` file (or the folder of one), or in an `.h5` file of older Keras.

    Only classes that are built in, registered or passed in custom_objects are made; nothing is imported or
    run by a name in the file, whatever safe_mode says.

    Args:
        filepath: the file, or the folder of one.
        custom_objects: classes and functions of yours by the names in the file.
        compile: whether the model is compiled as it was, with the optimizer's state.
        safe_mode: accepted for Keras's sake.

    Returns: the model.

    Raises:
        CorruptFile: the file is damaged or hostile (a ValueError).
        ValueError: it has classes that are not known.
        OSError: it cannot be read.

    >>> load_model("no such file.keras")
    Traceback (most recent call last):
    narae.saving.paths.MissingFile: File not found: ...
    """
    path = as_path(filepath)
    if kind_of(path) != "a folder":
        check_source(path)
    if path.suffix in _LEGACY:
        check_source(path, "an `.h5` file")
        return legacy.load(path, custom_objects, compile, safe_mode)
    with archive.opened(path) as found:
        config = found.json(archive.CONFIG)
        if not isinstance(config, dict) or "class_name" not in config:
            raise CorruptFile(tr("{path}: config.json describes no model", path=path))
        if not compile:
            config.pop("compile_config", None)
        weights = found.weights()
        with limited(reading.bounds(weights.stat().st_size, str(path))) as left:
            model = reading.described(config, custom_objects, safe_mode, f"{path}: config.json")
            read_weights(model, weights, str(path))
        finish_waiting(left)
    return model
