"""Matrix products and convolutions as tiles of one kernel: only the tables of addresses differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression, Operand, identity, itemsize
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.jit import bounds
from narae.executors.native.jit.compiler import Build
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import contraction, packing, registers, words
from narae.executors.native.lower.apart import is_heavy, place_for
from narae.executors.native.lower.convolution import convolution
from narae.executors.native.lower.depthwise import is_depthwise, lower_depthwise
from narae.executors.native.lower.elementwise import (
    after_whole,
    expression_of,
    loop_tiles,
)
from narae.executors.native.lower.held import Lies, by_form
from narae.executors.native.lower.panels import laid_out
from narae.executors.native.lower.partition import (
    Product,
    Products,
    Range,
    dot,
    grid,
    in_columns,
    lies_well,
    row_table,
    scratch_of,
    shorter,
)
from narae.executors.native.lower.reductions import reduce_array
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    cuts,
    joint_stride,
    lowers,
)
from narae.executors.native.lower.words import by_panels, products_of_words
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step
from narae.graph.ir import Node, Spec


@lowers("dot", "wide_dot", "conv")
def lower_product(step: Step, context: Context) -> Lowered:
    """A contraction or convolution, with the elementwise nodes that follow it in the step."""
    head, rest, arrays = step.nodes[0], step.nodes[1:], context.arrays
    spec = head.specs[0]
    if spec.dtype not in words.SUMS:
        raise Unlowered(f"{head.op.name} of {spec.dtype}")
    product = head.uids[0]
    if 0 in spec.shape:
        return Lowered()
    if head.op.known == "conv" and is_depthwise(head):
        return _by_channels(step, arrays)
    reads = [product, *(u for u in step.reads if any(v.uid == u for n in rest for v in n.inputs))]
    outputs = list(step.outputs)
    expression = expression_of(rest, reads, outputs, arrays)
    expression.dtypes[product] = spec.dtype
    if any(0 in a.shape for a in context.ins(head)):  # the sum of nothing
        whole = np.zeros(spec.shape, spec.dtype)
        last, touched = after_whole(expression, product, whole, spec.shape, arrays)
        return Lowered([last], keep=touched)
    products = _PRODUCTS[head.op.known](head, context.ins(head))
    products.weights = context.weights.kept(head.inputs[1].uid, arrays)
    if context.held is not None:
        if (form := context.held.forms.get(head.inputs[1].uid)) is not None:
            products.parts = [by_form(part, form) for part in products.parts]
        if any(uid in context.held.forms for uid in outputs):
            return _updated(products, expression, product, spec, context)
    if context.loop is not None:
        products.rounds = context.loop
        products.fixed = head.inputs[1].uid in context.loop.fixed and not products.before
    elif len(products.parts) < tuning.SUM_FEW and (parts := _cut_sums(products)):
        return _in_parts(parts, products, expression, product, spec.shape, arrays)
    elif (
        spec.nbytes >= tuning.PASS_FROM
        and (whole := place_for(expression, product, spec, context, products.keep)) is not None
    ):
        return _one_after_the_other(products, expression, product, whole, arrays)
    try:
        tiles = _tiles(products, expression, product, spec.shape, arrays)
    except Unlowered:  # an operand that does not lie as the product's rows do
        whole = np.empty(spec.shape, spec.dtype)
        return _one_after_the_other(products, expression, product, whole, arrays)
    others = [u for u in (*outputs, *reads) if u != product]
    keep = [*products.keep, *(arrays[u] for u in outputs), *(arrays[u] for u in others)]
    return Lowered([*products.before, tiles], keep=keep)


def _by_channels(step: Step, arrays: ArrayMap) -> Lowered:
    """A depthwise convolution whole, then the elementwise nodes."""
    head, rest = step.nodes[0], step.nodes[1:]
    product, spec = head.uids[0], head.specs[0]
    whole = arrays.get(product)
    if whole is None:
        whole = np.empty(spec.shape, spec.dtype)
    lowered = lower_depthwise(head, [arrays[v.uid] for v in head.inputs], whole)
    if rest:
        used = {v.uid for node in rest for v in node.inputs}
        reads = [u for u in (product, *step.reads) if u in used]
        outputs = [u for u in step.outputs if u != product]
        expression = expression_of(rest, reads, outputs, {**arrays, product: whole})
        last, touched = after_whole(expression, product, whole, spec.shape, arrays)
        lowered.phases.append(last)
        lowered.keep += touched
    return lowered


# The products of each operation that is a sum of products.
_PRODUCTS: Mapping[str, Callable[[Node, Sequence[np.ndarray]], Products]] = {
    "dot": dot,
    "wide_dot": products_of_words,
    "conv": convolution,
}


# -- tiles -----------------------------------------------------------------------------------------


def _tiles(
    products: Products,
    expression: Expression,
    product: int,
    shape: Sequence[int],
    arrays: ArrayMap,
) -> list[Tile]:
    """Each product in tiles of rows by columns. product: its uid among what the expression reads."""
    dtype = expression.dtypes[product]
    size = itemsize(dtype)
    others = [u for u in expression.reads if u != product] + list(expression.outputs)
    lying = [
        _in_panels(products.lies[uid])
        if uid in products.lies
        else _as_rows(arrays[uid], shape, products.width)
        for uid in others
    ]
    operands = tuple(one.operand for one in lying)
    order = _order(products, expression, size)
    key, build = _kernel(dtype, product, expression, operands, order, products.form)
    tile = registers.register_tile(host(), dtype, order)
    pack = packing.packer(dtype, tile, bounds.enabled())
    tiles: list[Tile] = []
    for part in _as_read(products, dtype, tile, order):
        if part.by not in (0, tile.wide):
            raise Unlowered(f"panels of {part.by} columns beside a product of {tile.wide}")
        table = row_table(part, tile.rows)
        products.keep += [table, part.taps]
        for (r0, r1), (c0, c1) in _ranges(
            part, tile, order, products.rounds is not None, itemsize(dtype)
        ):
            block = _block(part, tile, order, size, r1 - r0)
            column = part.first_column + c0
            record = registers.Contraction(
                a=part.a,
                b=part.b + c0 * part.b_across,
                rows=address(table) + 16 * r0,
                count=r1 - r0,
                columns=c1 - c0,
                taps=address(part.taps),
                tap_count=len(part.taps),
                block=block,
                inner=part.inner,
                a_step=part.a_step,
                b_down=part.b_down,
                b_across=part.b_across,
                direct=_direct(part, tile, size),
                pack=pack,
                operands=[
                    registers.RowOperand(
                        place=one.base + column * one.column, gap=one.row, across=one.column
                    )
                    for one in lying
                ],
            )
            rows = -(-(r1 - r0) // tile.rows) * tile.rows
            scratch = scratch_of(block * part.inner, rows, c1 - c0, tile, order, size)
            work = rows * (c1 - c0) * len(part.taps) * part.inner
            tiles.append(Tile(key, build, record.numbers(), scratch, work))
    return tiles


def _as_read(
    products: Products, dtype: str, tile: registers.RegisterTile, order: str
) -> Sequence[Product]:
    """The products with B as tiles read it."""
    if products.form:
        parts: Sequence[Product] = by_panels(products, tile)
    elif products.fixed or products.weights is not None:
        parts = laid_out(products, order, dtype, tile)
    else:
        parts = products.parts
    if order == registers.COLUMNS:
        parts = [shorter(part, tuning.COLUMNS_INNER) for part in parts]
    return parts


def _kernel(
    dtype: str,
    product: int,
    expression: Expression,
    operands: tuple[Operand, ...],
    order: str,
    form: str,
) -> tuple[str, Build]:
    """The kernel of tiles: its key, and how to build it."""
    given = {"product": product, "expression": expression, "operands": operands, "order": order}
    build = partial(contraction.build, target=host(), dtype=dtype, form=form, **given)
    return contraction.key(dtype, expression, operands, order, form), build


def _block(part: Product, tile: registers.RegisterTile, order: str, size: int, rows: int) -> int:
    """How many taps of B are copied at once."""
    block = min(max(1, tuning.stretch() // (part.inner * tile.wide * size)), len(part.taps))
    if order == registers.COLUMNS:
        block = min(block, max(1, tuning.columns_bytes() // (part.inner * size * rows)))
    return block


def _ranges(
    part: Product, tile: registers.RegisterTile, order: str, alone: bool, size: int
) -> list[tuple[Range, Range]]:
    """The rows and columns of a product's tiles. alone: one thread computes them all."""
    if alone:
        return [((0, len(part.rows)), (0, part.columns))]
    if order == registers.COLUMNS:
        most = max(registers.CHUNK, tuning.columns_bytes() // (part.inner * size))
        return grid(part, tile, tuning.workers(), True, most)
    return grid(part, tile, tuning.workers())


def _direct(part: Product, tile: registers.RegisterTile, size: int) -> int:
    """Whether B is read where it lies, as a record has it."""
    if part.panels:
        return registers.PANELS
    return int(lies_well(part, tile) and part.b_across == size)


def _order(products: Products, expression: Expression, size: int) -> str:
    """In which order a tile is worked through: see `registers.register_tile`. Slow operations have time beside the
    sums, but waiting for memory would hold these up too."""
    parts = products.parts
    if all(len(part.rows) == 1 for part in parts):
        return "of a row"
    long = all(len(part.taps) == 1 and part.inner >= tuning.LONG_SUM for part in parts)
    near = sum(len(part.rows) for part in parts) * products.width * size <= tuning.near()
    if registers.is_slow(expression) and tuning.can_work_beside(host().registers) and long and near:
        return "beside"
    if products.rounds is None and all(in_columns(part, size) for part in parts):
        return registers.COLUMNS
    return "in turn"


@dataclass(frozen=True)
class _Lying:
    """How an operand of the expression lies as (rows, width): its address, its strides in bytes."""

    operand: Operand
    base: int
    row: int
    column: int


def _as_rows(array: np.ndarray, shape: Sequence[int], width: int) -> _Lying:
    """An operand of the expression as (rows, width). Raises Unlowered where it has no such strides."""
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
    operand = Operand(array.dtype.name, "along" if column else "same")
    return _Lying(operand, address(array), row, column)


def _in_panels(lies: Lies) -> _Lying:
    """A matrix by panels: from the first column of a panel to that of another."""
    return _Lying(Operand("float32", "along"), lies.place, lies.row, lies.across)


def _one_after_the_other(
    products: Products,
    expression: Expression,
    product: int,
    whole: np.ndarray,
    arrays: ArrayMap,
) -> Lowered:
    """The product, to where it is given a place, then the expression."""
    dtype, shape = expression.dtypes[product], whole.shape
    tiles = _tiles(products, identity(product, dtype), product, shape, {product: whole})
    last, touched = after_whole(expression, product, whole, shape, arrays)
    return Lowered([*products.before, tiles, last], keep=[*products.keep, *touched])


def _updated(
    products: Products, expression: Expression, product: int, spec: Spec, context: Context
) -> Lowered:
    """The update of a weight by panels, from the product that is its gradient. Where the expression is better a pass of
    its own, the product lies by panels too, and the pass is one loop along memory."""
    held, arrays = context.held, context.arrays
    assert held is not None
    touched = {
        u: held.forms[u] for u in (*expression.reads, *expression.outputs) if u in held.forms
    }
    form = next(iter(touched.values()))
    products.parts = [replace(part, by=form.wide) for part in products.parts]
    products.keep += [f.array for f in touched.values()]
    products.lies = {uid: f.lies for uid, f in touched.items()}
    others = [u for u in expression.reads if u != product]
    if not is_heavy(expression, others, spec, arrays):
        tiles = _tiles(products, expression, product, spec.shape, arrays)
        return Lowered([*products.before, tiles], keep=products.keep)
    whole = context.spare.take(Spec((form.array.size,), "float32"))
    products.lies[product] = replace(form.lies, place=address(whole))
    plain = identity(product, "float32")
    tiles = _tiles(products, plain, product, spec.shape, arrays)
    flat = {u: f.array.reshape(-1) for u, f in touched.items()} | {product: whole}
    ins = [flat[u] if u in flat else arrays[u].reshape(()) for u in expression.reads]
    last = loop_tiles(expression, whole.shape, ins, [flat[u] for u in expression.outputs])
    return Lowered([*products.before, tiles, last], keep=[*products.keep, whole, *ins])


# -- long sums in parts -----------------------------------------------------------------------------


def _cut_sums(products: Products) -> list[Product] | None:
    """The one product in parts of its sum, where there is too little else to share out."""
    if len(products.parts) != 1:
        return None
    part = products.parts[0]
    tile = registers.register_tile(host(), "float32", "in turn")
    tiles = -(-len(part.rows) // (4 * tile.rows)) * -(-part.columns // tile.wide)
    work = len(part.rows) * part.columns * len(part.taps) * part.inner
    parts = min(tuning.SUM_MANY, work // tuning.SUM_PART, len(part.taps))
    if tiles >= tuning.SUM_FEW or parts < 2:
        return None
    found = []
    for i, (begin, end) in enumerate(cuts(len(part.taps), parts)):
        taps = np.ascontiguousarray(part.taps[begin:end])
        found.append(replace(part, taps=taps, first_row=i * len(part.rows), first_column=0))
    return found


def _in_parts(
    parts: list[Product],
    products: Products,
    expression: Expression,
    product: int,
    shape: Sequence[int],
    arrays: ArrayMap,
) -> Lowered:
    """Partial sums, their sum in order, then the expression."""
    dtype = expression.dtypes[product]
    partial_sums = np.empty((len(parts), len(parts[0].rows), products.width), dtype)
    total = np.empty(shape, dtype)
    cut = replace(products, parts=parts)
    tiles = _tiles(
        cut,
        identity(product, dtype),
        product,
        (len(parts) * len(parts[0].rows), products.width),
        {product: partial_sums.reshape(-1, products.width)},
    )
    added = reduce_array(
        "reduce_sum", partial_sums.reshape(len(parts), -1), (0,), total.reshape(-1)
    )
    last, touched = after_whole(expression, product, total, shape, arrays)
    keep = [*products.keep, partial_sums, total, *touched, *added.keep]
    return Lowered([*products.before, tiles, *added.phases, last], keep=keep)
