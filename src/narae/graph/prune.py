"""Results that nobody reads: operations that run graphs leave them out, and what only they needed.

Of a loop that is a carry that nothing reads, or what was stacked for a gradient that was not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Value
from narae.graph.recording import Place, places
from narae.graph.rewrite import over


@dataclass(frozen=True)
class Less:
    """A node with fewer inputs and outputs: the positions of those that stay, and its parameters."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]


Prune = Callable[[Node, set[int]], "Less | None"]


def pruned(graph: Graph, also: Sequence[Value] = ()) -> tuple[Graph, list[Value]]:
    """The graph without results that nobody reads, and what stands for other values of it that are read."""
    read = {v.uid for v in (*graph.outputs, *also)}
    less: dict[int, Less] = {}
    for node in reversed(graph.nodes):
        used = {i for i, uid in enumerate(node.uids) if uid in read}
        if not used:
            continue
        found = node.op.prune(node, used) if node.op.prune else None
        if found is not None:
            less[node.uids[0]] = found
        kept = node.inputs if found is None else [node.inputs[i] for i in found.inputs]
        read.update(v.uid for v in kept)
    return _rebuilt(graph, also, read, less) if less else (graph, list(also))


def _rebuilt(
    graph: Graph, also: Sequence[Value], read: set[int], less: dict[int, Less]
) -> tuple[Graph, list[Value]]:
    env: dict[int, Value] = {}

    def now(v: Value) -> Value:
        return env.get(v.uid, v)

    place = Place()
    with places.pushed(place):
        for node in graph.nodes:
            place.where, found = node.where, less.get(node.uids[0])
            if found is not None:
                outs = node.op(*(now(node.inputs[i]) for i in found.inputs), **found.params)
                env.update((node.uids[i], v) for i, v in zip(found.outputs, outs, strict=True))
            elif any(uid in read for uid in node.uids):
                env.update(zip(node.uids, over(node, tuple(map(now, node.inputs))), strict=True))
    return build(graph.inputs, [now(v) for v in graph.outputs])[0], [now(v) for v in also]


class Needed:
    """The values that some outputs of a graph need, more and more of them."""

    def __init__(self, graph: Graph) -> None:
        self._made = {uid: node for node in graph.nodes for uid in node.uids}
        self.uids: set[int] = set()

    def add(self, values: Iterable[Value]) -> None:
        """What further values need."""
        todo = [v for v in values if v.uid not in self.uids]
        while todo:
            value = todo.pop()
            node = self._made.get(value.uid)
            if value.uid in self.uids:
                continue
            self.uids.update((value.uid,) if node is None else node.uids)
            todo.extend(() if node is None else node.inputs)
