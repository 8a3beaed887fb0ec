"""The first value of a variable: given, made by an initializer, or waiting for the file that has it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from narae.base import limits
from narae.base.dtypes import is_float, np_dtype, standardize_dtype
from narae.base.errors import ShapeError
from narae.base.registry import by_identifier
from narae.graph.ir import Spec
from narae.tensor.promote import to
from narae.tensor.tensor import Tensor, as_tensor, tensor_of

if TYPE_CHECKING:
    from narae.base.types import DTypeLike, InitializerLike, ShapeLike, TensorLike


def is_computed(initializer: InitializerLike) -> bool:
    """Whether a value is made when it is asked for, not given."""
    given = hasattr(initializer, "__narae_tensor__") or isinstance(initializer, Tensor)
    return isinstance(initializer, str) or (callable(initializer) and not given)


def waiting_value(
    found: limits.Limits, shape: ShapeLike | None, dtype: DTypeLike | None, name: str
) -> Tensor:
    """Zeros for a variable whose value a file that is being loaded has: nothing is computed for it, and its
    memory is taken when the value is written."""
    name_of_dtype = standardize_dtype(dtype)
    shape = _known_shape(shape, name)
    found.spend(
        Spec(shape, name_of_dtype).nbytes,
        f"a variable of shape {shape}",
    )
    return tensor_of(np.zeros(shape, np_dtype(name_of_dtype)))


def finish_waiting(found: limits.Limits) -> None:
    """Give the variables that a file had no value for the one that their initializers make."""
    for variable, initializer in found.made.values():
        if isinstance(initializer, str):
            initializer = by_identifier("keras.initializers", initializer)
        if not getattr(initializer, "gives_zeros", False):
            variable.assign(initializer(variable.shape, dtype=variable.spec.dtype))
    found.made.clear()


def initial_value(
    initializer: InitializerLike, shape: ShapeLike | None, dtype: DTypeLike | None, name: str
) -> Tensor:
    """The value of a new variable. Raises ValueError for an initializer without a shape, ShapeError for a value of
    another shape."""
    dtype = None if dtype is None else standardize_dtype(dtype)
    if isinstance(initializer, str):
        initializer = by_identifier("keras.initializers", initializer)
    if is_computed(initializer):
        return _called(cast("Callable[..., Any]", initializer), shape, dtype, name)
    value = as_tensor(cast("TensorLike", initializer))
    if dtype is None and not hasattr(initializer, "dtype"):
        dtype = standardize_dtype(None) if is_float(value.dtype) else value.dtype
    value = value if dtype is None else to(value, dtype)
    if shape is not None and tuple(shape) != value.shape:
        raise ShapeError(
            f"variable {name!r} of shape {tuple(shape)} got a value of shape {value.shape}"
        )
    return value


def _known_shape(shape: ShapeLike | None, name: str) -> tuple[int, ...]:
    if shape is None:
        raise ValueError(
            f"variable {name!r}: an initializer function needs a shape: Variable(initializer, shape=(...))"
        )
    return _lengths(shape, name)


def _called(
    initializer: Callable[..., Any], shape: ShapeLike | None, dtype: str | None, name: str
) -> Tensor:
    shape = _known_shape(shape, name)
    value = to(
        initializer(shape, dtype=dtype or standardize_dtype(None)), dtype or standardize_dtype(None)
    )
    if value.shape != shape:
        raise ShapeError(
            f"the initializer of {name!r} gave shape {value.shape} when asked for {shape}"
        )
    return value


def _lengths(shape: ShapeLike, name: str) -> tuple[int, ...]:
    try:
        lengths = tuple(operator.index(cast("int", n)) for n in shape)
    except TypeError:
        lengths = (-1,)
    if any(n < 0 for n in lengths):
        raise ValueError(
            f"variable {name!r} takes a shape of whole numbers of at least 0, got {shape!r}"
        )
    return lengths
