"""GradientTape, grad and value_and_grad: derivatives as the difference quotient has them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from narae import GradientTape, Variable, grad, jit, ops, value_and_grad
from narae.engine.trace import trace
from narae.graph.ir import Spec
from narae.graph.rewrite import simplify


def _tensor(value: Any) -> Any:
    return ops.convert_to_tensor(value)


def test_a_gradient_is_the_difference_quotient(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))

    def function(x: Any) -> Any:
        return ops.sum(ops.tanh(x @ ops.transpose(x)) * ops.exp(x[:, :3]))

    got = grad(function)(_tensor(x)).numpy()
    step = 1e-6
    for place in np.ndindex(x.shape):
        more, less = x.copy(), x.copy()
        more[place] += step
        less[place] -= step
        quotient = (function(_tensor(more)).item() - function(_tensor(less)).item()) / (2 * step)
        assert got[place] == pytest.approx(quotient, rel=1e-6, abs=1e-7)


def test_sources_keep_their_structure() -> None:
    a, b, c = Variable(2.0), Variable(3.0), Variable(4.0)
    with GradientTape() as tape:
        y = a * b + c * c
    found = tape.gradient(y, {"a": a, "rest": [b, (c,)]})
    assert found["a"].item() == 3.0
    assert found["rest"][0].item() == 2.0
    assert found["rest"][1][0].item() == 8.0


def test_several_targets_are_summed_and_weighted_by_output_gradients() -> None:
    x = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = x * x, x * 3
    assert tape.gradient([y, z], x).tolist() == [5.0, 7.0]
    assert tape.gradient(y, x, output_gradients=_tensor([10.0, 1.0])).tolist() == [20.0, 4.0]


def test_what_is_not_watched_has_no_gradient() -> None:
    x, v, frozen = _tensor(1.0), Variable(2.0), Variable(3.0, trainable=False)
    with GradientTape(persistent=True) as tape:
        y = x * v * frozen
    assert tape.gradient(y, [x, frozen]) == [None, None]
    assert tape.gradient(y, v).item() == 3.0
    assert tape.gradient(y, x, unconnected_gradients="zero").item() == 0.0
    assert tape.watched_variables() == (v,)


def test_watch_takes_tensors_and_variables_that_are_not_trained() -> None:
    x, frozen = _tensor(2.0), Variable(3.0, trainable=False)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([x, frozen])
        y = x * frozen * Variable(5.0)
    assert [g.item() for g in tape.gradient(y, [x, frozen])] == [15.0, 10.0]
    assert tape.watched_variables() == (frozen,)


def test_a_tape_gives_one_gradient_unless_it_persists() -> None:
    v = Variable(2.0)
    with GradientTape() as once:
        y = v * v
    once.gradient(y, v)
    with pytest.raises(RuntimeError, match=r"GradientTape\(persistent=True\)"):
        once.gradient(y, v)
    with GradientTape(persistent=True) as often:
        y = v * v
        z = y * v
    assert [often.gradient(t, v).item() for t in (y, z, y)] == [4.0, 12.0, 4.0]


def test_tapes_nest_to_any_order() -> None:
    x = _tensor(2.0)
    with GradientTape() as third:
        third.watch(x)
        with GradientTape() as second:
            second.watch(x)
            with GradientTape() as first:
                first.watch(x)
                y = ops.power(x, 4.0)
            d1 = first.gradient(y, x)
        d2 = second.gradient(d1, x)
    d3 = third.gradient(d2, x)
    np.testing.assert_allclose([d1.item(), d2.item(), d3.item()], [32.0, 48.0, 48.0], rtol=1e-6)


def test_grad_of_grad_of_grad() -> None:
    sine = grad(grad(grad(grad(ops.sin))))
    assert sine(0.7).item() == pytest.approx(math.sin(0.7), rel=1e-5)


def test_a_variable_assigned_within_the_tape_has_a_gradient_by_each_reading() -> None:
    v = Variable(2.0)
    with GradientTape() as tape:
        first = v * 3
        v.assign(5.0)
        y = first + v * v  # dy/dv = 3 + 2 * 5
    assert tape.gradient(y, v).item() == 13.0


def test_what_is_computed_outside_or_while_paused_is_constant() -> None:
    v = Variable(3.0)
    outside = v * v
    with GradientTape() as tape:
        with tape.stop_recording():
            paused = v * v
        y = v * outside + paused
    assert tape.gradient(y, v).item() == 9.0


def test_reset_forgets() -> None:
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * v
        tape.reset()
        z = v * 2
    assert tape.gradient([y, z], v).item() == 2.0


def test_stop_gradient_and_integers_stop() -> None:
    v = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * ops.stop_gradient(v)
        z = ops.cast(ops.cast(v, "int32"), "float32") * 2
    assert tape.gradient(y, v).item() == 3.0
    assert tape.gradient(z, v) is None
    with pytest.raises(TypeError, match="the target is int32"):
        tape.gradient(ops.cast(v, "int32"), v)


def test_a_source_that_is_the_target_has_gradient_one() -> None:
    x = _tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
    assert tape.gradient(x, x).tolist() == [1.0, 1.0]


def test_value_and_grad_by_arguments_with_aux() -> None:
    def function(a: Any, b: Any, *, scale: float = 1.0) -> Any:
        return ops.sum(a["w"] * b) * scale, {"seen": b}

    a, b = {"w": _tensor([1.0, 2.0])}, _tensor([3.0, 4.0])
    (value, aux), (by_a, by_b) = value_and_grad(function, argnums=(0, 1), has_aux=True)(
        a, b, scale=2.0
    )
    assert value.item() == 22.0
    assert aux["seen"].tolist() == [3.0, 4.0]
    assert by_a["w"].tolist() == [6.0, 8.0]
    assert by_b.tolist() == [2.0, 4.0]
    found, aux = grad(function, argnums=1, has_aux=True)(a, b)
    assert found.tolist() == [1.0, 2.0]
    assert aux["seen"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: grad(lambda x: x * 2)(_tensor([1.0, 2.0])), ValueError, "got shape .2,."),
        (lambda: GradientTape().watch(3.0), ValueError, "convert_to_tensor makes a tensor"),
        (lambda: GradientTape().watch(_tensor([1])), ValueError, "watches float tensors"),
        (lambda: GradientTape().gradient(_tensor(1.0), 3.0), TypeError, "tensor or a variable"),
        (
            lambda: GradientTape().gradient(1.0, Variable(1.0), unconnected_gradients="nil"),
            ValueError,
            "unconnected_gradients is 'none' or 'zero'",
        ),
    ],
)
def test_what_cannot_be_differentiated_is_told(call: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_tape_is_entered_once() -> None:
    tape = GradientTape()
    with tape, pytest.raises(ValueError, match="recording already"):
        tape.__enter__()


_SLICES = [  # of (4, 6); those that follow each other along an axis, that leave gaps, overlap, or step
    [np.s_[:, 0:2], np.s_[:, 2:4], np.s_[:, 4:6]],
    [np.s_[0:1], np.s_[1:3], np.s_[3:4]],
    [np.s_[:, 0:2], np.s_[:, 2:5]],
    [np.s_[:, 0:3], np.s_[:, 2:6]],
    [np.s_[:2, 0:3], np.s_[2:, 3:6], np.s_[:2, 3:6]],
    [np.s_[:, ::2], np.s_[:, 1::2], np.s_[:, 3::-1]],
    [np.s_[1], np.s_[2], np.s_[2:3]],
]


@pytest.mark.parametrize("slices", _SLICES, ids=range(len(_SLICES)))
def test_gradients_of_slices_add_up_in_any_order(slices: list[Any]) -> None:
    numbers = np.arange(24, dtype="float32").reshape(4, 6) / 7
    weights = [np.float32(i + 1) for i in range(len(slices))]
    expected = np.zeros_like(numbers)
    for part, weight in zip(slices, weights, strict=True):
        expected[part] += 2 * weight * numbers[part]
    for order in itertools.permutations(range(len(slices))):

        def function(x: Any, order: Any = order) -> Any:
            parts = [ops.square(x[slices[i]]) * weights[i] for i in order]
            return sum(ops.sum(part) for part in parts)

        for gradient in (grad(function), jit(grad(function))):
            assert np.allclose(gradient(_tensor(numbers)), expected, rtol=1e-6)


def test_slices_side_by_side_give_a_gradient_that_is_put_together() -> None:
    def function(x: Any) -> Any:
        parts = [ops.square(x[:, i : i + 2]) for i in (0, 2, 4)]
        return ops.sum(parts[0] * parts[1] + parts[2])

    graph = trace(grad(function), Spec((3, 6), "float32")).graph
    names = [node.op.name for node in simplify(graph).nodes]
    assert "concatenate" in names
    assert "unslice" not in names
