"""Along which axes the rows of a batch go through an operation: rules for records, see `narae.graph.rows`.

Most are told from the result's side: to make the rows of a result along one axis, along which axis are the
rows of each operand read?
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from narae.base.types import KnownShape
from narae.graph.graph import Graph
from narae.graph.ir import Node
from narae.graph.rows import Axis, MixedRows, Rows, Split, narrowed, rows_of

Sources = Callable[[Node, int], "Sequence[Axis] | None"]
Narrow = Callable[[Node, int, int], dict[str, Any]]
Rule = Callable[[Node, Sequence[Axis], Sequence[Axis], int], "Split | None"]


def by_result(sources: Sources, narrow: Narrow | None = None) -> Rule:
    """A rule from sources(node, k): the axis of each input whose rows make those along axis k of every
    output, None for an input that each of them reads whole; None instead of all where rows mix.

    narrow(node, k, b): the parameters that change when axis k has b rows.
    """

    def rule(node: Node, ins: Sequence[Axis], outs: Sequence[Axis], length: int) -> Split | None:
        shape = node.specs[0].shape
        for k in (k for k, n in enumerate(shape) if n == length):
            found = sources(node, k)
            if found is None or not (_fits(ins, found) and _fits(outs, [k] * len(outs))):
                continue
            axes = tuple(found), (k,) * len(outs)
            return Split(*axes, functools.partial(narrow, node, k)) if narrow else Split(*axes)
        return None

    return rule


def _fits(known: Sequence[Axis], found: Sequence[Axis]) -> bool:
    return all(a is None or a == b for a, b in zip(known, found, strict=True))


def _broadcast_source(shape: KnownShape, out: KnownShape, k: int) -> Axis:
    axis = k - (len(out) - len(shape))
    return axis if axis >= 0 and shape[axis] == out[k] else None


def _broadcast(node: Node, k: int) -> Sequence[Axis]:
    return [_broadcast_source(v.shape, node.specs[0].shape, k) for v in node.inputs]


def _resized(*names: str) -> Narrow:
    """Parameters that have a number for each axis of the result: another length of axis k."""

    def narrow(node: Node, k: int, b: int) -> dict[str, Any]:
        lengths = {name: node.params[name] for name in names}
        return {name: (*given[:k], b, *given[k + 1 :]) for name, given in lengths.items()}

    return narrow


def _unreduced(node: Node, k: int) -> Sequence[Axis]:
    axes = node.params["axes"] if "axes" in node.params else (node.params["axis"],)
    return [[a for a in range(node.inputs[0].ndim) if a not in axes][k]]


def _reshaped(node: Node, k: int) -> Sequence[Axis] | None:
    """The axis of the same length with as many elements before it."""
    shape, out = node.inputs[0].shape, node.specs[0].shape
    before = math.prod(out[:k])
    for axis, n in enumerate(shape):
        if n == out[k] and math.prod(shape[:axis]) == before:
            return [axis]
    return None


def _whole_range(node: Node, k: int) -> Sequence[Axis] | None:
    """Slices, and what puts a slice among zeros, where the slice is the whole axis in its order."""
    n = node.inputs[0].shape[k]
    part = tuple(node.params[name][k] for name in ("start", "stop", "step"))
    return [k] if part == (0, n, 1) and node.specs[0].shape[k] == n else None


def _contracted(node: Node, k: int) -> Sequence[Axis]:
    """Batch axes first, then the free ones of the left operand, then of the right."""
    contract, batch = node.params["contract"], node.params["batch"]
    if k < len(batch[0]):
        return [batch[0][k], batch[1][k]]
    k -= len(batch[0])
    free = [
        [a for a in range(v.ndim) if a not in c and a not in s]
        for v, c, s in zip(node.inputs, contract, batch, strict=True)
    ]
    if k < len(free[0]):
        return [free[0][k], None]
    return [None, free[1][k - len(free[0])]]


def _gathered(node: Node, k: int) -> Sequence[Axis]:
    """`take`: the axes of the indices stand in the place of the axis that they index."""
    axis, rank = node.params["axis"], node.inputs[1].ndim
    if axis <= k < axis + rank:
        return [None, k - axis]
    return [k if k < axis else k - rank + 1, None]


def _scattered(node: Node, k: int) -> Sequence[Axis] | None:
    """Indices and updates into an axis of zeros: the other axes."""
    axis, rank = node.params["axis"], node.inputs[0].ndim
    return None if k == axis else [None, k if k < axis else k + rank - 1]


def _set(node: Node, k: int) -> Sequence[Axis] | None:
    axis, rank = node.params["axis"], node.inputs[1].ndim
    return None if k == axis else [k, None, k if k < axis else k + rank - 1]


def _boxed(node: Node, k: int) -> Sequence[Axis] | None:
    """A box at a computed corner that takes the whole axis: it cannot lie elsewhere along it."""
    x, _, *updates = node.inputs
    box = updates[0].shape if updates else node.specs[0].shape
    return [k, None, *(k for _ in updates)] if box[k] == x.shape[k] else None


def _beside(node: Node, k: int) -> Sequence[Axis] | None:
    """All inputs alike, along every axis but those that the operation runs along."""
    along = node.params["axes"] if "axes" in node.params else (node.params["axis"],)
    alike = all(k < v.ndim and v.shape[k] == node.specs[0].shape[k] for v in node.inputs)
    return [k] * len(node.inputs) if k not in along and alike else None


def _first(node: Node, k: int) -> Sequence[Axis] | None:
    """The first axis of all, where it has the batch's length."""
    rows = node.specs[0].shape[:1]
    return [0 if v.shape[:1] == rows else None for v in node.inputs] if k == 0 else None


