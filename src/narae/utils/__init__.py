"""Helpers by Keras's names: seeds, labels, sequences, pictures, progress, data sets that make their batches."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from narae.base.dtypes import standardize_dtype
from narae.base.missing import missing
from narae.base.registry import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.settings import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from narae.tensor.symbolic import KerasTensor
from narae.utils.arrays import normalize, to_categorical
from narae.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
from narae.utils.progbar import Progbar
from narae.utils.py_dataset import PyDataset
from narae.utils.seeds import clear_session, set_random_seed
from narae.utils.sequences import pad_sequences
from narae.utils.timeseries import timeseries_dataset_from_array

if TYPE_CHECKING:
    from narae.utils.images import array_to_img, img_to_array, load_img, save_img
    from narae.utils.model_plot import model_to_dot, plot_model

CustomObjectScope = custom_object_scope
Sequence = PyDataset  # the name it had in Keras 2

# Layers and models load this room; what reads and draws pictures loads when first used.
_PICTURES = {
    **dict.fromkeys(("array_to_img", "img_to_array", "load_img", "save_img"), "images"),
    **dict.fromkeys(("model_to_dot", "plot_model"), "model_plot"),
}

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def is_keras_tensor(x: object) -> bool:
    """Whether x is a symbolic tensor, which `Input` and layers called on it give.

    Args:
        x: anything.

    Returns: True or False.

    >>> is_keras_tensor(KerasTensor((None, 3))), is_keras_tensor(3)
    (True, False)
    """
    return isinstance(x, KerasTensor)


if not TYPE_CHECKING:  # a checker would take it that every name is there

    def __getattr__(name: str) -> Any:
        if name in _PICTURES:
            found = getattr(importlib.import_module(f"narae.utils.{_PICTURES[name]}"), name)
            globals()[name] = found
            return found
        raise missing(__name__, name, __all__)
