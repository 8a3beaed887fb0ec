"""Kernels around the steps of an epoch: a batch's rows are gathered before, what a step gives is
kept after. Both know which step it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native.codegen import nodes as made
from narae.executors.native.codegen.expression import Expression, Operand, emit_row, identity
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower.elementwise import check
from narae.executors.native.lower.tiles import Tile, address, cuts
from narae.executors.native.run import driver
from narae.executors.shared.rows import Rows
from narae.graph.ir import Node, Spec, Value

_PART = 1 << 15  # bytes that one tile gathers


def gather_tiles(rows: Rows, target: np.ndarray, control: np.ndarray) -> list[Tile]:
    """A batch's rows into an input. Raises Unlowered for dtypes that have no code."""
    source, count = rows.array, target.shape[0]
    if not source.flags.c_contiguous or source.shape[1:] != target.shape[1:]:
        raise Unlowered("rows that are not contiguous")
    width = target.size // count
    expression = _cast(source.dtype.name, target.dtype.name)
    ordered = rows.order is not None
    build = partial(
        _build_rows,
        expression=expression,
        source=source.dtype.name,
        target=target.dtype.name,
        ordered=ordered,
    )
    key = f"rows {ordered} {source.dtype.name} {target.dtype.name}"
    step = address(control) + 8 * driver.STEP
    order = address(rows.order) if rows.order is not None else 0
    tiles = []
    for begin, end in cuts(count, -(-target.nbytes // _PART)):
        record = [step, order, address(source), address(target) + begin * width * target.itemsize]
        record += [rows.start + begin, count, end - begin, width]
        tiles.append(Tile(key, build, record))
    return tiles


def _cast(source: str, target: str) -> Expression:
    x = Value(Spec((), source))
    if source == target:
        return identity(x.uid, source)
    nodes: list[Node] = []
    out = made.node("cast", [x], Spec((), target), nodes, dtype=target)
    check(nodes[0])
    return Expression(nodes, [x.uid], [out.uid], {})


def _build_rows(
    name: str, expression: Expression, source: str, target: str, ordered: bool
) -> Function:
    """The record: the step's place, the order's address, source, target, the first position, rows
    of a step, rows of this tile, elements of a row."""
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    step = f.load(INT, f.field(record, 0, PTR), 8)
    order, x, y = (f.field(record, i, PTR) for i in (1, 2, 3))
    first, batch, count, width = (f.field(record, i) for i in range(4, 8))
    sizes = [np.dtype(d).itemsize for d in (source, target)]
    begin = f.add(first, f.mul(step, batch))
    with f.loop(0, count) as row:
        place = f.add(begin, row.i)
        if ordered:
            place = f.load(INT, f.at(order, f.mul(place, 8)), 8)
        ends = [
            f.at(base, f.mul(f.mul(i, width), size))
            for base, i, size in zip((x, y), (place, row.i), sizes, strict=True)
        ]
        operands = [Operand(source, "along"), Operand(target, "along")]
        emit_row(f, expression, operands, ends, ["0", "0"], width)
    f.do("ret void")
    return f


def keep_tile(
    outputs: Sequence[np.ndarray], kept: Sequence[np.ndarray], control: np.ndarray
) -> tuple[Tile, np.ndarray]:
    """Copies of what a step gives, one step's after the other's; the table that the tile reads."""
    table = np.empty((len(outputs), 3), np.int64)
    for i, (output, place) in enumerate(zip(outputs, kept, strict=True)):
        table[i] = (address(output), address(place), output.nbytes)
    step = address(control) + 8 * driver.STEP
    return Tile("keep", _build_keep, [step, address(table), len(outputs)]), table


def _build_keep(name: str) -> Function:
    f = Function(name, [PTR, PTR])
    record = f.args[0]
    step = f.load(INT, f.field(record, 0, PTR), 8)
    table, count = f.field(record, 1, PTR), f.field(record, 2)
    with f.loop(0, count) as entry:
        row = f.at(table, f.mul(entry.i, 24))
        source, target = f.load(PTR, row, 8), f.load(PTR, f.at(row, 8), 8)
        size = f.load(INT, f.at(row, 16), 8)
        into = f.at(target, f.mul(step, size))
        args = [(PTR, into), (PTR, source), (INT, size), ("i1", "false")]
        f.call("void", "llvm.memcpy.p0.p0.i64", args)
    f.do("ret void")
    return f
