"""Regularizers against Keras on JAX: penalties, gradients, configs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import ops, regularizers
from narae.engine.tape import grad
from narae.engine.variable import Variable

W = np.random.default_rng(3).normal(size=(5, 4)).astype("float32")
CASES: list[tuple[str, dict[str, Any]]] = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.25}),
    ("L1L2", {"l1": 0.25, "l2": 0.5}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]


@pytest.mark.oracle
def test_no_name_of_keras_is_missing(keras: Any) -> None:
    names = {name for name in dir(keras.regularizers) if not name.startswith("_")}
    assert {name for name in names if not hasattr(regularizers, name)} == set()


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_penalties_and_gradients_are_kerass(keras: Any, name: str, arguments: dict) -> None:
    import jax

    ours = getattr(regularizers, name)(**arguments)
    theirs = getattr(keras.regularizers, name)(**arguments)
    wanted, slope = jax.value_and_grad(lambda w: keras.ops.convert_to_tensor(theirs(w)))(W)
    assert float(ours(ops.convert_to_tensor(W))) == pytest.approx(float(wanted), rel=1e-5)
    found = grad(lambda w: ours(w) + 0.0 * ops.sum(w))(ops.convert_to_tensor(W))
    np.testing.assert_allclose(found.numpy(), np.asarray(slope), rtol=1e-4, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configs_are_kerass_both_ways(keras: Any, name: str, arguments: dict) -> None:
    def numbers(config: dict) -> dict:  # Keras keeps some strengths in float32
        inner = {
            key: pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
            for key, value in config["config"].items()
        }
        return {**config, "config": inner}

    ours = regularizers.serialize(getattr(regularizers, name)(**arguments))
    theirs = keras.regularizers.serialize(getattr(keras.regularizers, name)(**arguments))
    assert ours == numbers(theirs)
    assert regularizers.serialize(regularizers.deserialize(theirs)) == numbers(theirs)
    again = keras.regularizers.serialize(keras.regularizers.deserialize(ours))
    assert again == numbers(theirs)


@pytest.mark.oracle
def test_every_string_of_keras_answers(keras: Any) -> None:
    from keras.src.regularizers import ALL_OBJECTS_DICT

    strings = set(ALL_OBJECTS_DICT) - {"Regularizer", "regularizer"}
    assert len(strings) > 5
    for string in strings:
        assert type(regularizers.get(string)).__name__ == ALL_OBJECTS_DICT[string].__name__


def test_orthogonal_matrices_cost_nothing() -> None:
    q = np.linalg.qr(W)[0].astype("float32")
    free = regularizers.OrthogonalRegularizer(1.0, "columns")
    assert float(free(ops.convert_to_tensor(q))) < 1e-6
    assert float(free(ops.convert_to_tensor(W))) > 1e-3


def test_variables_and_integers_of_one_row_have_penalties() -> None:
    assert float(regularizers.L2(0.5)(Variable([1.0, -2.0]))) == 2.5
    assert float(regularizers.OrthogonalRegularizer()(ops.convert_to_tensor([[1.0, 2.0]]))) == 0.0


def test_get_takes_none_functions_and_objects() -> None:
    l2 = regularizers.L2(0.5)
    assert regularizers.get(None) is None
    assert regularizers.get(l2) is l2
    assert regularizers.get(abs) is abs
    config = {"class_name": "l2", "config": {"l2": 0.25}}
    assert regularizers.get(config).l2 == 0.25


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "strong", True])
def test_strengths_are_numbers_from_zero(value: Any) -> None:
    for make in (regularizers.L1, regularizers.L2, regularizers.L1L2):
        with pytest.raises(ValueError, match="finite number of at least 0"):
            make(value)


def test_refusals_name_the_way() -> None:
    with pytest.raises(ValueError, match="Did you mean 'l1_l2'"):
        regularizers.get("l1_l")
    with pytest.raises(ValueError, match="cannot interpret 3"):
        regularizers.get(3)
    with pytest.raises(ValueError, match="mode is"):
        regularizers.OrthogonalRegularizer(mode="row")
    with pytest.raises(ValueError, match="takes a matrix"):
        regularizers.OrthogonalRegularizer()(ops.ones((2, 2, 2)))
    with pytest.raises(NotImplementedError, match="get_config"):
        regularizers.Regularizer().get_config()
