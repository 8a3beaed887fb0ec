"""Eager loops: a step's gradients are replayed with the bits of the first walk, and variables are read and assigned in
turn without copies that anybody could see."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.tables.records import DIFFERENTIABLE, named, samples

from narae import GradientTape, Variable, jit, ops, value_and_grad
from narae.base.dtypes import is_float
from narae.graph import replay
from narae.graph.ir import Op
from narae.tensor.tensor import Tensor, tensor_of


@pytest.fixture(autouse=True)
def _nothing_seen() -> Any:
    replay._seen.clear()
    yield
    replay._seen.clear()


def _gradients(op: Op, arrays: list[np.ndarray], params: dict[str, Any]) -> list[Any]:
    tensors = [tensor_of(a) for a in arrays]
    floats = [t for t in tensors if is_float(t.dtype)]
    with GradientTape() as tape:
        tape.watch(floats)
        twice = [
            ops.multiply(t, t) if is_float(t.dtype) else t for t in tensors
        ]  # two ways to each
        out = op(
            *[a if i % 2 else b for i, (a, b) in enumerate(zip(tensors, twice, strict=True))],
            **params,
        )
        outs = [o for o in (out if isinstance(out, tuple) else (out,)) if is_float(o.dtype)]
        total = sum((ops.sum(o * (ops.cos(o) + k)) for k, o in enumerate(outs)), ops.sum(twice[0]))
    return [None if g is None else g.numpy() for g in tape.gradient(total, floats)]


@named(DIFFERENTIABLE)
def test_replayed_gradients_have_the_bits_of_the_first_ones(op: Op) -> None:
    for arrays, params in samples(op):
        if not arrays or arrays[0].dtype.kind != "f":
            continue
        first, *others = [_gradients(op, arrays, params) for _ in range(3)]
        assert any(replay._seen.values()) or op.inside is not None
        fresh = [np.array(a * 0.75) if a.dtype.kind == "f" else a for a in arrays]
        again = _gradients(op, fresh, params)
        replay._seen.clear()
        for got, wanted in [*((o, first) for o in others), (again, _gradients(op, fresh, params))]:
            for g, w in zip(got, wanted, strict=True):
                assert (g is None) == (w is None)
                assert g is None or (g.dtype == w.dtype and g.tobytes() == w.tobytes())


def test_a_recording_of_another_structure_is_another_one() -> None:
    """Whatever the gradient follows from tells recordings apart: links, parameters, sources, seeds, dtypes."""
    x, y = tensor_of(np.array([1.0, 2.0], "float32")), tensor_of(np.array([3.0, -4.0], "float32"))

    def pull(function: Callable[[Any, Any], Any], of: str = "xy", seed: Any = None) -> Any:
        with GradientTape() as tape:
            tape.watch([x, y])
            out = function(x, y)
        found = tape.gradient(out, [{"x": x, "y": y}[n] for n in of], output_gradients=seed)
        return [None if g is None else g.tolist() for g in found]

    cases: list[tuple[Any, ...]] = [
        (lambda x, y: x * y, [[3.0, -4.0], [1.0, 2.0]]),
        (lambda x, y: x * x, [[2.0, 4.0], None]),
        (lambda x, y: y * y, [None, [6.0, -8.0]]),
        (lambda x, y: x * y, [[1.0, 2.0]], "y"),
        (lambda x, y: x * y, [[6.0, -12.0]], "x", np.array([2.0, 3.0], "float32")),
        (lambda x, y: ops.reshape(x * y, (2, 1)), [[3.0, -4.0], [1.0, 2.0]]),
        (
            lambda x, y: ops.where(ops.convert_to_tensor([True, False]), x, y),
            [[1.0, 0.0], [0.0, 1.0]],
        ),
        (lambda x, y: ops.cumsum(x * y), [[6.0, -4.0], [2.0, 2.0]]),
        (lambda x, y: ops.flip(x * y)[:1], [[0.0, -4.0], [0.0, 2.0]]),
        (lambda x, y: ops.sum(ops.outer(x, y), axis=0) * x, [[4.0, -17.0], [3.0, 6.0]]),
        (lambda x, y: ops.sum(ops.outer(x, y), axis=1) * x, [[-2.0, -4.0], [5.0, 5.0]]),
        (lambda x, y: (x * y)[:1], [[3.0, 0.0], [1.0, 0.0]]),
    ]
    for _ in range(3):
        for function, wanted, *more in cases:
            assert pull(function, *more) == wanted


def test_branches_on_numbers_and_second_derivatives() -> None:
    def step(value: float) -> float:
        v = Variable(value)
        with GradientTape() as tape:
            y = v * v if v.value > 0 else v * 5.0
        return tape.gradient(y, v).item()

    assert [step(x) for x in (1.0, -1.0, 2.0, -2.0, 3.0, -3.0)] == [2, 5, 4, 5, 6, 5]

    def second(value: float) -> float:
        x = ops.convert_to_tensor(value)
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as tape:
                tape.watch(x)
                y = x * x * x
            g = tape.gradient(y, x)
        return outer.gradient(g, x).item()

    assert [second(v) for v in (1.0, 2.0, 3.0)] == [6, 12, 18]


def test_what_is_kept_has_bounds_and_no_numbers() -> None:
    def step(n: int) -> weakref.ref:
        x = tensor_of(np.ones((n, 3)))
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(x * x)
        tape.gradient(y, x)
        return weakref.ref(x)

    gc.disable()
    try:
        gone = [step(n) for n in [*range(1, 2 * replay.MOST)] * 2 + [5, 5, 5]]
        assert {ref() for ref in gone} == {None}  # nor does a tape wait for gc
    finally:
        gc.enable()
    assert 0 < len(replay._seen) <= replay.MOST


def test_a_gradient_is_the_same_in_loops_and_alone(rng: np.random.Generator) -> None:
    w = Variable(rng.normal(size=(5, 4)))
    batches = rng.normal(size=(6, 3, 5))

    def loss(x: Any, w: Any) -> Any:
        return ops.mean(ops.logsumexp(ops.relu(x @ w), axis=-1))

    for x in batches:
        with GradientTape() as tape:
            value = loss(x, w)
        (got,) = tape.gradient(value, [w])
        (wanted,) = jit(lambda x, w: value_and_grad(loss, (1,))(x, w)[1])(x, w.value)
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-13)
        w.assign(w - got * 0.5)


def test_a_variable_read_and_assigned_in_turn_is_what_it_was_assigned() -> None:
    v = Variable(np.zeros(3, "float32"))
    double = jit(lambda: v.assign(v * 2))
    before = v.value
    given = v.assign(v + 1.0)  # read, then assigned
    assert v.numpy().tolist() == [1, 1, 1]
    assert before.tolist() == [0, 0, 0]
    kept = v.value
    double()  # a program reads and writes the storage
    assert v.numpy().tolist() == [2, 2, 2] == v.value.tolist()
    assert kept.tolist() == [1, 1, 1] == given.tolist()
    v.assign(v + 1.0)
    v.stored()[0] = 7  # whoever writes to the storage has the last value there
    assert v.numpy().tolist() == [7, 3, 3]
    w = Variable(np.zeros(3, "float32"))
    _ = w.value
    w.assign(v.assign(v + 1.0))
    v.assign(v * 0.0)
    assert w.numpy().tolist() == w.stored().tolist() == w.value.tolist()
    assert v.value.tolist() == v.stored().tolist() == [0, 0, 0]


def test_numbers_that_agree_share_no_sign_of_zero() -> None:
    x = Tensor(tensor_of(np.array([-0.0], "float32")).spec, np.array([-0.0], "float32"))
    for _ in range(2):
        assert np.signbit((x + -0.0).numpy()).all()
        assert not np.signbit((x + 0.0).numpy()).any()


@pytest.mark.skipif(sys.platform != "linux", reason="what glibc does")
def test_arrays_that_come_and_go_cost_no_page_faults() -> None:
    code = (
        "import resource, numpy as np, narae\n"
        "a = narae.ops.convert_to_tensor(np.ones((784, 512), 'float32'))\n"
        "def step(): b = a * 2.0; c = b + a; d = c - b\n"
        "for _ in range(5): step()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(20): step()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 * 400
