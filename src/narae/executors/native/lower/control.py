"""Control flow as tiles: a loop is one tile that runs those of its body, a choice one that runs those of a branch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native.kernels import loops
from narae.executors.native.lower.body import Body
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.moving import Moving, loop_tile
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Rounds,
    Tile,
    address,
    arrays_in,
    chained,
    link_places,
    lowers,
)
from narae.graph.fuse import Step
from narae.graph.ir import Node

_FOREVER = (1 << 63) - 1
_NOTHING_FIXED = Rounds(frozenset())


@lowers("scan")
def lower_scan(step: Step, context: Context) -> Lowered:
    """Rounds over slices."""
    node = step.nodes[0]
    ins, outs = context.ins(node), [context.arrays[u] for u in node.uids]
    if node.params["length"] == 0:
        tiles = [t for i in range(node.params["carries"]) for t in copy_tiles(ins[i], outs[i])]
        return Lowered([tiles], keep=[*ins, *outs])
    scan = _Scan(node)
    rounds = Rounds(scan.body.fixed)
    tile, keep = scan.tile(ins, outs, context.error, rounds)
    return Lowered([*rounds.before, [tile]], keep=[keep, rounds.prepared, rounds.keep])


class _Scan:
    """A scan's body as it is planned.

    stacks: by carry, the result that keeps what comes into each round. Such a carry lives there: a round reads it
    at its own place, and writes it at the next round's. The other carries are state, in the results.
    """

    def __init__(self, node: Node) -> None:
        p, graph = node.params, node.params["body"]
        self.length, self.reverse = p["length"], p["reverse"]
        carries, slices = p["carries"], p["slices"]
        self.first = carries + slices
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
        before = [t for i in self.states for t in copy_tiles(ins[i], outs[i])]
        read, written, copies, keep = [], [], [], []
        moving: list[Moving] = []
        for i, j in self.stacks.items():
            first, step = self._first(outs[j]), self._step(outs[j])
            before += copy_tiles(ins[i], first)
            moving += [Moving(first, step), Moving(first, step, outs[i], ahead=step)]
            read.append(moving[-2].array)
            written.append(moving[-1].array)
        for i in self.slices:
            moving.append(self._along(ins[i]))
            one = moving[-1].array
            if not one.flags.c_contiguous:
                near = np.empty(one.shape, one.dtype)
                copies += copy_tiles(one, near)
                keep.append(near)
                one = near
            read.append(one)
        for j in self.results:
            moving.append(self._along(outs[j]))
            written.append(moving[-1].array)
        states = [outs[i] for i in self.states]
        given = [*read, *ins[self.first :]]
        phases, kept = self.body.phases(given, states, written, error, rounds)
        loop = loop_tile(self.length, [*copies, *_flat(phases)], moving)
        return chained([*before, loop]), _real([keep, kept, ins, outs], moving)

    def _first(self, array: np.ndarray) -> np.ndarray:
        """An array's slice of the first round."""
        return array[-1 if self.reverse else 0, ...]

    def _step(self, array: np.ndarray) -> int:
        return -array.strides[0] if self.reverse else array.strides[0]

    def _along(self, array: np.ndarray) -> Moving:
        """An array's slices, one in each round."""
        return Moving(self._first(array), self._step(array))


def _real(tree: object, moving: Sequence[Moving]) -> list[np.ndarray]:
    """The arrays in nested lists, but stand-ins."""
    found = {id(a): a for a in arrays_in(tree)}
    return [a for a in found.values() if not any(one.holds(a) for one in moving)]


@lowers("while")
def lower_while(step: Step, context: Context) -> Lowered:
    """Rounds while a test holds. The state is changed in place, in the results."""
    node = step.nodes[0]
    ins, outs = context.ins(node), [context.arrays[u] for u in node.uids]
    test, graph, count = node.params["test"], node.params["body"], node.params["count"]
    limit = node.params["limit"]
    captured = ins[count:]
    holds = np.zeros((), np.bool_)
    tested = Body(test, test.inputs, test.outputs, fixed=test.inputs[count:])
    rounds = Rounds(tested.fixed)
    phases, kept = tested.phases([*outs, *captured], [], [holds], context.error, rounds)
    tests = _flat(phases)
    order = [*graph.inputs[count:], *graph.inputs[:count]]
    body = Body(graph, order, graph.outputs, count, graph.inputs[count:])
    inside = Rounds(body.fixed)
    phases, also = body.phases(captured, outs, [], context.error, inside)
    links = _flat(phases)
    record = loops.While(
        holds=address(holds),
        limit=_FOREVER if limit is None else int(limit),
        error=context.error,
        test_count=len(tests),
        link_count=len(links),
        links=[loops.Link(kernel=0, record=0)] * (len(tests) + len(links)),
    )
    all_ = [*tests, *links]
    places = link_places(all_, loops.While.word_count(links=0))
    loop = Tile(
        "while", loops.build_while, record.numbers(), _scratch(all_), 0, tuple(all_), places
    )
    before = [t for x, out in zip(ins[:count], outs, strict=True) for t in copy_tiles(x, out)]
    keep = [
        ins,
        outs,
        holds,
        kept,
        also,
        *(part for r in (rounds, inside) for part in (r.prepared, r.keep)),
    ]
    return Lowered([*rounds.before, *inside.before, [chained([*before, loop])]], keep=keep)


@lowers("switch")
def lower_switch(step: Step, context: Context) -> Lowered:
    """The links of one of several branches."""
    node = step.nodes[0]
    (index, *given), outs = context.ins(node), [context.arrays[u] for u in node.uids]
    links: list[Tile] = []
    branches, keep = [], [index, given, outs]
    for graph in node.params["branches"]:
        body = Body(graph, graph.inputs, graph.outputs)
        phases, kept = body.phases(given, [], outs, context.error, _NOTHING_FIXED)
        found = _flat(phases)
        branches.append(loops.Branch(first=len(links), count=len(found)))
        links += found
        keep.append(kept)
    record = loops.Switch(
        index=address(index),
        branch_count=len(branches),
        branches=branches,
        links=[loops.Link(kernel=0, record=0)] * len(links),
    )
    dtype = index.dtype.name
    places = link_places(links, loops.Switch.word_count(branches=len(branches), links=0))
    build = partial(loops.build_switch, dtype=dtype)
    tile = Tile(
        f"switch {dtype}", build, record.numbers(), _scratch(links), 0, tuple(links), places
    )
    return Lowered([[tile]], keep=keep)


@lowers("custom_gradient")
def lower_custom_gradient(step: Step, context: Context) -> Lowered:
    """The steps of its forward pass, where they are."""
    node, graph = step.nodes[0], step.nodes[0].params["forward"]
    outs = [context.arrays[u] for u in node.uids]
    body = Body(graph, graph.inputs, graph.outputs)
    phases, kept = body.phases(
        context.ins(node), [], outs, context.error, context.loop and _NOTHING_FIXED
    )
    return Lowered(phases, keep=kept)


def _flat(phases: Sequence[Sequence[Tile]]) -> list[Tile]:
    return [tile for phase in phases for tile in phase]


def _scratch(links: Sequence[Tile]) -> int:
    return max((link.scratch for link in links), default=0)
