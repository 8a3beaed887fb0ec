"""Graph: a function as data, cut out of what was recorded; and where its values lie: which nodes compute at run time,
which give views of what is there, and which depend on constants alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from narae.base.dtypes import np_dtype
from narae.graph.ir import Node, Op, Spec, Value, now, run
from narae.graph.recording import Place, places, traced

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True)
class Again:
    """What a graph computes a second time (`again.repeated`): first uids of nodes. since: the first uid of the nodes
    that come late; no step has both nodes that are computed again and some from before. spared: bytes of what is not
    kept for it."""

    nodes: frozenset[int] = frozenset()
    since: int = 0
    spared: int = 0


@dataclass(frozen=True, eq=False)
class Graph:
    """inputs -> outputs through nodes in an order in which each comes after what it needs.

    A value that is neither an input nor a node's output is a constant and has data.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    again: Again = Again()

    @property
    def constants(self) -> tuple[Value, ...]:
        """The values that come from outside: data known when the graph was made."""
        known = {v.uid for v in self.inputs} | {u for n in self.nodes for u in n.uids}
        used = [v for node in self.nodes for v in node.inputs] + list(self.outputs)
        return tuple({v.uid: v for v in used if v.uid not in known}.values())

    def large(self, size: int) -> int:
        """How many of the values that its nodes make have so many bytes, or more."""
        return sum(spec.nbytes >= size for node in self.nodes for spec in node.specs)

    def __str__(self) -> str:
        lines = [f"inputs {', '.join(map(_named, self.inputs))}"]
        for node in self.nodes:
            outs = ", ".join(
                f"%{u}: {_typed(s)}" for u, s in zip(node.uids, node.specs, strict=True)
            )
            args = ", ".join(f"%{v.uid}" if v.data is None else _typed(v.spec) for v in node.inputs)
            extra = "".join(
                f", {k}={v!r}" for k, v in node.params.items() if not isinstance(v, Graph)
            )
            lines.append(f"{outs} = {node.op.name}({args}{extra})")
        return "\n".join([*lines, f"outputs {', '.join(map(_named, self.outputs))}"])


@dataclass(frozen=True)
class Named:
    """What a value within an operation is called: an operand or a result of it, by its place, and a mark that
    follows the name; or a name of its own, which is the mark."""

    kind: Literal["operand", "result", "own"]
    place: int
    mark: str = ""


@dataclass(frozen=True, eq=False)
class Inside:
    """A graph that an operation runs. title: when. times: how often, None where that is known when it runs.
    inputs, outputs: what those of the graph are called."""

    title: str
    times: int | None
    graph: Graph
    inputs: Sequence[Named]
    outputs: Sequence[Named]


def _typed(spec: Spec) -> str:
    return f"{spec.dtype}{list(spec.shape)}"


def _named(value: Value) -> str:
    return f"%{value.uid}: {_typed(value.spec)}"


def reachable(outputs: Iterable[Value], stop: Callable[[Value], bool]) -> list[Node]:
    """The nodes that `outputs` need, oldest first; `stop(value)` ends the walk at a value."""
    found: dict[int, Node] = {}
    todo = [v.node for v in outputs if v.node is not None and not stop(v)]
    while todo:
        node = todo.pop()
        if node.uids[0] in found:
            continue
        found[node.uids[0]] = node
        todo.extend(v.node for v in node.inputs if v.node is not None and not stop(v))
    return [found[uid] for uid in sorted(found)]  # uids grow: an order of creation


def build(
    inputs: Sequence[Value], outputs: Sequence[Value], since: int = -1
) -> tuple[Graph, list[Value]]:
    """The graph from `inputs` to `outputs`, and the values from outside that it captures.

    What was recorded before `since` is outside. Outside values become further inputs (in the
    order of their uids) when they are traced or watched; plain data stays as constants.
    """
    given = {v.uid for v in inputs}
    nodes = reachable(outputs, lambda v: v.uid in given or v.uid < since)
    made = {uid for node in nodes for uid in node.uids} | given
    used = [v for node in nodes for v in node.inputs] + list(outputs)
    free = {v.uid: v for v in used if v.uid not in made}
    captured = [v for _, v in sorted(free.items()) if v.data is None or v.node or v.tracked]
    return Graph((*inputs, *captured), tuple(outputs), tuple(nodes)), captured


