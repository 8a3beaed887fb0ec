"""Tensors made of other things and in other dtypes, and dtypes asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import (
    is_float,
    keras_result_type,
    limits,
    standardize_dtype,
)
from narae.base.types import DTypeLike, TensorLike
from narae.primitives.record import constant
from narae.primitives.records import logic as L
from narae.tensor.promote import dtype_of, to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """x in another dtype.

    x: (...) -> (...).

    Args:
        x: a tensor, an array or numbers. Floats lose what is behind the point where integers are
            wanted; whatever is not 0 is true.
        dtype: the dtype, by name or of NumPy.

    Returns: a tensor of x's shape and that dtype.

    Raises:
        ValueError: there is no such dtype.

    >>> import narae
    >>> narae.ops.cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return to(x, standardize_dtype(dtype))


@public
def convert_to_tensor(
    x: TensorLike,
    dtype: DTypeLike | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
) -> Tensor:
    """x as a tensor: one stays as it is, everything else is copied.

    x: (...) -> (...).

    Args:
        x: a tensor, a variable, an array, a number, or lists of them.
        dtype: the dtype wanted; None: x's own, int32 or floatx for Python numbers.
        sparse: must not be True: tensors are dense.
        ragged: must not be True, likewise.

    Returns: a tensor of x's shape.

    Raises:
        ValueError: a sparse or ragged tensor is asked for, or the lists are ragged.
        TypeError: x holds no numbers.

    >>> import narae
    >>> narae.ops.convert_to_tensor([1, 2]).dtype
    'int32'
    """
    if sparse or ragged:
        raise ValueError("narae's tensors are dense: sparse and ragged are not supported")
    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


@exported
def result_type(*dtypes: str | type[Any] | TensorLike | None) -> str:
    """The dtype in which operands of these dtypes meet.

    dtypes: any number of operands, of any shapes -> one dtype.

    Args:
        dtypes: names of dtypes, types of Python's numbers (which are weak: they take the others'
            dtype where they can), or tensors and numbers themselves; None: floatx.

    Returns: the dtype's name.

    >>> import narae
    >>> narae.ops.result_type("int32", float)
    'float32'
    """
    return keras_result_type(*(_promoted_by(d) for d in dtypes))


def _promoted_by(operand: Any) -> Any:
    """What an operand counts as in promotion; dtypes count as themselves."""
    if operand is None or isinstance(operand, (str, type)):
        return operand
    return dtype_of(operand)


@public
def array(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """x as a tensor.

    x: (...) -> (...).

    Args:
        x: a tensor, a variable, an array, a number, or lists of them.
        dtype: the dtype wanted; None: x's own, int32 or floatx for Python numbers.

    Returns: a tensor of x's shape.

    Raises:
        ValueError: the lists are ragged.
        TypeError: x holds no numbers.

    >>> import narae
    >>> narae.ops.array([1, 2]).tolist()
    [1, 2]
    """
    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


@public
def copy(x: TensorLike) -> Tensor:
    """x itself: tensors never change, so that a copy would differ in nothing.

    x: (...) -> (...).

    Args:
        x: a tensor, an array or numbers.

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.copy([1]).tolist()
    [1]
    """
    return as_tensor(x)


@exported
def is_tensor(x: TensorLike) -> bool:
    """Whether x is a narae tensor: neither an array nor a list of numbers is.

    x: anything -> True or False.

    Args:
        x: what is asked about.

    Returns: whether it is.

    >>> import narae
    >>> narae.ops.is_tensor([1]), narae.ops.is_tensor(narae.ops.ones(1))
    (False, True)
    """
    return isinstance(x, Tensor)


@public
def saturate_cast(x: TensorLike, dtype: DTypeLike) -> Tensor:
    """x in another dtype, brought into its range first: what is beyond an end becomes that end.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; NaN become 0 where integers are wanted.
        dtype: the dtype, by name or of NumPy.

    Returns: a tensor of x's shape and that dtype.

    Raises:
        ValueError: there is no such dtype.

    >>> import narae
    >>> narae.ops.saturate_cast([-5.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    x, name = as_tensor(x), standardize_dtype(dtype)
    x = to(x, "int32") if x.dtype == "bool" else x
    if name == "bool":
        return L.greater(x, constant(0, x.dtype))  # type: ignore[return-value]
    (low, high), own = limits(name), limits(x.dtype)
    if low <= own[0] and own[1] <= high:
        return to(x, name)
    # what is at or beyond an end is that end: the ends themselves may have no such float
    out = to(x, name) if is_float(name) else to(_no_nan(x), name)
    if high <= own[1]:
        out = L.select(L.greater_equal(x, constant(high, x.dtype)), constant(high, name), out)
    if low >= own[0]:
        out = L.select(L.less_equal(x, constant(low, x.dtype)), constant(low, name), out)
    return out


def _no_nan(x: Tensor) -> Tensor:
    return L.select(L.isnan(x), constant(0, x.dtype), x) if is_float(x.dtype) else x


@exported
def dtype(x: TensorLike) -> str:
    """The name of a tensor's dtype.

    x: (...) -> a name.

    Args:
        x: a tensor, symbolic or not, a variable, an array or numbers.

    Returns: the name, such as "float32".

    >>> import narae
    >>> narae.ops.dtype(narae.ops.ones(1))
    'float32'
    """
    own = getattr(x, "dtype", None)
    return as_tensor(x).dtype if own is None else str(own)


@exported
def convert_to_numpy(x: TensorLike) -> np.ndarray:
    """x as a NumPy array of its own.

    x: (...) -> (...).

    Args:
        x: a tensor, a variable, an array or numbers.

    Returns: an array of x's shape and dtype; writing to it changes nothing else.

    Raises:
        TypeError: x is a tensor that is being traced: its numbers are not known.

    >>> import narae
    >>> narae.ops.convert_to_numpy(narae.ops.ones(1)).tolist()
    [1.0]
    """
    return np.array(x)
