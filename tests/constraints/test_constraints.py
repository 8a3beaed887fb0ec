"""Constraints: where they bring weights, and Keras's values and configs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import constraints, ops
from narae.engine.variable import Variable

W = 2 * np.random.default_rng(3).normal(size=(3, 4, 5)).astype("float32")
W[:, 0, 0] = 0.0  # a vector without a direction
CASES: list[tuple[str, dict[str, Any]]] = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1.0, "axis": 1}),
    ("MaxNorm", {"max_value": 1.0, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.0, "axis": 2}),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.0, "rate": 0.25, "axis": [1, 2]}),
]


@pytest.mark.oracle
def test_no_name_of_keras_is_missing(keras: Any) -> None:
    names = {name for name in dir(keras.constraints) if not name.startswith("_")}
    assert {name for name in names if not hasattr(constraints, name)} == set()


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_values_are_kerass(keras: Any, name: str, arguments: dict) -> None:
    wanted = getattr(keras.constraints, name)(**arguments)(keras.ops.convert_to_tensor(W))
    for w in (ops.convert_to_tensor(W), Variable(W)):
        found = getattr(constraints, name)(**arguments)(w)
        np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-5, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configs_are_kerass_both_ways(keras: Any, name: str, arguments: dict) -> None:
    ours = constraints.serialize(getattr(constraints, name)(**arguments))
    theirs = keras.constraints.serialize(getattr(keras.constraints, name)(**arguments))
    assert ours == theirs
    assert constraints.serialize(constraints.deserialize(theirs)) == ours
    assert keras.constraints.serialize(keras.constraints.deserialize(ours)) == theirs


@pytest.mark.oracle
def test_every_string_of_keras_answers(keras: Any) -> None:
    from keras.src.constraints import ALL_OBJECTS_DICT

    strings = set(ALL_OBJECTS_DICT) - {"Constraint", "constraint"}
    assert len(strings) > 5
    for string in strings:
        assert type(constraints.get(string)).__name__ == ALL_OBJECTS_DICT[string].__name__


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_what_was_brought_stays(name: str, arguments: dict) -> None:
    """A constraint is a projection: f(f(w)) = f(w), up to the epsilon in its divisions."""
    if arguments.get("rate", 1.0) < 1:
        pytest.skip("goes only a part of the way")
    bring = getattr(constraints, name)(**arguments)
    once = bring(ops.convert_to_tensor(W))
    np.testing.assert_allclose(bring(once).numpy(), once.numpy(), rtol=1e-5, atol=1e-6)


def test_norms_are_what_was_asked() -> None:
    w = ops.convert_to_tensor(W[:, 1:])

    def norms(bring: Any) -> np.ndarray:
        return np.sqrt((bring(w).numpy().astype("float64") ** 2).sum(0))

    assert norms(constraints.MaxNorm(1.0)).max() < 1 + 1e-6
    np.testing.assert_allclose(norms(constraints.UnitNorm()), 1.0, atol=1e-5)
    between = norms(constraints.MinMaxNorm(2.5, 3.0))
    assert between.min() > 2.5 - 1e-5
    assert between.max() < 3.0 + 1e-5
    assert constraints.NonNeg()(w).numpy().min() == 0.0


def test_get_takes_none_functions_and_objects() -> None:
    unit = constraints.UnitNorm()
    assert constraints.get(None) is None
    assert constraints.get(unit) is unit
    assert constraints.get(abs) is abs
    config = {"class_name": "max_norm", "config": {"max_value": 3, "axis": 1}}
    assert constraints.get(config).axis == 1
    assert constraints.Constraint()(3) == 3


def test_refusals_name_the_way() -> None:
    with pytest.raises(ValueError, match="Did you mean 'unit_norm'"):
        constraints.get("unit_nrm")
    with pytest.raises(ValueError, match="cannot interpret 3"):
        constraints.get(3)