def evaluate(graph: Graph, arrays: Sequence[Any], xp: ModuleType) -> tuple[Any, ...]:
    """Run a graph node by node in a namespace: the plainest executor, and the reference."""
    env = {v.uid: v.data for v in graph.constants}
    env.update((v.uid, a) for v, a in zip(graph.inputs, arrays, strict=True))
    for node in graph.nodes:
        outs = run(node.op, [env[v.uid] for v in node.inputs], node.params, xp)
        env.update(zip(node.uids, outs, strict=True))
    return tuple(env[v.uid] for v in graph.outputs)


def substitute(graph: Graph, values: Sequence[Value]) -> tuple[Value, ...]:
    """Apply a graph to other values, node by node through `bind`: inlining."""
    env = {v.uid: v for v in graph.constants}
    env.update((v.uid, new) for v, new in zip(graph.inputs, values, strict=True))
    for node in graph.nodes:
        out = node.op(*(env[v.uid] for v in node.inputs), **node.params)
        env.update(zip(node.uids, out if node.multi else (out,), strict=True))
    return tuple(env[v.uid] for v in graph.outputs)


def renewed(graph: Graph) -> Graph:
    """The graph with values of its own: its inputs are nothing but inputs, even where those of the old
    one are made by nodes outside of it. Nodes stay recorded for what they were."""
    since, place = now(), Place()
    inputs = [Op.result_type(v.spec) for v in graph.inputs]
    env = {v.uid: v for v in graph.constants}
    env.update((v.uid, new) for v, new in zip(graph.inputs, inputs, strict=True))
    with traced(), places.pushed(place):
        for node in graph.nodes:
            place.where = node.where
            out = node.op(*(env[v.uid] for v in node.inputs), **node.params)
            env.update(zip(node.uids, out if node.multi else (out,), strict=True))
    return build(inputs, [env[v.uid] for v in graph.outputs], since)[0]


# -- storage ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Aliases:
    """A graph's nodes by how they come to their values, and the storage behind each value.

    once: depend on constants alone. views: new shapes and strides over another value's storage.
    computing: all others, a view's node among them where its layout forces a copy.
    root: uid -> uid of the value whose storage it shares (its own for what has storage).
    """

    once: tuple[Node, ...]
    views: tuple[Node, ...]
    computing: tuple[Node, ...]
    root: dict[int, int]
    values: dict[int, Value]  # every value by its uid


def find_aliases(graph: Graph) -> Aliases:
    """Sort the nodes. Storage is taken to be C-contiguous; constants have the layout they have."""
    values = {v.uid: v for v in (*graph.inputs, *graph.constants)}
    root = {uid: uid for uid in values}
    layouts = _Layouts()
    known = {v.uid for v in graph.constants}
    once, views, computing = [], [], []
    for node in graph.nodes:
        values.update((node.uids[i], node.output(i)) for i in range(len(node.uids)))
        root.update((uid, uid) for uid in node.uids)
        if all(v.uid in known for v in node.inputs):
            once.append(node)
            known.update(node.uids)
        elif node.op.view and layouts.shares(node):
            views.append(node)
            root[node.uids[0]] = root[node.inputs[0].uid]
        else:
            computing.append(node)
    return Aliases(tuple(once), tuple(views), tuple(computing), root, values)


class _Layouts:
    """Stand-ins with the strides that values will have. Their memory is asked for, not touched."""

    def __init__(self) -> None:
        self._arrays: dict[int, np.ndarray] = {}

    def shares(self, node: Node) -> bool:
        """Whether the node's forward gives a view of its first input."""
        source = node.inputs[0]
        array = self._arrays.get(source.uid)
        if array is None:
            array = np.empty(source.shape, np_dtype(source.dtype))
            self._arrays[source.uid] = array
        others = [np.zeros(v.shape, np_dtype(v.dtype)) for v in node.inputs[1:]]
        made = run(node.op, [array, *others], node.params)[0]
        if not np.may_share_memory(made, array):
            return False
        self._arrays[node.uids[0]] = made
        return True
