"""Rows of the same number made one: sums, products and extremes by segment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import KnownShape, TensorLike
from narae.primitives.record import constant
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.scatter import extreme_at
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _counted(ids: Tensor, count: int | None) -> int:
    if count is not None:
        return int(count)
    return int(ids._known("a segment operation without num_segments").max(initial=-1)) + 1


def _within(ids: Tensor, count: int) -> bool:
    """Whether all ids are known to be of a segment."""
    data = ids.data
    return data is not None and bool(np.all((data >= 0) & (data < count)))


# A sum, product or extreme of rows: ids (n,), rows (n, ...), the result's shape (segments, ...).
_Reduced: TypeAlias = "Callable[[Tensor, Tensor, KnownShape], Any]"


def _segments(
    name: str, reduced: _Reduced, data: TensorLike, segment_ids: TensorLike, count: int | None
) -> Tensor:
    rows, ids = as_tensor(data), to(segment_ids, "int32")
    if ids.ndim != 1 or not rows.ndim or rows.shape[0] != ids.shape[0]:
        raise ShapeError(
            f"{name} takes one segment id for each row, got data of shape {rows.shape} and "
            f"ids of shape {ids.shape}"
        )
    count = _counted(ids, count)
    if _within(ids, count):
        return reduced(ids, rows, (count, *rows.shape[1:]))
    # rows of no segment go to one more, which is cut off
    inside = L.logical_and(
        L.greater_equal(ids, constant(0, "int32")), L.less(ids, constant(count, "int32"))
    )
    moved = L.select(inside, ids, constant(count, "int32"))
    return reduced(moved, rows, (count + 1, *rows.shape[1:]))[:count]


def _sum(ids: Tensor, rows: Tensor, shape: KnownShape) -> Any:
    return I.add_at(ids, rows, axis=0, shape=shape)


def _product(ids: Tensor, rows: Tensor, shape: KnownShape) -> Any:
    """Each segment's rows, the others' made 1, multiplied: (segments, n, ...) in between."""
    afford(shape[0])
    places = constant(np.arange(shape[0])[:, None], "int32")
    mine = L.equal(places, S.reshape(ids, shape=(1, ids.shape[0])))
    mine = S.reshape(mine, shape=(*mine.shape, *(1,) * (rows.ndim - 1)))
    return R.reduce_prod(L.select(mine, rows, constant(1, rows.dtype)), axes=(1,))


def _extreme(kind: str, ids: Tensor, rows: Tensor, shape: KnownShape) -> Any:
    return extreme_at(ids, rows, axis=0, shape=shape, kind=kind)


@public
def segment_sum(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The sum of the rows of each segment; 0 for one without rows.

    data: (n, ...), segment_ids: (n,) -> (num_segments, ...), of data's dtype.

    Args:
        data: the rows, in any order.
        segment_ids: whole numbers: which segment each row is of; a row of an id out of range counts for none.
        num_segments: the number of segments; None: one more than the largest id, which has to be known.
        sorted: has no effect: rows of one segment need not lie together.

    Raises:
        ShapeError: there is not one id for each row.

    >>> import narae
    >>> narae.ops.segment_sum([1, 2, 3], [0, 0, 1], 2).tolist()
    [3, 3]
    """
    return _segments("segment_sum", _sum, data, segment_ids, num_segments)


@public
def segment_prod(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The product of the rows of each segment; 1 for one without rows.

    data: (n, ...), segment_ids: (n,) -> (num_segments, ...), of data's dtype.

    Args:
        data: the rows, in any order.
        segment_ids: whole numbers: which segment each row is of; a row of an id out of range counts for none.
        num_segments: the number of segments; None: one more than the largest id, which has to be known.
        sorted: has no effect: rows of one segment need not lie together.

    Raises:
        ShapeError: there is not one id for each row.

    >>> import narae
    >>> narae.ops.segment_prod([1, 2, 3], [0, 0, 1], 2).tolist()
    [2, 3]
    """
    return _segments("segment_prod", _product, data, segment_ids, num_segments)


@public
def segment_max(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The largest of the rows of each segment; the dtype's least number for one without rows.

    data: (n, ...), segment_ids: (n,) -> (num_segments, ...), of data's dtype.

    Args:
        data: the rows, in any order.
        segment_ids: whole numbers: which segment each row is of; a row of an id out of range counts for none.
        num_segments: the number of segments; None: one more than the largest id, which has to be known.
        sorted: has no effect: rows of one segment need not lie together.

    Raises:
        ShapeError: there is not one id for each row.

    >>> import narae
    >>> narae.ops.segment_max([1, 2, 3], [0, 0, 1], 2).tolist()
    [2, 3]
    """
    return _segments("segment_max", partial(_extreme, "max"), data, segment_ids, num_segments)


@public
def segment_min(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The smallest of the rows of each segment; the dtype's largest number for one without rows.

    data: (n, ...), segment_ids: (n,) -> (num_segments, ...), of data's dtype.

    Args:
        data: the rows, in any order.
        segment_ids: whole numbers: which segment each row is of; a row of an id out of range counts for none.
        num_segments: the number of segments; None: one more than the largest id, which has to be known.
        sorted: has no effect: rows of one segment need not lie together.

    Raises:
        ShapeError: there is not one id for each row.

    >>> import narae
    >>> narae.ops.segment_min([1, 2, 3], [0, 0, 1], 2).tolist()
    [1, 3]
    """
    return _segments("segment_min", partial(_extreme, "min"), data, segment_ids, num_segments)
