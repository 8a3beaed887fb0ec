"""Order, ranks and counts."""

from __future__ import annotations

import builtins
from typing import Literal, overload

import numpy as np

from narae.base.dtypes import as_float, is_float, np_dtype
from narae.base.errors import ShapeError
from narae.base.types import Number, TensorLike
from narae.ops.joining import stack
from narae.primitives.record import constant, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records import sort as O
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def isin(
    x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each element of x1 is among those of x2.

    x1: (...), x2: any shape -> x1's shape.

    Args:
        x1: what is looked for.
        x2: where it is looked for.
        assume_unique: what NumPy uses to save time; it changes nothing here.
        invert: whether it is asked what is not among them.

    Returns: booleans of x1's shape.

    >>> import narae
    >>> narae.ops.isin([1, 2, 3], [3, 1]).tolist()
    [True, False, True]
    """
    x, options = promoted(x1, x2)
    if options.dtype == "bool":
        x, options = to(x, "int32"), to(options, "int32")
    count = options.size
    if count == 0:
        return S.full(invert, x.shape, "bool")
    ordered = O.sort(S.reshape(options, shape=(count,)), axis=0)
    place = A.minimum(O.searchsorted(ordered, x, side="left"), constant(count - 1, "int32"))
    found = I.take(ordered, place, axis=0)
    return L.not_equal(found, x) if invert else L.equal(found, x)


def _flat(x: TensorLike, axis: int | None) -> tuple[Tensor, int]:
    x = as_tensor(x)
    flat = S.reshape(x, shape=(x.size,)) if axis is None else x
    return flat, normalize_axis(-1 if axis is None else axis, flat.ndim)


@public
def sort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """x in ascending order along an axis.

    x: (..., n, ...) -> (..., n, ...); (size,) for axis None.

    Args:
        x: a tensor; NaN come last.
        axis: the axis; None: the flattened x.

    Returns: a tensor of x's dtype.

    Raises:
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.sort([3, 1, 2]).tolist()
    [1, 2, 3]
    """
    x, place = _flat(x, axis)
    return O.sort(x, axis=place)


@public
def argsort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """The places of the elements in ascending order; equal ones keep their order.

    x: (..., n, ...) -> (..., n, ...); (size,) for axis None.

    Args:
        x: a tensor; NaN come last.
        axis: the axis; None: the flattened x.

    Returns: int32 indices along the axis.

    Raises:
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.argsort([3, 1, 2]).tolist()
    [1, 2, 0]
    """
    x = as_tensor(x)
    x, place = _flat(x, axis if x.ndim else None)
    return O.argsort(x, axis=place)


@public
def argpartition(x: TensorLike, kth: int, axis: int | None = -1) -> Tensor:
    """Places in an order in which the kth element is where sorting would put it, none before it larger.

    x: (..., n, ...) -> (..., n, ...); (size,) for axis None.

    Args:
        x: a tensor.
        kth: the place, from 0, or from the end for negative ones.
        axis: the axis; None: the flattened x.

    Returns: int32 indices along the axis.

    Raises:
        ValueError: kth is beyond the axis.
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.argpartition([3, 1, 2], 0).tolist()[0]
    1
    """
    x, place = _flat(x, axis)
    if not -x.shape[place] <= kth < x.shape[place]:
        raise ValueError(f"kth={kth} is out of range for axis {axis} of shape {x.shape}")
    return O.argsort(x, axis=place)


@public
def top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest of the last axis, and their places.

    x: (..., n) -> (..., k), (..., k).

    Args:
        x: a tensor of rank 1 or more.
        k: how many, n at most.
        sorted: whether they are in descending order; they always are.

    Returns: the numbers, of x's dtype, and their int32 places; of equal ones the first.

    Raises:
        ShapeError: k is larger than the last axis.

    >>> import narae
    >>> [t.tolist() for t in narae.ops.top_k([3, 1, 2], 2)]
    [[3, 2], [0, 2]]
    """
    return O.top_k(as_tensor(x), k=int(k))


@public
def in_top_k(targets: TensorLike, predictions: TensorLike, k: int) -> Tensor:
    """Whether each target class is among the k likeliest of its row; ties count as in.

    targets: (...), predictions: (..., classes) -> (...).

    Args:
        targets: the true classes, whole numbers.
        predictions: a score for each class.
        k: how many count as likeliest.

    Returns: booleans; False where the target's score is not finite.

    >>> import narae
    >>> narae.ops.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).tolist()
    [True, False]
    """
    scores, target = as_tensor(predictions), to(as_tensor(targets), "int32")
    own = I.take_along(scores, S.reshape(target, shape=(*target.shape, 1)), axis=scores.ndim - 1)
    above = L.cast(L.greater(scores, own), dtype="int32")
    ranks = R.reduce_sum(above, axes=(scores.ndim - 1,))
    within = L.less(ranks, constant(k, "int32"))
    if not is_float(scores.dtype):
        return within
    return L.logical_and(within, L.isfinite(S.reshape(own, shape=target.shape)))


@public
def bincount(
    x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each whole number from 0 occurs, or the sum of its weights.

    x: (n,) -> (largest + 1,); (rows, n) -> (rows, largest + 1).

    Args:
        x: whole numbers of 0 or more, known ones: the largest of them is the result's length.
        weights: what each of them counts, of x's shape; None: 1.
        minlength: the least length of the result.
        sparse: must not be True: tensors are dense.

    Returns: int32 counts, or sums of the weights' dtype.

    Raises:
        ValueError: a sparse result is asked for.
        TypeError: x is being traced.

    >>> import narae
    >>> narae.ops.bincount([0, 2, 2]).tolist()
    [1, 0, 2]
    """
    if sparse:
        raise ValueError("narae's tensors are dense: bincount(sparse=True) is not supported")
    x = to(as_tensor(x), "int32")
    if x.ndim == 2:
        known = x._known("bincount")
        count = builtins.max(int(known.max(initial=-1)) + 1, minlength)
        rows = [None] * x.shape[0] if weights is None else list(as_tensor(weights))
        return stack([bincount(row, w, count) for row, w in zip(list(x), rows, strict=True)])
    known = x._known("bincount")
    count = builtins.max(int(known.max(initial=-1)) + 1, minlength)
    ones = S.full(1, x.shape, "int32") if weights is None else as_tensor(weights)
    return I.add_at(x, ones, axis=0, shape=(count,))


@overload
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: Literal[False] = False,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Number | None = None,
) -> Tensor: ...


@overload
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Number | None = None,
) -> Tensor | tuple[Tensor, ...]: ...


@public
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Number | None = None,
) -> Tensor | tuple[Tensor, ...]:
    """The different elements (or rows along an axis) in ascending order, and where and how often they are.

    x: (...) -> (count,); with an axis (..., n, ...) -> (..., count, ...).

    Args:
        x: a tensor whose numbers are known: not a traced one, for their count is not known there.
        sorted: whether they are in ascending order; they always are.
        return_index: whether the place where each is first is returned too.
        return_inverse: whether, for each element of x, its place among the different ones is
            returned too.
        return_counts: whether it is returned how often each occurs.
        axis: the axis whose slices are compared; None: all elements.
        size: how many come back: the first of them, or filled up; None: all.
        fill_value: what is filled up with; None: the first of them.

    Returns: a tensor, or a tuple of it and what was asked for, in the order above.

    Raises:
        TypeError: x is being traced.

    >>> import narae
    >>> narae.ops.unique([2, 1, 2]).tolist()
    [1, 2]
    """
    data = as_tensor(x)._known("unique")
    values, index, inverse, counts = np.unique(data, True, True, True, axis)
    inverse = inverse.reshape(data.shape if axis is None else -1)
    if size is not None:
        place, filled = axis or 0, np.arange(size) >= counts.size
        rows = np.where(filled, 0, np.arange(size))
        values, index, counts = values.take(rows, place), index[rows], counts[rows]
        counts[filled] = 0
        if fill_value is not None:
            np.moveaxis(values, place, 0)[filled] = fill_value
    wanted = ((index, return_index), (inverse, return_inverse), (counts, return_counts))
    more = [tensor_of(part.astype(np.int32)) for part, asked in wanted if asked]
    return (tensor_of(values), *more) if more else tensor_of(values)


@public
def histogram(
    x: TensorLike, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Tensor, Tensor]:
    """Counts in bins of equal width, and the bins' edges.

    x: (n,) -> (bins,), (bins + 1,).

    Args:
        x: a vector whose numbers are known.
        bins: how many bins.
        range: the lowest and the highest edge; None: the smallest and the largest number.

    Returns: counts and edges, both floats.

    Raises:
        ShapeError: x is no vector.
        ValueError: no bins, or a range that falls.
        TypeError: x is being traced.

    >>> import narae
    >>> narae.ops.histogram([0.0, 1.0, 1.0], 2)[0].tolist()
    [1.0, 2.0]
    """
    x = as_tensor(x)
    if x.ndim != 1:
        raise ShapeError(f"histogram takes a vector, got shape {x.shape}; a ravel before it?")
    dtype = np_dtype(as_float(x.dtype))
    counts, edges = np.histogram(x._known("histogram").astype("float64"), bins, range)
    return tensor_of(counts.astype(dtype)), tensor_of(edges.astype(dtype))


@public
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """Where values would have to be put into a sorted vector for it to stay sorted.

    sorted_sequence: (n,), values: (...) -> (...).

    Args:
        sorted_sequence: numbers in ascending order.
        values: what is to be put in.
        side: "left": before equal ones; "right": after them.

    Returns: int32 places from 0 to n.

    Raises:
        ValueError: another side, or no vector.

    >>> import narae
    >>> narae.ops.searchsorted([1, 3, 5], [2, 3]).tolist()
    [1, 1]
    """
    if side not in ("left", "right"):
        raise ValueError(f"side is 'left' or 'right', got {side!r}")
    row, wanted = promoted(sorted_sequence, values)
    if row.ndim != 1:
        raise ValueError(f"searchsorted takes a sorted vector, got shape {row.shape}")
    return O.searchsorted(row, wanted, side=side)


@public
def digitize(x: TensorLike, bins: TensorLike) -> Tensor:
    """The number of the bin of each element: bins[i-1] <= x < bins[i]; bins that fall: bins[i-1] > x >= bins[i].

    x: (...), bins: (n,) -> (...).

    Args:
        x: numbers of any shape.
        bins: the bins' edges, rising or falling.

    Returns: int32 numbers from 0 (before all edges) to n.

    Raises:
        ValueError: bins are no vector.

    >>> import narae
    >>> narae.ops.digitize([0.5, 3.0], [1.0, 2.0]).tolist()
    [0, 2]
    """
    edges = as_tensor(bins)
    rising = searchsorted(edges, x, side="right")
    if edges.ndim != 1 or edges.shape[0] < 2:
        return rising
    falling = searchsorted(S.flip_axes(edges, (0,)), x, side="left")
    falls = L.greater(edges[0], edges[-1])
    return L.select(falls, constant(edges.shape[0], rising.dtype) - falling, rising)
