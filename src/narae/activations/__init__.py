"""Activations: functions of each element, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from narae import ops
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.missing import explain_missing
from narae.base.registry import builtin, family
from narae.base.serialization import serialize_keras_object
from narae.base.types import ActivationLike, CustomObjects, TensorLike
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
from narae.tensor.tensor import Tensor

T = TypeVar("T")
hard_swish, swish = hard_silu, silu


@builtin("keras.activations")
def relu(
    x: TensorLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """x above `threshold`; up to it, negative_slope (x - threshold); never above `max_value`.

    Args:
        x: numbers of any shape.
        negative_slope: the slope up to the threshold; 0 gives 0 there.
        max_value: the largest result; None for no bound.
        threshold: where x begins to count.

    Returns: a tensor of x's shape.

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
def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """x Φ(x), Φ the distribution function of the normal distribution.

    Args:
        x: numbers of any shape.
        approximate: by tanh, faster and within 0.0005.

    Returns: a tensor of x's shape.

    Source: Hendrycks & Gimpel 2016.

    >>> gelu(0.0).item()
    0.0
    """
    return ops.gelu(x, approximate)


@builtin("keras.activations")
def linear(x: T) -> T:
    """x as it is.

    Args:
        x: anything.

    Returns: x.

    >>> linear(3)
    3
    """
    return x


@builtin("keras.activations")
def exponential(x: TensorLike) -> Tensor:
    """e^x.

    Args:
        x: numbers of any shape.

    Returns: a tensor of x's shape.

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


def get(identifier: ActivationLike | None) -> Callable[..., Any]:
    """An activation by name, config or as a function.

    Args:
        identifier: a name such as "relu", a config, a function or a layer; None for `linear`.

    Returns: the function.

    Raises:
        ValueError: no activation has the name (the error gives the nearest), or it cannot be called.

    >>> get("relu").__name__
    'relu'
    """
    if identifier is None:
        return linear
    return get_callable("activation", "keras.activations", identifier, _ALIASES)


def serialize(activation: Callable[..., Any]) -> Any:
    """An activation as JSON-ready data.

    Args:
        activation: a function or a layer.

    Returns: the name of a built-in one; a dict of any other, which has to be registered.

    >>> serialize(relu)
    'relu'
    """
    name = getattr(activation, "__name__", None)
    if name and name in _names() and _names()[name] is activation:
        return name
    return serialize_keras_object(activation)


def _names() -> Mapping[str, Any]:
    return family("keras.activations")


def deserialize(
    config: str | Mapping[str, Any] | None, custom_objects: CustomObjects | None = None
) -> Any:
    """The activation that `serialize` described.

    Args:
        config: what `serialize` gave: a name, or a dict; None stays None.
        custom_objects: functions of yours by the names in the config.

    Returns: the function.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize("relu") is relu
    True
    """
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

explain_missing(__name__, __all__)
