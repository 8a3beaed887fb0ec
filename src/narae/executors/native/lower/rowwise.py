"""Steps that go row by row (`narae.graph.rowwise`) as tiles: ranges of rows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import mul

import numpy as np

from narae.base.types import KnownShape
from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Operand
from narae.executors.native.codegen.lanes import KINDS, Unlowered
from narae.executors.native.kernels import rowwise
from narae.executors.native.kernels.registers import RowOperand
from narae.executors.native.lower.elementwise import copy_tiles, expression_of
from narae.executors.native.lower.reductions import reduce_array
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    indices,
    size_of,
)
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step
from narae.graph.groups import REDUCTIONS
from narae.graph.ir import Node
from narae.graph.rowwise import is_of_columns, levels


def lower_rowwise(step: Step, context: Context) -> Lowered:
    """Tiles of rows; then what they gave of columns is put together."""
    assert step.shape is not None
    arrays, shape = context.arrays, step.shape
    before: list[list[Tile]] = []
    program, lying = _program(step, arrays, before)
    lengths, gaps = collapsed(shape[:-1], [one.gaps for one in lying])
    if size_of(lengths[:-1]) > tuning.ROWS_APART:
        raise Unlowered(f"rows of {shape} that lie in {size_of(lengths[:-1])} places")
    length, weight = shape[-1], max(1, len(step.nodes) // tuning.TILE_NODES)
    parts = -(-size_of(shape) * weight // tuning.TILE)
    columns = [(node, arrays[node.uids[0]].reshape(-1)) for node in program.columns]
    if columns:
        parts = min(parts, tuning.COLUMN_PARTS)
    each = cuts(lengths[-1], -(-parts // size_of(lengths[:-1])))
    ranges = [(index, *part) for index in indices(lengths[:-1]) for part in each]
    sums = [np.empty((len(ranges), length), out.dtype) for _, out in columns]
    build = partial(rowwise.build, program=program)
    scratch, key = rowwise.scratch(program, length), program.key
    work = length * tuning.ELEMENT_WORK * weight
    tiles = []
    for i, (index, begin, end) in enumerate(ranges):
        places = [
            one.base + sum(map(mul, (*index, begin), gap))
            for one, gap in zip(lying, gaps, strict=True)
        ]
        record = rowwise.RowLoop(
            count=end - begin,
            length=length,
            operands=[
                RowOperand(place=place, gap=gap[-1], across=0)
                for place, gap in zip(places, gaps, strict=True)
            ],
            columns=[rowwise.Column(place=address(one[i])) for one in sums],
        )
        tiles.append(Tile(key, build, record.numbers(), scratch, (end - begin) * work))
    added = [
        reduce_array(node.op.known, one, (0,), out)
        for (node, out), one in zip(columns, sums, strict=True)
    ]
    phases = itertools.zip_longest(*(one.phases for one in added), fillvalue=[])
    last = [[tile for phase in together for tile in phase] for together in phases]
    keep = [*(one.array for one in lying), *sums, *(one.keep for one in added)]
    return Lowered([*before, tiles, *last], keep=keep)


@dataclass(frozen=True, eq=False)
class _Lying:
    """How an operand lies in rows: its address, the bytes between rows along each of their axes."""

    operand: Operand
    base: int
    gaps: Sequence[int]
    array: np.ndarray


def _program(
    step: Step, arrays: ArrayMap, before: list[list[Tile]]
) -> tuple[rowwise.RowProgram, list[_Lying]]:
    """What the kernel does, and how its operands lie. before: gets tiles that lay out those that lie badly."""
    assert step.shape is not None
    root = _roots(step.views)
    expression = expression_of(
        _with_views(step, root), step.reads, step.outputs, arrays, checked=_elementwise(step)
    )
    reads = _reads(step, expression.numbers.keys() | root.keys())
    lying = [_lying(arrays[uid], step.shape, one, before) for uid, one in reads]
    program = rowwise.RowProgram(
        expression=expression,
        levels=_levels(step, root),
        reads=list(reads),
        operands=[],
        root=root,
        even=step.shape[-1] % tuning.LANES == 0,
    )
    lying += [
        _lying(arrays[u], step.shape, arrays[u].shape != step.shape, before)
        for u in program.outputs
    ]
    program.operands = [one.operand for one in lying]
    return program, lying


def _with_views(step: Step, root: Mapping[int, int]) -> list[Node]:
    """The step's nodes, each with the views of what it makes behind it."""
    nodes: list[Node] = []
    for node in step.nodes:
        views = [view for view in step.views if root[view.uids[0]] in node.uids]
        nodes += [node, *views]
    return nodes


def _elementwise(step: Step) -> list[Node]:
    return [node for node in step.nodes if node.op.known not in REDUCTIONS]


def _roots(views: Sequence[Node]) -> dict[int, int]:
    """What views are of, within the step."""
    root: dict[int, int] = {}
    for view in views:
        source = view.inputs[0].uid
        root[view.uids[0]] = root.get(source, source)
    return root


def _reads(step: Step, without: object) -> dict[tuple[int, bool], None]:
    """What is read from outside, with whether those who read it compute one number for each row."""
    assert isinstance(without, (set, frozenset))
    made = {u for node in step.nodes for u in node.uids} | without
    return {
        (v.uid, _is_single(node, step.shape)): None
        for node in step.nodes
        for v in node.inputs
        if v.uid not in made
    }


def _is_single(node: Node, shape: KnownShape | None) -> bool:
    """Whether an elementwise node has one number for each row."""
    return node.op.known not in REDUCTIONS and node.specs[0].shape != shape


def _levels(step: Step, root: Mapping[int, int]) -> list[rowwise.Level]:
    level = levels(step.nodes, root)
    found = [rowwise.Level() for _ in range(max(level.values()) + 1)]
    for node in step.nodes:
        one = found[level[node.uids[0]]]
        if node.op.known in REDUCTIONS:
            (one.columns if is_of_columns(node) else one.sums).append(node)
        else:
            (one.single if _is_single(node, step.shape) else one.whole).append(node)
    return found


def _lying(array: np.ndarray, shape: KnownShape, single: bool, before: list[list[Tile]]) -> _Lying:
    """An operand by rows, or as one number for each row: a copy where a row's numbers lie apart."""
    name = array.dtype.name
    if name not in KINDS:
        raise Unlowered(f"numbers of dtype {name}")
    if single:  # of shape (*rows,) or (*rows, 1), or broadcast to them
        ends = array.ndim == len(shape)
        full = np.broadcast_to(array, (*shape[:-1], 1))[..., 0] if ends else array
        full = np.broadcast_to(full, shape[:-1])
        return _Lying(Operand(name, "same"), address(array), full.strides, array)
    full = np.broadcast_to(array, shape)
    column = full.strides[-1]
    if column not in (0, array.itemsize):
        laid = np.empty(shape, array.dtype)
        before.append(copy_tiles(full, laid))
        return _lying(laid, shape, single, before)
    access = "along" if column else "same"
    return _Lying(Operand(name, access), address(array), full.strides[:-1], array)
