"""Laws of the walk backwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narae.engine.tape import GradientTape, grad
from narae.graph.autodiff import backprop
from narae.graph.ir import Spec, now
from narae.primitives.record import RECORDS
from narae.primitives.records.arithmetic import add, exp, floor, multiply
from narae.primitives.records.body import ALGEBRA
from narae.primitives.records.index import take
from narae.primitives.records.logic import cast, stop_gradient
from narae.primitives.records.shape import reshape
from narae.primitives.records.sort import top_k
from narae.tensor.tensor import Tensor, tensor_of

ARRAY = np.array([0.5, -1.0, 2.0])


def recorded(f: Callable[..., Any], *arrays: np.ndarray) -> tuple[list[Tensor], Any]:
    """Inputs and results of a function, recorded."""
    inputs = [tensor_of(a) for a in arrays]
    with GradientTape() as tape:
        tape.watch(inputs)
        return inputs, f(*inputs)


def pull(outputs: list[Any], cts: list[Any], sources: list[Any]) -> list[Any]:
    found = backprop(outputs, [tensor_of(np.asarray(c)) for c in cts], sources, ALGEBRA)
    return [None if g is None else np.asarray(g) for g in found]


def test_the_pullback_is_linear_in_the_cotangent() -> None:
    (x,), y = recorded(lambda x: multiply(exp(x), x), ARRAY)
    a, b = np.random.default_rng(0).normal(size=(2, 3))
    one, two = (pull([y], [c], [x])[0] for c in (a, b))
    np.testing.assert_allclose(pull([y], [2 * a - 3 * b], [x])[0], 2 * one - 3 * two)


def test_cotangents_of_several_outputs_add_up() -> None:
    (x,), (y, z) = recorded(lambda x: (exp(x), multiply(x, x)), ARRAY)
    both = pull([y, z], [ARRAY, ARRAY], [x])[0]
    np.testing.assert_allclose(both, pull([y], [ARRAY], [x])[0] + pull([z], [ARRAY], [x])[0])


def test_a_value_used_often_gets_the_sum_and_is_walked_once() -> None:
    calls = []

    def counted(ct: Any, out: Any, x: Any) -> Any:
        calls.append(1)
        return ct * out

    op = replace(exp, vjp=(counted,))
    (x,), y = recorded(lambda x: add(y := op(x), add(y, multiply(y, y))), ARRAY)
    np.testing.assert_allclose(
        pull([y], [np.ones(3)], [x])[0], 2 * np.exp(ARRAY) + 2 * np.exp(2 * ARRAY)
    )
    assert calls == [1]


def test_no_gradient_is_computed_for_what_nobody_wants() -> None:
    def forbidden(ct: Any, out: Any, *_: Any) -> Any:
        raise AssertionError("a gradient that nobody wants")

    both = replace(multiply, vjp=(multiply.gradient_of(0), forbidden))
    inner = replace(exp, vjp=(forbidden,))
    (x, y), z = recorded(lambda x, y: both(x, inner(y)), ARRAY, ARRAY)
    np.testing.assert_allclose(pull([z], [np.ones(3)], [x])[0], np.exp(ARRAY))
    with pytest.raises(AssertionError, match="nobody wants"):
        pull([z], [np.ones(3)], [y])


def test_none_where_no_differentiable_path_leads() -> None:
    (x, y), z = recorded(lambda x, y: add(exp(x), stop_gradient(multiply(x, y))), ARRAY, ARRAY)
    got = pull([z], [np.ones(3)], [x, y])
    np.testing.assert_allclose(got[0], np.exp(ARRAY))
    assert got[1] is None
    (x,), z = recorded(lambda x: floor(x), ARRAY)
    assert pull([z], [np.ones(3)], [x]) == [None]
    # through integers no gradient passes
    (x,), z = recorded(lambda x: cast(cast(x, dtype="int32"), dtype="float64"), ARRAY)
    assert pull([z], [np.ones(3)], [x]) == [None]


def test_a_source_may_be_the_target_or_lie_in_the_middle() -> None:
    (x,), (y, z) = recorded(lambda x: (y := exp(x), multiply(y, y)), ARRAY)
    got = pull([z], [np.ones(3)], [z, y, x])
    np.testing.assert_allclose(got[0], np.ones(3))
    np.testing.assert_allclose(got[1], 2 * np.exp(ARRAY))
    np.testing.assert_allclose(got[2], 2 * np.exp(2 * ARRAY))


def test_an_output_without_a_cotangent_counts_as_zero() -> None:
    (x,), (values, _) = recorded(lambda x: top_k(x, k=2), ARRAY)
    assert pull([values], [np.array([5.0, 7.0])], [x])[0].tolist() == [7, 0, 5]


def test_what_was_recorded_before_is_not_walked() -> None:
    x = Tensor(Spec((3,), "float64"))
    before = exp(x)
    since = now()
    out = multiply(before, before)
    one = tensor_of(np.ones(3))
    assert backprop([out], [one], [x], ALGEBRA, since) == [None]
    assert backprop([out], [one], [before], ALGEBRA, since)[0] is not None
    assert backprop([out], [one], [x], ALGEBRA)[0] is not None


def test_a_joint_gradient_is_computed_once_for_all_inputs() -> None:
    seen = []

    def joint(wanted: set[int], ct: Any, out: Any, x: Any, y: Any) -> list[Any]:
        seen.append(wanted)
        return [ct * y, ct * x]

    op = replace(multiply, vjp=None, joint=joint)
    (x, y, w), (z, total) = recorded(
        lambda x, y, w: (z := op(x, y), add(z, w)), ARRAY, 2 * ARRAY, ARRAY
    )
    got = pull([z], [np.ones(3)], [x, y])
    np.testing.assert_allclose(got, [2 * ARRAY, ARRAY])
    pull([z], [np.ones(3)], [y])
    assert pull([z, total], [np.ones(3)] * 2, [w])[0] is not None  # z is not asked at all
    assert seen == [{0, 1}, {1}]
    second = op.gradient_of(1)
    assert second is not None
    assert second(z, z, x, y).tolist() == (z.numpy() * ARRAY).tolist()
    assert seen[-1] == {1}


# Random expressions: each step applies an op to values made before. Ranges stay bounded.
_UNARY = ["tanh", "sin", "negative", "arctan", "exp_tanh"]
_BINARY = ["add", "multiply", "subtract"]
_Steps = list[tuple[str, int, int]]
programs = st.lists(
    st.tuples(st.sampled_from(_UNARY + _BINARY), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=8,
)


def interpreted(steps: _Steps, values: list[Any]) -> Any:
    """The sum of the last value after running the steps over the values so far."""
    values = list(values)
    for name, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        if name in _BINARY:
            values.append(RECORDS[name](a, b))
        elif name == "exp_tanh":
            values.append(exp(RECORDS["tanh"](a)))
        else:
            values.append(RECORDS[name](RECORDS["tanh"](a)))
    last = values[-1]
    flat = reshape(last, shape=(last.spec.size,))
    return take(RECORDS["cumsum"](flat, axis=0), tensor_of(np.asarray(-1)), axis=0)


@settings(max_examples=40, deadline=None)
@given(programs, st.integers(0, 2**32 - 1))
def test_gradients_of_random_programs_are_difference_quotients(steps: _Steps, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s) for s in ((2, 3), (3,), ())]  # broadcasting on the way
    f = lambda *xs: interpreted(steps, list(xs))
    got = grad(f, (0, 1, 2))(*(tensor_of(a) for a in arrays))
    for i, g in enumerate(got):
        d = [rng.normal(size=a.shape) * (i == j) for j, a in enumerate(arrays)]

        def at(h: float, d: Any = d) -> float:
            return f(*(tensor_of(a + h * e) for a, e in zip(arrays, d, strict=True))).item()

        wanted = (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3
        scale = 1 + abs(wanted) + abs(at(0))
        assert abs((g.numpy() * d[i]).sum() - wanted) < 1e-5 * scale


@settings(max_examples=20, deadline=None)
@given(programs, st.integers(0, 2**32 - 1))
def test_a_second_derivative_does_not_depend_on_the_order(steps: _Steps, seed: int) -> None:
    """u·H v = v·H u: the Hessian of any program is symmetric."""
    rng = np.random.default_rng(seed)
    x, u, v = (tensor_of(rng.normal(size=(3,))) for _ in range(3))
    f = lambda x: interpreted(steps, [x])

    def along(direction: Tensor) -> Any:
        slope = lambda x: interpreted([("multiply", 0, 1)], [grad(f)(x), direction])
        return grad(slope)(x).numpy()

    a, b = (along(u) * v.numpy()).sum(), (along(v) * u.numpy()).sum()
    assert a == pytest.approx(b, rel=1e-8, abs=1e-8 * (1 + np.abs(along(u)).max()))
