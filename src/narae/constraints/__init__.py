"""Constraints: what a weight is brought back to after each update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.settings import epsilon
from narae.base.types import Axis, Config, ConstraintLike, CustomObjects
from narae.tensor.tensor import Tensor

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


class Constraint:
    """A function from a weight to the weight it is brought to. Subclasses define `__call__`.

    >>> class Halved(Constraint):
    ...     def __call__(self, w):
    ...         return w / 2
    >>> Halved()(ops.convert_to_tensor([4.0])).tolist()
    [2.0]
    """

    def __call__(self, w: Tensor) -> Tensor:
        """The weight that w is brought to."""
        return w

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Constraint:
        """The constraint that `get_config` described."""
        return cls(**config)


def _norms(w: Tensor, axis: Axis) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@builtin("keras.constraints")
class MaxNorm(Constraint):
    """Norms along an axis of at most `max_value`: w min(|w|, max_value) / |w|.

    Args:
        max_value: the largest norm.
        axis: the axis, or axes, along which a norm is taken; 0 for the columns of a kernel (inputs, units), the
            weights into each unit; (0, 1, 2) for the filters of a kernel (rows, columns, channels, filters).

    Source: Srivastava et al. 2014, section 5.1.

    >>> MaxNorm(1.0)(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (norms + epsilon()))

    def get_config(self) -> Config:
        return {"max_value": self.max_value, "axis": self.axis}


@builtin("keras.constraints")
class NonNeg(Constraint):
    """No weight below zero.

    >>> NonNeg()(ops.convert_to_tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Tensor) -> Tensor:
        return ops.maximum(w, 0.0)


@builtin("keras.constraints")
class UnitNorm(Constraint):
    """Norms along an axis of 1: w / |w|.

    Args:
        axis: the axis, or axes, along which a norm is taken; 0 for the weights into each unit of a kernel
            (inputs, units).

    >>> UnitNorm()(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        return w / (_norms(w, self.axis) + epsilon())

    def get_config(self) -> Config:
        return {"axis": self.axis}


@builtin("keras.constraints")
class MinMaxNorm(Constraint):
    """Norms along an axis brought into [min_value, max_value], `rate` of the way at each step.

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: the part of the way that is gone after each update; 1 is all of it.
        axis: the axis, or axes, along which a norm is taken; 0 for the weights into each unit of a kernel
            (inputs, units).

    >>> MinMaxNorm(max_value=1.0)(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value) * self.rate + norms * (
            1 - self.rate
        )
        return w * (wanted / (norms + epsilon()))

    def get_config(self) -> Config:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
_ALIASES = {
    "max_norm": "MaxNorm",
    "non_neg": "NonNeg",
    "unit_norm": "UnitNorm",
    "min_max_norm": "MinMaxNorm",
}


def get(identifier: ConstraintLike | type[Constraint] | None) -> Any:
    """A constraint by name, config, or as it is.

    Args:
        identifier: a name such as "non_neg", a config, a constraint, its class, or a function; None stays None.

    Returns: the constraint or function.

    Raises:
        ValueError: no constraint has the name (the error gives the nearest), or it cannot be called.

    >>> get("non_neg").get_config()
    {}
    """
    return get_callable("constraint", "keras.constraints", identifier, _ALIASES)


def serialize(constraint: Callable[..., Any] | None) -> Any:
    """A constraint as JSON-ready data.

    Args:
        constraint: a constraint, a registered function, or None.

    Returns: a dict with the class's name and its arguments.

    >>> serialize(UnitNorm())["config"]
    {'axis': 0}
    """
    return serialize_keras_object(constraint)


def deserialize(
    config: str | Mapping[str, Any] | None, custom_objects: CustomObjects | None = None
) -> Any:
    """The constraint that `serialize` described, or that has the name.

    Args:
        config: what `serialize` gave, or a name; None stays None.
        custom_objects: classes and functions of yours by the names in the config.

    Returns: the constraint.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize(serialize(MaxNorm(3))).max_value
    3
    """
    return deserialize_as("constraint", "keras.constraints", config, custom_objects, _ALIASES)
