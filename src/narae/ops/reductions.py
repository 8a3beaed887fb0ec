"""Many elements made one: sums, means, extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from narae.base.dtypes import standardize_dtype
from narae.base.types import Axis, DTypeLike, TensorLike
from narae.ops.table import KEEPDIMS, REDUCED, AxisReduction, named
from narae.primitives.record import constant, normalize_axes, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _reduced(op: Callable[..., Tensor], x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
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

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; booleans and integers below 32 bits are added in 32 bits.
        axis: the axis or axes that are summed; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a tensor; its dtype: x's, int32 or uint32 of narrow integers.

    Raises:
        ShapeError: an axis that x does not have.

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
    """The product over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; booleans and integers below 32 bits are multiplied in 32 bits.
        axis: the axis or axes that are multiplied; None: all.
        keepdims: whether these axes stay, of length 1.
        dtype: what it is computed in; None: x's dtype, or 32 bits.

    Returns: a tensor; 1 of no numbers.

    Raises:
        ShapeError: an axis that x does not have.

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
    """The mean over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor; integers and booleans are taken as floatx.
        axis: the axis or axes of the mean; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; half floats are summed in float32; NaN of no numbers.

    Raises:
        ShapeError: an axis that x does not have.

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


class Extreme(Protocol):
    """A function that makes axes their largest or smallest number."""

    def __call__(
        self,
        x: TensorLike,
        axis: Axis = None,
        keepdims: bool = False,
        initial: float | None = None,
    ) -> Tensor: ...


def _extreme(
    name: str, op: Callable[..., Tensor], pair: Callable[..., Tensor], says: str, gives: str
) -> Extreme:
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

    return named(
        function,
        name,
        __name__,
        f"The {says} over axes (all when not given).",
        f"{name}([3, 1, 2]).item()",
        gives,
        {
            "x": "a tensor of any dtype.",
            "axis": "the axis or axes; None: all.",
            "keepdims": KEEPDIMS,
            "initial": f"a number that counts as one more, the {says} of none; None: there is none.",
        },
        "a tensor of x's dtype; NaN where one is among the numbers.",
        shapes=REDUCED,
        raises="ShapeError: there are no numbers and no initial, or x does not have an axis.",
    )


max = _extreme("max", R.reduce_max, A.maximum, "largest", "3")
min = _extreme("min", R.reduce_min, A.minimum, "smallest", "1")


@public
def amax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor that is not empty.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a tensor of x's dtype; NaN where one is among the numbers.

    Raises:
        ShapeError: there are no numbers, or x does not have an axis.

    >>> import narae
    >>> narae.ops.amax([3, 1, 2]).item()
    3
    """
    return max(x, axis, keepdims)


@public
def amin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor that is not empty.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a tensor of x's dtype; NaN where one is among the numbers.

    Raises:
        ShapeError: there are no numbers, or x does not have an axis.

    >>> import narae
    >>> narae.ops.amin([3, 1, 2]).item()
    1
    """
    return min(x, axis, keepdims)


@public
def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The range over axes: the largest minus the smallest.

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: a tensor that is not empty.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a tensor of x's dtype.

    Raises:
        ShapeError: there are no numbers, or x does not have an axis.

    >>> import narae
    >>> narae.ops.ptp([3, 1, 2]).item()
    2
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@public
def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether one is true, over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: booleans, or numbers, of which all but 0 are true.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: booleans; False of none.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.any([False, True]).item()
    True
    """
    return _reduced(R.reduce_any, to(x, "bool"), axis, keepdims)


@public
def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all are true, over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: booleans, or numbers, of which all but 0 are true.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: booleans; True of none.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.all([False, True]).item()
    False
    """
    return _reduced(R.reduce_all, to(x, "bool"), axis, keepdims)


def _place(name: str, op: Callable[..., Tensor], says: str, gives: str) -> AxisReduction:
    def function(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
        x = as_tensor(x)
        flat = S.reshape(x, shape=(x.size,)) if axis is None else x
        place = normalize_axis(axis or 0, flat.ndim)
        out = op(flat, axis=place)
        return (
            S.reshape(out, shape=R.kept(x.shape, normalize_axes(axis, x.ndim))) if keepdims else out
        )

    return named(
        function,
        name,
        __name__,
        f"The place of the (first) {says} along an axis, of all when not given.",
        f"{name}([3, 1, 2]).item()",
        gives,
        {
            "x": "a tensor of any dtype.",
            "axis": "the axis; None: the flattened x.",
            "keepdims": KEEPDIMS,
        },
        "int32 places along the axis, from 0; of a NaN where there is one.",
        shapes=REDUCED,
        raises="ShapeError: there are no numbers along the axis, or x does not have it.",
    )


argmax = _place(
    "argmax",
    R.argmax,
    "largest",
    "0",
)
argmin = _place(
    "argmin",
    R.argmin,
    "smallest",
    "1",
)


@public
def count_nonzero(x: TensorLike, axis: Axis = None) -> Tensor:
    """How many are not zero, over axes (all when not given).

    x: (a, b, c) -> (a, c) for axis 1.

    Args:
        x: a tensor of any dtype.
        axis: the axis or axes that are counted; None: all.

    Returns: int32 counts.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.count_nonzero([0, 1, 2]).item()
    2
    """
    return sum(to(L.not_equal(as_tensor(x), constant(0, as_tensor(x).dtype)), "int32"), axis)


@public
def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log Σ e^x over axes, without overflow: the largest + log Σ e^(x - the largest).

    x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims.

    Args:
        x: logarithms of what is added; integers are taken as floatx.
        axis: the axis or axes; None: all.
        keepdims: whether these axes stay, of length 1.

    Returns: a float tensor; -∞ of no numbers.

    Raises:
        ShapeError: an axis that x does not have.

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
