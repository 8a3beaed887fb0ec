"""Running totals along an axis, differences of neighbours, and the area under a line."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from narae.base.dtypes import standardize_dtype
from narae.base.types import DTypeLike, TensorLike
from narae.ops.reductions import sum
from narae.ops.splitting import sliced
from narae.primitives.record import normalize_axis
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def cumsum(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """Running sums along an axis: each place has the sum of all up to it.

    x: (..., n, ...) -> (..., n, ...).

    Args:
        x: a tensor; booleans are taken as int32.
        axis: the axis; None: the flattened x, and a vector comes back.
        dtype: what it is computed in; None: x's dtype.

    Returns: a tensor of x's shape.

    Raises:
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.cumsum([1, 2, 3]).tolist()
    [1, 3, 6]
    """
    return _running(R.cumsum, x, axis, dtype)


@public
def cumprod(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """Running products along an axis: each place has the product of all up to it.

    x: (..., n, ...) -> (..., n, ...).

    Args:
        x: a tensor; booleans are taken as int32.
        axis: the axis; None: the flattened x, and a vector comes back.
        dtype: what it is computed in; None: x's dtype.

    Returns: a tensor of x's shape.

    Raises:
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.cumprod([1, 2, 3]).tolist()
    [1, 2, 6]
    """
    return _running(R.cumprod, x, axis, dtype)


def _running(
    op: Callable[..., Any], x: TensorLike, axis: int | None, dtype: DTypeLike | None
) -> Tensor:
    x = as_tensor(x)
    name = (
        ("int32" if x.dtype == "bool" else x.dtype) if dtype is None else standardize_dtype(dtype)
    )
    flat = S.reshape(x, shape=(x.size,)) if axis is None else x
    return op(to(flat, name), axis=normalize_axis(axis or 0, flat.ndim))


@public
def diff(a: TensorLike, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, so many times: a[1:] - a[:-1].

    a: (..., m, ...) -> (..., m - n, ...).

    Args:
        a: a tensor of rank 1 or more; of booleans, whether neighbours differ.
        n: how many times.
        axis: the axis.

    Returns: a tensor of its dtype; empty where the axis is too short.

    Raises:
        ShapeError: there is no such axis.

    >>> import narae
    >>> narae.ops.diff([1, 4, 9]).tolist()
    [3, 5]
    """
    x = as_tensor(a)
    axis = normalize_axis(axis, x.ndim)
    for _ in range(n):
        length = x.shape[axis]
        later, earlier = (
            sliced(x, axis, 1, length),
            sliced(x, axis, 0, builtins.max(length - 1, 0)),
        )
        x = L.not_equal(later, earlier) if x.dtype == "bool" else later - earlier
    return x


@public
def trapezoid(
    y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1
) -> Tensor:
    """The area under a line through points: Σ (x_i+1 - x_i) (y_i + y_i+1) / 2, the trapezoidal rule.

    y: (..., n, ...) -> (..., ...).

    Args:
        y: the points' heights; integers are taken as floatx.
        x: the points' places, (n,) or of y's shape; None: evenly, dx apart.
        dx: the distance of neighbours where there is no x.
        axis: the axis along which the line runs.

    Returns: a float tensor.

    Raises:
        ShapeError: y does not have the axis, or x has another length.

    >>> import narae
    >>> narae.ops.trapezoid([0.0, 2.0]).item()
    1.0
    """
    y = floated(y)
    axis = normalize_axis(axis, y.ndim)
    length = y.shape[axis]
    heights = (sliced(y, axis, 1, length) + sliced(y, axis, 0, length - 1)) * 0.5
    if x is None:
        return sum(heights, axis) * dx
    widths = to(diff(x), y.dtype)
    if widths.ndim == 1:
        widths = S.reshape(
            widths, shape=tuple(length - 1 if i == axis else 1 for i in range(y.ndim))
        )
    return sum(heights * widths, axis)
