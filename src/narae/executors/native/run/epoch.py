"""Kernels around the steps of an epoch: a batch's rows are gathered before, what a step gives is
kept after. Both know which step it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    emit_row,
    identity,
    itemsize,
)
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, pointer, word
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.codegen.nodes import new_node
from narae.executors.native.lower.elementwise import check
from narae.executors.native.lower.tiles import Tile, address, cuts
from narae.executors.native.run import driver
from narae.executors.shared.memory import span
from narae.executors.shared.rows import Rows
from narae.graph.ir import Node, Spec, Value


class BatchRows(KernelRecord[W]):
    """The rows of a batch that a tile gathers."""

    step: W = pointer()  # the number of the step, which changes from run to run
    order: W = pointer()  # which rows, 0 for all in turn
    source: W = pointer()
    target: W = pointer()
    first: W = word()  # the place in the order of this tile's first row, in step 0
    batch: W = word()  # rows of a step
    count: W = word()  # rows of this tile
    width: W = word()  # elements of a row
    pitch: W = (
        word()
    )  # bytes from a row of the source to the next: less than a row where windows overlap


class Kept(KernelRecord[W]):
    """What a step gives and where it is kept."""

    step: W = pointer()
    table: W = pointer()  # (from, to, bytes) of each output
    count: W = word()


def gather_tiles(rows: Rows, target: np.ndarray, control: np.ndarray) -> list[Tile]:
    """A batch's rows into an input. Raises Unlowered for dtypes that have no code, and for rows whose elements
    are not one after the other."""
    source, count = rows.array, target.shape[0]
    if not source[:1].flags.c_contiguous or source.shape[1:] != target.shape[1:]:
        raise Unlowered("rows that are not contiguous")
    width = target.size // count
    key, build = _gather(source.dtype, target.dtype, rows.order is not None)
    step = address(control) + 8 * driver.STEP
    order = address(rows.order) if rows.order is not None else 0
    tiles = []
    for begin, end in cuts(count, -(-target.nbytes // tuning.GATHERED)):
        record = BatchRows(
            step=step,
            order=order,
            source=address(source),
            target=address(target) + begin * width * target.itemsize,
            first=rows.start + begin,
            batch=count,
            count=end - begin,
            width=width,
            pitch=source.strides[0],
        )
        work = (end - begin) * width * tuning.ELEMENT_WORK
        tiles.append(Tile(key, build, record.numbers(), work=work))
    return tiles


@cache
def _gather(
    source: np.dtype, target: np.dtype, ordered: bool
) -> tuple[str, Callable[[str], Function]]:
    """A kernel's key, and how it is built. Kept: an epoch may last no longer than a dtype's name takes."""
    names = source.name, target.name
    build = partial(
        _build_rows, expression=_cast(*names), source=names[0], target=names[1], ordered=ordered
    )
    return f"rows {ordered} {names[0]} {names[1]}", build


def _cast(source: str, target: str) -> Expression:
    x = Value(Spec((), source))
    if source == target:
        return identity(x.uid, source)
    nodes: list[Node] = []
    out = new_node("cast", [x], Spec((), target), nodes, dtype=target)
    check(nodes[0])
    return Expression(nodes, [x.uid], [out.uid], {})


def _build_rows(
    name: str, expression: Expression, source: str, target: str, ordered: bool
) -> Function:
    """The record: `BatchRows`."""
    f = Function(name, [PTR, PTR])
    r = BatchRows[str].read(f, f.args[0])
    begin = f.add(r.first, f.mul(f.load(INT, r.step, 8), r.batch))
    with f.loop(0, r.count) as row:
        place = f.add(begin, row.i)
        if ordered:
            place = f.load(INT, f.at(r.order, f.mul(place, 8)), 8)
        filled = f.mul(f.mul(row.i, r.width), itemsize(target))
        ends = [f.at(r.source, f.mul(place, r.pitch)), f.at(r.target, filled)]
        operands = [Operand(source, "along"), Operand(target, "along")]
        emit_row(f, expression, operands, ends, ["0", "0"], r.width)
    f.do("ret void")
    return f


def keep_tile(
    outputs: Sequence[np.ndarray], kept: Sequence[np.ndarray], control: np.ndarray
) -> tuple[Tile, np.ndarray]:
    """Copies of what a step gives, one step's after the other's, each lying as the output does (`kept_of`); the
    table that the tile reads."""
    table = np.empty((len(outputs), 3), np.int64)
    for i, (output, place) in enumerate(zip(outputs, kept, strict=True)):
        low, high = span(output)
        table[i] = (low, span(place)[0], high - low)
    step = address(control) + 8 * driver.STEP
    record = Kept(step=step, table=address(table), count=len(outputs))
    return Tile("keep", _build_keep, record.numbers()), table


def _build_keep(name: str) -> Function:
    """The record: `Kept`."""
    f = Function(name, [PTR, PTR])
    r = Kept[str].read(f, f.args[0])
    step = f.load(INT, r.step, 8)
    with f.loop(0, r.count) as entry:
        row = f.at(r.table, f.mul(entry.i, 24))
        source, target = f.load(PTR, row, 8), f.load(PTR, f.at(row, 8), 8)
        size = f.load(INT, f.at(row, 16), 8)
        into = f.at(target, f.mul(step, size))
        args = [(PTR, into), (PTR, source), (INT, size), ("i1", "false")]
        f.call("void", "llvm.memcpy.p0.p0.i64", args)
    f.do("ret void")
    return f
