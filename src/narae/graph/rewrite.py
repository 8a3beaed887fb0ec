"""Simplification: constants folded, equal computations shared, algebra applied, dead code gone."""

from __future__ import annotations

from typing import Any

from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Value, bind

_LARGE = 1 << 16  # elements; a larger constant is not made before it is needed


def simplify(graph: Graph) -> Graph:
    """An equal graph that computes less. The algebra is each op's own: `Op.simplify`."""
    env: dict[int, Value] = {}
    seen: dict[Any, Any] = {}
    for node in graph.nodes:
        inputs = tuple(env.get(v.uid, v) for v in node.inputs)
        outs = _rebuilt(node, inputs, seen)
        env.update(zip(node.uids, outs, strict=True))
    outputs = [env.get(v.uid, v) for v in graph.outputs]
    return build(graph.inputs, outputs)[0]


def _rebuilt(node: Node, inputs: tuple[Value, ...], seen: dict[Any, Any]) -> tuple[Value, ...]:
    """The node's outputs over simplified inputs: folded, found again, rewritten, or made anew."""
    op, params = node.op, node.params
    if inputs and all(v.data is not None for v in inputs) and _size(node) <= _LARGE:
        out = bind(op, inputs, params)
        return out if node.multi else (out,)
    key = _key(node, inputs)
    if key in seen:
        return seen[key]
    better = op.simplify(*inputs, **params) if op.simplify is not None else None
    if better is not None and better.spec == node.specs[0]:
        outs: tuple[Value, ...] = (better,)
    else:
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        made = node if same else Node(op, inputs, params, node.specs, node.datas, node.multi)
        outs = tuple(made.output(i) for i in range(len(made.specs)))
    if key is not None:
        seen[key] = outs
    return outs


def _size(node: Node) -> int:
    return sum(spec.size for spec in node.specs)


def _key(node: Node, inputs: tuple[Value, ...]) -> Any:
    """What two equal computations share; None when the parameters cannot be compared."""
    ids = tuple(_identity(v) for v in inputs)
    if node.op.commutes:
        ids = tuple(sorted(ids, key=repr))
    key = (node.op.name, ids, tuple(sorted(node.params.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _identity(value: Value) -> Any:
    data = value.data
    if data is not None and value.node is None and data.size <= 16:
        return (value.spec, data.tobytes())  # equal small constants are one
    return value.uid
