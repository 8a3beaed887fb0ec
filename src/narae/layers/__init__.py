"""Layers, one idea per module."""

from typing import Any

from narae.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from narae.layers.base import Layer
from narae.layers.core import (
    ActivityRegularization,
    Identity,
    Lambda,
    Masking,
    UnitNormalization,
)
from narae.layers.dense import Dense
from narae.layers.einsum_dense import EinsumDense
from narae.layers.input import Input, InputLayer
from narae.layers.input_spec import InputSpec
from narae.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from narae.layers.noise import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from narae.layers.preprocessing import Normalization, Rescaling
from narae.layers.reshaping import Flatten, Permute, RepeatVector, Reshape

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Subtract",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "deserialize",
    "subtract",
]


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as JSON-ready data."""
    from narae.base.registry import serialize_keras_object

    return serialize_keras_object(layer)


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> Layer:
    """The layer that `serialize` described. Raises ValueError for what is no layer."""
    from narae.base.registry import deserialize_keras_object

    layer = deserialize_keras_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"the config describes no layer: {config!r:.100}")
    return layer


def __getattr__(name: str) -> Any:
    from narae.layers.missing import missing

    raise missing(name, __all__)
