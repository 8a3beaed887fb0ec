"""Initializers: what a variable starts from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from narae.base.arrays import native
from narae.base.dtypes import standardize_dtype
from narae.base.errors import ShapeError
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.missing import explain_missing
from narae.base.serialization import serialize_keras_object
from narae.base.types import Config, CustomObjects, DTypeLike, Identifier, InitializerLike
from narae.initializers.base import Initializer
from narae.initializers.constant import STFT, Constant, Identity, Ones, Zeros
from narae.initializers.random import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from narae.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from narae.tensor.tensor import Tensor, as_tensor

# Keras's other names of the classes.
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT
constant, identity, ones, zeros, stft = Constant, Identity, Ones, Zeros, STFT
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
orthogonal, truncated_normal, variance_scaling = Orthogonal, TruncatedNormal, VarianceScaling
random_normal, random_uniform = RandomNormal, RandomUniform

_ALIASES = {
    "constant": "Constant",
    "identity": "Identity",
    "eye": "Identity",
    "IdentityInitializer": "Identity",
    "ones": "Ones",
    "one": "Ones",
    "zeros": "Zeros",
    "zero": "Zeros",
    "glorot_normal": "GlorotNormal",
    "glorot_uniform": "GlorotUniform",
    "he_normal": "HeNormal",
    "he_uniform": "HeUniform",
    "lecun_normal": "LecunNormal",
    "lecun_uniform": "LecunUniform",
    "normal": "RandomNormal",
    "uniform": "RandomUniform",
    "orthogonal": "Orthogonal",
    "OrthogonalInitializer": "Orthogonal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "variance_scaling": "VarianceScaling",
    "stft": "STFT",
    "STFTInitializer": "STFT",
}


def get(identifier: InitializerLike | None) -> Any:
    """An initializer by name, config, class, array or function.

    Args:
        identifier: a name such as "he_normal", what `serialize` gave, a class, a function (shape, dtype) -> tensor,
            or an array to start from; None stays None.

    Returns: an object to call with a shape and a dtype, or None.

    Raises:
        ValueError: no initializer has the name (the message has the nearest one), or the object cannot be called.

    >>> get("glorot_uniform")
    <GlorotUniform>
    """
    if isinstance(identifier, (np.ndarray, Tensor)) or hasattr(identifier, "__narae_tensor__"):
        return _as_it_is(native(np.asanyarray(identifier)))
    return get_callable(
        "initializer", "keras.initializers", cast("Identifier", identifier), _ALIASES
    )


def _as_it_is(value: np.ndarray) -> Any:
    """An initializer that starts from an array. It raises ShapeError for another shape than the array's."""

    def start(shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if tuple(shape) != value.shape:
            raise ShapeError(
                f"an array of shape {value.shape} cannot start a variable of shape {tuple(shape)}: give one of "
                "the variable's shape"
            )
        return as_tensor(value, standardize_dtype(dtype))

    return start


def serialize(initializer: InitializerLike | None) -> Any:
    """An initializer as JSON-ready data.

    Args:
        initializer: an initializer, or a registered function.

    Returns: a dict with 'class_name' and 'config', or a function's name.

    >>> serialize(Constant(2.0))["config"]
    {'value': 2.0}
    """
    return serialize_keras_object(initializer)


def deserialize(config: Config | str | None, custom_objects: CustomObjects | None = None) -> Any:
    """The initializer that `serialize` described, or that has the name.

    Args:
        config: what `serialize` gave, or a name; None stays None.
        custom_objects: classes and functions of your own, by name; None: the registered ones.

    Returns: a new initializer.

    Raises:
        ValueError: no initializer has the name, or it is no config.

    >>> deserialize("zeros")
    <Zeros>
    """
    return deserialize_as("initializer", "keras.initializers", config, custom_objects, _ALIASES)


__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "get",
    "serialize",
]

explain_missing(__name__, __all__)
