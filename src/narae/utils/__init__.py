"""Helpers by Keras's names: seeds, one-hot labels, progress, data sets that make their batches."""

from __future__ import annotations

from typing import Any

from narae.base.errors import NotYet, nearest
from narae.base.registry import (
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from narae.utils.arrays import normalize, to_categorical
from narae.utils.progbar import Progbar
from narae.utils.py_dataset import PyDataset
from narae.utils.seeds import set_random_seed

CustomObjectScope = custom_object_scope
Sequence = PyDataset  # the name it had in Keras 2

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
]

_MISSING = (
    *(
        "plot_model",
        "model_to_dot",
        "get_file",
        "image_dataset_from_directory",
        "text_dataset_from_directory",
    ),
    *(
        "audio_dataset_from_directory",
        "timeseries_dataset_from_array",
        "pad_sequences",
        "split_dataset",
    ),
    *(
        "FeatureSpace",
        "load_img",
        "img_to_array",
        "array_to_img",
        "save_img",
        "pack_x_y_sample_weight",
    ),
    *(
        "unpack_x_y_sample_weight",
        "bounding_boxes",
        "get_source_inputs",
        "is_keras_tensor",
        "standardize_dtype",
    ),
)


def __getattr__(name: str) -> Any:
    if name in _MISSING:
        raise NotYet(
            f"narae.utils has no {name} yet; NumPy, Pillow or matplotlib do its work meanwhile"
        )
    raise AttributeError(f"narae.utils has no {name!r}. {nearest(name, __all__)}")
