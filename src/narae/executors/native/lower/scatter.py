"""Sums at indices, the gradient of a gather: alone, or within the update that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression, Operand, itemsize
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.kernels import scatter
from narae.executors.native.lower.elementwise import (
    after_whole,
    bits_dtype,
    copy_tiles,
    expression_of,
)
from narae.executors.native.lower.movement import copied
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    joint_stride,
    lowers,
    size_of,
)
from narae.executors.native.lower.unchanged import unchanged
from narae.executors.native.lower.windows import lowest
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step


@dataclass(eq=False)
class _Rows:
    """Updates as the kernels read them: indices[i, j] names the row of the result that x[i, j] is added to."""

    index: np.ndarray
    x: np.ndarray
    lengths: list[int]
    index_steps: list[int]
    x_steps: list[int]
    outer: int  # results beside each other, each with the same indices
    x_outer: int  # bytes between their updates
    length: int  # rows of a result
    row: int  # numbers of a row
    before: list[list[Tile]]  # what lays indices and updates out so

    @property
    def count(self) -> int:
        """How many rows are added to a result."""
        return size_of(self.lengths)

    @property
    def dtypes(self) -> tuple[str, str]:
        """Of the numbers, and of the indices."""
        return self.x.dtype.name, self.index.dtype.name


@lowers("add_at")
def lower_add_at(step: Step, context: Context) -> Lowered:
    """Sums at indices, with the elementwise nodes that follow them in the step."""
    head, rest, arrays = step.nodes[0], step.nodes[1:], context.arrays
    (index, x), shape, axis = context.ins(head), head.specs[0].shape, head.params["axis"]
    scatter.require_numbers(x.dtype.name)
    if 0 in shape:
        return Lowered()
    rows = _rows(index, x, shape, axis)
    lowered = Lowered(rows.before, keep=[index, x, rows.index, rows.x])
    if rows.count:
        lowered.phases.append(_checks(rows, context.error))
    sums = head.uids[0]
    if not rest:
        lowered.phases.append(_sum_tiles(rows, arrays[sums]))
        return lowered
    used = {v.uid for node in rest for v in node.inputs}
    reads = [sums, *(u for u in step.reads if u in used)]
    expression = expression_of(rest, reads, list(step.outputs), arrays)
    expression.dtypes[sums] = x.dtype.name
    try:
        lowered.phases.append(_update_tiles(rows, expression, sums, arrays))
    except Unlowered:  # sums that do not lie as the update's operands do, or many for few rows
        whole = arrays.get(sums)
        whole = np.empty(shape, x.dtype) if whole is None else whole
        outputs = [u for u in step.outputs if u != sums]
        expression = expression_of(rest, reads, outputs, {**arrays, sums: whole})
        last, touched = after_whole(expression, sums, whole, shape, arrays)
        lowered.phases += [_sum_tiles(rows, whole), last]
        lowered.keep += [whole, *touched]
    lowered.keep += [arrays[u] for u in (*reads, *step.outputs) if u in arrays]
    return lowered


@lowers("set_at")
def lower_set_at(step: Step, context: Context) -> Lowered:
    """A copy, and rows in it; of several for one place the last stays."""
    node = step.nodes[0]
    (x, index, updates), out = context.ins(node), context.out(node)
    lowered = Lowered([copy_tiles(x, out)], keep=[x])
    return _at_rows(lowered, index, updates, out, node.params["axis"], context, "set", None)


@lowers("extreme_at")
def lower_extreme_at(step: Step, context: Context) -> Lowered:
    """The largest or smallest of the rows for a place."""
    node = step.nodes[0]
    (index, updates), out, kind = context.ins(node), context.out(node), node.params["kind"]
    scatter.require_numbers(out.dtype.name)
    start = lowest(out.dtype.name, kind)
    return _at_rows(Lowered(), index, updates, out, node.params["axis"], context, kind, start)


def _at_rows(
    lowered: Lowered,
    index: np.ndarray,
    updates: np.ndarray,
    out: np.ndarray,
    axis: int,
    context: Context,
    merge: str,
    start: float | None,
) -> Lowered:
    """More phases: rows laid out, indices looked at, and put together with what is there."""
    if out.size == 0:
        return lowered
    rows = _rows(index, updates, out.shape, axis)
    lowered.phases += rows.before
    if rows.count:
        lowered.phases.append(_checks(rows, context.error))
    lowered.phases.append(_sum_tiles(rows, out, merge, start))
    lowered.keep += [index, updates, rows.index, rows.x, out]
    return lowered


def _rows(index: np.ndarray, x: np.ndarray, shape: tuple[int, ...], axis: int) -> _Rows:
    """Updates laid out for the kernels, by copies where they do not lie so."""
    before: list[list[Tile]] = []
    size, inner, ndim = x.itemsize, shape[axis + 1 :], index.ndim
    after = range(axis + ndim, x.ndim)
    outer_step = joint_stride(x, range(axis))
    row_step = joint_stride(x, after)
    if outer_step is None or (row_step != size and size_of(inner) > 1):
        x, outer_step = copied(x, before), size_of(x.shape[axis:]) * size
    lengths, steps = _joint(index, x, axis)
    if len(lengths) > 2 or (steps[0][-1] != index.itemsize and lengths[-1] > 1):
        index = copied(index, before)
        lengths, steps = _joint(index, x, axis)
    if len(lengths) > 2:
        x, outer_step = copied(x, before), size_of(x.shape[axis:]) * size
        lengths, steps = _joint(index, x, axis)
    missing = 2 - len(lengths)
    lengths, steps = [1] * missing + lengths, [[0] * missing + s for s in steps]
    return _Rows(
        index=index,
        x=x,
        lengths=lengths,
        index_steps=steps[0],
        x_steps=steps[1],
        outer=size_of(shape[:axis]),
        x_outer=outer_step,
        length=shape[axis],
        row=size_of(inner),
        before=before,
    )


def _joint(index: np.ndarray, x: np.ndarray, axis: int) -> tuple[list[int], list[list[int]]]:
    """The indices' axes, as few as they are in both arrays; and the steps along them."""
    strides = x.strides[axis : axis + index.ndim]
    return collapsed(index.shape, [index.strides, strides])


