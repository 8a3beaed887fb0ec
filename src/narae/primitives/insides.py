"""The graphs that operations of control flow run, and what values are called in them: for people to read.

A name is that of an operand or a result of the operation, with a mark: x[t] is x's slice of this round, h[t-1] what
the round before left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from narae.graph.graph import Graph, Inside, Named
from narae.graph.ir import Node

Insides = Callable[[Node], Sequence[Inside]]


def scanned(node: Node) -> Sequence[Inside]:
    """The body of a scan, once for each slice."""
    graph: Graph = node.params["body"]
    carries, slices = node.params["carries"], node.params["slices"]
    before = "[t+1]" if node.params["reverse"] else "[t-1]"
    inputs = [
        Named("result", i, before)
        if i < carries
        else Named("operand", i, "[t]" if i < carries + slices else "")
        for i in range(len(graph.inputs))
    ]
    outputs = [Named("result", i, "[t]") for i in range(len(graph.outputs))]
    rounds = node.params["length"]
    kept = node.params["kept"]
    size = sum(spec.nbytes for spec in node.specs[-kept:]) if kept else 0
    most = f", {size:,} bytes kept for the gradient" if size else ""
    return [Inside(f"each of {rounds:,} rounds{most}", rounds, graph, inputs, outputs)]


def repeated(node: Node) -> Sequence[Inside]:
    """The test and the body of a loop of unknown length."""
    count, limit = node.params["count"], node.params["limit"]
    test, body = node.params["test"], node.params["body"]
    inputs = [
        Named("result", i, "[t-1]") if i < count else Named("operand", i)
        for i in range(len(body.inputs))
    ]
    outputs = [Named("result", i, "[t]") for i in range(count)]
    most = "" if limit is None else f", {limit:,} at most"
    return [
        Inside("while this holds", None, test, inputs, [Named("own", 0, "holds")]),
        Inside(f"each round{most}", None, body, inputs, outputs),
    ]


def of_branches(node: Node) -> Sequence[Inside]:
    """The branches of a choice."""
    branches: Sequence[Graph] = node.params["branches"]
    return [
        Inside(
            f"branch {i} of {len(branches)}",
            None,
            graph,
            [Named("operand", k + 1) for k in range(len(graph.inputs))],
            [Named("result", k) for k in range(len(graph.outputs))],
        )
        for i, graph in enumerate(branches)
    ]


def of_forward(node: Node) -> Sequence[Inside]:
    """The forward pass of a function with a gradient of its own."""
    graph: Graph = node.params["forward"]
    inputs = [Named("operand", k) for k in range(len(graph.inputs))]
    return [
        Inside("once", 1, graph, inputs, [Named("result", k) for k in range(len(graph.outputs))])
    ]
