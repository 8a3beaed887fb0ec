"""Weights alone: `.weights.h5` files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from narae.base.files import atomic_write
from narae.engine.processes import written_once
from narae.saving import archive
from narae.saving.h5 import CorruptFile, Reader, Writer, as_path, open_for_reading
from narae.saving.tree import parts

# What h5py raises for damage depends on the byte that is damaged.
_DAMAGE = (OSError, RuntimeError, LookupError, TypeError, OverflowError, AttributeError)


def save_weights(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write all variables of a model (the optimizer's included) to a `.weights.h5` file.

    Raises ValueError for another ending and for unknown arguments, FileExistsError when the file is there
    and overwrite is False.
    """
    if kwargs:
        raise ValueError(f"save_weights got unknown arguments: {sorted(kwargs)}")
    path = as_path(filepath)
    if not path.name.endswith(".weights.h5"):
        raise ValueError(f"a weights file's name ends in `.weights.h5`, got {path.name!r}")
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights to save before it is built: call it on data first"
        )
    packed = io.BytesIO()
    write_weights(model, packed)
    with written_once(str(path)) as here:
        if here:
            check_target(path, overwrite)
            with atomic_write(path) as file:
                file.write(packed.getbuffer())


def check_target(path: Path, overwrite: bool) -> None:
    """Raise an error that names the folder or file when `path` cannot be written."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {path}: the folder {path.parent} is not there; make it first"
        )
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; overwrite=True replaces it")


def write_weights(model: Any, target: Any) -> None:
    """Write a model's variables into an HDF5 file (a path or a binary file)."""
    import h5py

    with h5py.File(target, "w") as file:
        for path, part in parts(model):
            part.save_own_variables(Writer(file, path, part.name))


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read weights from a `.weights.h5` or `.keras` file into a built model.

    skip_mismatch: leave parts whose number or shapes of variables differ as they are, with a warning.
    Raises ValueError when they differ, CorruptFile (a ValueError) for a damaged or hostile file.
    """
    if kwargs:
        raise ValueError(f"load_weights got unknown arguments: {sorted(kwargs)}")
    path = as_path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on data, then load weights")
    if path.suffix == ".keras":
        with archive.opened(path) as found:
            read_weights(model, found.weights(), str(path), skip_mismatch)
        return
    if not path.name.endswith(".h5"):
        raise ValueError(
            f"a weights file's name ends in `.weights.h5` or `.keras`, got {path.name!r}"
        )
    read_weights(model, path, str(path), skip_mismatch)


def read_weights(model: Any, source: Any, shown: str, skip_mismatch: bool = False) -> None:
    """Read a model's variables from an HDF5 file (a path or a binary file)."""
    import warnings

    with open_for_reading(source, shown) as file:
        for path, part in parts(model):
            try:
                _read_part(part, path, Reader(file, path, shown), model)
            except CorruptFile:
                raise
            except ValueError as error:
                if not skip_mismatch:
                    raise ValueError(f"{shown}: {error}") from error
                warnings.warn(f"{shown}: skipped {path or part.name}: {error}", stacklevel=3)
            except _DAMAGE as error:
                raise CorruptFile(f"{shown} is damaged at {path or 'its root'}: {error}") from error


def _read_part(part: Any, path: str, store: Reader, model: Any) -> None:
    if path in ("optimizer", "optimizer/inner_optimizer"):
        if not part.built and len(store) > len(part.variables):
            part.build(model.trainable_variables)
        if len(store) < min(3, len(part.variables)):
            return  # written before the optimizer was built: the weights are whole
    part.load_own_variables(store)
