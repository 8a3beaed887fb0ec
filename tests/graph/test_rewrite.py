"""Simplification changes what is computed, never what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tests.graph.random_graphs import Program, programs

from narae.graph.graph import Graph, build, evaluate
from narae.graph.ir import Spec
from narae.graph.rewrite import simplify
from narae.graph.verify import verify
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.tensor import Tensor


def computing(graph: Graph) -> int:
    """The number of nodes that are not views."""
    return sum(not node.op.view for node in graph.nodes)


def shown(graph: Graph) -> str:
    """A graph's text with its values numbered in order."""
    text = str(graph)
    uids = [v.uid for v in graph.inputs] + [u for n in graph.nodes for u in n.uids]
    for i, uid in enumerate(uids):
        text = text.replace(f"%{uid}:", f"#{i}:").replace(f"%{uid},", f"#{i},")
        text = text.replace(f"%{uid})", f"#{i})")
    return text


@settings(max_examples=150, deadline=None, report_multiple_bugs=False)
@given(programs())
def test_values_are_kept(program: Program) -> None:
    inputs, state = program.arrays()
    simpler = verify(simplify(verify(program.graph)))
    assert computing(simpler) <= computing(program.graph)
    got = evaluate(simpler, [*inputs, *state], np)
    want = evaluate(program.graph, [*inputs, *state], np)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


@settings(max_examples=100, deadline=None, report_multiple_bugs=False)
@given(programs())
def test_twice_is_once(program: Program) -> None:
    once = simplify(program.graph)
    assert shown(simplify(once)) == shown(once)


X, Y = (Tensor(Spec((3, 4), "float32")) for _ in range(2))
ROW = Tensor(Spec((4,), "float32"))
N, B = Tensor(Spec((3,), "int64")), Tensor(Spec((3,), "bool"))
zero, below, one, two = (constant(n, "float32") for n in (0, -0.0, 1, 2))
wide = S.broadcast_to(ROW, shape=(3, 4))

ALGEBRA = {
    "x + 0 makes 0 of -0": (X + zero, ["add"]),
    "x + -0": (X + below, []),
    "x - -0 makes 0 of -0": (X - below, ["subtract"]),
    "whole numbers have one zero": (N + constant(0, "int64"), []),
    "x * 1": (one * X, []),
    "x - 0": (X - zero, []),
    "x / 1": (X / one, []),
    "x ** 2": (A.power(X, two), ["multiply"]),
    "-(-x)": (A.negative(A.negative(X)), []),
    "x + -y": (X + -Y, ["subtract"]),
    "x - -y": (X - -Y, ["add"]),
    "0 + 0 folds": (X - (zero + zero), []),
    "x * 0 may be NaN": (X * zero, ["multiply"]),
    "x / 2 keeps its rounding": (X / two, ["divide"]),
    "x and x": (L.select(L.greater(X, Y), X, X), []),
    "equal computations": ((X + Y) * (Y + X), ["add", "multiply"]),
    "dead code": ((X + Y, X * Y)[0], ["add"]),
    "no gradient to stop": (L.stop_gradient(X) + Y, ["add"]),
    "cast to wider and back": (L.cast(L.cast(X, dtype="float64"), dtype="float32"), []),
    "cast to narrower and back": (
        L.cast(L.cast(X, dtype="float16"), dtype="float32"),
        ["cast", "cast"],
    ),
    "int64 does not fit float64": (
        L.cast(L.cast(N, dtype="float64"), dtype="float32"),
        ["cast", "cast"],
    ),
    "floats out of range become the end": (
        L.cast(L.cast(L.cast(N, dtype="int8"), dtype="float32"), dtype="uint8"),
        ["cast", "cast", "cast"],
    ),
    "bool through int": (L.cast(L.cast(B, dtype="int32"), dtype="float32"), ["cast"]),
    "transpose back": (S.transpose(S.transpose(X, axes=(1, 0)), axes=(1, 0)), []),
    "reshape of reshape": (S.reshape(S.reshape(X, shape=(12,)), shape=(3, 4)), []),
    "broadcast of broadcast": (
        S.broadcast_to(S.broadcast_to(ROW, shape=(1, 4)), shape=(3, 4)),
        ["broadcast_to"],
    ),
    "broadcast by itself": (X + wide, ["add"]),
    "broadcast after": (A.exp(wide), ["exp", "broadcast_to"]),
    "broadcast constant": (X - S.broadcast_to(zero, shape=(3, 4)), []),
    "whole slice": (S.slice_(X, start=(0, 0), stop=(3, 4), step=(1, 1)), []),
    "sum of nothing": (R.reduce_sum(X, axes=()), []),
    "max of one": (R.reduce_max(S.reshape(X, shape=(3, 1, 4)), axes=(1,)), []),
    "concatenate of one": (S.concatenate(X, axis=0), []),
}


@pytest.mark.parametrize("name", ALGEBRA)
def test_algebra(name: str) -> None:
    value, left = ALGEBRA[name]
    graph = build([X, Y, ROW, N, B], [value])[0]
    assert [node.op.name for node in verify(simplify(graph)).nodes] == left


def test_large_constants_are_not_made_early() -> None:
    big = S.broadcast_to(one, shape=(1000, 1000))
    graph = simplify(build([X], [R.reduce_sum(big, axes=(0, 1))])[0])
    assert all(v.data is None or v.data.nbytes <= 8 for v in graph.constants) or not graph.nodes


UNDONE = {
    "transpose": lambda x: (S.transpose(x, axes=(1, 0)),) * 2,
    "reshape": lambda x: (S.reshape(x, shape=(4, 3)), S.reshape(x, shape=(3, 4))),
    "transpose within": lambda x: (
        S.transpose(x, axes=(1, 0)),
        A.exp(S.transpose(S.transpose(x, axes=(1, 0)), axes=(1, 0))),
    ),
}


@pytest.mark.parametrize("name", UNDONE)
def test_the_algebra_does_not_reach_beyond_the_inputs_of_a_graph(name: str) -> None:
    """What a body captures is made outside of it: what undoes that is computed all the same."""
    captured = UNDONE[name](X)[0]
    value = UNDONE[name](captured)[1]
    nodes = build([captured], [value])[0].nodes
    graph = verify(simplify(Graph((captured,), (value,), nodes)))
    assert [v.uid for v in graph.inputs] == [captured.uid]
    assert all(v.uid != X.uid for node in graph.nodes for v in node.inputs)
