"""Simplification: constants folded, equal computations shared, algebra applied, dead code gone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from narae.graph.graph import Graph, build, reachable
from narae.graph.ir import Node, Op, Value, bind, now
from narae.graph.recording import Place, places

_LARGE = 1 << 16  # elements; a larger constant is not made before it is needed


def simplify(graph: Graph, gradients: bool = False) -> Graph:
    """An equal graph that computes less. The algebra is each op's own: `Op.simplify`.

    Simplifying twice changes nothing more: what a rewrite makes is simplified in its turn. gradients: whether
    those are to be equal too, of a graph that is differentiated later.
    """
    return simplified(graph, (), gradients)[0]


def simplified(
    graph: Graph, also: Sequence[Value], gradients: bool = False
) -> tuple[Graph, list[Value]]:
    """`simplify`, and what stands for other values of the graph in the new one, which may have left
    some of them behind."""
    simplifier = _Simplifier(graph.inputs, gradients)
    with places.pushed(simplifier.place):
        for node in graph.nodes:
            simplifier.visit(node)
    # what is dead by now is left behind: a graph is what its outputs need
    new = build(graph.inputs, [simplifier.now(v) for v in graph.outputs])[0]
    return new, [simplifier.now(v) for v in also]


class _Simplifier:
    def __init__(self, inputs: Sequence[Value], gradients: bool) -> None:
        self.place, self._gradients = Place(), gradients
        # uid -> the value that takes its place. An input is nothing but that: what a body captures is made by nodes
        # outside of it, which the body must not reach by what the algebra makes of them.
        self._env = {v.uid: Op.result_type(v.spec, uid=v.uid) for v in inputs if v.node is not None}
        self._seen: dict[Hashable, tuple[Value, ...]] = {}

    def now(self, value: Value) -> Value:
        """The value that stands for `value` in the new graph."""
        return self._env.get(value.uid, value)

    def visit(self, node: Node) -> None:
        """Give each of the node's outputs a value in the new graph."""
        inputs = tuple(map(self.now, node.inputs))
        self._env.update(zip(node.uids, self._outputs(node, inputs), strict=True))

    def _outputs(self, node: Node, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """Folded, found again, rewritten, or made anew over the simplified inputs."""
        folded = _folded(node, inputs)
        if folded is not None:
            return folded
        key = _key(node, inputs)
        if key is not None and key in self._seen:
            return self._seen[key]
        better = self._better(node, inputs)
        outs = over(node, inputs) if better is None else (better,)
        if key is not None:
            self._seen[key] = outs
        return outs

    def _better(self, node: Node, inputs: tuple[Value, ...]) -> Value | None:
        """What the op's algebra gives, itself simplified; None where it has nothing better."""
        if node.op.simplify is None or (self._gradients and node.op.flat):
            return None  # what has no gradient on purpose may be equal to something that has one
        start, self.place.where = now(), node.where
        better = node.op.simplify(*inputs, **node.params)
        self.place.where = None
        if better is None or better.spec != node.specs[0]:
            return None
        for made in reachable([better], lambda v: v.uid < start):
            self.visit(made)
        return self.now(better)


def _folded(node: Node, inputs: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """The outputs as constants where all inputs are, and the outputs are small."""
    size = sum(spec.size for spec in node.specs)
    if not inputs or size > _LARGE or any(v.data is None for v in inputs):
        return None
    out = bind(node.op, inputs, node.params)
    return out if node.multi else (out,)


def over(node: Node, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
    """The node's outputs over other inputs."""
    pairs = zip(inputs, node.inputs, strict=True)
    same = all(a.uid == b.uid and (a.node is None) == (b.node is None) for a, b in pairs)
    if same:
        made = node
    else:
        made = Node(node.op, inputs, node.params, node.specs, node.datas, node.multi)
        made.where = node.where
    return tuple(made.output(i) for i in range(len(made.specs)))


def _key(node: Node, inputs: tuple[Value, ...]) -> Hashable:
    """What two equal computations share; None when the parameters cannot be compared."""
    ids = [_identity(v) for v in inputs]
    if node.op.commutes:
        ids.sort(key=repr)
    params = tuple((name, _exact(node.params[name])) for name in sorted(node.params))
    key = (node.op, tuple(ids), params)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _exact(param: Any) -> Any:
    """A parameter, such that what differs is unequal: 1 is not True, nor 0.0 -0.0."""
    if isinstance(param, (tuple, list)):
        return type(param), tuple(map(_exact, param))
    if isinstance(param, (float, complex, np.inexact)):
        return type(param), repr(param)
    return type(param), param


def _identity(value: Value) -> Any:
    data = value.data
    if data is not None and value.node is None and data.size <= 16:
        return (value.spec, data.tobytes())  # equal small constants are one
    return value.uid
