"""What is computed again: the same bits, less memory, within bounds; and rows, on random graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.graph.random_graphs import Program, programs

import narae
from narae import layers, ops
from narae.engine import config
from narae.engine.compiled import Compiled, compile_function
from narae.executors import load
from narae.executors.shared.memory import Store
from narae.graph import again, groups
from narae.graph.cost import flops
from narae.graph.fuse import fuse
from narae.graph.graph import evaluate
from narae.graph.ir import Spec
from narae.graph.plan import plan
from narae.graph.verify import verify, verify_plan

SHAPE = (64, 32)


def step(x: Any, w: Any, scale: Any) -> tuple[Any, ...]:
    """Some layers, and the gradients of their sum."""
    with narae.GradientTape() as tape:
        tape.watch([w, scale])
        y = x
        for _ in range(3):
            centered = y - ops.mean(y, axis=-1, keepdims=True)
            spread = ops.mean(centered * centered, axis=-1, keepdims=True)
            y = ops.matmul(centered / ops.sqrt(spread + 0.01) * scale, w)
            y = ops.matmul(ops.gelu(y), w) + y
        total = ops.sum(y * y)
    return (total, *tape.gradient(total, [w, scale]))


def arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    made = [rng.normal(size=SHAPE), rng.normal(size=(32, 32)) / 5, rng.normal(size=(32,))]
    return [a.astype("float32") for a in made]


def compiled(monkeypatch: pytest.MonkeyPatch, least: int) -> Compiled:
    monkeypatch.setattr(again, "FROM", least)
    return compile_function(step, *[Spec(a.shape, "float32") for a in arrays()])


def results(program: Compiled) -> list[np.ndarray]:
    for buffer, array in zip(program.inputs, arrays(), strict=True):
        np.copyto(buffer, array)
    return [np.array(a) for a in program()]


def test_the_same_numbers_from_less_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(again, "SHARE", 1)
    once, twice = (compiled(monkeypatch, least) for least in (1 << 30, 4096))
    assert not once.graph.again.nodes
    assert twice.graph.again.nodes
    # each of three layers spares two normalized arrays and what gelu gave
    spared = twice.graph.again.spared
    assert spared >= 6 * 4 * SHAPE[0] * SHAPE[1]
    # (with steps that compute early what is to be computed again, half of it stays)
    assert twice.program.plan.arena < once.program.plan.arena - 0.55 * spared
    for g, w in zip(results(twice), results(once), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5)


def test_what_it_costs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    for share in (0.0, 0.02, 0.1, 1):
        monkeypatch.setattr(again, "SHARE", share)
        graph = compiled(monkeypatch, 4096).graph
        cost = [
            flops(node) * (again.SLOW if node.op.slow else 1)
            for node in graph.nodes
            if node.uids[0] in graph.again.nodes
        ]
        assert sum(cost) <= share * sum(map(flops, graph.nodes))
        assert (sum(cost) == 0) == (share == 0)


def test_the_plan_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(again, "FROM", 4096)
    monkeypatch.setattr(again, "SHARE", 1)
    model = narae.Sequential(
        [narae.Input((16, 32)), layers.Dense(32, "gelu"), layers.LayerNormalization()]
    )
    model.add(layers.Dense(4))
    model.compile("sgd", "mse")
    x, y = np.ones((4, 16, 32), "float32"), np.ones((4, 16, 4), "float32")
    assert "so that" in str(model.explain_plan(x, y))


@settings(max_examples=60, deadline=None, report_multiple_bugs=False)
@given(program=programs())
def test_random_graphs_compute_the_same(program: Program) -> None:
    graph = program.graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "FROM", 1)
        patch.setattr(again, "SHARE", 1)
        other, _ = again.repeated(graph)
        verify(other)
        verify_plan(plan(fuse(other, True, True), program.states, program.written))
    inputs, state = program.arrays()
    for g, w in zip(
        evaluate(other, [*inputs, *state], np), evaluate(graph, [*inputs, *state], np), strict=True
    ):
        np.testing.assert_array_equal(g, w)


@settings(max_examples=25, deadline=None, report_multiple_bugs=False)
@given(program=programs())
def test_random_graphs_by_rows(program: Program) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "FROM", 1)
        patch.setattr(again, "SHARE", 1)
        patch.setattr(groups, "SHORTEST", 1)
        patch.setattr(groups, "FEW", 1)
        graph = again.repeated(program.graph)[0]
        planned = verify_plan(plan(fuse(graph, True, True), program.states, program.written))
    inputs, state = program.arrays()
    want = evaluate(program.graph, [*inputs, *state], np)
    stores = [Store(np.array(a)) for a in state]
    native = load("native", planned, stores)
    for buffer, array in zip(native.inputs, inputs, strict=True):
        np.copyto(buffer, array)
    found = [*native(), *(stores[i].array for i in program.written)]
    for g, w in zip(found, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


def test_an_update_that_one_step_makes_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """RMSprop's, of a table whose rows are added to: all that is alive at its most are registers of the step."""
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(again, "FROM", 4096)
    monkeypatch.setattr(again, "SHARE", 1)
    model = narae.Sequential(
        [layers.Embedding(500, 8), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    )
    model.compile("rmsprop", "mse")
    report = model.explain_plan(
        np.zeros((4, 3), "int32"), np.zeros((4, 1), "float32"), step="train"
    )
    row = next(row for row in report.rows if "add_at" in row.operations)
    assert "sqrt" in row.operations
