"""Halves where a processor has none: kept in float32, rounded wherever an operation would have given
a half.

A processor computes float16 and bfloat16 as float32 anyhow, number by number; so do the operations of a
widened graph, but on whole vectors, with one rounding for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import HALVES
from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Op, Spec, Value
from narae.graph.recording import Place, places
from narae.primitives.records.logic import cast, rounded

WIDE = "float32"


def without_halves(graph: Graph, also: Sequence[Value] = ()) -> tuple[Graph, list[Value]]:
    """An equal graph without operations on halves, of the same inputs and outputs; and what stands
    for other values of the graph in it, halves in float32."""
    if not any(v.dtype in HALVES for n in graph.nodes for v in (*n.inputs, *n.specs)):
        return graph, list(also)
    widening = _Widening()
    with places.pushed(widening.place):
        for node in graph.nodes:
            widening.visit(node)
    outputs = [widening.narrow(v) for v in graph.outputs]
    return build(graph.inputs, outputs)[0], [widening.now(v) for v in also]


class _Widening:
    def __init__(self) -> None:
        self.place = Place()
        self._env: dict[int, Value] = {}  # uid -> what stands for it: a half in float32

    def now(self, value: Value) -> Value:
        """What stands for a value."""
        if value.uid not in self._env:
            self._env[value.uid] = self._wide(value)
        return self._env[value.uid]

    def _wide(self, value: Value) -> Value:
        """A value from outside."""
        if value.dtype not in HALVES:
            return value
        if value.data is not None and value.node is None:
            return Op.result_type(Spec(value.shape, WIDE), np.asarray(value.data, WIDE))
        return cast(value, dtype=WIDE)

    def narrow(self, value: Value) -> Value:
        """What stands for a value, in its own dtype."""
        found = self.now(value)
        return found if found.dtype == value.dtype else cast(found, dtype=value.dtype)

    def visit(self, node: Node) -> None:
        """Compute a node's outputs anew."""
        self.place.where = node.where
        self._env.update(zip(node.uids, self._made(node), strict=True))

    def whole(self, graph: Graph) -> Graph:
        """A graph without halves, its inputs and outputs too."""
        inputs = []
        for v in graph.inputs:
            half = v.dtype in HALVES
            inputs.append(Op.result_type(Spec(v.shape, WIDE)) if half else v)
            self._env[v.uid] = inputs[-1]
        with places.pushed(self.place):
            for node in graph.nodes:
                self.visit(node)
        return build(inputs, [self.now(v) for v in graph.outputs])[0]

    def _made(self, node: Node) -> list[Value]:
        halves = [s.dtype in HALVES for s in node.specs]
        if node.op in (cast, rounded) and halves[0]:
            wide = cast(self.now(node.inputs[0]), dtype=WIDE)
            return [rounded(wide, dtype=node.specs[0].dtype)]
        if any(map(_has_graph, node.params.values())):
            params = {k: _body(p) for k, p in node.params.items()}
            return _tuple(node.op(*map(self.now, node.inputs), **params))
        if node.op.narrow:
            return self._in_its_dtypes(node, node.params)
        wanted = [
            Spec(s.shape, WIDE if h else s.dtype) for s, h in zip(node.specs, halves, strict=True)
        ]
        outs = _tuple(node.op(*map(self.now, node.inputs), **node.params))
        if [v.spec for v in outs] != wanted:  # a parameter names the dtype
            return self._in_its_dtypes(node, node.params)
        if node.op.exact:
            return outs
        return [
            rounded(v, dtype=s.dtype) if half else v
            for v, s, half in zip(outs, node.specs, halves, strict=True)
        ]

    def _in_its_dtypes(self, node: Node, params: Mapping[str, Any]) -> list[Value]:
        outs = _tuple(node.op(*map(self.narrow, node.inputs), **params))
        return [self._wide(v) for v in outs]


def _body(parameter: object) -> Any:
    """A parameter whose graphs take and give float32 where they took and gave halves: numbers are not narrowed
    on their way into a body, nor between the rounds of a loop."""
    if isinstance(parameter, Graph):
        return _Widening().whole(parameter)
    if isinstance(parameter, (tuple, list)) and _has_graph(parameter):
        return type(parameter)(map(_body, parameter))
    return parameter


def _has_graph(parameter: object) -> bool:
    if isinstance(parameter, (tuple, list)):
        return any(map(_has_graph, parameter))
    return isinstance(parameter, Graph)


def _tuple(result: Value | tuple[Value, ...]) -> list[Value]:
    return list(result) if isinstance(result, tuple) else [result]
