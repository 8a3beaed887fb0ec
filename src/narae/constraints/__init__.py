"""Constraints: what a weight is brought back to after each update."""

from __future__ import annotations

from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.registry import builtin, serialize_keras_object
from narae.base.settings import epsilon


class Constraint:
    """A function from a weight to the weight it is brought to. Subclasses define `__call__`."""

    def __call__(self, w: Any) -> Any:
        """The weight that w is brought to."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint that `get_config` described."""
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@builtin("keras.constraints")
class MaxNorm(Constraint):
    """Norms along an axis of at most `max_value` (Srivastava et al. 2014, section 5.1).

    >>> MaxNorm(1.0)(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The weight that w is brought to."""
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


@builtin("keras.constraints")
class NonNeg(Constraint):
    """No weight below zero.

    >>> NonNeg()(ops.convert_to_tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Any) -> Any:
        """The weight that w is brought to."""
        return ops.maximum(w, 0.0)


@builtin("keras.constraints")
class UnitNorm(Constraint):
    """Norms along an axis of 1.

    >>> UnitNorm()(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weight that w is brought to."""
        return w / (_norms(w, self.axis) + epsilon())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"axis": self.axis}


@builtin("keras.constraints")
class MinMaxNorm(Constraint):
    """Norms along an axis brought into [min_value, max_value], `rate` of the way at each step.

    >>> MinMaxNorm(max_value=1.0)(ops.convert_to_tensor([[3.0], [4.0]])).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The weight that w is brought to."""
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value) * self.rate + norms * (
            1 - self.rate
        )
        return w * (wanted / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
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


def get(identifier: Any) -> Any:
    """A constraint by name, config, or as it is; None for None. Raises ValueError with the nearest name.

    >>> get("non_neg").get_config()
    {}
    """
    return get_callable("constraint", "keras.constraints", identifier, _ALIASES)


def serialize(constraint: Any) -> Any:
    """A constraint as JSON-ready data."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The constraint that `serialize` described, or that has the name. Raises ValueError for none."""
    return deserialize_as("constraint", "keras.constraints", config, custom_objects, _ALIASES)
