"""The public operations give what Keras's do: values, shapes, dtypes, gradients."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.ops.oracle import flat, keras_answers, same
from tests.ops.public_cases import (
    AXES,
    CASES,
    ELEMENTWISE,
    NUMBERS,
    PATCHES,
    REDUCTIONS,
    SHAPES,
    STATISTICS,
)

import narae
from narae import ops
from narae.base.errors import NotYet
from narae.base.missing import way_out


@cache
def _answers(start: int) -> list[Any]:
    keras = pytest.importorskip("keras")
    return keras_answers(keras.ops, CASES[start : start + _TOGETHER])


_TOGETHER = 40


@pytest.mark.oracle
@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_values_shapes_and_dtypes_are_keras_s(i: int) -> None:
    name, args, kwargs = CASES[i]
    place = i % _TOGETHER
    same(name, getattr(ops, name)(*args, **kwargs), _answers(i - place)[place])


_DIFFERENTIABLE = [
    *("relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "log_sigmoid", "leaky_relu"),
    *("hard_sigmoid", "hard_silu", "hard_tanh", "elu", "selu", "gelu", "celu", "tanh_shrink"),
    *("hard_shrink", "soft_shrink", "squareplus", "sparse_plus", "sparse_sigmoid", "softmax"),
    *("log_softmax", "logsumexp"),
]


@pytest.mark.oracle
@pytest.mark.parametrize("name", _DIFFERENTIABLE)
def test_gradients_are_jax_s_at_ordinary_and_extreme_points(name: str, keras: Any) -> None:
    jax = pytest.importorskip("jax")
    weight = np.linspace(-1, 2, 7).astype("float32")
    for point in (np.linspace(-4, 4, 7), np.array([0, -1e4, 1e4, 88, -88, 1e-3, -1e-3])):
        x = point.astype("float32") + (0.0137 if 4 in point else 0)
        x = x.astype("float32")
        ours = narae.grad(lambda v: ops.sum(getattr(ops, name)(v) * weight))(x).numpy()
        slope = jax.jit(jax.grad(lambda v: (getattr(keras.ops, name)(v) * weight).sum()))
        theirs = np.asarray(slope(x))
        assert np.isfinite(ours).all()
        if np.isfinite(theirs).all():
            np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize("module", ["linalg", "nn", "numpy"])
def test_keras_s_modules_of_operations_have_all_their_names(module: str, keras: Any) -> None:
    theirs = {name for name in dir(getattr(keras.ops, module)) if not name.startswith("_")}
    for name in theirs:
        if way_out(f"narae.ops.{name}") is None:
            assert getattr(getattr(ops, module), name) is getattr(ops, name)


def test_missing_and_unknown_names_say_so() -> None:
    with pytest.raises(NotYet, match=r"narae\.ops has no polar yet"):
        _ = ops.polar
    with pytest.raises(AttributeError, match=r"Did you mean 'softmax'"):
        _ = ops.sofmax


@pytest.mark.oracle
@pytest.mark.parametrize(
    "case",
    ELEMENTWISE[::7]
    + REDUCTIONS[::5]
    + SHAPES[:18:3]
    + STATISTICS[::5]
    + NUMBERS[::6]
    + AXES[3:7]
    + PATCHES[::3],
)
def test_symbolic_shapes_are_the_real_ones(case: Any) -> None:
    name, args, kwargs = case
    arrays = [a for a in (*args, *kwargs.values()) if isinstance(a, (np.ndarray, list))]
    if len(arrays) != 1 or isinstance(args[0], list) or np.ndim(args[0]) < 2 or name == "reshape":
        pytest.skip("not a tensor with a batch axis")
    real = flat(getattr(ops, name)(*args, **kwargs))
    symbol = narae.KerasTensor((None, *args[0].shape[1:]), args[0].dtype.name)
    found = getattr(ops, name)(symbol, *args[1:], **kwargs)
    found = found if isinstance(found, (list, tuple)) else [found]
    for one, array in zip(found, real, strict=True):
        assert one.dtype == array.dtype.name
        assert len(one.shape) == array.ndim
        assert all(n in (None, m) for n, m in zip(one.shape, array.shape, strict=True))


def test_control_flow_takes_symbolic_tensors() -> None:
    x = narae.KerasTensor((None, 3))
    assert ops.cond(ops.sum(x) > 0, lambda: 1.0, lambda: 2.0).shape == ()
    assert ops.switch(ops.argmax(x), [ops.sin, ops.cos], x).shape == (None, 3)
    assert ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (0, x))[1].shape == (
        None,
        3,
    )
    assert ops.fori_loop(0, 3, lambda i, v: v * 2, x).shape == (None, 3)
    carry, sums = ops.scan(lambda c, v: (c + v, ops.sum(c)), ops.zeros((3,)), x)
    assert (carry.shape, sums.shape) == ((3,), (None,))
    assert ops.map(ops.sum, x).shape == (None,)
    assert ops.associative_scan(ops.add, x).shape == (None, 3)
    assert ops.size(x).shape == ()
