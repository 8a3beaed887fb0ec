"""Matrix products and convolutions as tiles of one kernel: only the tables of addresses differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from narae.executors.native import contraction
from narae.executors.native.expression import Expression, Operand
from narae.executors.native.lanes import Unlowered
from narae.executors.native.lower_elementwise import Arrays, copy_tiles, expression_of, loop_tiles
from narae.executors.native.lower_reduce import reduce_array
from narae.executors.native.target import host
from narae.executors.native.tiles import Lowered, Tile, address, cuts, indices, offsets, size_of
from narae.graph.fuse import Step
from narae.graph.ir import Node

_WORK = 1_000_000  # multiplications below which panels go together in a tile
_COPY, _CALL = 7, 100_000  # what it costs to copy a number of B, and to call a tile, in the same
_STRETCH = 192 << 10  # bytes of B that are copied at a time: they stay in the second cache
_FEW, _MANY = 8, 16  # fewer tiles than this: long sums are cut in up to so many parts


@dataclass(eq=False)
class Product:
    """C[r, n] = sum of A[rows[r] + t0 + k a_step] B[t1 + k b_down + n b_across] over taps (t0, t1)
    and k < inner. Byte offsets; C has its rows `width` apart, in `out`."""

    a: int
    b: int
    rows: np.ndarray
    taps: np.ndarray
    inner: int
    a_step: int
    b_down: int
    b_across: int
    columns: int
    first_row: int = 0  # C's row and column where this product's begin
    first_column: int = 0


@dataclass(eq=False)
class Products:
    """All products of a step, into the array `out` seen as (rows, width)."""

    out: np.ndarray
    width: int
    parts: list[Product] = field(default_factory=list)
    before: list[list[Tile]] = field(default_factory=list)
    keep: list[Any] = field(default_factory=list)


def lower_product(step: Step, arrays: Arrays) -> Lowered:
    """A contraction or convolution, with the elementwise nodes that follow it in the step."""
    head, rest = step.nodes[0], step.nodes[1:]
    spec = head.specs[0]
    if spec.dtype not in ("float32", "float64"):
        raise Unlowered(f"{head.op.name} of {spec.dtype}")
    made = head.uids[0]
    if 0 in spec.shape:
        return Lowered()
    reads = [made, *(u for u in step.reads if any(v.uid == u for n in rest for v in n.inputs))]
    outputs = [u for u in step.outputs]
    expression = expression_of(rest, reads, outputs, arrays)
    expression.dtypes[made] = spec.dtype
    products = _find(head, arrays)
    if len(products.parts) < _FEW and (parts := _cut_sums(products)):
        return _in_parts(parts, products, expression, made, spec.shape, arrays)
    tiles = _tiles(products, expression, made, spec.shape, arrays)
    keep = [*products.keep, *(arrays[u] for u in outputs), *(arrays[u] for u in reads if u != made)]
    return Lowered([*products.before, tiles], keep=keep)


def _find(node: Node, arrays: Arrays) -> Products:
    ins = [arrays[v.uid] for v in node.inputs]
    if 0 in ins[0].shape or 0 in ins[1].shape:
        raise Unlowered(f"{node.op.name} of nothing")
    if node.op.name == "dot":
        return _dot(node, ins)
    return _conv(node, ins)


# -- products of matrices ------------------------------------------------------------------------


def _dot(node: Node, ins: Sequence[np.ndarray]) -> Products:
    x, y = ins
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    fx = [a for a in range(x.ndim) if a not in (*cx, *bx)]
    fy = [a for a in range(y.ndim) if a not in (*cy, *by)]
    before: list[list[Tile]] = []
    columns = _one_axis(y, fy)
    if columns is None:  # columns in no order: lay them out first
        order = [*by, *cy, *fy]
        y2 = np.empty([y.shape[a] for a in order], y.dtype)
        before.append(copy_tiles(y.transpose(order), y2))
        y = y2
        by, cy = tuple(range(len(by))), tuple(range(len(by), len(by) + len(cy)))
        fy = list(range(len(by) + len(cy), y.ndim))
        columns = _one_axis(y, fy)
        assert columns is not None
    width, across = columns
    rows = offsets([x.shape[a] for a in fx], [x.strides[a] for a in fx])
    axes = [(x.shape[i], x.strides[i], y.strides[j]) for i, j in zip(cx, cy, strict=True)]
    inner, taps = _sums(axes)
    out = Products(np.empty(0), width, before=before, keep=[x, y])
    for number, index in enumerate(indices([x.shape[a] for a in bx])):
        a = address(x) + sum(i * x.strides[k] for i, k in zip(index, bx, strict=True))
        b = address(y) + sum(i * y.strides[k] for i, k in zip(index, by, strict=True))
        out.parts.append(
            Product(a, b, rows, taps, *inner, across, width, first_row=number * len(rows))
        )
    if len(out.parts) > 4096:
        raise Unlowered(f"a product of {len(out.parts)} pairs of matrices")
    return out


def _one_axis(y: np.ndarray, axes: Sequence[int]) -> tuple[int, int] | None:
    """Axes as one: its length and stride, None where there is no such stride."""
    axes = [a for a in axes if y.shape[a] != 1]
    if not axes:
        return 1, y.itemsize
    for a, b in zip(axes, axes[1:], strict=False):
        if y.strides[a] != y.strides[b] * y.shape[b]:
            return None
    return size_of([y.shape[a] for a in axes]), y.strides[axes[-1]]


def _sums(axes: Sequence[tuple[int, int, int]]) -> tuple[tuple[int, int, int], np.ndarray]:
    """Summed axes (length, stride in A, stride in B) as an inner loop and a table of taps."""
    merged: list[tuple[int, int, int]] = []
    for n, sa, sb in sorted((a for a in axes if a[0] != 1), key=lambda a: (-a[1], -a[2])):
        if merged and merged[-1][1] == sa * n and merged[-1][2] == sb * n:
            merged[-1] = (merged[-1][0] * n, sa, sb)
        else:
            merged.append((n, sa, sb))
    if not merged:
        merged = [(1, 0, 0)]
    # the longest axis is the inner loop, unless one along memory is long enough
    best = max(range(len(merged)), key=lambda i: (min(merged[i][0], 16), -abs(merged[i][1])))
    inner = merged.pop(best)
    if inner[0] > 1024:  # long sums in stretches
        size = next((d for d in range(512, 127, -1) if inner[0] % d == 0), inner[0])
        merged.append((inner[0] // size, inner[1] * size, inner[2] * size))
        inner = (size, *inner[1:])
    lengths = [m[0] for m in merged]
    pair = [offsets(lengths, [m[i] for m in merged]) for i in (1, 2)]
    return inner, np.ascontiguousarray(np.stack(pair, axis=1))


# -- convolutions ---------------------------------------------------------------------------------


def _conv(node: Node, ins: Sequence[np.ndarray]) -> Products:
    x, w = ins
    p = node.params
    rank, groups = x.ndim - 2, p["groups"]
    before: list[list[Tile]] = []
    x = _laid_out(x, p["padding"], p["lhs_dilation"], before)
    space = node.specs[0].shape[1:-1]
    if w.strides[-1] != w.itemsize and w.size > 4096:
        w2 = np.empty(w.shape, w.dtype)
        before.append(copy_tiles(w, w2))
        w = w2
    rows = offsets(
        [x.shape[0], *space],
        [x.strides[0], *(s * t for s, t in zip(p["strides"], x.strides[1:-1], strict=True))],
    )
    steps = [d * s for d, s in zip(p["rhs_dilation"], x.strides[1:-1], strict=True)]
    axes = list(zip(w.shape[:rank], steps, w.strides[:rank], strict=True))
    axes.append((w.shape[rank], x.strides[-1], w.strides[rank]))
    inner, taps = _sums(axes)
    filters = w.shape[-1] // groups
    out = Products(np.empty(0), w.shape[-1], before=before, keep=[x, w])
    if groups > 64:
        raise Unlowered(f"conv in {groups} groups")
    for g in range(groups):
        a = address(x) + g * w.shape[rank] * x.strides[-1]
        b = address(w) + g * filters * w.strides[-1]
        out.parts.append(
            Product(a, b, rows, taps, *inner, w.strides[-1], filters, first_column=g * filters)
        )
    return out


def _laid_out(
    x: np.ndarray, padding: Any, dilation: Sequence[int], before: list[list[Tile]]
) -> np.ndarray:
    """x with gaps and borders of zeros, which are written once; a crop is a view."""
    if all(d == 1 for d in dilation) and all(lo <= 0 and hi <= 0 for lo, hi in padding):
        index = tuple(
            slice(-lo, n + hi) for n, (lo, hi) in zip(x.shape[1:-1], padding, strict=True)
        )
        return x[(slice(None), *index)]
    space = [(n - 1) * d + 1 for n, d in zip(x.shape[1:-1], dilation, strict=True)]
    total = [max(0, lo + n + hi) for n, (lo, hi) in zip(space, padding, strict=True)]
    out = np.zeros((x.shape[0], *total, x.shape[-1]), x.dtype)
    into, taken = [], []
    for n, length, (lo, _), d in zip(x.shape[1:-1], total, padding, dilation, strict=True):
        first = max(0, -(lo // d))
        last = min(n, max(first, -((lo - length) // d)))
        into.append(slice(lo + first * d, lo + (last - 1) * d + 1, d) if last > first else slice(0))
        taken.append(slice(first, last))
    source = x[(slice(None), *taken)]
    if source.size:
        before.append(copy_tiles(source, out[(slice(None), *into)]))
    return out


# -- tiles -----------------------------------------------------------------------------------------


def _tiles(
    products: Products, expression: Expression, made: int, shape: Sequence[int], arrays: Arrays
) -> list[Tile]:
    """Each product in tiles of rows by columns."""
    dtype = expression.dtypes[made]
    width = products.width
    others = [u for u in (*expression.reads, *expression.outputs)]
    lying = []
    for i, uid in enumerate(others):
        if i < len(expression.reads) and uid == made:
            continue
        lying.append(_as_rows(arrays[uid], shape, width))
    operands = tuple(operand for operand, *_ in lying)
    key = contraction.key(dtype, expression, operands)
    build = partial(_build, dtype, made, expression, operands)
    tile_shape = contraction.tile_shape(host(), dtype)
    tiles: list[Tile] = []
    for part in products.parts:
        table = _padded(part.rows, tile_shape.rows)
        products.keep += [table, part.taps]
        block = max(1, _STRETCH // (part.inner * tile_shape.wide * _size(dtype)))
        block = min(block, len(part.taps))
        for (r0, r1), (c0, c1) in _grid(part, tile_shape, 2):
            record = [
                part.a,
                part.b + c0 * part.b_across,
                address(table) + 8 * r0,
                r1 - r0,
                c1 - c0,
            ]
            record += [address(part.taps), len(part.taps), block, part.inner]
            record += [part.a_step, part.b_down, part.b_across]
            row, column = part.first_row + r0, part.first_column + c0
            for _, base, row_gap, column_gap in lying:
                record += [base + row * row_gap + column * column_gap, row_gap]
            rows = -(-(r1 - r0) // tile_shape.rows) * tile_shape.rows
            scratch = (block * part.inner + rows) * tile_shape.wide * _size(dtype)
            tiles.append(Tile(key, build, record, scratch))
    return tiles


def _size(dtype: str) -> int:
    return 4 if dtype == "float32" else 8


def _build(
    dtype: str, made: int, expression: Expression, operands: Sequence[Operand], name: str
) -> contraction.Function:
    return contraction.build(name, host(), dtype, made, expression, operands)


def _as_rows(array: np.ndarray, shape: Sequence[int], width: int) -> tuple[Operand, int, int, int]:
    """An operand of the expression as (rows, width): how it lies, its address, its row and column
    strides. Raises Unlowered where it has none."""
    full = np.broadcast_to(array, shape)
    columns, covered = [], 1
    axes = list(range(len(shape)))
    while axes and covered < width:
        columns.insert(0, axes.pop())
        covered *= shape[columns[0]]
    column = _stride(full, columns)
    row = _stride(full, axes)
    if covered != width or column is None or row is None or column not in (0, array.itemsize):
        raise Unlowered(f"an operand of shape {array.shape} beside a product of {tuple(shape)}")
    access = "along" if column or (width == 1 and array.size > 1) else "same"
    if width == 1:
        access = "same" if column == 0 else "along"
    return Operand(array.dtype.name, access), address(array), row, column


def _stride(array: np.ndarray, axes: Sequence[int]) -> int | None:
    """The one stride of axes taken together, None where there is none; 0 for a single element."""
    axes = [a for a in axes if array.shape[a] != 1]
    for a, b in zip(axes, axes[1:], strict=False):
        if array.strides[a] != array.strides[b] * array.shape[b]:
            return None
    return array.strides[axes[-1]] if axes else 0


def _padded(rows: np.ndarray, unit: int) -> np.ndarray:
    """The table of rows, complete to whole groups by copies of the last."""
    extra = -len(rows) % unit
    return np.concatenate([rows, np.repeat(rows[-1:], extra)])


def _grid(part: Product, shape: contraction.Shape, workers: int) -> list[tuple[Any, Any]]:
    """Ranges of rows and of columns: those that the threads would be through with soonest. What is
    computed does not depend on the choice: every sum has the same order in any tile."""
    best: list[tuple[Any, Any]] = []
    soonest = float("inf")
    for unit in (shape.wide, (shape.vectors - 1) * shape.lanes):
        columns = cuts(part.columns, _panels(part, unit), unit)
        for apart in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
            if apart > 1 and len(part.rows) < 4 * shape.rows * apart:
                break
            rows = cuts(len(part.rows), apart, shape.rows)
            tiles = [(r, c) for c in columns for r in rows]
            end = _end(part, shape, tiles, workers)
            if end < 0.99 * soonest:
                best, soonest = tiles, end
    return best


def _panels(part: Product, unit: int) -> int:
    """Into how many ranges columns are cut: several panels go together where they are cheap."""
    panels = -(-part.columns // unit)
    work = len(part.rows) * len(part.taps) * part.inner * unit
    return -(-panels // max(1, min(panels, _WORK // work)))


def _end(
    part: Product, shape: contraction.Shape, tiles: Sequence[tuple[Any, Any]], workers: int
) -> float:
    """When threads that take tiles in order would be through, in multiplications."""
    sums = len(part.taps) * part.inner
    busy = [0.0] * workers
    for (r0, r1), (c0, c1) in tiles:
        rows = -(-(r1 - r0) // shape.rows) * shape.rows
        columns = -(-(c1 - c0) // shape.lanes) * shape.lanes
        cost = (rows + _COPY) * columns * sums + _CALL
        first = min(range(workers), key=busy.__getitem__)
        busy[first] += cost
    return max(busy)


# -- long sums in parts -----------------------------------------------------------------------------


def _cut_sums(products: Products) -> list[Product] | None:
    """The one product in parts of its sum, where there is too little else to share out."""
    if len(products.parts) != 1:
        return None
    part = products.parts[0]
    shape = contraction.tile_shape(host(), "float32")
    tiles = -(-len(part.rows) // (4 * shape.rows)) * -(-part.columns // shape.wide)
    work = len(part.rows) * part.columns * len(part.taps) * part.inner
    parts = min(_MANY, work // _WORK, len(part.taps))
    if tiles >= _FEW or parts < 2:
        return None
    made = []
    for i, (begin, end) in enumerate(cuts(len(part.taps), parts)):
        taps = np.ascontiguousarray(part.taps[begin:end])
        made.append(
            Product(
                part.a,
                part.b,
                part.rows,
                taps,
                part.inner,
                part.a_step,
                part.b_down,
                part.b_across,
                part.columns,
                first_row=i * len(part.rows),
            )
        )
    return made


def _in_parts(
    parts: list[Product],
    products: Products,
    expression: Expression,
    made: int,
    shape: Sequence[int],
    arrays: Arrays,
) -> Lowered:
    """Partial sums, their sum in order, then the expression."""
    dtype = expression.dtypes[made]
    partial_sums = np.empty((len(parts), len(parts[0].rows), products.width), dtype)
    total = np.empty(shape, dtype)
    identity = Expression((), [made], [made], {})
    identity.dtypes[made] = dtype
    cut = Products(products.out, products.width, parts, keep=products.keep)
    # the identity reads the product and writes the partial sums
    tiles = _tiles(
        cut,
        identity,
        made,
        (len(parts) * len(parts[0].rows), products.width),
        {made: partial_sums.reshape(-1, products.width)},
    )
    added = reduce_array(
        "reduce_sum", partial_sums.reshape(len(parts), -1), (0,), total.reshape(-1)
    )
    ins = [total if u == made else arrays[u] for u in expression.reads]
    outs = [arrays[u] for u in expression.outputs]
    last = loop_tiles(expression, shape, ins, outs)
    keep = [*products.keep, partial_sums, total, *ins, *outs, *added.keep]
    return Lowered([*products.before, tiles, *added.phases, last], keep=keep)
