"""Scans as tiles: each is a loop over its rounds, for all rows of a batch or for a part of them.

Rows of a batch do not meet in the body of a recurrent network. So each part of the rows has a tile of its own, which
runs through all rounds on its slices of the arrays: threads do not meet within a round, and what a part computes for
itself stays in the caches of one core.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.lower.body import Body, flat
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.jumps import is_large, rounds_of
from narae.executors.native.lower.moving import Moving, loop_tile
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Rounds,
    Tile,
    address,
    arrays_in,
    chained,
    cuts,
    lowers,
)
from narae.executors.shared.params import Params
from narae.graph.cost import flops
from narae.graph.fuse import Step
from narae.graph.graph import Graph
from narae.graph.ir import Node, Spec
from narae.graph.rows import Axis, MixedRows, Split


@lowers("scan")
def lower_scan(step: Step, context: Context) -> Lowered:
    """Rounds over slices."""
    node = step.nodes[0]
    ins, outs = context.ins(node), [context.arrays[u] for u in node.uids]
    if node.params["length"] == 0:
        tiles = [t for i in range(node.params["carries"]) for t in copy_tiles(ins[i], outs[i])]
        return Lowered([tiles], keep=[*ins, *outs])
    parts = _whole(node) if context.loop is not None else _parts(node)
    if context.loop is None and len(parts.ranges) == 1:
        large = Scan(node.params, node.params["body"]).phases(ins, outs, context.error)
        if large is not None:
            return large
    scan_of = functools.cache(lambda rows: Scan(node.params, parts.body(rows)))
    rounds, tiles, keep = Rounds(frozenset()), [], []
    for begin, end in parts.ranges:
        scan = scan_of(end - begin)
        mine = Rounds(scan.body.fixed, rounds.before, rounds.prepared, rounds.keep)
        read = [_rows(a, axis, begin, end) for a, axis in zip(ins, parts.ins, strict=True)]
        written = [  # what is the same for all rows is the first part's; the others compute it for themselves
            np.empty_like(a) if axis is None and begin else _rows(a, axis, begin, end)
            for a, axis in zip(outs, parts.outs, strict=True)
        ]
        tile, kept = scan.tile(read, written, context.error, mine)
        tiles.append(tile)
        keep.append(kept)
    kept = [keep, ins, outs, rounds.prepared, rounds.keep]
    return Lowered([*rounds.before, tiles], keep=kept)


def _rows(array: np.ndarray, axis: Axis, begin: int, end: int) -> np.ndarray:
    return array if axis is None else array[(slice(None),) * axis + (slice(begin, end),)]


# -- parts of the rows -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """Ranges of rows; the axes along which the rows of a scan's inputs and results lie; its body for so
    many rows."""

    ranges: Sequence[tuple[int, int]]
    ins: Sequence[Axis]
    outs: Sequence[Axis]
    body: Callable[[int], Graph]


def _whole(node: Node) -> _Parts:
    graph: Graph = node.params["body"]
    return _Parts([(0, 0)], [None] * len(node.inputs), [None] * len(node.uids), lambda _: graph)


def _parts(node: Node) -> _Parts:
    """Parts of the rows where they do not meet, and are enough work."""
    found = _split(node)
    if found is None:
        return _whole(node)
    rows, split = found
    same, fixed = _bytes(node.specs, split.outs), _bytes([v.spec for v in node.inputs], split.ins)
    work = sum(_work(n) for n in node.params["body"].nodes)
    count = min(tuning.LOOP_PARTS, rows, work // max(tuning.LOOP_WORK, tuning.LOOP_REUSE * fixed))
    if count < 2 or same > tuning.LOOP_SAME:
        return _whole(node)
    ranges = cuts(rows, count, tuning.LOOP_UNIT if rows >= 2 * tuning.LOOP_UNIT else 1)
    return _Parts(ranges, split.ins, split.outs, lambda b: split.params(b)["body"])


def _split(node: Node) -> tuple[int, Split] | None:
    """How many rows there are, and how the scan splits. Rows are taken to be the first axis of carries:
    of all that are as long as the longest, or of the first of them alone."""
    rule, carries = node.op.rows, node.inputs[: node.params["carries"]]
    lengths = [v.shape[0] if v.shape else 0 for v in carries]
    rows = max(lengths, default=0)
    if rule is None or rows < 2:
        return None
    long = [i for i, n in enumerate(lengths) if n == rows]
    for chosen in (long, long[:1]):
        axes = [0 if i in chosen else None for i in range(len(node.inputs))]
        try:
            split = rule(node, axes, [None] * len(node.uids), rows)
        except MixedRows:
            continue
        if split is not None:
            return rows, split
    return None


def _bytes(specs: Sequence[Spec], axes: Sequence[Axis]) -> int:
    """Of values that are the same for all rows."""
    return sum(spec.nbytes for spec, axis in zip(specs, axes, strict=True) if axis is None)


def _work(node: Node) -> int:
    """A node's work in multiplications of a product."""
    dear = tuning.SLOW_WORK if node.op.slow else tuning.ELEMENT_WORK
    return flops(node) // 2 if node.op.known == "dot" else flops(node) * dear


# -- a part --------------------------------------------------------------------------------------------


