"""Formulas of records' costs in floating-point operations: functions of a node."""

from __future__ import annotations

import math
from collections.abc import Callable

from narae.graph.cost import flops
from narae.graph.graph import Graph
from narae.graph.ir import Node

Cost = Callable[[Node], int]


def nothing(node: Node) -> int:
    """No arithmetic: numbers are moved, or written in another way."""
    return 0


def per_input(node: Node) -> int:
    """One for each element of the largest input."""
    return max(v.spec.size for v in node.inputs)


def of_a_sort(node: Node) -> int:
    """n log2 n for each row of n elements of the first input."""
    x = node.inputs[0].spec
    return x.size * max(1, math.ceil(math.log2(max(2, x.shape[-1] if x.size else 2))))


def of_an_fft(node: Node) -> int:
    """5 n log2 n per transform of n complex numbers (Cooley and Tukey 1965)."""
    spec = node.specs[0]
    return int(5 * spec.size * math.log2(max(2, spec.shape[-1])))


def cubic(factor: float) -> Cost:
    """factor · n³ for each matrix of n rows, the usual count to the first order (Golub and Van Loan,
    Matrix Computations)."""

    def cost(node: Node) -> int:
        shape = node.inputs[0].shape
        return int(factor * math.prod(shape[:-2]) * max(shape[-2:]) * min(shape[-2:]) ** 2)

    return cost


def of_a_solve(factor: float) -> Cost:
    """A factorization of factor · n³, and 2 n² for each column of the second input."""

    def cost(node: Node) -> int:
        n = node.inputs[0].shape[-1]
        return int(cubic(factor)(node) + 2 * n * node.inputs[1].spec.size)

    return cost


def of_graphs(*names: str) -> Cost:
    """The nodes of graphs among a node's parameters, as often as they run where that is known."""

    def cost(node: Node) -> int:
        graphs: list[Graph] = [node.params[name] for name in names]
        rounds = node.params.get("length", 1)
        return rounds * sum(flops(inner) for graph in graphs for inner in graph.nodes)

    return cost


def of_the_dearest(name: str) -> Cost:
    """The graph that costs most among those of a parameter: which one runs is known when it runs."""

    def cost(node: Node) -> int:
        graphs: tuple[Graph, ...] = node.params[name]
        return max(sum(map(flops, graph.nodes)) for graph in graphs)

    return cost