def _checks(rows: _Rows, error: int) -> list[Tile]:
    """Tiles that report an index out of range before anything is written."""
    index = rows.index.dtype.name
    build = partial(scatter.build_check, index=index)
    outer, inner = rows.lengths
    if rows.index_steps[0] == inner * rows.index.itemsize:  # all of them next to each other
        outer, inner = 1, outer * inner
    tiles = []
    for i in range(outer if rows.index_steps[0] else 1):
        begin = address(rows.index) + i * rows.index_steps[0]
        for a, b in cuts(inner, -(-inner // tuning.MOVED)):
            record = scatter.Indices(
                indices=begin + a * rows.index.itemsize,
                error=error,
                count=b - a,
                length=rows.length,
            )
            tiles.append(Tile(f"check {index}", build, record.numbers()))
    return tiles


def _sum_tiles(
    rows: _Rows, out: np.ndarray, merge: str = "add", start: float | None = 0.0
) -> list[Tile]:
    """Tiles that own rows of one result, or columns where many are added to few rows."""
    index = rows.index.dtype.name
    dtype = bits_dtype(out) if merge == "set" else out.dtype.name
    key = f"rows {dtype} {index} {merge} {start}"
    build = partial(scatter.build_rows, dtype=dtype, index=index, merge=merge, start=start)
    size, gap = out.itemsize, rows.row * out.itemsize
    across, down = _parts(rows, gap)
    tiles = []
    for o in range(rows.outer):
        for c0, c1 in cuts(rows.row, across, tuning.LANES):
            for r0, r1 in cuts(rows.length, down):
                into = address(out) + (o * rows.length + r0) * gap + c0 * size
                x = address(rows.x) + o * rows.x_outer + c0 * size
                record = _record(rows, r0, r1, x=x, into=into, row=c1 - c0, gap=gap)
                tiles.append(Tile(key, build, record.numbers()))
    return tiles


def _parts(rows: _Rows, gap: int) -> tuple[int, int]:
    """In how many parts columns and rows are cut. Each tile looks at all indices, so there are few."""
    parts = min(tuning.SCATTER_PARTS, -(-rows.count * rows.row // tuning.MOVED))
    if rows.outer >= parts:
        return 1, 1
    if _is_heavy(rows):
        across = min(parts, -(-rows.row // tuning.LANES))
        return across, -(-parts // across)
    return 1, max(parts, _tables(rows, gap))


def _is_heavy(rows: _Rows) -> bool:
    """Whether many rows are added to few: some of those would be one thread's, and take as long as all."""
    return rows.count > tuning.SCATTER_HEAVY * rows.length


def _tables(rows: _Rows, gap: int) -> int:
    """Parts of the rows, each near one core with its sums, and not smaller than what is read to find them."""
    looked = tuning.SCATTER_LOOKED * rows.count * rows.index.itemsize
    near = min(max(tuning.SCATTER_ROWS, looked), tuning.SCATTER_NEAR)
    return max(1, min(rows.length, rows.length * gap // near))


def _record(
    rows: _Rows, r0: int, r1: int, *, x: int, into: int, row: int, gap: int
) -> scatter.AddRows[int]:
    return scatter.AddRows(
        indices=address(rows.index),
        x=x,
        into=into,
        lengths=rows.lengths,
        index_outer=rows.index_steps[0],
        x_steps=rows.x_steps,
        length=rows.length,
        first=r0,
        rows=r1 - r0,
        row=row,
        gap=gap,
    )


# -- within an update ------------------------------------------------------------------------------


def _update_tiles(rows: _Rows, full: Expression, sums: int, arrays: ArrayMap) -> list[Tile]:
    """Tiles that compute what reads the sums, and keep those to themselves: a table's gradient, as large as the
    table, is neither written nor read. Rows that no index names need less, or nothing (`unchanged`)."""
    if rows.outer > 1 or _is_heavy(rows):
        raise Unlowered("an update of more than rows")
    dtype, index = rows.dtypes
    uids = [u for u in full.reads if u != sums] + [*full.outputs]
    operands = tuple(_operand(arrays[u], rows) for u in uids)
    still = unchanged(full, sums, arrays)
    others = [u for u in full.outputs if u not in still]
    reads = [u for u in full.reads if u != sums]
    rest = Expression(full.nodes, reads, others, {**full.numbers, sums: 0.0}) if others else None
    if rest is not None:
        rest.dtypes.update(full.dtypes)
    key = scatter.update_key(dtype, index, full, rest, operands)
    build = partial(
        scatter.build_update,
        dtype=dtype,
        index=index,
        sums=sums,
        full=full,
        rest=rest,
        operands=operands,
    )
    gap, tiles = rows.row * itemsize(dtype), []
    for r0, r1 in cuts(rows.length, _tables(rows, gap)):
        flags = -(-(r1 - r0) // scatter.FLAGS) * scatter.FLAGS
        along = [r0 * rows.row * itemsize(o.dtype) * (o.access == "along") for o in operands]
        record = scatter.Update(
            flags=flags,
            sums=[_record(rows, r0, r1, x=address(rows.x), into=0, row=rows.row, gap=gap)],
            operands=[
                scatter.Lying(place=address(arrays[u]) + shift)
                for u, shift in zip(uids, along, strict=True)
            ],
        )
        work = (r1 - r0) * rows.row * tuning.ELEMENT_WORK
        scratch = flags + (r1 - r0) * gap
        tiles.append(Tile(key, build, record.numbers(), scratch=scratch, work=work))
    return tiles


def _operand(array: np.ndarray, rows: _Rows) -> Operand:
    """How an array lies along the rows, one after the other. Raises Unlowered for another way."""
    if array.size == 1:
        return Operand(array.dtype.name, "same")
    if array.flags.c_contiguous and array.size == rows.length * rows.row:
        return Operand(array.dtype.name, "along")
    raise Unlowered("an operand that does not lie as the sums do")