class Scan:
    """A scan's body as it is planned.

    stacks: by carry, the result that keeps what comes into each round. Such a carry lives there: a round reads it
    at its own place, and writes it at the next round's. The other carries are state, in the results.
    """

    def __init__(self, params: Params, graph: Graph) -> None:
        self.length, self.reverse = params["length"], params["reverse"]
        carries = params["carries"]
        self.first = carries + params["slices"]
        places = {v.uid: i for i, v in enumerate(graph.inputs[:carries])}
        self.stacks = {
            places[v.uid]: j
            for j, v in reversed(list(enumerate(graph.outputs)))
            if j >= carries and v.uid in places
        }
        self.states = [i for i in range(carries) if i not in self.stacks]
        used = set(self.stacks.values())
        self.results = [j for j in range(carries, len(graph.outputs)) if j not in used]
        self.slices = range(carries, self.first)
        inputs = [*self.stacks, *self.slices, *range(self.first, len(graph.inputs)), *self.states]
        outputs = [*self.stacks, *self.results, *self.states]
        self.body = Body(
            graph,
            [graph.inputs[i] for i in inputs],
            [graph.outputs[j] for j in outputs],
            len(self.states),
            graph.inputs[self.first :],
        )

    def tile(
        self,
        ins: Sequence[np.ndarray],
        outs: Sequence[np.ndarray],
        error: int,
        rounds: Rounds,
    ) -> tuple[Tile, list[np.ndarray]]:
        """The whole scan, and what has to stay alive for it."""
        lying, body, keep = self._lowered(ins, outs, error, rounds)
        loop = loop_tile(self.length, error, flat(body), lying.moving)
        return chained([*lying.before, loop, *lying.after]), keep

    def phases(
        self, ins: Sequence[np.ndarray], outs: Sequence[np.ndarray], error: int
    ) -> Lowered | None:
        """The scan with a body of several phases; None where that is little work."""
        lying, body, keep = self._lowered(ins, outs, error, None)
        if not is_large(body):
            return None
        inside = rounds_of(self.length, body, lying.moving)
        return Lowered([lying.before, *inside, lying.after], keep=keep)

    def _lowered(
        self,
        ins: Sequence[np.ndarray],
        outs: Sequence[np.ndarray],
        error: int,
        rounds: Rounds | None,
    ) -> tuple[_Lying, list[list[Tile]], list[np.ndarray]]:
        """What is around the loop, the phases of a round, and what has to stay alive for them."""
        lying = _Lying()
        stacked, read, written = [], [], []
        for i, j in self.stacks.items():
            first, step = self._first(outs[j]), self._step(outs[j])
            lying.before += copy_tiles(ins[i], first)
            stacked.append(lying.read(Moving(first, step)))
            written.append(lying.write(Moving(first, step, outs[i], ahead=step)))
        for i in self.slices:
            read.append(lying.read(self._along(ins[i])))
        for j in self.results:
            written.append(lying.write(self._along(outs[j])))
        fixed = [lying.fixed(a, rounds) for a in ins[self.first :]]
        states = [lying.state(ins[i], outs[i]) for i in self.states]
        given = [*stacked, *read, *fixed]
        phases, kept = self.body.phases(given, states, written, error, rounds)
        found = [(a, address(a)) for a in arrays_in([kept, lying.near, ins, outs])]
        keep = [a for a, place in found if not any(m.holds(place) for m in lying.moving)]
        return lying, [lying.first, *phases, lying.last], keep

    def _first(self, array: np.ndarray) -> np.ndarray:
        """An array's slice of the first round."""
        return array[-1 if self.reverse else 0, ...]

    def _step(self, array: np.ndarray) -> int:
        return -array.strides[0] if self.reverse else array.strides[0]

    def _along(self, array: np.ndarray) -> Moving:
        """An array's slices, one in each round."""
        return Moving(self._first(array), self._step(array))


class _Lying:
    """What a body reads and writes, as arrays whose elements are next to each other: where one does not lie so,
    a copy `near` it.

    before, after: tiles around the loop; first, last: around each of its rounds.
    """

    def __init__(self) -> None:
        self.before: list[Tile] = []
        self.after: list[Tile] = []
        self.first: list[Tile] = []
        self.last: list[Tile] = []
        self.moving: list[Moving] = []
        self.near: list[np.ndarray] = []

    def _copy_of(self, array: np.ndarray) -> np.ndarray:
        self.near.append(np.empty(array.shape, array.dtype))
        return self.near[-1]

    def read(self, moving: Moving) -> np.ndarray:
        """An array that is elsewhere in each round."""
        self.moving.append(moving)
        array = moving.array
        if array.flags.c_contiguous:
            return array
        near = self._copy_of(array)
        self.first += copy_tiles(array, near)
        return near

    def write(self, moving: Moving) -> np.ndarray:
        """The same of a result."""
        self.moving.append(moving)
        array = moving.array
        if array.flags.c_contiguous:
            return array
        near = self._copy_of(array)
        self.last += copy_tiles(near, array)
        return near

    def fixed(self, array: np.ndarray, rounds: Rounds | None) -> np.ndarray:
        """An array that is the same in all rounds. The parts of a batch share its copy, which what is prepared for
        the rounds may be made of: so it is the first thing that is prepared."""
        if array.flags.c_contiguous:
            return array
        if rounds is None:
            near = self._copy_of(array)
            self.before += copy_tiles(array, near)
            return near
        key = ("near", address(array), array.shape, array.strides)
        if key not in rounds.prepared:
            rounds.prepared[key] = np.empty(array.shape, array.dtype)
            rounds.before.append(copy_tiles(array, rounds.prepared[key]))
        return rounds.prepared[key]

    def state(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """What begins as `source` and ends in `target`."""
        near = target if target.flags.c_contiguous else self._copy_of(target)
        self.before += copy_tiles(source, near)
        if near is not target:
            self.after += copy_tiles(near, target)
        return near
