"""Products of matrices, of tensors too, as tables of addresses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.partition import Product, Products, sums
from narae.executors.native.lower.tiles import (
    Tile,
    address,
    indices,
    joint_stride,
    offsets,
    size_of,
)
from narae.graph.ir import Node


def dot(node: Node, ins: Sequence[np.ndarray]) -> Products:
    """The products of a `dot`: one, or one for each pair of matrices of its batch."""
    x, y = ins
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    fx = [a for a in range(x.ndim) if a not in (*cx, *bx)]
    fy = [a for a in range(y.ndim) if a not in (*cy, *by)]
    before: list[list[Tile]] = []
    across = joint_stride(y, fy)
    width = size_of([y.shape[a] for a in fy])
    if _clashes(x, cx, width):
        x = _unclashed(x, before)
    if across is None or (across == 0 and width > 1):  # in no order, or one for all: lay them out
        order = [*by, *cy, *fy]
        y2 = np.empty([y.shape[a] for a in order], y.dtype)
        before.append(copy_tiles(y.transpose(order), y2))
        y = y2
        by, cy = tuple(range(len(by))), tuple(range(len(by), len(by) + len(cy)))
        fy = list(range(len(by) + len(cy), y.ndim))
        across = y.itemsize
    across = across or y.itemsize  # of a single column
    rows = offsets([x.shape[a] for a in fx], [x.strides[a] for a in fx])
    axes = [(x.shape[i], x.strides[i], y.strides[j]) for i, j in zip(cx, cy, strict=True)]
    inner, taps = sums(axes)
    out = Products(width, before=before, keep=[x, y])
    for number, index in enumerate(indices([x.shape[a] for a in bx])):
        a = address(x) + sum(i * x.strides[k] for i, k in zip(index, bx, strict=True))
        b = address(y) + sum(i * y.strides[k] for i, k in zip(index, by, strict=True))
        out.parts.append(
            Product(a, b, rows, taps, *inner, across, width, first_row=number * len(rows))
        )
    if len(out.parts) > tuning.PAIRS:
        raise Unlowered(f"a product of {len(out.parts)} pairs of matrices")
    return out


def _clashes(x: np.ndarray, summed: Sequence[int], width: int) -> bool:
    """Whether the rows of a large matrix would all meet in the same few lines of the first cache, and are used often
    enough for a copy to pay. Rows that lie side by side are copied stretch by stretch in any case."""
    if x.ndim != 2 or x.nbytes < tuning.CLASH_A_FROM or max(x.strides) % tuning.CLASH_A:
        return False
    side = len(summed) == 1 and x.strides[1 - summed[0]] == x.itemsize
    return not side and width >= tuning.CLASH_A_WIDE


def _unclashed(x: np.ndarray, before: list[list[Tile]]) -> np.ndarray:
    """A copy of a matrix whose rows would all meet in the same few lines of the first cache."""
    turned = x.strides[0] < x.strides[1]
    rows, length = x.shape[::-1] if turned else x.shape
    copied = np.empty((rows, length + 64 // x.itemsize), x.dtype)[:, :length]
    copied = copied.T if turned else copied
    before.append(copy_tiles(x, copied))
    return copied
