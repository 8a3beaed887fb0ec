"""Rows of the same number made one: sums, products and extremes by segment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import TensorLike
from narae.ops.table import named
from narae.primitives.record import constant
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.scatter import extreme_at
from narae.tensor.promote import to
from narae.tensor.tensor import Tensor, as_tensor


def _counted(ids: Tensor, count: int | None) -> int:
    if count is not None:
        return int(count)
    return int(ids._known("a segment operation without num_segments").max(initial=-1)) + 1


def _within(ids: Tensor, count: int) -> bool:
    """Whether all ids are known to be of a segment."""
    data = ids.data
    return data is not None and bool(np.all((data >= 0) & (data < count)))


def _operation(name: str, reduced: Callable[..., Any], says: str, gives: str) -> Any:
    def segment(
        data: Tensor, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
    ) -> Tensor:
        rows, ids = as_tensor(data), to(segment_ids, "int32")
        if ids.ndim != 1 or not rows.ndim or rows.shape[0] != ids.shape[0]:
            raise ShapeError(
                f"{name} takes one segment id for each row, got data of shape {rows.shape} and "
                f"ids of shape {ids.shape}"
            )
        count = _counted(ids, num_segments)
        if _within(ids, count):
            return reduced(ids, rows, (count, *rows.shape[1:]))
        # rows of no segment go to one more, which is cut off
        inside = L.logical_and(
            L.greater_equal(ids, constant(0, "int32")), L.less(ids, constant(count, "int32"))
        )
        moved = L.select(inside, ids, constant(count, "int32"))
        return reduced(moved, rows, (count + 1, *rows.shape[1:]))[:count]

    says += " An id out of range counts for no segment; num_segments: one more than the largest id."
    example = f"{name}([1, 2, 3], [0, 0, 1], 2).tolist()"
    return named(segment, name, __name__, says, example, gives)


def _product(ids: Tensor, rows: Tensor, shape: tuple[int, ...]) -> Any:
    """Each segment's rows, the others' made 1, multiplied: (segments, n, ...) in between."""
    afford(shape[0])
    places = constant(np.arange(shape[0])[:, None], "int32")
    mine = L.equal(places, S.reshape(ids, shape=(1, ids.shape[0])))
    mine = S.reshape(mine, shape=(*mine.shape, *(1,) * (rows.ndim - 1)))
    return R.reduce_prod(L.select(mine, rows, constant(1, rows.dtype)), axes=(1,))


segment_sum = _operation(
    "segment_sum",
    lambda ids, rows, shape: I.add_at(ids, rows, axis=0, shape=shape),
    "The sum of the rows of each segment; 0 for one without rows.",
    "[3, 3]",
)
segment_prod = _operation(
    "segment_prod",
    _product,
    "The product of the rows of each segment; 1 for one without rows.",
    "[2, 3]",
)


def _extreme(kind: str, ids: Tensor, rows: Tensor, shape: tuple[int, ...]) -> Any:
    return extreme_at(ids, rows, axis=0, shape=shape, kind=kind)


segment_max = _operation(
    "segment_max",
    partial(_extreme, "max"),
    "The largest of the rows of each segment; the dtype's least number for one without rows.",
    "[2, 3]",
)
segment_min = _operation(
    "segment_min",
    partial(_extreme, "min"),
    "The smallest of the rows of each segment; the dtype's largest number for one without rows.",
    "[1, 3]",
)
