"""Whole models and weights in the HDF5 format of older Keras (`.h5`, `.hdf5`), written and read.

The configuration is JSON in the attribute `model_config`, what `compile` was given in `training_config`;
weights lie by layer in the group `model_weights`, in the order of the layers, the optimizer's in
`optimizer_weights`. The rules of safety are those of `.keras` files. `legacy_config` makes of old
configurations what is written today.
"""

from __future__ import annotations

import inspect
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narae import losses
from narae.base import trees
from narae.base.errors import warn_user
from narae.base.limits import limited
from narae.base.registry import get_registered_name
from narae.base.serialization import serialize_keras_object
from narae.engine.initial import finish_waiting
from narae.layers.configuring import assign_stored
from narae.saving import archive, reading
from narae.saving.h5 import attribute, group_in, hdf5, open_for_reading, stored_in, text_attribute
from narae.saving.legacy_config import compile_arguments, upgraded
from narae.saving.paths import CorruptFile

if TYPE_CHECKING:
    import h5py

    from narae.base.types import CustomObjects
    from narae.layers import Layer
    from narae.models import Model

_ATTRIBUTE = 64_000  # bytes of names in one attribute: HDF5 has no room for more beside it
_JSON = 16 << 20


# -- writing ---------------------------------------------------------------------------------


