"""Matrix products and convolutions as tiles of one kernel: only the tables of addresses differ."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native.codegen.expression import Expression, Operand, identity, itemsize
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.jit import bounds
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import contraction, packing, registers
from narae.executors.native.lower.addresses import Product, Products, sums
from narae.executors.native.lower.convolution import convolution
from narae.executors.native.lower.depthwise import is_depthwise, lower_depthwise
from narae.executors.native.lower.elementwise import (
    Arrays,
    after_whole,
    copy_tiles,
    expression_of,
)
from narae.executors.native.lower.partition import WORK, grid, lies_well
from narae.executors.native.lower.reductions import reduce_array
from narae.executors.native.lower.tiles import (
    Lowered,
    Tile,
    address,
    cuts,
    indices,
    joint_stride,
    offsets,
    size_of,
)
from narae.graph.fuse import Step
from narae.graph.ir import Node

_STRETCH = 192 << 10  # bytes of B that are copied at a time: they stay in the second cache
_CLASH, _CLASH_FROM = 4096, 1 << 18  # bytes between rows, and of a matrix, from which it matters
_NEAR = 2 << 20  # bytes of C up to which what the expression reads is in the caches
_FEW, _MANY = 8, 16  # fewer tiles than this: long sums are cut in up to so many parts


def lower_product(step: Step, arrays: Arrays) -> Lowered:
    """A contraction or convolution, with the elementwise nodes that follow it in the step."""
    head, rest = step.nodes[0], step.nodes[1:]
    spec = head.specs[0]
    if spec.dtype not in ("float32", "float64"):
        raise Unlowered(f"{head.op.name} of {spec.dtype}")
    made = head.uids[0]
    if 0 in spec.shape:
        return Lowered()
    if head.op.name == "conv" and is_depthwise(head):
        return _by_channels(step, arrays)
    reads = [made, *(u for u in step.reads if any(v.uid == u for n in rest for v in n.inputs))]
    outputs = list(step.outputs)
    expression = expression_of(rest, reads, outputs, arrays)
    expression.dtypes[made] = spec.dtype
    products = _find(head, arrays)
    if len(products.parts) < _FEW and (parts := _cut_sums(products)):
        return _in_parts(parts, products, expression, made, spec.shape, arrays)
    try:
        tiles = _tiles(products, expression, made, spec.shape, arrays)
    except Unlowered:  # an operand that does not lie as the product's rows do
        return _one_after_the_other(products, expression, made, spec.shape, arrays)
    keep = [*products.keep, *(arrays[u] for u in outputs), *(arrays[u] for u in reads if u != made)]
    return Lowered([*products.before, tiles], keep=keep)


def _by_channels(step: Step, arrays: Arrays) -> Lowered:
    """A depthwise convolution whole, then the elementwise nodes."""
    head, rest = step.nodes[0], step.nodes[1:]
    made, spec = head.uids[0], head.specs[0]
    whole = arrays.get(made)
    if whole is None:
        whole = np.empty(spec.shape, spec.dtype)
    lowered = lower_depthwise(head, [arrays[v.uid] for v in head.inputs], whole)
    if rest:
        reads = [u for u in (made, *step.reads) if any(v.uid == u for n in rest for v in n.inputs)]
        outputs = [u for u in step.outputs if u != made]
        expression = expression_of(rest, reads, outputs, {**arrays, made: whole})
        last, touched = after_whole(expression, made, whole, spec.shape, arrays)
        lowered.phases.append(last)
        lowered.keep += touched
    return lowered


def _find(node: Node, arrays: Arrays) -> Products:
    ins = [arrays[v.uid] for v in node.inputs]
    if 0 in ins[0].shape or 0 in ins[1].shape:
        raise Unlowered(f"{node.op.name} of nothing")
    return _dot(node, ins) if node.op.name == "dot" else convolution(node, ins)


# -- products of matrices ------------------------------------------------------------------------


def _dot(node: Node, ins: Sequence[np.ndarray]) -> Products:
    x, y = ins
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    fx = [a for a in range(x.ndim) if a not in (*cx, *bx)]
    fy = [a for a in range(y.ndim) if a not in (*cy, *by)]
    before: list[list[Tile]] = []
    if x.ndim == 2 and x.size * x.itemsize >= _CLASH_FROM and max(x.strides) % _CLASH == 0:
        x = _unclashed(x, before)
    across = joint_stride(y, fy)
    width = size_of([y.shape[a] for a in fy])
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
    if len(out.parts) > 4096:
        raise Unlowered(f"a product of {len(out.parts)} pairs of matrices")
    return out


def _unclashed(x: np.ndarray, before: list[list[Tile]]) -> np.ndarray:
    """A copy of a matrix whose rows would all meet in the same few lines of the first cache."""
    turned = x.strides[0] < x.strides[1]
    rows, length = x.shape[::-1] if turned else x.shape
    copied = np.empty((rows, length + 64 // x.itemsize), x.dtype)[:, :length]
    copied = copied.T if turned else copied
    before.append(copy_tiles(x, copied))
    return copied


# -- tiles -----------------------------------------------------------------------------------------


def _tiles(
    products: Products, expression: Expression, made: int, shape: Sequence[int], arrays: Arrays
) -> list[Tile]:
    """Each product in tiles of rows by columns."""
    dtype = expression.dtypes[made]
    width = products.width
    others = [*expression.reads, *expression.outputs]
    lying = []
    for i, uid in enumerate(others):
        if i < len(expression.reads) and uid == made:
            continue
        lying.append(_as_rows(arrays[uid], shape, width))
    operands = tuple(operand for operand, *_ in lying)
    way = _way(products, expression, itemsize(dtype))
    key = contraction.key(dtype, expression, operands, way)
    build = partial(
        contraction.build,
        target=host(),
        dtype=dtype,
        product=made,
        expression=expression,
        operands=operands,
        way=way,
    )
    tile_shape = registers.tile_shape(host(), dtype, way)
    pack = _pack(dtype, tile_shape, bounds.enabled())
    tiles: list[Tile] = []
    for part in products.parts:
        table = _table(part, tile_shape.rows)
        products.keep += [table, part.taps]
        block = max(1, _STRETCH // (part.inner * tile_shape.wide * itemsize(dtype)))
        block = min(block, len(part.taps))
        for (r0, r1), (c0, c1) in grid(part, tile_shape, 2):
            record = [
                part.a,
                part.b + c0 * part.b_across,
                address(table) + 16 * r0,
                r1 - r0,
                c1 - c0,
            ]
            record += [address(part.taps), len(part.taps), block, part.inner]
            direct = int(lies_well(part) and part.b_across == itemsize(dtype))
            record += [part.a_step, part.b_down, part.b_across, direct, pack]
            column = part.first_column + c0
            for _, base, row_gap, column_gap in lying:
                record += [base + column * column_gap, row_gap]
            rows = -(-(r1 - r0) // tile_shape.rows) * tile_shape.rows
            room = max(rows, 2 * tile_shape.rows)
            scratch = (block * part.inner + room) * tile_shape.wide * itemsize(dtype)
            work = rows * (c1 - c0) * len(part.taps) * part.inner
            tiles.append(Tile(key, build, record, scratch, work))
    return tiles


@functools.cache  # it depends on nothing else
def _pack(dtype: str, shape: registers.Shape, checked: bool) -> int:
    """The address of the kernel that copies stretches of B."""
    build = partial(packing.build, dtype=dtype, shape=shape)
    return addresses([(f"pack {dtype} {shape}", build)], checked)[0]


def _way(products: Products, expression: Expression, size: int) -> str:
    """How tiles are gone through: see `registers.tile_shape`. Slow operations have time beside the
    sums, but waiting for memory would hold these up too."""
    parts = products.parts
    if all(len(part.rows) == 1 for part in parts):
        return "of a row"
    long = all(len(part.taps) == 1 and part.inner >= registers.LONG for part in parts)
    near = sum(len(part.rows) for part in parts) * products.width * size <= _NEAR
    if registers.is_slow(expression) and host().registers >= 32 and long and near:
        return "beside"
    return "in turn"


def _as_rows(array: np.ndarray, shape: Sequence[int], width: int) -> tuple[Operand, int, int, int]:
    """An operand of the expression as (rows, width): how it lies, its address, its row and column
    strides. Raises Unlowered where it has none."""
    full = np.broadcast_to(array, shape)
    columns, covered = [], 1
    axes = list(range(len(shape)))
    while axes and covered < width:
        columns.insert(0, axes.pop())
        covered *= shape[columns[0]]
    column = joint_stride(full, columns)
    row = joint_stride(full, axes)
    if covered != width or column is None or row is None or column not in (0, array.itemsize):
        raise Unlowered(f"an operand of shape {array.shape} beside a product of {tuple(shape)}")
    return Operand(array.dtype.name, "along" if column else "same"), address(array), row, column


def _table(part: Product, unit: int) -> np.ndarray:
    """Offsets and numbers of rows, complete to whole groups by copies of the last."""
    count = len(part.rows)
    table = np.empty((count + -count % unit, 2), np.int64)
    table[:count, 0] = part.rows
    table[:count, 1] = np.arange(count) if part.numbers is None else part.numbers
    table[:count, 1] += part.first_row
    table[count:] = table[count - 1]
    return table


def _one_after_the_other(
    products: Products, expression: Expression, made: int, shape: Sequence[int], arrays: Arrays
) -> Lowered:
    """The product whole, then the expression."""
    dtype = expression.dtypes[made]
    whole = np.empty(shape, dtype)
    tiles = _tiles(products, identity(made, dtype), made, shape, {made: whole})
    last, touched = after_whole(expression, made, whole, shape, arrays)
    return Lowered([*products.before, tiles, last], keep=[*products.keep, *touched])


# -- long sums in parts -----------------------------------------------------------------------------


def _cut_sums(products: Products) -> list[Product] | None:
    """The one product in parts of its sum, where there is too little else to share out."""
    if len(products.parts) != 1:
        return None
    part = products.parts[0]
    shape = registers.tile_shape(host(), "float32", "in turn")
    tiles = -(-len(part.rows) // (4 * shape.rows)) * -(-part.columns // shape.wide)
    work = len(part.rows) * part.columns * len(part.taps) * part.inner
    parts = min(_MANY, work // WORK, len(part.taps))
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
                part.numbers,
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
    cut = Products(products.width, parts, keep=products.keep)
    tiles = _tiles(
        cut,
        identity(made, dtype),
        made,
        (len(parts) * len(parts[0].rows), products.width),
        {made: partial_sums.reshape(-1, products.width)},
    )
    added = reduce_array(
        "reduce_sum", partial_sums.reshape(len(parts), -1), (0,), total.reshape(-1)
    )
    last, touched = after_whole(expression, made, total, shape, arrays)
    keep = [*products.keep, partial_sums, total, *touched, *added.keep]
    return Lowered([*products.before, tiles, *added.phases, last], keep=keep)
