"""Many elements made one: sums, means, extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from narae.base.dtypes import standardize_dtype
from narae.base.types import Axis, DTypeLike, TensorLike
from narae.ops.table import named
from narae.primitives.record import constant, normalize_axes, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _reduced(op: Callable[..., Any], x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = normalize_axes(axis, x.ndim)
    out = op(x, axes=axes)
    return S.reshape(out, shape=R.kept(x.shape, axes)) if keepdims else out


def _total_dtype(dtype: str) -> str:
    """Sums of booleans and narrow integers are made in 32 bits, as in Keras."""
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


@public
def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axes (all when not given).

    >>> import narae
    >>> narae.ops.sum([[1, 2], [3, 4]], axis=0).tolist()
    [4, 6]
    """
    x = as_tensor(x)
    return _reduced(R.reduce_sum, to(x, _total_dtype(x.dtype)), axis, keepdims)


@public
def prod(
    x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: DTypeLike | None = None
) -> Tensor:
    """The product over axes.

    >>> import narae
    >>> narae.ops.prod([2, 3]).item()
    6
    """
    x = as_tensor(x)
    name = _total_dtype(x.dtype) if dtype is None else standardize_dtype(dtype)
    return _reduced(R.reduce_prod, to(x, name), axis, keepdims)


def _count(x: Tensor, axis: Axis) -> int:
    return math.prod(x.shape[a] for a in normalize_axes(axis, x.ndim))


@public
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes.

    >>> import narae
    >>> narae.ops.mean([1, 2, 3]).item()
    2.0
    """
    x = floated(x)
    wide = to(x, "float32") if x.dtype in ("float16", "bfloat16") else x  # sums of halves overflow
    total = _reduced(R.reduce_sum, wide, axis, keepdims)
    count = _count(x, axis)
    out = total / float(count) if count else total * float("nan")
    return to(out, x.dtype)


@public
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean.

    >>> import narae
    >>> narae.ops.var([1.0, 3.0]).item()
    1.0
    """
    x = floated(x)
    return mean(A.square(x - mean(x, axis, True)), axis, keepdims)


@public
def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The root of the variance.

    >>> import narae
    >>> narae.ops.std([1.0, 3.0]).item()
    1.0
    """
    return A.sqrt(var(x, axis, keepdims))


def _extreme(
    name: str, op: Callable[..., Any], pair: Callable[..., Any], says: str, gives: str
) -> Any:
    def function(
        x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None
    ) -> Tensor:
        x = as_tensor(x)
        if 0 in x.shape and initial is not None:
            axes = normalize_axes(axis, x.ndim)
            kept = tuple(n for i, n in enumerate(x.shape) if i not in axes)
            return S.full(initial, R.kept(x.shape, axes) if keepdims else kept, x.dtype)
        out = _reduced(op, x, axis, keepdims)
        return out if initial is None else pair(out, to(initial, out.dtype))

    return named(function, name, __name__, says, f"{name}([3, 1, 2]).item()", gives)


max = _extreme("max", R.reduce_max, A.maximum, "The largest over axes.", "3")
min = _extreme("min", R.reduce_min, A.minimum, "The smallest over axes.", "1")


@public
def amax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest over axes.

    >>> import narae
    >>> narae.ops.amax([3, 1, 2]).item()
    3
    """
    return max(x, axis, keepdims)


@public
def amin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest over axes.

    >>> import narae
    >>> narae.ops.amin([3, 1, 2]).item()
    1
    """
    return min(x, axis, keepdims)


@public
def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest minus the smallest.

    >>> import narae
    >>> narae.ops.ptp([3, 1, 2]).item()
    2
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@public
def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether one is true.

    >>> import narae
    >>> narae.ops.any([False, True]).item()
    True
    """
    return _reduced(R.reduce_any, to(x, "bool"), axis, keepdims)


@public
def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all are true.

    >>> import narae
    >>> narae.ops.all([False, True]).item()
    False
    """
    return _reduced(R.reduce_all, to(x, "bool"), axis, keepdims)


def _place(name: str, op: Callable[..., Any], says: str, gives: str) -> Any:
    def function(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
        x = as_tensor(x)
        flat = S.reshape(x, shape=(x.size,)) if axis is None else x
        place = normalize_axis(axis or 0, flat.ndim)
        out = op(flat, axis=place)
        return (
            S.reshape(out, shape=R.kept(x.shape, normalize_axes(axis, x.ndim))) if keepdims else out
        )

    return named(function, name, __name__, says, f"{name}([3, 1, 2]).item()", gives)


argmax = _place(
    "argmax",
    R.argmax,
    "The place of the (first) largest along an axis, of all when not given.",
    "0",
)
argmin = _place(
    "argmin",
    R.argmin,
    "The place of the (first) smallest along an axis, of all when not given.",
    "1",
)


@public
def count_nonzero(x: TensorLike, axis: Axis = None) -> Tensor:
    """How many are not zero.

    >>> import narae
    >>> narae.ops.count_nonzero([0, 1, 2]).item()
    2
    """
    return sum(to(L.not_equal(as_tensor(x), constant(0, as_tensor(x).dtype)), "int32"), axis)


@public
def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log Σ e^x, without overflow.

    >>> import narae
    >>> f"{narae.ops.logsumexp([0.0, 0.0]).item():.4f}"
    '0.6931'
    """
    x = floated(x)
    axes = normalize_axes(axis, x.ndim)
    if not _count(x, axes):
        return A.log(sum(x, axes, keepdims))
    top = L.stop_gradient(_reduced(R.reduce_max, x, axes, True))
    top = L.select(L.isfinite(top), top, constant(0, x.dtype))  # -inf - -inf would be NaN
    out = A.log(R.reduce_sum(A.exp(x - top), axes=axes)) + S.reshape(
        top, shape=_without(x.shape, axes)
    )
    return S.reshape(out, shape=R.kept(x.shape, axes)) if keepdims else out


def _without(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(shape) if i not in axes)
