"""Passes are about linear in the graph; a step has bounds; partial gradients add up in one place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.graph.random_graphs import Program, programs

from narae import ops
from narae.engine import config
from narae.engine.compiled import compile_function, planned_for, simplified_for
from narae.engine.tape import GradientTape
from narae.engine.trace import trace
from narae.engine.variable import Variable
from narae.executors import load
from narae.graph.fuse import fuse
from narae.graph.groups import NODES, READS
from narae.graph.ir import Spec
from narae.graph.plan import Plan, plan
from narae.graph.verify import verify_plan

Built = tuple[Callable[..., Any], tuple[Spec, ...]]


def variable(*shape: int) -> Variable:
    return Variable(np.random.default_rng(0).normal(size=shape).astype("float32") / shape[0])


def trained(loss_of: Callable[[Any], Any], weights: list[Variable]) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        with GradientTape() as tape:
            loss = loss_of(x)
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign(w - g * 0.01)
        return loss

    return step


def deep(n: int) -> Built:
    """n layers, each with weights of its own."""
    weights = [variable(8, 8) for _ in range(n)]

    def loss(x: Any) -> Any:
        for w in weights:
            x = ops.tanh(ops.matmul(x, w))
        return ops.sum(x * x)

    return trained(loss, weights), (Spec((4, 8), "float32"),)


def wide(n: int) -> Built:
    """One input to n weights, and a sum of all."""
    weights = [variable(8) for _ in range(n)]

    def loss(x: Any) -> Any:
        total: Any = 0.0
        for w in weights:
            total = total + ops.sum(ops.exp(x * w))
        return total

    return trained(loss, weights), (Spec((4, 8), "float32"),)


def unrolled(n: int, size: int = 8) -> Built:
    """A recurrent net: a matrix and a bias are used n times."""
    w, b = variable(size, size), variable(size)

    def loss(x: Any) -> Any:
        for _ in range(n):
            x = ops.tanh(ops.matmul(x, w) + b)
        return ops.sum(x * x)

    return trained(loss, [w, b]), (Spec((2, size), "float32"),)


def chain(n: int) -> Built:
    """Elementwise operations alone, which could all be one step."""

    def step(x: Any) -> Any:
        for _ in range(n):
            x = ops.sin(x) * 0.7 + x
        return x

    return step, (Spec((4, 8), "float32"),)


def sums(n: int) -> Built:
    """n results that are needed at once, whatever order there is."""

    def step(x: Any) -> Any:
        parts = [ops.cumsum(x * float(i), axis=1) for i in range(n)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total, ops.concatenate(parts, axis=0)

    return step, (Spec((4, 8), "float32"),)


KINDS = [deep, wide, unrolled, chain, sums]


def planned(built: Built, executor: str = "native") -> tuple[Plan, list[Variable]]:
    traced = trace(built[0], *built[1])
    made = planned_for(executor, simplified_for(executor, traced.graph)[0], traced)
    return made, traced.variables


@pytest.mark.parametrize("executor", ["native", "numpy"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_has_bounds(kind: Callable[[int], Built], executor: str) -> None:
    made = verify_plan(planned(kind(150), executor)[0])
    for step in made.steps:
        if step.shape is not None:
            assert len(step.reads) <= READS
            assert len(step.nodes) <= NODES
    assert sum(len(step.nodes) for step in made.steps) > 150


def lines_run(function: Callable[[], Any]) -> int:
    """How many lines of narae's passes and executors are run: a measure of work that is the same on
    any machine."""
    count = [0]

    def local(frame: FrameType, event: str, _: Any) -> Any:
        count[0] += 1
        return local

    def entered(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_globals.get("__name__", "")
        return local if name.startswith(("narae.graph", "narae.executors")) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        function()
    finally:
        sys.settrace(before)
    return count[0]


def rise(work: Callable[[int], Callable[[], Any]], n: int) -> float:
    """How much more a graph twice as large takes, beyond twice as much."""
    return lines_run(work(2 * n)) / lines_run(work(n)) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_fusion_and_planning_grow_with_the_graph(kind: Callable[[int], Built]) -> None:
    def work(n: int) -> Callable[[], Any]:
        traced = trace(*(lambda built: (built[0], *built[1]))(kind(n)))
        graph = simplified_for("native", traced.graph)[0]
        return lambda: planned_for("native", graph, traced)

    assert rise(work, 100) < 1.3


@pytest.mark.parametrize("kind", [deep, unrolled, chain, sums])
def test_loading_grows_with_the_graph(kind: Callable[[int], Built]) -> None:
    def work(n: int) -> Callable[[], Any]:
        made, variables = planned(kind(n))
        stores = [v.store for v in variables]
        load("native", made, stores)  # now the kernels are there
        return lambda: load("native", made, stores)

    assert rise(work, 60) < 1.3


@pytest.mark.parametrize("executor", ["native", "numpy"])
def test_partial_gradients_add_up_in_one_place(executor: str) -> None:
    """Beyond what the forward pass leaves for the backward pass nothing grows with the uses."""
    size, rows = 128, 2
    more = []
    for n in (4, 40, 400):
        made = planned(unrolled(n, size), executor)[0]
        activations = n * rows * size * 4
        # gradients of the bias, of one row, are small: they have memory of their own
        biases = n * size * 4
        more.append(made.arena - activations - biases)
    assert max(more) <= min(more) + 4 * size * size * 4


def test_partial_gradients_of_a_table() -> None:
    """What a scatter gives is as large as the table."""
    table = variable(5000, 16)

    def loss(x: Any) -> Any:
        total: Any = 0.0
        for i in range(n):
            total = total + ops.sum(ops.tanh(ops.take(table, x[:, i], axis=0)))
        return total

    peaks = []
    for n in (4, 12, 36):
        made = planned((trained(loss, [table]), (Spec((2, n), "int32"),)))[0]
        peaks.append(made.arena)
    assert peaks[-1] < 8 * 5000 * 16 * 4
    assert peaks[-1] < peaks[0] * 2


@pytest.mark.parametrize("n", [4, 40])
def test_many_partial_gradients_are_right_for_any_number_of_threads(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for executor, threads in (("numpy", 1), ("native", 1), ("native", 2), ("native", 4)):
        monkeypatch.setattr(config, "_chosen", [executor])
        monkeypatch.setattr(config, "_threads", [threads])
        step, specs = unrolled(n, 96)
        program = compile_function(step, *specs)
        program.inputs[0][...] = np.random.default_rng(1).normal(size=(2, 96))
        for _ in range(3):
            program()
        found[executor, threads] = [v.numpy() for v in program.traced.variables]
    for threads in (2, 4):
        for a, b in zip(found["native", 1], found["native", threads], strict=True):
            assert a.tobytes() == b.tobytes()
    for a, b in zip(found["native", 1], found["numpy", 1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@settings(max_examples=60, deadline=None, report_multiple_bugs=False)
@given(programs(40))
def test_steps_with_heads_make_no_cycle(program: Program) -> None:
    fused = fuse(program.graph, heads=True)
    made = verify_plan(plan(fused, program.states, program.written))
    assert sum(len(s.nodes) for s in made.steps) == len(fused.aliases.computing)
