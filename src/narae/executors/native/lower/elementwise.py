"""Elementwise steps, copies and fills as tiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import (
    Expression,
    Operand,
    emit_node,
    identity,
    is_fixed,
    shown_params,
)
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.lanes import KINDS, Lanes, Unlowered
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import elementwise, gather
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    collapsed,
    cuts,
    size_of,
)
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step
from narae.graph.ir import Node, Op

# What was tried, by record: "" where it has code, else why not.
_known: WeakKeyDictionary[Op, dict[str, str]] = WeakKeyDictionary()


def lower_elementwise(step: Step, context: Context) -> Lowered:
    """A fused step as one kernel."""
    arrays = context.arrays
    expression = expression_of(step.nodes, step.reads, step.outputs, arrays)
    if step.shape is None or 0 in step.shape:
        return Lowered()
    ins = [arrays[u] for u in expression.reads]
    outs = [arrays[u] for u in expression.outputs]
    return Lowered([loop_tiles(expression, step.shape, ins, outs)], keep=[*ins, *outs])


def expression_of(
    nodes: Sequence[Node],
    reads: Sequence[int],
    outputs: Sequence[int],
    arrays: ArrayMap,
    checked: Sequence[Node] | None = None,
) -> Expression:
    """Nodes as an expression. checked: those that have to have code on lanes, where not all do. Raises Unlowered."""
    for node in nodes if checked is None else checked:
        check(node)
    ins = [v for node in nodes for v in node.inputs]
    constants = {v.uid for v in ins if v.data is not None and v.node is None}
    numbers = {
        uid: arrays[uid].reshape(-1)[0].item()
        for uid in reads
        if uid in constants and _is_number(arrays[uid])
    }
    return Expression(nodes, [u for u in reads if u not in numbers], outputs, numbers)


def _is_number(array: np.ndarray) -> bool:
    return (
        array.size == 1
        and array.dtype.name in KINDS
        and float(array.reshape(-1)[0]) in tuning.CONSTANTS
    )


def check(node: Node) -> None:
    """Raise Unlowered unless a node has code on lanes."""
    known = _known.setdefault(node.op, {})
    params = shown_params(node)
    halves = "bfloat16" in {*(v.dtype for v in node.inputs), *(s.dtype for s in node.specs)}
    if halves and "bfloat16" not in host().narrow:
        raise Unlowered("numbers of dtype bfloat16")
    key = f"{params}{[v.dtype for v in node.inputs]}"
    if key not in known or not is_fixed(node, params):
        f = Function("try", [PTR])
        try:
            ins = [Lanes(f, "%x", v.dtype, 1) for v in node.inputs]
            emit_node(node, ins)
            known[key] = ""
        except Unlowered as error:
            known[key] = str(error)
    if known[key]:
        raise Unlowered(known[key])


def loop_tiles(
    expression: Expression,
    shape: Sequence[int],
    ins: Sequence[np.ndarray],
    outs: Sequence[np.ndarray],
) -> list[Tile]:
    """A loop over a shape, in parts. Arrays that are read may be broadcast to the shape."""
    arrays = [*ins, *outs]
    strides = [np.broadcast_to(a, shape).strides for a in ins] + [a.strides for a in outs]
    lengths, steps = collapsed(shape, strides)
    if len(lengths) > 1 and lengths[-1] < tuning.SHORT_ROW:
        lengths, steps = _longest_inside(lengths, steps, arrays, len(ins))
    operands = tuple(_operand(a, s[-1]) for a, s in zip(arrays, steps, strict=True))
    rank = len(lengths)
    key = elementwise.key(expression, operands, rank)
    build = partial(elementwise.build, expression=expression, operands=operands, rank=rank)
    axis = next((i for i, n in enumerate(lengths) if n > 1), 0)
    total = size_of(lengths)
    weight = max(1, len(expression.nodes) // tuning.TILE_NODES)
    unit = tuning.ROW_UNIT if axis == rank - 1 else 1
    tiles = []
    for begin, end in cuts(lengths[axis], -(-total * weight // tuning.TILE), unit):
        record = elementwise.Loops(
            lengths=[*lengths[:axis], end - begin, *lengths[axis + 1 :]],
            operands=[
                elementwise.Strided(place=address(array) + begin * step[axis], strides=step)
                for array, step in zip(arrays, steps, strict=True)
            ],
        )
        work = total // lengths[axis] * (end - begin) * tuning.ELEMENT_WORK * weight
        tiles.append(Tile(key, build, record.numbers(), work=work))
    return tiles


def after_whole(
    expression: Expression, head: int, whole: np.ndarray, shape: Sequence[int], arrays: ArrayMap
) -> tuple[list[Tile], list[np.ndarray]]:
    """An expression over the head's result, which is there whole; the arrays that it touches."""
    ins = [whole if u == head else arrays[u] for u in expression.reads]
    outs = [arrays[u] for u in expression.outputs]
    return loop_tiles(expression, shape, ins, outs), [*ins, *outs]


def _longest_inside(
    lengths: list[int], steps: list[list[int]], arrays: Sequence[np.ndarray], reads: int
) -> tuple[list[int], list[list[int]]]:
    """Short rows: where another, longer axis lies along memory in all arrays it is moved inside."""

    def along(axis: int) -> bool:
        rows = zip(arrays, steps, strict=True)
        return all(s[axis] in (0, a.itemsize) for a, s in rows) and all(
            s[axis] == a.itemsize for a, s in list(zip(arrays, steps, strict=True))[reads:]
        )

    best = max((a for a in range(len(lengths)) if along(a)), key=lambda a: lengths[a], default=-1)
    if best < 0 or best == len(lengths) - 1 or lengths[best] <= lengths[-1]:
        return lengths, steps
    order = [*(a for a in range(len(lengths)) if a != best), best]
    return [lengths[a] for a in order], [[s[a] for a in order] for s in steps]


def _operand(array: np.ndarray, step: int) -> Operand:
    name = array.dtype.name
    if name not in KINDS:
        raise Unlowered(f"numbers of dtype {name}")
    return Operand(name, "same" if step == 0 else "along" if step == array.itemsize else "apart")


def copy_tiles(source: np.ndarray, target: np.ndarray) -> list[Tile]:
    """target[...] = source, of equal shapes (the source may be broadcast) and dtypes."""
    if target.size == 0:
        return []
    same = bits_dtype(target)
    moved = np.broadcast_to(source, target.shape)
    ins = np.lib.stride_tricks.as_strided(_bits(moved, same), moved.shape, moved.strides)
    outs = np.lib.stride_tricks.as_strided(_bits(target, same), target.shape, target.strides)
    return loop_tiles(identity(1, same), target.shape, [ins], [outs])


def bits_dtype(array: np.ndarray) -> str:
    """The dtype as which numbers are moved, whatever they are: no dtype is beyond it."""
    return f"uint{8 * array.itemsize}"


def _bits(array: np.ndarray, dtype: str) -> np.ndarray:
    """The first element of an array as another dtype of its width, at the same address."""
    first = np.lib.stride_tricks.as_strided(array, (1,), (array.itemsize,))
    return first.view(dtype)


def fill_tiles(target: np.ndarray) -> list[Tile]:
    """Zeros in an array whose elements are next to each other."""
    if target.size == 0:
        return []
    return [
        Tile("fill", gather.build_fill, record.numbers())
        for record in (
            gather.Fill(place=address(target) + begin, size=end - begin)
            for begin, end in cuts(target.nbytes, -(-target.nbytes // tuning.FILL), 64)
        )
    ]
