"""Activations: functions of each element, by name."""

from __future__ import annotations

from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.missing import getter
from narae.base.registry import builtin, family, serialize_keras_object
from narae.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

hard_swish, swish = hard_silu, silu


@builtin("keras.activations")
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """x above `threshold`; up to it, negative_slope (x - threshold); never above `max_value`.

    >>> relu(ops.convert_to_tensor([-1.0, 9.0]), max_value=6.0).tolist()
    [0.0, 6.0]
    """
    if not negative_slope and not threshold:
        out = ops.relu(x)
    else:
        x = ops.convert_to_tensor(x)
        above = ops.where(x > threshold, x, ops.zeros_like(x))
        below = ops.minimum(x - threshold, ops.zeros_like(x)) * negative_slope
        out = above + below if negative_slope else above
    return out if max_value is None else ops.minimum(out, ops.cast(max_value, out.dtype))


@builtin("keras.activations")
def gelu(x: Any, approximate: bool = False) -> Any:
    """x Φ(x), Φ the normal distribution; approximate: by tanh (Hendrycks & Gimpel 2016).

    >>> gelu(0.0).item()
    0.0
    """
    return ops.gelu(x, approximate)


@builtin("keras.activations")
def linear(x: Any) -> Any:
    """x.

    >>> linear(3)
    3
    """
    return x


@builtin("keras.activations")
def exponential(x: Any) -> Any:
    """e^x.

    >>> exponential(0.0).item()
    1.0
    """
    return ops.exp(x)


for _function in (
    *(
        celu,
        elu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_silu,
        hard_tanh,
        leaky_relu,
        log_sigmoid,
    ),
    *(log_softmax, mish, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign),
    *(sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold),
):
    builtin("keras.activations")(_function)

_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


def get(identifier: Any) -> Any:
    """An activation by name, config or as a function; linear for None.

    Raises ValueError with the nearest right name, and for what is no function.

    >>> get("relu").__name__
    'relu'
    """
    if identifier is None:
        return linear
    return get_callable("activation", "keras.activations", identifier, _ALIASES)


def serialize(activation: Any) -> Any:
    """An activation as JSON-ready data: a built-in one by its name.

    >>> serialize(relu)
    'relu'
    """
    name = getattr(activation, "__name__", None)
    if name and name in _names() and _names()[name] is activation:
        return name
    return serialize_keras_object(activation)


def _names() -> Any:
    return family("keras.activations")


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The activation that `serialize` described."""
    return deserialize_as("activation", "keras.activations", config, custom_objects, _ALIASES)


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

__getattr__ = getter(__name__, __all__)
