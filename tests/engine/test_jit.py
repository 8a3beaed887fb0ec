"""jit: the function's numbers, traced once per kind of arguments, variables read and assigned within."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import GradientTape, Variable, grad, jit, layers, ops


class Counted:
    """A function that counts how often Python runs it: once per trace."""

    def __init__(self, function: Any) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self.function(*args, **kwargs)


def _counted(function: Any) -> tuple[Counted, Any]:
    counted = Counted(function)
    return counted, jit(lambda *args, **kwargs: counted(*args, **kwargs))


def test_it_gives_the_function_s_numbers_and_structure(rng: np.random.Generator) -> None:
    def function(x: Any, scale: Any = 1.0) -> Any:
        return {
            "sum": ops.sum(x * scale),
            "pair": (ops.tanh(x), [x @ ops.transpose(x)]),
            "say": "k",
        }

    x = rng.normal(size=(3, 4)).astype("float32")
    wanted, got = function(ops.convert_to_tensor(x), 2.0), jit(function)(x, scale=2.0)
    assert got["say"] == "k"
    for a, b in [
        (got["sum"], wanted["sum"]),
        (got["pair"][0], wanted["pair"][0]),
        (got["pair"][1][0], wanted["pair"][1][0]),
    ]:
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_trace_serves_all_arguments_of_its_kind() -> None:
    counted, jitted = _counted(lambda x, rate: x * rate)
    for rate in (0.5, 0.25, 2.0):  # floats are traced: a rate that falls compiles nothing anew
        assert jitted(np.float32(4), rate).item() == 4 * rate
    assert counted.calls == 1
    jitted(np.ones(3, "float32"), 1.0)
    jitted(np.ones((3, 1), "float32"), 1.0)
    jitted(np.ones(3, "int32"), 1.0)
    assert counted.calls == 4
    jitted(np.zeros(3, "float32"), 7.0)
    assert counted.calls == 4


@pytest.mark.parametrize("pair", [(0, 1), (1, True), ("a", "b"), (None, 0), (slice(1), slice(2))])
def test_other_arguments_are_static_and_told_apart(pair: tuple[Any, Any]) -> None:
    counted, jitted = _counted(lambda x, static: (x + 1, static))
    for static in (*pair, *pair):
        value, got = jitted(1.0, static)
        assert value.item() == 2.0
        assert got == static
        assert type(got) is type(static)
    assert counted.calls == 2


def test_two_layers_of_one_name_are_two_arguments() -> None:
    one, other = layers.Dense(2, name="d"), layers.Dense(2, name="d")
    x = np.ones((1, 3), "float32")
    counted, jitted = _counted(lambda layer, x: layer(x))
    for layer in (one, other, one):
        np.testing.assert_allclose(jitted(layer, x), layer(ops.convert_to_tensor(x)), rtol=1e-6)
    assert counted.calls == 2


def test_variables_are_read_and_assigned_at_each_call() -> None:
    v = Variable([1.0, 2.0])
    counted, jitted = _counted(lambda x: v.assign_add(x * v))
    assert jitted(1.0).tolist() == [2.0, 4.0]
    v.assign([5.0, 5.0])
    assert jitted(2.0).tolist() == [15.0, 15.0]
    assert v.numpy().tolist() == [15.0, 15.0]
    assert counted.calls == 1


def test_reads_after_a_write_see_it_and_reads_before_do_not() -> None:
    v = Variable(1.0)

    @jit
    def swap() -> Any:
        before = v.value
        v.assign(10.0)
        return before, v.value

    assert [t.item() for t in swap()] == [1.0, 10.0]
    assert [t.item() for t in swap()] == [10.0, 10.0]


def test_results_stay_when_the_program_runs_again() -> None:
    jitted = jit(lambda x: x * 2)
    first = jitted(1.0)
    jitted(5.0)
    assert first.item() == 2.0


def test_a_jitted_function_within_another_and_under_a_tape_is_part_of_it() -> None:
    inner = jit(lambda x: x * x)
    assert jit(lambda x: inner(x) + inner(x + 1))(2.0).item() == 13.0
    x = ops.convert_to_tensor(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = inner(x)
    assert tape.gradient(y, x).item() == 6.0
    assert grad(inner)(3.0).item() == 6.0
    assert jit(grad(lambda x: x * x * x))(2.0).item() == 12.0


def test_a_training_step_within_jit_equals_the_eager_one(rng: np.random.Generator) -> None:
    x = rng.normal(size=(8, 3)).astype("float32")

    def trained(wrap: Any) -> np.ndarray:
        w = Variable(np.ones((3, 1), "float32"))

        def step(x: Any) -> Any:
            with GradientTape() as tape:
                loss = ops.mean(ops.square(ops.matmul(x, w) - 1.0))
            w.assign_sub(tape.gradient(loss, w) * 0.1)
            return loss

        step = wrap(step)
        for _ in range(5):
            step(ops.convert_to_tensor(x))
        return w.numpy()

    np.testing.assert_allclose(trained(jit), trained(lambda f: f), rtol=1e-5)


def test_a_variable_may_be_made_within_and_is_made_once() -> None:
    dense = layers.Dense(2)
    counted, jitted = _counted(lambda x: dense(x))
    jitted(np.ones((1, 3), "float32"))
    kernel = dense.kernel.numpy()
    jitted(np.ones((1, 3), "float32"))
    np.testing.assert_array_equal(dense.kernel.numpy(), kernel)
    assert counted.calls == 1


def test_an_error_while_tracing_leaves_eager_code_as_it_was() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        jit(broken)(1.0)
    v = Variable(1.0)
    v.assign_add(1.0)
    assert float(v) == 2.0
