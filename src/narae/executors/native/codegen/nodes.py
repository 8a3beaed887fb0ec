"""Nodes of the executor's own, which no graph has: few operations, of lanes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from narae.graph.ir import Node, Op, Spec, Value


def _op(name: str, of: str | None = None) -> Op:
    function = of or name
    return Op(name, _no_rule, lambda xp, *lanes: getattr(xp, function)(*lanes), elementwise=True)


def _no_rule(*_: Spec) -> NoReturn:
    raise AssertionError("these nodes are given their specs")


_NAMES = ("add", "multiply", "maximum", "minimum", "equal", "logical_and", "logical_not")
_OPS = {
    **{name: _op(name) for name in _NAMES},
    "select": _op("select", "where"),
    "cast": Op("cast", _no_rule, lambda xp, x, *, dtype: x.astype(np.dtype(dtype))),
}


def new_node(
    name: str, ins: Sequence[Value], spec: Spec, nodes: list[Node], **params: Any
) -> Value:
    """One more node in `nodes`; its result."""
    node = Node(_OPS[name], tuple(ins), params, (spec,), (None,), False)
    nodes.append(node)
    return node.output(0)


def with_inputs(given: Node, ins: Sequence[Value], shape: Sequence[int]) -> Node:
    """A node once more, for other inputs of a shape."""
    specs = tuple(Spec(tuple(shape), spec.dtype) for spec in given.specs)
    return Node(given.op, tuple(ins), given.params, specs, (None,) * len(specs), given.multi)
