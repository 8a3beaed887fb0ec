"""Every activation against Keras on JAX: values, gradients, names, configs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.tables.activations import CASES, NAMES

from narae import activations, ops
from narae.base.registry import register_keras_serializable
from narae.engine.tape import grad

X = np.array(
    [
        [-30.0, -6.5, -3.1, -1.2, -0.51, -0.3, -1e-3, 0.2],
        [0.45, 0.7, 1.3, 2.9, 3.2, 6.4, 7.0, 25.0],
    ],
    "float32",
)


def test_the_table_has_every_activation() -> None:
    others = {"get", "serialize", "deserialize"}
    assert {*NAMES} == {*activations.__all__} - others


@pytest.mark.oracle
def test_no_name_of_keras_is_missing(keras: Any) -> None:
    names = {name for name in dir(keras.activations) if not name.startswith("_")}
    assert {name for name in names if not hasattr(activations, name)} == set()


def weighted(y: Any) -> Any:
    return np.linspace(0.5, 1.5, y.size, dtype="float32").reshape(y.shape)


@pytest.fixture(scope="module")
def wanted(keras: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Keras's values and gradients of all cases: one compilation."""
    import jax

    def case(name: str, arguments: dict) -> Any:
        def total(x: Any) -> Any:
            y = getattr(keras.activations, name)(x, **arguments)
            return (y * weighted(y)).sum(), y

        return total

    @jax.jit
    def every(x: Any) -> Any:
        return [jax.grad(case(*row), has_aux=True)(x)[::-1] for row in CASES]

    return jax.tree.map(np.asarray, every(X))


@pytest.mark.oracle
@pytest.mark.parametrize("row", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}-{i}")
def test_values_and_gradients_are_kerass(wanted: Any, row: int) -> None:
    name, arguments = CASES[row]
    value, slope = wanted[row]
    function = getattr(activations, name)
    found = function(ops.convert_to_tensor(X), **arguments)
    np.testing.assert_allclose(found.numpy(), value, rtol=2e-5, atol=1e-6)
    assert found.dtype == value.dtype.name
    weights = weighted(value)
    ours = grad(lambda x: ops.sum(function(x, **arguments) * weights))(ops.convert_to_tensor(X))
    np.testing.assert_allclose(ours.numpy(), slope, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 0])
def test_sparsemax_is_the_nearest_point_of_the_simplex(axis: int, rng: Any) -> None:
    z = rng.normal(size=(5, 6))
    p = np.asarray(activations.sparsemax(z, axis=axis), "float64")
    np.testing.assert_allclose(p.sum(axis), 1.0, atol=1e-6)
    assert p.min() >= 0
    assert (p == 0).any()
    # optimality: z - p is one number where p > 0, and no larger elsewhere (Martins & Astudillo 2016)
    for scores, point in zip(*(np.moveaxis(a, axis, 0).T for a in (z, p)), strict=True):
        gap = scores - point
        assert np.ptp(gap[point > 0]) < 1e-6
        assert gap.max() <= gap[point > 0].max() + 1e-6


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_floats_keep_their_dtype(name: str, dtype: str) -> None:
    arguments = (0.5, 0.0) if name == "threshold" else ()
    x = ops.convert_to_tensor(np.array([[0.3, -0.8]]), dtype)
    assert getattr(activations, name)(x, *arguments).dtype == dtype


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_names_and_configs_are_kerass(keras: Any, name: str) -> None:
    config = keras.activations.serialize(getattr(keras.activations, name))
    ours = getattr(activations, name)
    assert activations.serialize(ours) == config
    assert activations.deserialize(config) is ours
    assert activations.get(name) is ours


def test_get_takes_none_functions_and_configs() -> None:
    def twice(x: Any) -> Any:
        return 2 * x

    assert activations.get(None) is activations.linear
    assert activations.get(twice) is twice
    config = {
        "module": "builtins",
        "class_name": "function",
        "config": "relu",
        "registered_name": "function",
    }
    assert activations.get(config) is activations.relu
    assert activations.deserialize("twice", custom_objects={"twice": twice}) is twice


@pytest.mark.oracle
def test_registered_functions_are_written_as_keras_does(keras: Any) -> None:
    def tripled(x: Any) -> Any:
        return 3 * x

    wanted = keras.saving.register_keras_serializable("demo")(tripled)
    theirs = keras.activations.serialize(wanted)
    register_keras_serializable("demo")(tripled)
    assert activations.serialize(tripled) == theirs
    assert activations.deserialize(theirs) is tripled


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("rellu", "Did you mean 'relu'"),
        (3, "cannot interpret 3"),
        ({"a": 1}, "cannot interpret"),
        ([1], "cannot interpret"),
    ],
)
def test_get_refuses_what_is_no_activation(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        activations.get(identifier)


def test_a_lambda_is_written_as_keras_writes_it_and_not_read() -> None:
    with pytest.warns(UserWarning, match="lambda is written"):
        written = activations.serialize(lambda x: x)
    with pytest.raises((ValueError, TypeError)):
        activations.deserialize(written)
