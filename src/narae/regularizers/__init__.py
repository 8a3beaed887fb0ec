"""Regularizers: penalties on weights or activations, added to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from narae import ops
from narae.base.identifiers import deserialize_as, get_callable
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.types import Config, CustomObjects, RegularizerLike
from narae.tensor.tensor import Tensor

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer:
    """A function from a tensor to a scalar penalty. Subclasses define `__call__` and `get_config`.

    >>> class Cubed(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.sum(ops.abs(x) ** 3)
    >>> Cubed()(ops.convert_to_tensor([1.0, -2.0])).item()
    9.0
    """

    def __call__(self, x: Tensor) -> Tensor | float:
        """The penalty of x."""
        return 0.0

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        raise NotImplementedError(f"{type(self).__name__} defines no get_config(self)")

    @classmethod
    def from_config(cls, config: Config) -> Regularizer:
        """The regularizer that `get_config` described."""
        return cls(**config)


def _strength(name: str, value: float) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < 0
    ):
        raise ValueError(
            f"a regularizer takes `{name}` as a finite number of at least 0, got {value!r}"
        )
    return float(value)


@builtin("keras.regularizers")
class L1L2(Regularizer):
    """l1 Σ|x| + l2 Σx² (the elastic net).

    Args:
        l1: the weight of the sum of absolute values, at least 0.
        l2: the weight of the sum of squares, at least 0.

    Raises:
        ValueError: a weight is negative, infinite or no number.

    Source: Zou & Hastie 2005.

    >>> L1L2(l1=1.0, l2=0.5)(ops.convert_to_tensor([1.0, -2.0])).item()
    5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _strength("l1", 0.0 if l1 is None else l1)
        self.l2 = _strength("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        terms = []
        if self.l1:
            terms.append(ops.sum(ops.abs(x)) * self.l1)
        if self.l2:
            terms.append(ops.sum(ops.square(x)) * self.l2)
        return sum(terms[1:], terms[0]) if terms else ops.zeros((), dtype=x.dtype)

    def get_config(self) -> Config:
        return {"l1": self.l1, "l2": self.l2}


@builtin("keras.regularizers")
class L1(Regularizer):
    """l1 Σ|x|: drives weights to zero.

    Args:
        l1: the weight of the sum of absolute values, at least 0.

    Raises:
        ValueError: it is negative, infinite or no number.

    Source: Tibshirani 1996.

    >>> L1(0.5)(ops.convert_to_tensor([1.0, -2.0])).item()
    1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _strength("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Tensor) -> Tensor:
        return ops.sum(ops.abs(x)) * self.l1

    def get_config(self) -> Config:
        return {"l1": self.l1}


@builtin("keras.regularizers")
class L2(Regularizer):
    """l2 Σx²: keeps weights small.

    Args:
        l2: the weight of the sum of squares, at least 0.

    Raises:
        ValueError: it is negative, infinite or no number.

    Source: Krogh & Hertz 1991.

    >>> L2(0.5)(ops.convert_to_tensor([1.0, -2.0])).item()
    2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _strength("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        return ops.sum(ops.square(x)) * self.l2

    def get_config(self) -> Config:
        return {"l2": self.l2}


@builtin("keras.regularizers")
class OrthogonalRegularizer(Regularizer):
    """The mean |cosine| between the rows (or columns) of a matrix, times a factor: makes them orthogonal.

    x: (rows, columns) -> a scalar.

    Args:
        factor: the weight of the penalty, at least 0.
        mode: "rows" or "columns": which of the matrix become orthogonal to each other.

    Raises:
        ValueError: another mode or factor, or x is no matrix.

    >>> OrthogonalRegularizer()(ops.convert_to_tensor([[1.0, 0.0], [0.0, 1.0]])).item()
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode is 'rows' or 'columns', got {mode!r}")
        self.factor, self.mode = _strength("factor", factor), mode

    def __call__(self, x: Tensor) -> Tensor:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes a matrix, got shape {tuple(x.shape)}")
        axis = 1 if self.mode == "rows" else 0
        norm = ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))
        unit = x / norm
        unit = unit if self.mode == "rows" else ops.transpose(unit)
        count = unit.shape[0]
        product = ops.matmul(unit, ops.transpose(unit)) * (1.0 - ops.eye(count, dtype=x.dtype))
        pairs = count * (count - 1.0) / 2.0
        return ops.sum(ops.abs(product)) * (0.5 * self.factor / max(pairs, 1.0))

    def get_config(self) -> Config:
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
_ALIASES = {
    "l1": "L1",
    "l2": "L2",
    "l1_l2": "L1L2",
    "l1l2": "L1L2",
    "orthogonal_regularizer": "OrthogonalRegularizer",
}


def get(identifier: RegularizerLike | type[Regularizer] | None) -> Any:
    """A regularizer by name, config, or as it is.

    Args:
        identifier: a name such as "l2", a config, a regularizer, its class, or a function; None stays None.

    Returns: the regularizer or function.

    Raises:
        ValueError: no regularizer has the name (the error gives the nearest), or it cannot be called.

    >>> get("l2").l2
    0.01
    """
    return get_callable("regularizer", "keras.regularizers", identifier, _ALIASES)


def serialize(regularizer: Callable[..., Any] | None) -> Any:
    """A regularizer as JSON-ready data.

    Args:
        regularizer: a regularizer, a registered function, or None.

    Returns: a dict with the class's name and its arguments.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return serialize_keras_object(regularizer)


def deserialize(
    config: str | Mapping[str, Any] | None, custom_objects: CustomObjects | None = None
) -> Any:
    """The regularizer that `serialize` described, or that has the name.

    Args:
        config: what `serialize` gave, or a name; None stays None.
        custom_objects: classes and functions of yours by the names in the config.

    Returns: the regularizer.

    Raises:
        ValueError: it is no config, or names what nothing has.

    >>> deserialize(serialize(L1(0.5))).l1
    0.5
    """
    return deserialize_as("regularizer", "keras.regularizers", config, custom_objects, _ALIASES)
