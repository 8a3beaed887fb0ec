"""Traces: what a traced function may do, and what it is told when it may not; threads and random keys."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import narae
from narae import Variable, jit, layers, ops
from narae.engine.trace import trace
from narae.graph.ir import Spec
from narae.random.keys import SeedGenerator

VECTOR = Spec((3,), "float32")


def test_variables_become_inputs_and_those_assigned_outputs() -> None:
    read, written = Variable([1.0, 2.0, 3.0]), Variable(0.0)

    def step(x: Any) -> Any:
        written.assign_add(ops.sum(x * read))
        return {"y": x + read}

    traced = trace(step, VECTOR)
    assert {id(v) for v in traced.variables} == {id(read), id(written)}
    assert [traced.variables[i] is written for i in traced.written] == [True]
    assert len(traced.graph.inputs) == 3  # x and two variables
    assert written.numpy() == 0.0  # tracing computes nothing


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x if ops.sum(x) > 0 else -x,
        lambda x: x * float(x[0]),
        lambda x: x * int(x[0]),
        lambda x: x * x.numpy(),
        lambda x: x * np.asarray(x),
        lambda x: x.tolist(),
        lambda x: [0, 1][ops.cast(x[0], "int32")],
    ],
    ids=["if", "float", "int", "numpy", "asarray", "tolist", "index"],
)
def test_a_traced_tensor_has_no_numbers_and_says_the_way_out(use: Any) -> None:
    with pytest.raises(TypeError, match=r"run_eagerly=True"):
        jit(use)(np.ones(3, "float32"))


def test_a_tensor_of_another_trace_is_an_error() -> None:
    kept: list[Any] = []
    jit(lambda x: kept.append(x * 2))(1.0)
    with pytest.raises(ValueError, match=r"tensor\(s\) of another trace"):
        jit(lambda x: x + kept[0])(1.0)


def test_constants_of_the_closure_are_part_of_the_graph() -> None:
    outside = ops.convert_to_tensor([1.0, 2.0, 3.0])
    array = np.array([10.0, 20.0, 30.0], "float32")
    assert jit(lambda x: x + outside + array)(np.zeros(3, "float32")).tolist() == [11, 22, 33]


def test_a_seed_generator_advances_at_each_run_of_a_program() -> None:
    compiled, eager = SeedGenerator(3), SeedGenerator(3)
    draw = jit(lambda: narae.random.uniform((2,), seed=compiled))
    for _ in range(3):
        np.testing.assert_array_equal(draw(), narae.random.uniform((2,), seed=eager))
    assert compiled.state.numpy().tolist() == eager.state.numpy().tolist() == [3, 3]


def test_the_global_generator_advances_within_programs_too() -> None:
    draw = jit(lambda: narae.random.normal((4,)))
    runs = []
    for _ in range(2):
        narae.utils.set_random_seed(5)  # programs that are there already begin anew, too
        runs.append([draw(), draw()])
    np.testing.assert_array_equal(*runs)
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_threads_trace_without_seeing_one_another() -> None:
    model = narae.Sequential([layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2)])
    data = np.random.default_rng(0).normal(size=(2, 90, 4)).astype("float32")
    found: dict[int, list[Any]] = {0: [], 1: []}
    start = threading.Barrier(2)

    def work(i: int) -> None:
        start.wait()
        found[i] += [model.predict(data[i], batch_size=8, verbose=0) for _ in range(15)]

    threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in (0, 1):
        wanted = model(ops.convert_to_tensor(data[i])).numpy()
        assert len(found[i]) == 15
        for got in found[i]:
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
