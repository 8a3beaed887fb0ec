"""Whole models: `.keras` files with configuration, weights and optimizer state."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from narae.base.files import atomic_write
from narae.base.registry import deserialize_keras_object, serialize_keras_object
from narae.engine.processes import written_once
from narae.engine.variable import byte_budget
from narae.saving import archive
from narae.saving.h5 import CorruptFile, as_path
from narae.saving.weight_files import check_target, read_weights, write_weights

# The version of Keras whose format is written: real Keras reads it in the metadata.
_FORMAT = "3.15.0"


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Write a model to a `.keras` file: configuration, weights, and the optimizer's state.

    Raises ValueError for another ending, FileExistsError when the file is there and overwrite is False.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs:
        raise ValueError(f"save got unknown arguments: {sorted(kwargs)}")
    path = as_path(filepath)
    if path.suffix != ".keras":
        fix = "; weights alone: save_weights(`.weights.h5`)" if path.suffix == ".h5" else ""
        raise ValueError(f"a model file's name ends in `.keras`, got {path.name!r}{fix}")
    if zipped is False:
        raise ValueError(
            "zipped=False (a folder) is not supported: `.keras` files are single files"
        )
    config = serialize_keras_object(model)
    if not include_optimizer:
        config.pop("compile_config", None)
    metadata = {
        "keras_version": _FORMAT,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    weights = io.BytesIO()
    write_weights(model, weights)
    with written_once(str(path)) as here:
        if here:
            check_target(path, overwrite)
            _write(path, {archive.METADATA: metadata, archive.CONFIG: config}, weights)


def _write(path: Path, described: dict[str, Any], weights: io.BytesIO) -> None:
    with atomic_write(path) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name, data in described.items():
            file.writestr(name, json.dumps(data))
        file.writestr(archive.WEIGHTS, weights.getbuffer())


def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a `.keras` file.

    Only classes that are built in, registered or passed in custom_objects are made; nothing is imported or
    run by a name in the file, whatever safe_mode says. Raises CorruptFile (a ValueError) for a damaged or
    hostile file, ValueError for classes that are not known.
    """
    path = as_path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if path.suffix in (".h5", ".hdf5"):
        raise ValueError(
            f"{path.name} is in the old HDF5 format: save the model as `.keras` with the Keras that wrote it; "
            "weights alone load by model.load_weights"
        )
    with archive.opened(path) as found:
        config = found.json(archive.CONFIG)
        if not isinstance(config, dict) or "class_name" not in config:
            raise CorruptFile(f"{path}: config.json describes no model")
        if not compile:
            config.pop("compile_config", None)
        # No model needs much more memory than its weights have bytes: a configuration that lies is
        # stopped before it takes any. An optimizer that has not trained has nothing in the file, and
        # makes up to five arrays of each weight's size: three of its own, an average, an accumulator.
        with byte_budget(6 * found.weights_size() + (1 << 20), str(path)):
            model = _described(config, custom_objects, safe_mode, path)
            if not hasattr(model, "layers"):
                raise CorruptFile(
                    f"{path}: config.json describes a {type(model).__name__}, no model"
                )
            read_weights(model, found.weights(), str(path))
    return model


def _described(config: Any, custom_objects: Any, safe_mode: bool, path: Path) -> Any:
    """The model of a configuration. Whatever goes wrong in making it is the file's fault, or that of a
    class of the caller's own, whose error is the cause of the one raised."""
    try:
        return deserialize_keras_object(config, custom_objects, safe_mode)
    except (ValueError, OSError, MemoryError):
        raise
    except Exception as error:
        raise CorruptFile(
            f"{path}: config.json describes no model that can be made: {type(error).__name__}: {error}"
        ) from error
