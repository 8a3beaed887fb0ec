"""Programs over variables: state in place and in order, results that stay, nothing allocated."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import narae.ops as ops
from narae.engine import config
from narae.engine.compiled import Compiled, compile_function
from narae.engine.tape import GradientTape
from narae.engine.variable import Variable
from narae.executors import load
from narae.executors.numpy import blocks
from narae.executors.shared.memory import Store
from narae.graph.fuse import fuse
from narae.graph.graph import build
from narae.graph.ir import Spec
from narae.graph.plan import plan
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import loop, scan, switch
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.contract import dot
from narae.primitives.records.index import take
from narae.tensor.tensor import Tensor

pytestmark = pytest.mark.usefixtures("each_executor")


def variables(*values: Any) -> list[Variable]:
    return [Variable(np.asarray(v, "float32")) for v in values]


def test_a_swap() -> None:
    a, b = variables([1.0, 2.0], [3.0, 4.0])

    def swap() -> None:
        old = a.value
        a.assign(b)
        b.assign(old)

    program = compile_function(swap)
    program()
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([3, 4], [1, 2])
    program()
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([1, 2], [3, 4])


def test_fibonacci() -> None:
    a, b = variables(1.0, 1.0)

    def step() -> None:
        old = a.value
        a.assign(old + b)
        b.assign(old)

    program = compile_function(step)
    seen = [program() or int(a) for _ in range(6)]
    assert seen == [2, 3, 5, 8, 13, 21]


def test_a_state_that_rotates() -> None:
    (a,) = variables([1.0, 2.0, 3.0])
    program = compile_function(lambda: a.assign(S.flip_axes(a.value, (0,))))
    assert program().tolist() == [3, 2, 1]
    assert a.numpy().tolist() == [3, 2, 1]
    program()
    assert a.numpy().tolist() == [1, 2, 3]


def test_results_are_the_values_of_their_time() -> None:
    (a,) = variables([1.0, 2.0])

    def step(x: Tensor) -> Any:
        old = a.value
        new = a.assign_add(x)
        return old, new, new, S.reshape(old, shape=(2, 1)), x, constant(7, "float32")

    program = compile_function(step, Spec((2,), "float32"))
    program.inputs[0][...] = [10, 20]
    old, new, again, column, x, seven = program()
    assert (old.tolist(), new.tolist(), again.tolist()) == ([1, 2], [11, 22], [11, 22])
    assert (column.tolist(), x.tolist(), seven.item()) == ([[1], [2]], [10, 20], 7)
    program.inputs[0][...] = 0
    a.assign([0.0, 0.0])
    assert (old.tolist(), new.tolist(), x.tolist()) == ([1, 2], [11, 22], [10, 20])


def test_one_value_for_two_states() -> None:
    a, b = variables([1.0], [5.0])

    def step() -> None:
        total = a.value + b.value
        a.assign(total)
        b.assign(total)

    program = compile_function(step)
    program()
    program()
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([12], [12])


def test_state_from_an_input_a_constant_and_itself() -> None:
    a, b, c = variables([1.0], [2.0], [3.0])

    def step(x: Tensor) -> None:
        a.assign(x)
        b.assign([9.0])
        c.assign(c.value)

    program = compile_function(step, Spec((1,), "float32"))
    program.inputs[0][...] = 4
    program()
    assert [v.numpy().item() for v in (a, b, c)] == [4, 9, 3]


def test_empty_arrays() -> None:
    (a,) = variables(np.zeros((0, 3)))

    def step(x: Tensor) -> Any:
        a.assign(a.value + x)
        return R.reduce_sum(A.exp(x) * a.value, axes=(0,)), S.transpose(x, axes=(1, 0))

    total, turned = compile_function(step, Spec((0, 3), "float32"))()
    assert total.tolist() == [0, 0, 0]
    assert turned.shape == (3, 0)


def test_state_must_fit() -> None:
    x, w = Tensor(Spec((2,), "float32")), Tensor(Spec((2,), "float32"))
    made = plan(fuse(build([x, w], [x + w])[0]), 1, [0])
    with pytest.raises(ValueError, match=r"state must be .* shape \(2,\) and dtype float32"):
        load("numpy", made, [Store(np.zeros(3, "float32"))])
    with pytest.raises(ValueError, match="C-contiguous"):
        load("numpy", made, [Store(np.zeros(4, "float32")[::2])])


def dense(x: Any, w: Any) -> Any:
    return dot(x, w, contract=((1,), (0,)), batch=((), ()))


def training_step(sizes: tuple[int, ...], batch: int) -> tuple[Compiled, list[Variable]]:
    """A multi-layer perceptron with RMSprop, all by hand."""
    rng = np.random.default_rng(0)
    params: list[Variable] = []
    for rows, columns in pairwise(sizes):
        params += variables(rng.normal(size=(rows, columns)) / rows**0.5, np.zeros(columns))
    means = variables(*(np.zeros(p.shape) for p in params))

    def step(x: Tensor, y: Tensor) -> Tensor:
        with GradientTape() as tape:
            h: Any = x
            for i in range(0, len(params), 2):
                h = dense(h, params[i].value) + params[i + 1].value
                if i + 2 < len(params):
                    h = L.select(L.greater(h, constant(0, h.dtype)), h, constant(0, h.dtype))
            error = h - y
            loss = R.reduce_sum(error * error, axes=(0, 1)) * (1 / batch)
        for p, v, g in zip(params, means, tape.gradient(loss, params), strict=True):
            v.assign(v.value * 0.9 + g * g * 0.1)
            p.assign(p.value - g * 1e-3 / (A.sqrt(v.value) + 1e-7))
        return loss

    shapes = [Spec((batch, n), "float32") for n in (sizes[0], sizes[-1])]
    program = compile_function(step, *shapes)
    for buffer in program.inputs:
        buffer[...] = rng.normal(size=buffer.shape)
    return program, params


def allocated(function: Callable[[], Any], times: int = 50) -> int:
    """The most bytes that were in use at once beyond those in use before."""
    for _ in range(3):
        function()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(times):
            function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_a_training_step_learns_and_allocates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    monkeypatch.setattr(blocks, "BLOCK", 1 << 12)  # 300 x 100 weights: 8 blocks
    program, _ = training_step((300, 100, 10), 256)
    assert "for b0" in program.program.source
    first = program().item()
    # NumPy's iterator asks for a buffer of 8192 elements where a ufunc broadcasts, used or not;
    # the smallest array of a layer has 100 kB, that of a gradient 120 kB
    assert allocated(program) < 40_000
    assert program().item() < first / 2


def test_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    found = []
    for block in (1 << 16, 1000):
        monkeypatch.setattr(blocks, "BLOCK", block)
        program, params = training_step((100, 60, 10), 8)
        losses = [program().item() for _ in range(3)]
        found.append((losses, [p.numpy().tobytes() for p in params]))
    assert found[0] == found[1]


def test_a_gradient_lives_no_longer_than_needed() -> None:
    program, params = training_step((64, 64, 64, 64, 64), 4)
    weights = sum(p.size * 4 for p in params)
    assert program.program.plan.arena < weights / 2


def test_a_scan_a_loop_and_a_choice_allocate_nothing() -> None:
    (w,) = variables(np.eye(64) * 0.9)

    def step(x: Tensor, many: Tensor) -> Any:
        one = constant(1, "int32")
        h, ys = scan.scan_over(
            lambda h, x: [A.tanh(dense(h, w.value) + x)] * 2,
            [x],
            [S.reshape(many, shape=(8, 32, 64))],
            8,
        )
        n, total = loop.repeat_while(
            lambda n, t: L.less(n, constant(5, "int32")),
            lambda n, t: [n + one, t + h],
            [ops.convert_to_tensor(0), h],
        )
        (chosen,) = switch.choose(
            L.greater(n, constant(9, "int32")), [lambda t: [t], lambda t: [-t]], [total]
        )
        return chosen, ys

    program = compile_function(step, Spec((32, 64), "float32"), Spec((256, 64), "float32"))
    rng = np.random.default_rng(0)
    for buffer in program.inputs:
        buffer[...] = rng.normal(size=buffer.shape)
    x, many = program.inputs
    h = x
    for part in many.reshape(8, 32, 64):
        h = np.tanh(h @ w.numpy() + part)
    chosen, ys = program()
    np.testing.assert_allclose(ys[-1], h, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(chosen, 6 * h, rtol=1e-5, atol=1e-5)
    if config.executor() != "xla":  # whose memory is its own
        assert allocated(program, 10) < 8_000  # one array of a step has as many bytes


def test_an_interrupted_step_leaves_state_to_go_on_with() -> None:
    a, b = variables([1.0, 1.0], [1.0, 1.0])

    def step(index: Tensor) -> None:
        a.assign(a.value * 2)
        taken = L.cast(b.value, dtype="float32")
        b.assign(take(taken, index, axis=0) * 3)

    program = compile_function(step, Spec((2,), "int32"))
    program.inputs[0][...] = 5
    with pytest.raises(IndexError):
        program()
    program.inputs[0][...] = [0, 1]
    before = b.numpy()
    program()
    assert b.numpy().tolist() == (before * 3).tolist()
    assert set(np.log2(a.numpy())) <= {1.0, 2.0}  # each step is done or not done


def test_source_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    (a,) = variables([1.0, 2.0])
    program = compile_function(lambda x: a.assign(a.value * 2 + x), Spec((2,), "float32"))
    lines = program.program.source.splitlines()
    assert "    # multiply add: float32[2]" in lines
    assert sum("(" in line for line in lines[2:]) == 3  # two ufuncs and the copy of the result


def test_known_values_need_no_run() -> None:
    big = S.broadcast_to(constant(2, "float32"), shape=(1000, 1000))
    index = S.iota(size=1000, dtype="float32")
    program = compile_function(lambda: (A.exp(big), index))
    assert program.program.plan.steps == ()
    assert program()[0].shape == (1000, 1000)