def before_last(count: int) -> Rule:
    """The rule of what works on the last `count` axes of its inputs, for each entry of those before."""

    def sources(node: Node, k: int) -> Sequence[Axis] | None:
        return [k] * len(node.inputs) if k < node.inputs[0].ndim - count else None

    return by_result(sources)


elementwise = by_result(_broadcast)
broadcast_to = by_result(_broadcast, _resized("shape"))
reduction = by_result(_unreduced)
reshape = by_result(_reshaped, _resized("shape"))
transpose = by_result(lambda node, k: [node.params["axes"][k]])
slice_ = by_result(_whole_range, _resized("stop"))
unslice = by_result(_whole_range, _resized("stop", "shape"))
contraction = by_result(_contracted)
beside = by_result(_beside)
placing = by_result(_beside, _resized("shape"))
take = by_result(_gathered)
scattering = by_result(_scattered, _resized("shape"))
set_at = by_result(_set)
dynamic_slice = by_result(_boxed, _resized("shape"))
dynamic_update = by_result(_boxed)
first_only = by_result(lambda node, k: [0, *[None] * (len(node.inputs) - 1)] if k == 0 else None)
attention = by_result(_first)
searching = by_result(lambda node, k: [None, k])


# --- bodies of control flow ---


def graphs_on_inputs(name: str, first: int = 0) -> Rule:
    """The rule of what applies one of the graphs of a parameter to its inputs from `first` on; those before
    are the same for all rows."""

    def rule(node: Node, ins: Sequence[Axis], outs: Sequence[Axis], length: int) -> Split | None:
        given = node.params[name]
        graphs: tuple[Graph, ...] = (given,) if isinstance(given, Graph) else given
        if any(a is not None for a in ins[:first]):
            return None
        found, inner, outs = _agreed(graphs, ins[first:], outs, length)

        def params(b: int) -> dict[str, Any]:
            new = tuple(narrowed(rows, b) for rows in found)
            return {name: new[0] if isinstance(given, Graph) else new}

        return Split((*ins[:first], *inner), tuple(outs), params)

    return rule


def _agreed(
    graphs: Sequence[Graph], ins: Sequence[Axis], outs: Sequence[Axis], length: int
) -> tuple[list[Rows], tuple[Axis, ...], tuple[Axis, ...]]:
    """How graphs split whose inputs and outputs lie alike."""
    while True:
        found = [rows_of(graph, ins, outs, length) for graph in graphs]
        new = _merged(ins, *(r.inputs for r in found)), _merged(outs, *(r.outputs for r in found))
        if new == (tuple(ins), tuple(outs)):
            return found, *new
        ins, outs = new


def _merged(*known: Sequence[Axis]) -> tuple[Axis, ...]:
    merged: list[Axis] = []
    for axes in zip(*known, strict=True):
        found = {a for a in axes if a is not None}
        if len(found) > 1:
            raise MixedRows(f"rows of a body's values lie along two axes, {sorted(found)}")
        merged.append(found.pop() if found else None)
    return tuple(merged)


def scanned(node: Node, ins: Sequence[Axis], outs: Sequence[Axis], length: int) -> Split | None:
    """The rule of a scan: a carry comes out as it went in, and no slice is one of rows."""
    carries, last = node.params["carries"], node.params["carries"] + node.params["slices"]
    if 0 in (*ins[carries:last], *outs[carries:]):
        return None  # the steps are not rows
    axes = [*ins[:carries], *_moved(ins[carries:last], -1), *ins[last:]]
    ends = [*outs[:carries], *_moved(outs[carries:], -1)]
    while True:
        axes[:carries] = ends[:carries] = _merged(axes[:carries], ends[:carries])
        rows = rows_of(node.params["body"], axes, ends, length)
        if (axes, ends) == (list(rows.inputs), list(rows.outputs)):
            break
        axes, ends = list(rows.inputs), list(rows.outputs)
    return Split(
        (*axes[:carries], *_moved(axes[carries:last], 1), *axes[last:]),
        (*ends[:carries], *_moved(ends[carries:], 1)),
        lambda b: {"body": narrowed(rows, b)},
    )


def _moved(axes: Sequence[Axis], by: int) -> list[Axis]:
    return [a if a is None else a + by for a in axes]


def looped(node: Node, ins: Sequence[Axis], outs: Sequence[Axis], length: int) -> Split | None:
    """The rule of a loop whose test is the same for all rows."""
    count, test, body = node.params["count"], node.params["test"], node.params["body"]
    axes, ends = tuple(ins), tuple(outs)
    while True:
        state = _merged(axes[:count], ends)
        axes, ends = (*state, *axes[count:]), state
        tested, stepped = rows_of(test, axes, (None,), length), rows_of(body, axes, ends, length)
        new = (
            _merged(tested.inputs, stepped.inputs),
            _merged(stepped.outputs, stepped.inputs[:count]),
        )
        if new == (axes, ends):
            break
        axes, ends = new
    return Split(axes, ends, lambda b: {"test": narrowed(tested, b), "body": narrowed(stepped, b)})
