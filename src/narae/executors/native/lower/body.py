"""The body of a loop or a choice: planned like any graph, with the arrays that it is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.base.dtypes import np_dtype
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower.dispatch import native_step
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.tiles import Context, Rounds, Tile
from narae.executors.shared.memory import ArrayMap, make_arrays
from narae.graph.fuse import fuse
from narae.graph.graph import Graph
from narae.graph.ir import Value
from narae.graph.plan import Move, Plan, plan
from narae.graph.rewrite import simplify


class Body:
    """A planned body. Its last inputs and outputs are state, which a round changes in place."""

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        states: int = 0,
        fixed: Sequence[Value] = (),
    ) -> None:
        """inputs, outputs: of the graph, in another order. fixed: inputs that are the same in all rounds."""
        simple = simplify(Graph((*inputs,), (*outputs,), graph.nodes))
        self.plan = plan(fuse(simple, heads=True), states, range(states))
        known = {v.uid for v in (*fixed, *simple.constants)}
        known |= {uid for node in self.plan.once for uid in node.uids}
        for node in self.plan.views:
            if node.inputs[0].uid in known:
                known.add(node.uids[0])
        self.fixed = frozenset(known)

    def phases(
        self,
        inputs: Sequence[np.ndarray],
        states: Sequence[np.ndarray],
        outputs: Sequence[np.ndarray],
        error: int,
        rounds: Rounds | None = None,
    ) -> tuple[list[list[Tile]], list[object]]:
        """The phases of a round, and what has to stay alive for them. Raises Unlowered."""
        planned = self.plan
        placed: dict[int, np.ndarray] = {}
        copies: list[tuple[int, np.ndarray]] = []
        for uid, array in zip(planned.outputs, outputs, strict=True):
            home = planned.homes.get(uid)  # a view has none
            if home is not None and home.kind == "arena" and uid not in placed:
                placed[uid] = array
            else:
                copies.append((uid, array))
        joined = _joined(planned, placed)
        arrays = make_arrays(planned, states, inputs, {**joined, **placed})
        context = Context(arrays, error, loop=rounds)
        phases, keep = [_moved(planned.before, arrays)], [arrays, inputs, states, outputs]
        for step in planned.steps:
            try:
                lowered = native_step(step, context)
            except Unlowered as why:
                raise Unlowered(f"a step of its body: {why}") from why
            phases += lowered.phases
            keep.append(lowered.keep)
        phases.append(_moved(planned.after, arrays))
        phases.append([tile for uid, array in copies for tile in copy_tiles(arrays[uid], array)])
        return phases, keep


def _joined(planned: Plan, placed: ArrayMap) -> dict[int, np.ndarray]:
    """Places for what a body concatenates: its parts are made where they are put together."""
    viewed = {node.inputs[0].uid for node in planned.views}
    made = {
        uid
        for step in planned.steps
        for node in step.nodes
        for uid in node.uids
        if node.op.elementwise and planned.homes[uid].kind == "arena"
    }
    free, found = made - viewed - placed.keys(), dict[int, np.ndarray]()
    for step in planned.steps:
        node = step.nodes[0]
        if node.op.known != "concatenate" or planned.homes[node.uids[0]].kind != "arena":
            continue
        spec, axis, start = node.specs[0], node.params["axis"], 0
        whole = found[node.uids[0]] = np.empty(spec.shape, np_dtype(spec.dtype))
        whole = placed.get(node.uids[0], whole)
        for v in node.inputs:
            end = start + v.shape[axis]
            if v.uid in free:
                free.discard(v.uid)
                found[v.uid] = whole[(slice(None),) * axis + (slice(start, end),)]
            start = end
    return found


def _moved(moves: Sequence[Move], arrays: ArrayMap) -> list[Tile]:
    return [t for m in moves for t in copy_tiles(arrays[m.source], arrays[m.target])]


def in_order(arrays: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[Tile]]:
    """Arrays that a body reads, as it takes them to lie: copies of those whose elements are not next to each
    other, and the tiles that make them, which come first."""
    found, tiles = [], []
    for array in arrays:
        if not array.flags.c_contiguous:
            near = np.empty(array.shape, array.dtype)
            tiles += copy_tiles(array, near)
            array = near
        found.append(array)
    return found, tiles


def flat(phases: Sequence[Sequence[Tile]]) -> list[Tile]:
    """The tiles of phases, for one thread that runs them in order."""
    return [tile for phase in phases for tile in phase]
