"""Results that nobody reads are left out of loops and choices, with what only they needed; others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from narae import ops
from narae.engine.tape import grad
from narae.graph.graph import Graph, evaluate
from narae.graph.ir import Node, Spec
from narae.graph.prune import pruned
from narae.graph.verify import verify
from narae.primitives.records.body import trace_graph
from narae.tensor.tensor import Tensor

SPECS = [Spec((3, 2), "float64"), Spec((2,), "float64"), Spec((), "int32")]


def traced(function: Callable[..., Sequence[Any]]) -> Graph:
    return trace_graph(function, SPECS)[0]


def nodes(graph: Graph, name: str) -> list[Node]:
    return [node for node in graph.nodes if node.op.name == name]


def scan(xs: Any, h: Any, n: Any) -> tuple[Any, Any]:
    """Three carries, of which the second reads the first; three ys."""

    def step(carry: Any, x: Any) -> Any:
        a, b, k = carry
        a, b = ops.sin(a + x), b * ops.cos(a)
        return (a, b, k + 1), (a, b, a * h)

    return ops.scan(step, (h, h * 2, n), xs)


def loop(xs: Any, h: Any, n: Any) -> Any:
    """The test reads the count alone; one result reads xs."""

    def body(i: Any, a: Any, b: Any, c: Any) -> Any:
        return i + 1, ops.sin(a) + xs[0], b * a, c + 1

    return ops.while_loop(lambda i, *_: i < 4, body, (n, h, h, h))


def choice(xs: Any, h: Any, n: Any) -> Any:
    return ops.switch(n, [lambda: (h, xs[0] + 1, h * 3), lambda: (h * 2, xs[1], h)])


# what is asked for -> how many results and inputs stay
CASES: dict[str, tuple[Callable[..., Sequence[Any]], str, tuple[int, int]]] = {
    "one carry": (lambda *a: [scan(*a)[0][0]], "scan", (1, 2)),
    "a carry that reads another": (lambda *a: [scan(*a)[0][1]], "scan", (2, 3)),
    "one y": (lambda *a: [scan(*a)[1][0]], "scan", (2, 2)),
    "a y that reads what is captured": (lambda *a: [scan(*a)[1][2]], "scan", (2, 3)),
    "all": (lambda *a: [v for part in scan(*a) for v in part], "scan", (6, 5)),
    "the count of a loop": (lambda *a: [loop(*a)[0]], "while", (1, 1)),
    "a state and what it reads": (lambda *a: [loop(*a)[2]], "while", (3, 4)),
    "a branch's result": (lambda *a: [choice(*a)[2]], "switch", (1, 2)),
    "another": (lambda *a: [choice(*a)[1]], "switch", (1, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_read_is_left_out_and_all_else_is_the_same(name: str) -> None:
    function, op, (outs, ins) = CASES[name]
    graph = traced(function)
    less = verify(pruned(graph)[0])
    node = nodes(less, op)[0]
    assert (len(node.uids), len(node.inputs)) == (outs, ins)
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=(3, 2)), rng.normal(size=2), np.asarray(0, "int32")]
    want = evaluate(graph, arrays, np)
    for got, wanted in zip(evaluate(less, arrays, np), want, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert pruned(less)[0] is less


def test_what_else_is_asked_for_stays() -> None:
    graph = traced(lambda *a: [scan(*a)[0][0]])
    (node,) = nodes(graph, "scan")
    other = node.output(1)
    less, (found,) = pruned(graph, [other])
    assert nodes(less, "scan")[0] is not node
    assert found.spec == other.spec
    assert found.node.params["carries"] == 2


def test_a_loop_within_a_loop_is_pruned_too() -> None:
    def outer(xs: Any, h: Any, n: Any) -> Any:
        return [ops.scan(lambda c, x: (scan(xs, c, n)[0][0], None), h, None, 2)[0]]

    graph = pruned(traced(outer))[0]
    inner = nodes(nodes(graph, "scan")[0].params["body"], "scan")[0]
    assert len(inner.uids) == 1


def test_what_was_kept_for_a_gradient_that_needs_less_goes() -> None:
    """The exponential is kept for the gradient of a result that nobody reads."""

    def total(xs: Tensor, h: Tensor) -> Tensor:
        step = lambda a, x: (ops.sin(a + x), ops.exp(a * x))
        return ops.sum(ops.scan(step, h, xs)[0])

    graph = traced(lambda xs, h, n: [grad(total, 0)(xs, h)])
    before = nodes(graph, "scan")[0]
    after = nodes(pruned(graph)[0], "scan")[0]
    assert (before.params["kept"], after.params["kept"]) == (2, 1)  # the carry is still read
    assert len(after.uids) == 2