def packed(model: Model, include_optimizer: bool, version: str) -> bytes:
    """A model as the bytes of an `.h5` file."""
    described = serialize_keras_object(model)
    config = {"class_name": described["class_name"], "config": described["config"]}
    if described.get("registered_name") and ">" in described["registered_name"]:
        config["class_name"] = described["registered_name"]
    if "input_layers" not in described["config"] and described.get("build_config"):
        config["build_config"] = described["build_config"]  # its weights come with a first call
    out = io.BytesIO()
    with hdf5().File(out, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["backend"] = "jax"
        file.attrs["model_config"] = json.dumps(config).encode()
        weights = file.create_group("model_weights")
        weights.attrs["backend"] = b"jax"
        weights.attrs["keras_version"] = version.encode()
        _write_layers(weights, model)
        if include_optimizer and model.compiled and model.optimizer is not None:
            file.attrs["training_config"] = json.dumps(_training(model)).encode()
            if model.optimizer.variables:
                _write_arrays(file.create_group("optimizer_weights"), model.optimizer.variables)
    return out.getvalue()


def _training(model: Model) -> dict[str, Any]:
    """What `compile` was given, the optimizer apart."""
    given = dict(model._compile_state.config)
    given["loss"] = trees.map_tree(_full_name, given.get("loss"))
    for kind in ("loss", "metrics", "weighted_metrics"):
        given[kind] = trees.map_tree(_function_name, given.get(kind))
    config = {k: v for k, v in serialize_keras_object(given).items() if k != "optimizer"}
    optimizer = model.optimizer
    config["optimizer_config"] = {
        "class_name": get_registered_name(type(optimizer)),
        "config": serialize_keras_object(optimizer.get_config()),
    }
    return config


def _full_name(loss: object) -> Any:
    """A loss's name in full: Keras finds no short ones in such files."""
    found = (
        losses.get(loss) if isinstance(loss, str) and loss not in ("crossentropy", "ce") else loss
    )
    return getattr(found, "__name__", loss) if isinstance(loss, str) else loss


def _function_name(given: object) -> Any:
    """A function as its name, by which such files have it."""
    if not inspect.isfunction(given) or given.__name__ == "<lambda>":
        return given
    return get_registered_name(given)


def _write_layers(group: h5py.Group, model: Model) -> None:
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in sorted(model.layers, key=lambda one: one.name):
        _write_arrays(group.create_group(layer.name), _weights(layer))
    _write_arrays(group.create_group("top_level_model_weights"), _own(model))


def _weights(layer: Layer) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own(model: Model) -> list[Any]:
    return model._ordered() if hasattr(model, "_ordered") else []


def _write_arrays(group: h5py.Group, variables: list[Any]) -> None:
    names: list[str] = []
    for variable in variables:
        name, number = variable.path, 0
        while name in names:
            number += 1
            name = f"{variable.path}_{number}"
        names.append(name)
    _write_names(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        data = variable.numpy()
        # HDF5 has no bfloat16: its values as float32, which have them all
        group.create_dataset(
            name, data=data.astype("f4") if data.dtype.name == "bfloat16" else data
        )


def _write_names(group: h5py.Group, key: str, names: list[str]) -> None:
    """A list of names, in several attributes where one has no room for it."""
    data = np.asarray([name.encode() for name in names])
    parts = max(1, -(-data.nbytes // _ATTRIBUTE))
    if parts == 1:
        group.attrs[key] = data if len(names) else np.zeros((0,), "S1")
        return
    for i, part in enumerate(np.array_split(data, parts)):
        group.attrs[f"{key}{i}"] = part


# -- reading ---------------------------------------------------------------------------------


def load(path: Path, custom_objects: CustomObjects | None, compile: bool, safe_mode: bool) -> Any:
    """The model in an `.h5` file. Raises CorruptFile as `load_model` says."""
    shown = str(path)
    with open_for_reading(path, shown) as file, reading.damage_named(shown):
        config = _json(file, "model_config", shown)
        if config is None:
            raise CorruptFile(
                f"No model config found in {shown}: it has weights alone, which model.load_weights reads, or is "
                "no file of Keras"
            )
        training = _json(file, "training_config", shown) if compile else None
        with limited(reading.bounds(path.stat().st_size, shown)) as left:
            model = reading.described(
                upgraded(config), custom_objects, safe_mode, f"{shown}: model_config"
            )
            read_layers(_group(file, "model_weights", shown), model, shown)
            if training is not None:
                _compile(model, training, custom_objects, shown)
                _read_optimizer(model, file, shown)
        finish_waiting(left)
    if compile and training is None:
        warn_user(f"{shown} holds nothing of what compile was given: the model is not compiled")
    return model


def _json(file: h5py.Group, name: str, shown: str) -> Any:
    text = text_attribute(file, name, _JSON)
    if text is None:
        return None
    data = archive.parsed(text.encode(), f"{shown}: {name}", len(text))
    if not isinstance(data, dict):
        raise CorruptFile(f"{shown}: {name} describes nothing")
    return data


def _group(file: h5py.Group, name: str, shown: str) -> Any:
    found = group_in(file, name, shown)
    if found is None:
        raise CorruptFile(f"{shown} has no group {name or '/'}")
    return found


def _compile(
    model: Model, training: dict[str, Any], custom_objects: CustomObjects | None, shown: str
) -> None:
    with reading.config_named(f"{shown}: training_config"):
        model.compile(**compile_arguments(training, custom_objects))


def _read_optimizer(model: Model, file: h5py.Group, shown: str) -> None:
    if "optimizer_weights" not in file or model.optimizer is None:
        return
    group = _group(file, "optimizer_weights", shown)
    model.optimizer.build(model.trainable_variables)
    arrays = _arrays(group, f"{shown}: optimizer_weights")
    try:
        model.optimizer.set_weights(arrays)
    except CorruptFile:
        raise
    except ValueError as error:
        warn_user(
            f"{shown}: the optimizer's state is of another form than narae's and begins anew: {error}"
        )


def read_layers(group: h5py.Group, model: Model, shown: str, skip_mismatch: bool = False) -> None:
    """Give the layers that have weights those of the file, in their order. Raises ValueError when numbers or
    shapes differ."""
    layers = [layer for layer in model.layers if _weights(layer)]
    stored = _stored_layers(group, shown)
    if len(stored) != len(layers):
        way = (
            ""
            if layers
            else (
                f". {type(model).__name__} makes its weights when it is called first: make one, call it on data, and "
                "read this file by its load_weights"
            )
        )
        raise ValueError(
            f"{shown}: the model has {len(layers)} layers with weights, the file has {len(stored)}{way}"
        )
    for layer, (name, arrays) in zip(layers, stored, strict=True):
        _give(
            f"{layer.name!r} (in the file {name!r})", _weights(layer), arrays, shown, skip_mismatch
        )
    _read_own(group, model, shown, skip_mismatch)


def read_layers_by_name(
    group: h5py.Group, model: Model, shown: str, skip_mismatch: bool = False
) -> None:
    """Give layers the weights that the file has under their names. Others stay as they are."""
    by_name = {layer.name: layer for layer in model.layers}
    for name, arrays in _stored_layers(group, shown):
        if name in by_name:
            _give(repr(name), _weights(by_name[name]), arrays, shown, skip_mismatch)
    _read_own(group, model, shown, skip_mismatch)


def _read_own(group: h5py.Group, model: Model, shown: str, skip_mismatch: bool) -> None:
    own = _own(model)
    if own and "top_level_model_weights" in group:
        arrays = _arrays(_group(group, "top_level_model_weights", shown), shown)
        _give("the model itself", own, arrays, shown, skip_mismatch)


def _stored_layers(group: h5py.Group, shown: str) -> list[tuple[str, list[Any]]]:
    """(name, arrays) of each layer that has some."""
    found = []
    for name in _names(group, "layer_names", shown):
        arrays = _arrays(_group(group, name, shown), f"{shown}: {name}")
        if arrays:
            found.append((name, arrays))
    return found


def _arrays(group: h5py.Group, shown: str) -> list[Any]:
    return [stored_in(group, name, shown) for name in _names(group, "weight_names", shown)]


def _names(group: h5py.Group, key: str, shown: str) -> list[str]:
    keys = [key] if key in group.attrs else []
    while not keys or keys[0] != key:
        if f"{key}{len(keys)}" not in group.attrs:
            break
        keys.append(f"{key}{len(keys)}")
    names: list[str] = []
    for one in keys:
        for name in np.asarray(attribute(group, one, 1 << 20)).reshape(-1).tolist():
            text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
            if not isinstance(text, str) or text.startswith("/") or ".." in text.split("/"):
                raise CorruptFile(f"{shown}: {one} holds {text!r:.80}, no name: refused")
            names.append(text)
    return names


def _give(what: str, variables: list[Any], arrays: list[Any], shown: str, skip: bool) -> None:
    """Give variables stored values. Raises ValueError, or warns, where number or shapes differ."""
    wrong = None
    if len(variables) != len(arrays):
        wrong = f"it has {len(variables)} weights, the file has {len(arrays)}"
    for variable, array in zip(variables, arrays, strict=False):
        if wrong is None and variable.shape != array.shape:
            wrong = f"{variable.path!r} has shape {variable.shape}, in the file {array.shape}"
    if wrong is None:
        for variable, array in zip(variables, arrays, strict=True):
            assign_stored(variable, array)
    elif skip:
        warn_user(f"{shown}: skipped {what}: {wrong}")
    else:
        raise ValueError(f"{shown}: {what} does not fit: {wrong}")
