"""Fusion: steps hold each computing node once, make no cycle, and change no bit of the result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tests.graph.random_graphs import Program, programs

from narae.executors.numpy import blocks
from narae.executors.numpy.program import NumpyProgram
from narae.graph.fuse import Fused, Step, fuse
from narae.graph.graph import Graph, build, find_aliases
from narae.graph.ir import Spec, Value
from narae.graph.plan import plan
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.contract import dot
from narae.tensor.tensor import Tensor


def unfused(graph: Graph) -> Fused:
    """Each computing node a step of its own."""
    aliases = find_aliases(graph)
    steps = tuple(Step((node,), None, frozenset()) for node in aliases.computing)
    return Fused(graph, aliases, steps)


def results(program: Program, fused: Fused) -> list[np.ndarray]:
    inputs, state = program.arrays()
    loaded = NumpyProgram(plan(fused, program.states, program.written), state)
    for buffer, array in zip(loaded.inputs, inputs, strict=True):
        np.copyto(buffer, array)
    return [*loaded(), *state]


@pytest.mark.parametrize("block", [2, 6, 1 << 16])
@settings(max_examples=60, deadline=None, report_multiple_bugs=False)
@given(program=programs())
def test_fused_equals_unfused(block: int, program: Program) -> None:
    whole, blocks.BLOCK = blocks.BLOCK, block
    try:
        got = results(program, fuse(program.graph))
    finally:
        blocks.BLOCK = whole
    for g, w in zip(got, results(program, unfused(program.graph)), strict=True):
        np.testing.assert_array_equal(g, w)


@settings(max_examples=100, deadline=None, report_multiple_bugs=False)
@given(programs(30))
def test_every_computing_node_is_in_one_step(program: Program) -> None:
    fused = fuse(program.graph)
    uids = [node.uids for step in fused.steps for node in step.nodes]
    assert sorted(uids) == sorted(node.uids for node in fused.aliases.computing)
    for step in fused.steps:
        made = {u for node in step.nodes for u in node.uids}
        outside = [n for s in fused.steps if s is not step for n in s.nodes]
        read = {fused.aliases.root[v.uid] for n in outside for v in n.inputs}
        assert not step.inner & read
        assert step.inner <= made
        shapes = {s.shape for n in step.nodes for s in n.specs}
        assert len(step.nodes) == 1 or shapes == {step.shape}


def steps_of(inputs: list[Value], outputs: list[Value]) -> list[list[str]]:
    fused = fuse(build(inputs, outputs)[0])
    return sorted([n.op.name for n in s.nodes] for s in fused.steps)


x, y = (Tensor(Spec((4, 4), "float32")) for _ in range(2))


def test_a_chain_is_one_step() -> None:
    assert steps_of([x, y], [A.exp(x * y) + x]) == [["multiply", "exp", "add"]]


def test_a_path_through_another_step_is_no_cycle() -> None:
    e = A.exp(x)
    total = R.reduce_sum(e, axes=(1,))
    out = e / S.broadcast_to(S.reshape(total, shape=(4, 1)), shape=(4, 4))
    assert steps_of([x], [out]) == [["divide"], ["exp"], ["reduce_sum"]]


def test_a_view_of_a_step_is_not_read_within_it() -> None:
    e = A.exp(x)
    assert steps_of([x], [e + S.transpose(e, axes=(1, 0))]) == [["add"], ["exp"]]


def test_other_shapes_are_other_steps() -> None:
    assert steps_of([x], [A.exp(R.reduce_sum(x, axes=(0,))), A.exp(x)]) == [
        ["exp"],
        ["exp"],
        ["reduce_sum"],
    ]


def _backward(forward: Value, needed: Value) -> Value:
    """What depends on a step by way of a product, and on another value besides."""
    return dot(forward, y, contract=((1,), (0,)), batch=((), ())) * needed


def test_what_is_cheaper_to_pass_on_is_computed_early() -> None:
    z, zero = x + y, constant(0, "float32")
    kept = L.select(L.greater(z, zero), _backward(A.maximum(z, zero), y), zero)
    assert steps_of([x, y], [kept]) == [  # a mask of bytes is passed on, not the floats it is of
        ["add", "greater", "maximum"],
        ["dot"],
        ["multiply", "select"],
    ]


def test_what_costs_no_bytes_is_computed_late() -> None:
    t = A.tanh(x)
    slope = constant(1, "float32") - t * t
    assert steps_of([x, y], [_backward(t, t) * slope]) == [  # t is passed on anyway
        ["dot"],
        ["multiply", "subtract", "multiply", "multiply"],
        ["tanh"],
    ]
