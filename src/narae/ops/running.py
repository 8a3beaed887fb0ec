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
    """Running sums along an axis; of the flattened x when not given.

    >>> import narae
    >>> narae.ops.cumsum([1, 2, 3]).tolist()
    [1, 3, 6]
    """
    return _running(R.cumsum, x, axis, dtype)


@public
def cumprod(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """Running products along an axis.

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
    """Differences of neighbours, n times.

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
    """The area under a line through points (the trapezoidal rule).

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
