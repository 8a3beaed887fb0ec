"""Graphs: cut out of what was recorded, run, and applied again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae.ops  # noqa: F401  (gives tensors their type)
from narae.engine.scope import tracing
from narae.engine.tape import GradientTape
from narae.graph.graph import Graph, build, evaluate, reachable, substitute
from narae.graph.ir import Op, Spec, Value, now
from narae.primitives.record import constant
from narae.primitives.records.arithmetic import add, exp, multiply
from narae.primitives.records.shape import iota
from narae.primitives.records.sort import top_k
from narae.tensor.tensor import Tensor, tensor_of

VECTOR = Spec((3,), "float64")
ARRAY = np.array([1.0, 2.0, 3.0])


def traced(spec: Spec = VECTOR) -> Tensor:
    return Tensor(spec)


def run(graph: Graph, *arrays: Any) -> list[np.ndarray]:
    return list(evaluate(graph, arrays, np))


def test_a_concrete_call_runs_at_once_and_a_traced_one_is_recorded() -> None:
    x = tensor_of(ARRAY)
    assert add(x, x).node is None
    assert add(x, x).tolist() == [2, 4, 6]
    y = add(x, traced())
    assert y.data is None
    assert y.node is not None
    assert (y.node.op, y.spec) == (add, VECTOR)
    with pytest.raises(TypeError, match="being traced"):
        y.numpy()


def test_an_op_without_inputs_is_recorded_only_within_a_trace() -> None:
    assert iota(size=2, dtype="int32").tolist() == [0, 1]
    with tracing():
        assert iota(size=2, dtype="int32").data is None


def test_a_tape_records_only_what_comes_from_a_source() -> None:
    x, y = tensor_of(ARRAY), tensor_of(ARRAY)
    with GradientTape() as tape:
        tape.watch(x)
        assert multiply(y, y).node is None
        z = multiply(x, y)
    assert z.node is not None
    assert z.tolist() == [1, 4, 9]
    assert multiply(x, x).node is None


def test_a_graph_has_what_its_outputs_need_in_order() -> None:
    x, y = traced(), traced()
    a = add(x, y)
    unused = exp(a)
    b = multiply(a, a)
    graph, captured = build([x, y], [b, a])
    assert captured == []
    assert [node.op for node in graph.nodes] == [add, multiply]
    assert unused.uid not in {u for node in graph.nodes for u in node.uids}
    for got, wanted in zip(run(graph, ARRAY, ARRAY), [4 * ARRAY**2, 2 * ARRAY], strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_graph_is_acyclic_and_complete() -> None:
    x = traced()
    values, top = x, None
    for _ in range(5):
        values = add(multiply(values, x), values)
    top, places = top_k(values, k=2)
    graph, _ = build([x], [top, places])
    known = {v.uid for v in graph.inputs}
    for node in graph.nodes:
        assert all(v.uid in known or v.data is not None for v in node.inputs)
        known.update(node.uids)
    assert {v.uid for v in graph.outputs} <= known


def test_values_from_outside_are_captured_in_the_order_of_their_making() -> None:
    outer, watched, plain = traced(), tensor_of(ARRAY), tensor_of(10 * ARRAY)
    watched.tracked = True
    since = now()
    x = traced()
    out = add(multiply(x, watched), multiply(outer, plain))
    graph, captured = build([x], [out], since)
    assert [v.uid for v in captured] == [outer.uid, watched.uid]
    assert [v.uid for v in graph.inputs] == [x.uid, outer.uid, watched.uid]
    assert [v.uid for v in graph.constants] == [plain.uid]
    np.testing.assert_allclose(run(graph, ARRAY, ARRAY, ARRAY)[0], ARRAY**2 + 10 * ARRAY**2)


def test_a_graph_ends_at_what_was_recorded_before() -> None:
    x = traced()
    before = exp(x)
    since = now()
    graph, captured = build([], [add(before, before)], since)
    assert [v.uid for v in captured] == [before.uid]
    assert [node.op for node in graph.nodes] == [add]


def test_an_input_in_the_middle_cuts_the_graph() -> None:
    x = traced()
    middle = exp(x)
    graph, captured = build([middle], [add(middle, middle)])
    assert (captured, [node.op for node in graph.nodes]) == ([], [add])


def test_outputs_may_be_inputs_and_constants_and_repeat() -> None:
    x, c = traced(), tensor_of(ARRAY)
    graph, _ = build([x], [x, c, x])
    np.testing.assert_array_equal(run(graph, 2 * ARRAY), [2 * ARRAY, ARRAY, 2 * ARRAY])


def test_one_node_is_walked_once_however_many_paths_lead_to_it() -> None:
    x = traced()
    for _ in range(200):  # 2^200 paths
        x = add(x, x)
    assert len(reachable([x], lambda v: False)) == 200


def test_substitution_is_application() -> None:
    x, y = traced(), traced()
    graph, _ = build([x, y], [exp(multiply(x, y)), add(x, constant(1, "float64"))])
    arrays = [ARRAY, -ARRAY]
    concrete = substitute(graph, [tensor_of(a) for a in arrays])
    for value, wanted in zip(concrete, run(graph, *arrays), strict=True):
        np.testing.assert_array_equal(value.data, wanted)
    again, _ = build(inputs := [traced(), traced()], substitute(graph, inputs))
    assert [node.op for node in again.nodes] == [node.op for node in graph.nodes]
    assert not {u for n in again.nodes for u in n.uids} & {u for n in graph.nodes for u in n.uids}


def test_substitution_keeps_ops_of_several_results() -> None:
    x = traced()
    graph, _ = build([x], list(top_k(x, k=2)))
    values, places = substitute(graph, [tensor_of(ARRAY)])
    assert (values.data.tolist(), places.data.tolist()) == ([3, 2], [2, 1])  # type: ignore[union-attr]


def test_a_graph_reads_as_text() -> None:
    x = traced()
    text = str(build([x], [top_k(multiply(x, constant(2, "float64")), k=1)[0]])[0])
    assert "multiply(" in text
    assert "top_k(" in text
    assert "k=1" in text
    assert text.startswith(f"inputs %{x.uid}: float64[3]")


def test_handles_on_one_output_are_one_value() -> None:
    node = add(traced(), traced()).node
    assert node is not None
    assert node.output(0).uid == node.output(0).uid
    assert isinstance(node.output(0), Op.result_type)
    assert isinstance(node.output(0), Value)
