"""Elementwise arithmetic and functions of numbers, with Keras's promotion."""

from __future__ import annotations

from typing import Any

from narae.ops.promote import floated, promoted, to
from narae.ops.records import arithmetic as A
from narae.ops.symbolic import public
from narae.ops.tensor import Tensor, as_tensor


@public
def add(x1: Any, x2: Any) -> Tensor:
    """x1 + x2, broadcast. Two booleans give their logical or.

    >>> import narae
    >>> narae.ops.add([1, 2], 0.5).tolist()
    [1.5, 2.5]
    """
    return A.add(*promoted(x1, x2))


@public
def subtract(x1: Any, x2: Any) -> Tensor:
    """x1 - x2, broadcast.

    >>> import narae
    >>> narae.ops.subtract([3, 2], 1).tolist()
    [2, 1]
    """
    return A.subtract(*promoted(x1, x2))


@public
def multiply(x1: Any, x2: Any) -> Tensor:
    """x1 * x2, broadcast.

    >>> import narae
    >>> narae.ops.multiply([3, 2], [2, 2]).tolist()
    [6, 4]
    """
    return A.multiply(*promoted(x1, x2))


@public
def true_divide(x1: Any, x2: Any) -> Tensor:
    """x1 / x2 as floats, broadcast.

    >>> import narae
    >>> narae.ops.true_divide([3, 2], 2).tolist()
    [1.5, 1.0]
    """
    return A.divide(*promoted(x1, x2, floating=True))


@public
def negative(x: Any) -> Tensor:
    """-x.

    >>> import narae
    >>> narae.ops.negative([1, -2]).tolist()
    [-1, 2]
    """
    return A.negative(as_tensor(x))


@public
def power(x1: Any, x2: Any) -> Tensor:
    """x1 to the power x2, broadcast.

    >>> import narae
    >>> narae.ops.power([1.0, 3.0], 2).tolist()
    [1.0, 9.0]
    """
    return A.power(*promoted(x1, x2))


@public
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger of x1 and x2, broadcast.

    >>> import narae
    >>> narae.ops.maximum([1, -2], 0).tolist()
    [1, 0]
    """
    return A.maximum(*promoted(x1, x2))


@public
def exp(x: Any) -> Tensor:
    """e to the power x.

    >>> import narae
    >>> narae.ops.exp(0.0).item()
    1.0
    """
    return A.exp(floated(x))


@public
def cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype.

    >>> import narae
    >>> narae.ops.cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    from narae.base.dtypes import standardize_dtype

    return to(x, standardize_dtype(dtype))


@public
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Tensor:
    """x as a tensor (copied unless it is one), of `dtype` when given.

    >>> import narae
    >>> narae.ops.convert_to_tensor([1, 2]).dtype
    'int32'
    """
    from narae.base.dtypes import standardize_dtype

    return as_tensor(x, None if dtype is None else standardize_dtype(dtype))


