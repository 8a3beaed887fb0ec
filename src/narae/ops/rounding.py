"""Signs and sizes of numbers, whole numbers near them, and numbers brought into bounds."""

from __future__ import annotations

from functools import partial

import numpy as np

from narae.base.dtypes import is_float, limits
from narae.base.types import TensorLike
from narae.ops.table import unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.tensor.promote import numeric, promoted, to
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_unary = partial(unary, __name__)

floor = _unary("floor", A.floor, "The next whole number below.", "floor(1.5).item()", "1.0")
ceil = _unary("ceil", A.ceil, "The next whole number above.", "ceil(1.5).item()", "2.0")


@public
def sign(x: TensorLike) -> Tensor:
    """-1, 0 or 1, by whether x is below, at or above zero.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.sign([-3.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return A.sign(as_tensor(x))


@public
def absolute(x: TensorLike) -> Tensor:
    """|x|: numbers without their sign.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; booleans stay as they are.

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.absolute([1, -2]).tolist()
    [1, 2]
    """
    x = as_tensor(x)
    return x if x.dtype == "bool" else A.absolute(x)


abs = alias("abs", absolute)


@public
def trunc(x: TensorLike) -> Tensor:
    """The whole number next to x in the direction of zero.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers and booleans stay as they are.

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.trunc([1.7, -1.7]).tolist()
    [1.0, -1.0]
    """
    x = as_tensor(x)
    return A.trunc(x) if is_float(x.dtype) else x


fix = alias("fix", trunc)


@public
def round(x: TensorLike, decimals: int = 0) -> Tensor:
    """The nearest number with so many places; halves go to the even neighbour.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.
        decimals: places after the point; below 0: before it (-1: tens).

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.round([1.5, 2.5, 1.24], 1).numpy().tolist()[2] > 1.19
    True
    """
    x = as_tensor(x)
    if not is_float(x.dtype):
        if decimals >= 0:
            return x
        return to(round(to(x, "float64"), decimals), x.dtype)
    if decimals == 0:
        return A.rint(x)
    scale = constant(10.0**decimals, x.dtype)
    return A.divide(A.rint(A.multiply(x, scale)), scale)


@public
def clip(x: TensorLike, x_min: TensorLike | None, x_max: TensorLike | None) -> Tensor:
    """x brought into [x_min, x_max]: min(max(x, x_min), x_max).

    x, x_min, x_max: shapes that broadcast -> the broadcast shape.

    Args:
        x: numbers; booleans become int32.
        x_min: the lower bound, one for all or one each; None: there is none.
        x_max: the upper bound, likewise.

    Returns: a tensor of the dtype in which x and the bounds meet.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.clip([-2.0, 0.5, 2.0], 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    x = numeric(x)
    bounds = [b for b in (x_min, x_max) if b is not None]
    x, *_ = promoted(x, *bounds)
    low = x if x_min is None else A.maximum(x, to(x_min, x.dtype))
    return low if x_max is None else A.minimum(low, to(x_max, x.dtype))


@public
def nan_to_num(
    x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with NaN and infinities replaced.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers and booleans stay as they are.
        nan: what stands for NaN.
        posinf: what stands for +∞; None: the largest number of the dtype.
        neginf: what stands for -∞; None: the lowest number of the dtype.

    Returns: a tensor of x's shape and dtype.

    >>> import narae
    >>> narae.ops.nan_to_num([float("nan"), 1.0]).tolist()
    [0.0, 1.0]
    """
    x = as_tensor(x)
    if not is_float(x.dtype):
        return x
    least, most = limits(x.dtype)
    high = most if posinf is None else posinf
    low = least if neginf is None else neginf
    out = L.select(L.isnan(x), constant(nan, x.dtype), x)
    out = L.select(L.equal(x, constant(np.inf, x.dtype)), constant(high, x.dtype), out)
    return L.select(L.equal(x, constant(-np.inf, x.dtype)), constant(low, x.dtype), out)
