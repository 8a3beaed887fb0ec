"""What an operation costs: floating-point operations by a formula per operation, and bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from narae.graph.fuse import Step
from narae.graph.graph import Graph
from narae.graph.ir import Node
from narae.graph.plan import Plan, spec_bytes


def flops(node: Node) -> int:
    """How many operations on numbers a node needs, counted as is usual: a multiplication and an
    addition are two; an exponential, a comparison or a choice is one; moving numbers is none.

    A product of (m, k) and (k, n) is 2 m n k. A loop of unknown length counts as one round.
    """
    if node.op.name in _COSTS:
        return _COSTS[node.op.name](node)
    if node.op.elementwise and not node.op.view:
        return _made(node)
    return 0


def bytes_of(step: Step, plan: Plan) -> tuple[int, int]:
    """Bytes that a step reads and writes, each value once, what it keeps for itself not counted."""
    reads = sum(spec_bytes(plan.values[uid].spec) for uid in step.reads)
    return reads, sum(spec_bytes(plan.values[uid].spec) for uid in step.outputs)


def _body(*names: str) -> Callable[[Node], int]:
    """The cost of graphs among a node's parameters, as often as they run where that is known."""

    def cost(node: Node) -> int:
        graphs: list[Graph] = [node.params[name] for name in names]
        rounds = node.params.get("length", 1)
        return rounds * sum(flops(inner) for graph in graphs for inner in graph.nodes)

    return cost


def _switch(node: Node) -> int:
    """The dearest branch: which one runs is known when it runs."""
    return max(sum(map(flops, branch.nodes)) for branch in node.params["branches"])


def _made(node: Node) -> int:
    return sum(spec.size for spec in node.specs)


def _read(node: Node) -> int:
    return node.inputs[0].spec.size


def _dot(node: Node) -> int:
    inner = math.prod(node.inputs[0].shape[a] for a in node.params["contract"][0])
    return 2 * _made(node) * inner


def _conv(node: Node) -> int:
    # gaps between the input's elements are no numbers to multiply with
    gaps = math.prod(node.params["lhs_dilation"])
    return 2 * _made(node) * math.prod(node.inputs[1].shape[:-1]) // gaps


def _window(node: Node) -> int:
    return _made(node) * math.prod(node.params["window"])


def _sort(node: Node) -> int:
    size = _read(node)
    return size * max(1, math.ceil(math.log2(max(2, node.inputs[0].shape[-1] if size else 2))))


def _cubic(factor: float) -> Callable[[Node], int]:
    """factor · n³ for each matrix of n rows, the usual count to the first order (Golub and Van Loan,
    Matrix Computations)."""

    def cost(node: Node) -> int:
        shape = node.inputs[0].shape
        return int(factor * math.prod(shape[:-2]) * max(shape[-2:]) * min(shape[-2:]) ** 2)

    return cost


def _solve(factor: float) -> Callable[[Node], int]:
    def cost(node: Node) -> int:
        n = node.inputs[0].shape[-1]
        return int(_cubic(factor)(node) + 2 * n * node.inputs[1].spec.size)

    return cost


def _fft(node: Node) -> int:
    """5 n log2 n per transform of n complex numbers (Cooley and Tukey 1965)."""
    size = node.specs[0].size
    return int(5 * size * math.log2(max(2, node.specs[0].shape[-1])))


_REDUCTIONS = """reduce_sum reduce_max reduce_min reduce_prod reduce_any reduce_all argmax argmin
    cumsum cumprod extreme_at add_at fold_windows"""
_SORTS = "sort argsort top_k searchsorted"
_CUBIC = {"cholesky": 1 / 3, "lu_factor": 2 / 3, "qr": 4, "svd": 22, "singular_values": 4} | {
    "eigh": 9,
    "inv": 2,
    "det": 2 / 3,
    "slogdet": 2 / 3,
}
_COSTS: Mapping[str, Callable[[Node], int]] = {
    **dict.fromkeys(_REDUCTIONS.split(), lambda node: max(v.spec.size for v in node.inputs)),
    **dict.fromkeys(_SORTS.split(), _sort),
    **{name: _cubic(factor) for name, factor in _CUBIC.items()},
    "dot": _dot,
    "conv": _conv,
    "reduce_window": _window,
    "scan": _body("body"),
    "while": _body("test", "body"),
    "custom_gradient": _body("forward"),
    "switch": _switch,
    "cast": lambda node: 0,
    "rounded": lambda node: 0,
    "stop_gradient": lambda node: 0,
    "bitcast": lambda node: 0,
    "solve": _solve(2 / 3),
    "triangular_solve": _solve(0),
    "fft": _fft,
}
