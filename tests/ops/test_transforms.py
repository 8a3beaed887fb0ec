"""jvp, custom_gradient and vectorize: against difference quotients, Keras and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import ops
from narae.base.errors import ShapeError
from narae.engine.tape import GradientTape


def _mixed(x: Any, y: Any) -> Any:
    return {"product": ops.sin(x) * ops.sum(y * y), "count": ops.argmax(x)}, ops.softmax(x @ y)


def test_jvp_is_the_difference_quotient(rng: np.random.Generator) -> None:
    x, y, u, v = (rng.normal(size=s) for s in ((2, 3), (3, 4), (2, 3), (3, 4)))
    out, slope = ops.jvp(_mixed, (x, y), (u, v))
    step = 1e-6
    ahead, behind = _mixed(x + step * u, y + step * v), _mixed(x - step * u, y - step * v)
    np.testing.assert_array_equal(out[1].numpy(), _mixed(x, y)[1].numpy())
    for found, more, less in (
        (slope[0]["product"], ahead[0]["product"], behind[0]["product"]),
        (slope[1], ahead[1], behind[1]),
    ):
        quotient = (np.asarray(more) - np.asarray(less)) / (2 * step)
        np.testing.assert_allclose(found.numpy(), quotient, rtol=1e-6, atol=1e-8)
    assert slope[0]["count"].item() == 0
    assert slope[0]["count"].dtype == "int32"


@pytest.mark.oracle
def test_jvp_is_keras_s(keras: Any, rng: np.random.Generator) -> None:
    x, u = (rng.normal(size=4).astype("float32") for _ in range(2))

    def through(o: Any) -> Any:
        return o.jvp(lambda v: (o.cumprod(o.tanh(v)), o.sum(v)), (x,), (u,), has_aux=True)

    for ours, theirs in zip(through(ops), through(keras.ops), strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5, atol=1e-6)


def test_jvp_runs_within_grad_and_jit() -> None:
    def slope(x: Any) -> Any:
        return ops.jvp(lambda v: v * v * v, (x,), (1.0,))[1]

    assert narae.grad(slope)(2.0).item() == 12.0
    assert narae.jit(slope)(ops.array(2.0)).item() == 12.0


def test_jvp_names_what_does_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"a tangent of shape \(3,\) for a primal of shape \(2,\)"):
        ops.jvp(ops.sin, (np.zeros(2),), (np.zeros(3),))
    with pytest.raises(ValueError, match="a tangent for each primal, got 2 for 1"):
        ops.jvp(ops.sin, (np.zeros(2),), (np.zeros(2), np.zeros(2)))


def _log1pexp(o: Any) -> Any:
    @o.custom_gradient
    def log1pexp(x: Any) -> Any:
        e = o.exp(x)

        def backward(upstream: Any) -> Any:
            return upstream * (1.0 - 1.0 / (1.0 + e))

        return o.log(1.0 + e), backward

    return log1pexp


@pytest.mark.oracle
def test_a_custom_gradient_is_keras_s(keras: Any) -> None:
    jax = pytest.importorskip("jax")
    x = np.array([-3.0, 0.5, 100.0], "float32")  # the plain gradient at 100 is NaN
    ours = narae.grad(lambda v: ops.sum(_log1pexp(ops)(v) ** 2))(x).numpy()
    theirs = jax.grad(lambda v: (_log1pexp(keras.ops)(v) ** 2).sum())(x)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_custom_gradient_of_several_arguments_and_results(compiled: bool) -> None:
    scale = ops.array(3.0)

    @ops.custom_gradient
    def swapped(x: Any, pair: Any, times: int = 1) -> Any:
        first, second = pair

        def backward(upstream: Any) -> Any:
            low, high = upstream
            return low * scale, (high * times, x * high)

        return (x + first, second * scale), backward

    def loss(x: Any, a: Any, b: Any) -> Any:
        low, high = swapped(x, (a, b), times=5)
        return low * 7.0 + high * 11.0

    gradient = narae.grad(loss, argnums=(0, 1, 2))
    gradient = narae.jit(gradient) if compiled else gradient
    found = gradient(*(ops.array(n) for n in (2.0, 4.0, 6.0)))
    assert [g.item() for g in found] == [21.0, 55.0, 22.0]


def test_a_custom_gradient_is_differentiated_in_turn() -> None:
    @ops.custom_gradient
    def cube(x: Any) -> Any:
        return x * x * x, lambda upstream: upstream * 5.0 * x * x  # 5, not 3: told apart from x³'s

    assert narae.grad(narae.grad(cube))(2.0).item() == 20.0


def test_what_a_custom_gradient_captures_gets_no_gradient() -> None:
    weight = ops.array(3.0)
    with GradientTape() as tape:
        tape.watch(weight)
        doubled = weight * 2.0

        @ops.custom_gradient
        def scaled(x: Any) -> Any:
            return x * doubled, lambda upstream: upstream * doubled

        x = ops.array(2.0)
        tape.watch(x)
        y = scaled(x) + weight
    by_x, by_weight = tape.gradient(y, (x, weight))
    assert (by_x.item(), by_weight.item()) == (6.0, 1.0)


def test_a_custom_gradient_that_does_not_fit_is_refused() -> None:
    wrong = ops.custom_gradient(lambda x: (x, lambda upstream: ops.sum(upstream)))
    with pytest.raises(ShapeError, match=r"shape \(\) for an argument of shape \(2,\)"):
        narae.grad(lambda v: ops.sum(wrong(v)))(np.ones(2))
    many = ops.custom_gradient(lambda x: (x, lambda upstream: (upstream, upstream)))
    with pytest.raises(ValueError, match="each of 1 arguments, got 2"):
        narae.grad(lambda v: ops.sum(many(v)))(np.ones(2))


def test_vectorize_is_numpy_s(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 1, 2)), rng.normal(size=(4, 2))

    def plain(a: Any, b: Any) -> Any:
        return a * b + 1

    np.testing.assert_allclose(
        ops.vectorize(plain)(x, y).numpy(), np.vectorize(plain)(x, y), rtol=1e-12
    )
    inner = ops.vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
    expected = np.vectorize(lambda a, b: np.sum(a * b), signature="(n),(n)->()")(x, y)
    np.testing.assert_allclose(inner(x, y).numpy(), expected, rtol=1e-12)
    assert ops.vectorize(lambda a, b: a**b, excluded={1})(x, 2).shape == x.shape


def test_vectorize_reads_its_signature() -> None:
    with pytest.raises(ValueError, match="a signature like"):
        ops.vectorize(ops.sin, signature="n->n")
    with pytest.raises(ValueError, match="is of 2 arguments, got 1"):
        ops.vectorize(ops.add, signature="(n),(n)->(n)")(np.ones(2))


def test_transformed_functions_take_symbolic_tensors() -> None:
    symbol = narae.KerasTensor((None, 3))
    assert _log1pexp(ops)(symbol).shape == (None, 3)
    assert ops.jvp(ops.sin, (symbol,), (symbol,))[1].shape == (None, 3)
    total = ops.vectorize(ops.sum, signature="(n)->()")
    assert total(symbol).shape == (None,)
