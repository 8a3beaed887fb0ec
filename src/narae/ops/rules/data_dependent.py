"""Rules of results whose lengths depend on numbers: places that are not zero, distinct values, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import as_float, result_type, standardize_dtype
from narae.base.errors import ShapeError
from narae.base.types import Axis, DTypeLike, Index, Shape, TensorLike
from narae.ops.ranges import linspace
from narae.primitives.record import normalize_axes, normalize_axis
from narae.tensor.promote import dtype_of
from narae.tensor.symbolic import KerasTensor, rule, shape_of


@rule
def nonzero(x: TensorLike) -> Any:
    """An index array for each axis, of a length that nobody knows."""
    return tuple(KerasTensor((None,), "int32") for _ in shape_of(x))


@rule
def argwhere(x: TensorLike) -> Any:
    """A row of indices for each place."""
    return KerasTensor((None, len(shape_of(x))), "int32")


@rule
def where(condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None) -> Any:
    """Of a condition alone: the places where it is true."""
    return nonzero(condition) if x1 is None and x2 is None else NotImplemented


@rule
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: TensorLike | None = None,
) -> Any:
    """As many values as `size` says, else of a length that is not known."""
    shape = shape_of(x)
    values: Shape = (size,)
    inverse = shape
    if axis is not None:
        place = normalize_axis(axis, len(shape))
        values = (*shape[:place], size, *shape[place + 1 :])
        inverse = (shape[place],)
    wanted = ((return_index, (size,)), (return_inverse, inverse), (return_counts, (size,)))
    extra = [KerasTensor(of, "int32") for asked, of in wanted if asked]
    out = KerasTensor(values, dtype_of(x))
    return (out, *extra) if extra else out


@rule
def bincount(
    x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False
) -> Any:
    """As many as the largest number says."""
    dtype = "int32" if weights is None else result_type(dtype_of(x), dtype_of(weights))
    return KerasTensor((*shape_of(x)[:-1], None), dtype)


@rule
def histogram(x: TensorLike, bins: int = 10, range: Sequence[float] | None = None) -> Any:
    """How many in each bin, and the edges."""
    if not isinstance(bins, (int, np.integer)) or bins <= 0:
        raise ValueError(f"histogram takes bins, a whole number above 0, got {bins!r}")
    dtype = as_float(dtype_of(x))
    return KerasTensor((int(bins),), dtype), KerasTensor((int(bins) + 1,), dtype)


def _segments(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Any:
    ids, shape = shape_of(segment_ids), shape_of(data)
    if not ids:
        raise ValueError("segment_ids has a number for each row of data, got a scalar")
    if ids[0] is not None and shape[0] is not None and ids[0] != shape[0]:
        raise ValueError(
            f"segment_ids has a number for each row of data, got shapes {ids} and {shape}"
        )
    return KerasTensor((num_segments, *shape[1:]), dtype_of(data))


for _name in ("segment_sum", "segment_prod", "segment_max", "segment_min"):
    rule(_segments, _name)


@rule
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Any:
    """A place in a sequence of unknown length is a number of 64 bits, as in Keras."""
    if shape_of(sorted_sequence) != (None,):
        return NotImplemented
    return KerasTensor(shape_of(values), "int64")


def _quantiles(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    if not isinstance(q, KerasTensor):
        return NotImplemented
    shape = shape_of(x)
    axes = normalize_axes(axis, len(shape))
    rest = [1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes]
    return KerasTensor((*q.shape, *rest), as_float(dtype_of(x)))


for _name in ("quantile", "percentile", "nanquantile", "nanpercentile"):
    rule(_quantiles, _name)


@rule
def size(x: TensorLike) -> Any:
    """The number of elements, a number to come."""
    return KerasTensor((), "int32")


@rule
def ctc_decode(
    inputs: TensorLike,
    sequence_lengths: TensorLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> Any:
    """The paths (paths, batch, time), and their scores (batch, paths)."""
    if strategy not in ("greedy", "beam_search"):
        return NotImplemented
    batch, time = shape_of(inputs)[:2]
    paths = 1 if strategy == "greedy" else top_paths
    scores = KerasTensor((batch, paths), result_type(dtype_of(inputs), "float32"))
    return KerasTensor((paths, batch, time), "int32"), scores


@rule
def geomspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    """As linspace."""
    out = linspace(start, stop, num, endpoint, axis=axis)
    return KerasTensor(out.shape, standardize_dtype(dtype or out.dtype))


@rule
def get_item(x: TensorLike, key: Index) -> Any:
    """What is cut of an axis of unknown length is not known: it may be shorter than the end."""
    shape = shape_of(x)
    keys: list[Any] = list(key) if isinstance(key, (tuple, list)) else [key]
    if not all(_is_basic(k) for k in keys):
        return NotImplemented
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > len(shape) or sum(k is Ellipsis for k in keys) > 1:
        raise ShapeError(f"too many indices, or two ellipses, in {key!r} for a shape {shape}")
    place = next((i for i, k in enumerate(keys) if k is Ellipsis), len(keys))
    rest = [slice(None)] * (len(shape) - used)
    lengths, out = iter(shape), []
    for k in (*keys[:place], *rest, *keys[place + 1 :]):
        if k is None:
            out.append(1)
            continue
        length = next(lengths)
        if isinstance(k, slice):
            out.append(None if length is None else len(range(*k.indices(length))))
        elif length is not None and not -length <= k < length:
            raise ShapeError(f"index {k} is out of range for an axis of length {length} of {shape}")
    return KerasTensor(tuple(out), dtype_of(x))


def _is_basic(key: Index) -> bool:
    whole = isinstance(key, (int, np.integer)) and not isinstance(key, (bool, np.bool_))
    return whole or key is None or key is Ellipsis or isinstance(key, slice)
