"""Scans whose bodies do what cells do: the loop keeps the recursion alone, and changes no number."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
import pytest

import narae
from narae import ops
from narae.engine.jit import jit
from narae.engine.tape import GradientTape, grad
from narae.graph.graph import Graph, build, evaluate
from narae.graph.ir import Node, Spec
from narae.primitives.records import kept, outside
from narae.primitives.records.body import trace_graph
from narae.primitives.records.scan import scan_over
from narae.random import SeedGenerator
from narae.tensor.tensor import tensor_of

B, T, F, U = 3, 4, 2, 5
Step = Callable[..., list[Any]]


def split(z: Any, count: int) -> list[Any]:
    return [z[:, i * U : i * U + U] for i in range(count)]


def simple(h: Any, x: Any, w: Any, u: Any) -> list[Any]:
    h = ops.tanh(x @ w + h @ u)
    return [h, h]


def lstm(h: Any, c: Any, x: Any, w: Any, u: Any, b: Any) -> list[Any]:
    i, f, g, o = split(x @ w + h @ u + b, 4)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    h = ops.sigmoid(o) * ops.tanh(c)
    return [h, c, h]


def gru(h: Any, x: Any, w: Any, uz: Any, uh: Any) -> list[Any]:
    """The reset gate comes before the product: its gradient reads r * h of each step."""
    a, b, c = split(x @ w, 3)
    z, r = split(ops.sigmoid(ops.concatenate([a, b], 1) + h @ uz), 2)
    h = z * h + (1 - z) * ops.tanh(c + (r * h) @ uh)
    return [h, h]


def masked(h: Any, x: Any, m: Any, u: Any) -> list[Any]:
    new = ops.tanh(x + h @ u)
    return [ops.where(m > 0, new, h), ops.where(m > 0, new, new * 0)]


def projected(h: Any, x: Any, u: Any, v: Any, d: Any) -> list[Any]:
    """A softmax of a product that the carry does not need, and one that it does."""
    h = ops.tanh(x + (h @ u) * d)
    return [h, ops.softmax(h @ v), ops.sum(h, axis=1)]


def normalized(h: Any, x: Any, u: Any, g: Any) -> list[Any]:
    z = x + h @ ops.transpose(u)
    z = z - ops.mean(z, axis=1, keepdims=True)
    h = z * ops.rsqrt(ops.mean(z * z, axis=1, keepdims=True) + 0.1) * g
    return [h, h * h]


def tied(h: Any, x: Any, u: Any) -> list[Any]:
    """One weight twice, and transposed; a carry that is handed on, and one that adds up."""
    h = ops.sin(x + (h @ u) @ ops.transpose(u))
    return [h, ops.reshape(h @ u, (B, U, 1))]


def fast_weights(h: Any, m: Any, x: Any, u: Any) -> list[Any]:
    """A matrix for each row is carried; products in which both sides move."""
    k = x + h @ u
    m = 0.5 * m + ops.einsum("bi,bj->bij", k, k)
    h = ops.tanh(ops.einsum("bij,bj->bi", m, h) * 0.1)
    return [h, m, h]


def convolved(h: Any, x: Any, w: Any, u: Any) -> list[Any]:
    """A convolution of the slices, and one of the state."""
    h = ops.tanh(ops.conv(x, w, padding="same") + ops.conv(h, u, padding="same"))
    return [h, h]


def mapped(x: Any, u: Any) -> list[Any]:
    return [ops.exp(x @ u), ops.sum(u), x]


def summing(n: Any, s: Any, c: Any, x: Any, u: Any) -> list[Any]:
    """Carries that only add up, one that stays, and a count."""
    return [n + 1, s + ops.transpose(x) @ ops.tanh(x @ u), c, ops.cast(n, "float64") * c]


def stopped(h: Any, x: Any, u: Any) -> list[Any]:
    """No gradient comes by one way of the carry, and of a result."""
    h = ops.tanh(x + h @ u) + ops.stop_gradient(h) * 0.3
    return [h, ops.stop_gradient(h @ u) * h]


def nested(h: Any, x: Any, u: Any) -> list[Any]:
    (h,) = scan_over(lambda c: [ops.tanh(c @ u + x)], [h], [], 2)
    return [h, h * 2]


def chosen(h: Any, x: Any, u: Any) -> list[Any]:
    h = ops.cond(ops.sum(x) > 0, lambda: ops.tanh(h @ u + x), lambda: ops.sin(h @ u))
    return [h, h]


H, X, SQUARE, ROW = (B, U), (T, B, U), (U, U), (U,)
BODIES: dict[str, tuple[Step, list[tuple], list[tuple], list[tuple]]] = {
    "simple": (simple, [H], [(T, B, F)], [(F, U), SQUARE]),
    "lstm": (lstm, [H, H], [(T, B, F)], [(F, 4 * U), (U, 4 * U), (4 * U,)]),
    "gru": (gru, [H], [(T, B, F)], [(F, 3 * U), (U, 2 * U), SQUARE]),
    "masked": (masked, [H], [X, (T, B, 1)], [SQUARE]),
    "projected": (projected, [H], [X], [SQUARE, (U, 3), H]),
    "normalized": (normalized, [H], [X], [SQUARE, ROW]),
    "tied": (tied, [H], [X], [SQUARE]),
    "fast weights": (fast_weights, [H, (B, U, U)], [X], [SQUARE]),
    "convolved": (convolved, [(B, 6, U)], [(T, B, 6, F)], [(3, F, U), (3, U, U)]),
    "mapped": (mapped, [], [X], [SQUARE]),
    "summing": (summing, [(), SQUARE, ()], [X], [SQUARE]),
    "stopped": (stopped, [H], [X], [SQUARE]),
    "nested": (nested, [H], [X], [SQUARE]),
    "chosen": (chosen, [H], [X], [SQUARE]),
}


def arrays_of(name: str) -> list[Any]:
    rng = np.random.default_rng(7)
    _, first, xs, rest = BODIES[name]
    return [tensor_of(np.asarray(rng.normal(size=s) * 0.5)) for s in (*first, *xs, *rest)]


def scanned(name: str, reverse: bool = False) -> Callable[..., list[Any]]:
    step, first, xs, _ = BODIES[name]

    def run(*args: Any) -> list[Any]:
        n, m = len(first), len(first) + len(xs)
        body = lambda *moving: step(*moving, *args[m:])
        return list(scan_over(body, args[:n], args[n:m], T, reverse))

    return run


def unrolled(name: str, reverse: bool = False) -> Callable[..., list[Any]]:
    step, first, xs, _ = BODIES[name]

    def run(*args: Any) -> list[Any]:
        n, m = len(first), len(first) + len(xs)
        carry, rows = list(args[:n]), []
        for t in reversed(range(T)) if reverse else range(T):
            out = step(*carry, *(x[t] for x in args[n:m]), *args[m:])
            carry = out[:n]
            rows.append([ops.convert_to_tensor(y) for y in out[n:]])
        rows = rows[::-1] if reverse else rows
        return carry + [ops.stack(list(ys)) for ys in zip(*rows, strict=True)]

    return run


def weighed(function: Callable[..., list[Any]]) -> Callable[..., Any]:
    """One number of all results, each element with a weight of its own."""

    def run(*args: Any) -> Any:
        total = ops.convert_to_tensor(np.asarray(0.0))
        for i, v in enumerate(function(*args)):
            total = total + ops.sum(v * ops.cos(ops.reshape(ops.arange(v.size) + i, v.shape)))
        return total

    return run


def slopes(function: Callable[..., list[Any]], count: int) -> Callable[..., Any]:
    return grad(weighed(function), tuple(range(count)))


def close(got: Sequence[Any], want: Sequence[Any]) -> None:
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g.numpy(), w.numpy(), rtol=1e-8, atol=1e-9)


def on(executor: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compiled for an executor."""

    def way(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            with mock.patch.dict(os.environ, NARAE_EXECUTOR=executor):
                return jit(function)(*args)

        return run

    return way


WAYS = [pytest.param(lambda f: f, id="eager")]
WAYS += [pytest.param(on(name), id=name) for name in ("numpy", "native")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BODIES)
def test_results_and_gradients_are_those_of_the_steps_one_by_one(name: str, way: Any) -> None:
    args = arrays_of(name)
    close(way(scanned(name))(*args), unrolled(name)(*args))
    close(way(slopes(scanned(name), len(args)))(*args), slopes(unrolled(name), len(args))(*args))


@pytest.mark.parametrize("name", ["lstm", "projected", "chosen"])
def test_on_xla_as_well(name: str) -> None:
    args = arrays_of(name)
    got = on("xla")(slopes(scanned(name), len(args)))(*args)
    close(got, slopes(unrolled(name), len(args))(*args))


@pytest.mark.parametrize("name", ["lstm", "projected", "fast weights", "summing", "mapped"])
def test_in_reverse_as_well(name: str) -> None:
    args = arrays_of(name)
    close(scanned(name, True)(*args), unrolled(name, True)(*args))
    want = slopes(unrolled(name, True), len(args))(*args)
    close(slopes(scanned(name, True), len(args))(*args), want)


@pytest.mark.parametrize("name", ["simple", "gru", "projected", "summing", "stopped", "nested"])
def test_gradients_of_gradients(name: str) -> None:
    args = arrays_of(name)

    def second(function: Callable[..., list[Any]]) -> Any:
        first = slopes(function, len(args))
        return slopes(lambda *args: list(first(*args)), len(args))(*args)

    close(second(scanned(name)), second(unrolled(name)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["lstm", "gru", "projected", "nested"])
def test_where_little_may_be_kept_steps_run_once_more(
    name: str, way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LIMIT", 0)
    monkeypatch.setattr(outside, "LIMIT", 0)
    args = arrays_of(name)
    close(way(slopes(scanned(name), len(args)))(*args), slopes(unrolled(name), len(args))(*args))


# --- what is left in the loop ---


def scans_of(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes if node.op.name == "scan"]


def traced(name: str, function: Callable[..., Sequence[Any]]) -> Graph:
    return trace_graph(function, [Spec(x.shape, x.dtype) for x in arrays_of(name)])[0]


def count(graph: Graph, name: str) -> int:
    return sum(node.op.name == name for node in graph.nodes)


# products and slow functions in a step forward, and in a step back
LEFT = {
    "simple": ((1, 1), (1, 0)),
    "lstm": ((1, 5), (1, 0)),
    "gru": ((2, 2), (2, 0)),
    "masked": ((1, 1), (1, 0)),
    "convolved": ((1, 1), (1, 0)),
    "projected": ((1, 1), (1, 0)),
    "tied": ((2, 0), (2, 0)),
}


@pytest.mark.parametrize("name", LEFT)
def test_the_loop_has_the_products_of_the_recursion_alone(name: str) -> None:
    graph = traced(name, slopes(scanned(name), len(arrays_of(name))))
    product = "conv" if name == "convolved" else "dot"
    found = [
        (count(s.params["body"], product), count(s.params["body"], "tanh")) for s in scans_of(graph)
    ]
    assert found == list(LEFT[name])


def test_a_map_is_no_loop() -> None:
    assert not scans_of(traced("mapped", scanned("mapped")))


@pytest.mark.parametrize("name", ["lstm", "summing", "nested"])
def test_one_step_is_no_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.T", 1)
    args = [x[:1] if x.shape[:1] == (4,) else x for x in arrays_of(name)]
    graph = trace_graph(scanned(name), [Spec(x.shape, x.dtype) for x in args])[0]
    assert len(scans_of(graph)) == (name == "nested")
    close(scanned(name)(*args), unrolled(name)(*args))
    close(slopes(scanned(name), len(args))(*args), slopes(unrolled(name), len(args))(*args))


def test_sums_of_weights_are_no_carries() -> None:
    """Rows of the batch do not meet in a step back: what adds them up is after the loop."""
    forward, backward = scans_of(traced("lstm", slopes(scanned("lstm"), 6)))
    for scan in (forward, backward):
        assert [s.shape for s in scan.specs[:2]] == [H, H]
        assert scan.params["carries"] == 2
        split = scan.op.rows(
            scan, (0, *[None] * (len(scan.inputs) - 1)), [None] * len(scan.specs), B
        )
        assert set(split.outs[:2]) == {0}
        assert set(split.outs[2:]) == {1}


@pytest.mark.parametrize("name", ["lstm", "gru", "projected"])
def test_nothing_is_kept_where_no_gradient_is_asked_for(name: str) -> None:
    (scan,) = scans_of(traced(name, scanned(name)))
    assert scan.params["kept"] is None
    first, ys = len(BODIES[name][1]), len(scan.specs)
    assert ys - first <= 1  # the states, of which all results are made


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def sizes() -> int:
        scan = scans_of(traced("lstm", slopes(scanned("lstm"), 6)))[0]
        return scan.params["kept"]

    assert sizes() == 7  # two states, and what five slow functions gave
    monkeypatch.setattr(kept, "LIMIT", 5 * 8 * T * B * U - 1)
    assert sizes() == 2


def test_what_is_stacked_for_sums_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The products of r * h, which are no gradient of a slice: beyond the limit their sum is a carry."""
    backward = lambda: scans_of(traced("gru", slopes(scanned("gru"), 5)))[-1]
    assert backward().params["carries"] == 1
    monkeypatch.setattr(outside, "LIMIT", 0)
    assert backward().params["carries"] > 1


# --- scope ---


@pytest.mark.parametrize("way", WAYS)
def test_each_step_draws_a_mask_of_its_own_and_its_gradient_has_the_same(way: Any) -> None:
    """The gradient of a sum of dropped carries is the product of the masks that were drawn."""
    seed = SeedGenerator(5)

    def value(x: Any) -> Any:
        step = lambda c: [narae.random.dropout(c, 0.3, seed=seed)]
        return scan_over(step, [x], [], 3)[0]

    def both(x: Any) -> list[Any]:
        with GradientTape() as tape:
            tape.watch(x)
            y = value(x)
        return [y, tape.gradient(y, x)]

    x = tensor_of(np.ones((20, 7)))
    y, slope = way(both)(x)
    np.testing.assert_array_equal(y.numpy(), slope.numpy())
    assert 0 < np.count_nonzero(y.numpy()) < 100  # 0.7³ of 140 are about 48


def test_a_plan_says_what_is_kept() -> None:
    (forward, backward) = scans_of(traced("lstm", slopes(scanned("lstm"), 6)))
    title = forward.op.inside(forward)[0].title
    assert title == f"each of {T} rounds, {7 * 8 * T * B * U:,} bytes kept for the gradient"
    assert backward.op.inside(backward)[0].title == f"each of {T} rounds"


# --- what is drawn in parts ---


def test_a_body_that_draws_splits_into_rows_that_draw_the_same() -> None:
    seed, x = SeedGenerator(3), tensor_of(np.ones((B, U)))

    def run(h: Any) -> list[Any]:
        step = lambda c: [narae.random.dropout(ops.sin(c + 1), 0.4, seed=seed)]
        return list(scan_over(step, [h], [], T))

    graph = trace_graph(run, [x.spec])[0]
    (scan,) = scans_of(graph)
    split = scan.op.rows(scan, (0, *[None] * (len(scan.inputs) - 1)), [None] * len(scan.specs), B)
    assert split.ins.count(0) == 2  # the carry, and the numbers of the places
    arrays = evaluate(build(graph.inputs, scan.inputs)[0], [x.data], np)
    whole = scan.op.forward(np, *arrays, **scan.params)[0]
    for start in range(B):
        part = [
            x[start : start + 1] if a == 0 else x for x, a in zip(arrays, split.ins, strict=True)
        ]
        (drawn, *_) = scan.op.forward(np, *part, **{**scan.params, **split.params(1)})
        np.testing.assert_array_equal(drawn, whole[start : start + 1])
