"""An order for steps: each after what it reads, storage freed early, old state read before it is
lost."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from narae.graph.fuse import Fused, Step
from narae.graph.graph import Graph
from narae.graph.ir import Node, Spec


def schedule(fused: Fused, replaced: Mapping[int, int]) -> tuple[Step, ...]:
    """The steps in order. replaced: uid of a new state -> uid of the state it takes the place of.

    Among steps that are ready, those that free more storage than they take go first (a weight's
    update frees its gradient), then those recorded first. Loops wait for all others, and then all
    that are ready go: those that do not need each other come together, and an executor can run them
    at once, as the two ways of a bidirectional layer. A step that replaces a state waits for
    the steps that read the old one as long as any other is ready: it can then write in place. It waits for those that
    check indices too, so that a step which ends by an index out of range leaves all states as they were.
    """
    order = tuple(_Schedule(fused, replaced).run())
    if len(order) != len(fused.steps):
        raise AssertionError("steps that wait for each other: fusion made a cycle")
    return order


class _Schedule:
    def __init__(self, fused: Fused, replaced: Mapping[int, int]) -> None:
        self._steps, self._root = fused.steps, fused.aliases.root
        self._specs = {uid: v.spec for uid, v in fused.aliases.values.items()}
        self._replaced = replaced
        maker = {u: i for i, step in enumerate(self._steps) for n in step.nodes for u in n.uids}
        self._reads = [{self._root[u] for u in step.reads} for step in self._steps]
        self._readers: dict[int, set[int]] = {}
        for i, roots in enumerate(self._reads):
            for uid in roots:
                self._readers.setdefault(uid, set()).add(i)
        self._kept = {self._root[v.uid] for v in fused.graph.outputs}
        self._made = maker.keys()
        self._hard = [{maker[u] for u in roots if u in maker} for roots in self._reads]
        self._soft: list[set[int]] = [set() for _ in self._steps]
        checks = self._checks()
        for new, old in replaced.items():
            if new in maker:
                before = self._readers.get(old, set()) | checks
                self._soft[maker[new]] |= before - {maker[new]}
        self._feeds: list[list[int]] = [[] for _ in self._steps]
        for i, waits in enumerate(self._hard):
            for source in waits | self._soft[i]:
                self._feeds[source].append(i)

    def _checks(self) -> set[int]:
        """The steps that are the first to check some indices: a gradient's scatter is not the first."""
        found: dict[int, int] = {}
        for i, step in enumerate(self._steps):
            for node in step.nodes:
                if node.op.index is not None:
                    found.setdefault(self._root[node.inputs[node.op.index].uid], i)
                elif _checks_inside(node):
                    found.setdefault(self._root[node.uids[0]], i)
        return set(found.values())

    def run(self) -> Iterable[Step]:
        """Take the best step that is ready, until none is left."""
        ready: list[tuple[bool, int, int]] = []
        loops: list[tuple[bool, int, int]] = []
        after_a_loop = False
        waiting: set[int] = set()  # ready, but for readers of the state that they replace
        done: set[int] = set()

        def settle(i: int) -> None:
            if i in done or self._hard[i]:
                return
            if self._soft[i]:
                waiting.add(i)
            else:
                waiting.discard(i)
                step = self._steps[i]
                to = loops if is_loop(step) else ready
                heapq.heappush(to, (self._grows(i), step.nodes[0].uids[0], i))

        for i in range(len(self._steps)):
            settle(i)
        while ready or loops or waiting:
            if ready or loops:
                after_a_loop = bool(loops) and (after_a_loop or not ready)
                i = heapq.heappop(loops if after_a_loop else ready)[-1]
            else:  # states that read each other: one of them will be copied
                i = min(waiting)
                waiting.discard(i)
            done.add(i)
            yield self._steps[i]
            for uid in self._reads[i]:
                self._readers[uid].discard(i)
            for other in self._feeds[i]:
                self._hard[other].discard(i)
                self._soft[other].discard(i)
                settle(other)

    def _grows(self, i: int) -> bool:
        """Whether the step takes more storage than it frees."""
        made = [u for u in self._steps[i].outputs if u not in self._replaced]
        freed = [
            u
            for u in self._reads[i]
            if self._readers[u] == {i} and u not in self._kept and u in self._made
        ]
        return _bytes(self._specs[u] for u in made) > _bytes(self._specs[u] for u in freed)


def is_loop(step: Step) -> bool:
    """Whether a step runs a graph of its own: one that it may run many times."""
    return any(isinstance(value, Graph) for value in step.nodes[0].params.values())


def _checks_inside(node: Node) -> bool:
    """Whether a graph that the node runs, or one that is run there, checks indices."""
    return node.op.inside is not None and any(
        inner.op.index is not None or _checks_inside(inner)
        for inside in node.op.inside(node)
        for inner in inside.graph.nodes
    )


def _bytes(specs: Iterable[Spec]) -> int:
    return sum(spec.nbytes for spec in specs)
