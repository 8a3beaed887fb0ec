"""Variable: storage of its own, snapshots that stay, operators on both sides."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import narae
from narae import Variable, layers, ops

BINARY = (
    "add sub mul truediv floordiv mod pow matmul lt le gt ge eq ne".split()  # noqa: SIM905
)


def test_a_value_makes_a_variable_of_its_shape_and_of_floatx() -> None:
    v = Variable([[1, 2.5]])
    assert (v.shape, v.dtype, v.ndim, v.size) == ((1, 2), "float32", 2, 2)
    assert Variable(np.float64(3)).dtype == "float64"
    assert Variable(3, dtype="int32").dtype == "int32"
    assert v.trainable
    assert not Variable(0.0, trainable=False).trainable


def test_a_function_makes_a_variable_of_the_shape_asked_for() -> None:
    v = Variable(narae.initializers.Ones(), shape=(2, 3), dtype="float16", name="w")
    assert (v.shape, v.dtype, v.name) == ((2, 3), "float16", "w")
    assert v.numpy().all()


def test_it_copies_what_it_is_given_and_what_it_gives() -> None:
    array = np.ones(3, "float32")
    v = Variable(array)
    array[:] = 7
    v.numpy()[:] = 8
    np.asarray(v)  # may be read-only or a copy; never the storage
    assert v.numpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", BINARY)
def test_operators_are_the_tensor_s_on_both_sides(name: str) -> None:
    function = getattr(operator, name)
    array = np.array([[1.5, -2.0], [0.5, 3.0]], "float32")
    other = np.array([[2.0, 3.0], [1.0, 2.0]], "float32")
    v, t = Variable(array), ops.convert_to_tensor(other)
    wanted = function(array, other)
    for got in (function(v, t), function(v, Variable(other)), function(v, other)):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    np.testing.assert_allclose(function(t, v), function(other, array), rtol=1e-6)
    np.testing.assert_allclose(function(other, v), function(other, array), rtol=1e-6)
    if name != "matmul":
        np.testing.assert_allclose(function(2.0, v), function(np.float32(2), array), rtol=1e-6)
    assert v.numpy().tolist() == array.tolist()


def test_unary_operators_items_and_conversions() -> None:
    v = Variable([1.0, -2.0])
    assert (-v).tolist() == [-1.0, 2.0]
    assert abs(v).tolist() == [1.0, 2.0]
    assert v[1].item() == -2.0
    assert [x.item() for x in v] == [1.0, -2.0]
    assert len(v) == 2
    assert (float(Variable(2.5)), int(Variable(3, dtype="int32"))) == (2.5, 3)
    with pytest.raises(TypeError, match="no truth value"):
        bool(Variable(0.0))
    assert [10, 11][Variable(1, dtype="int32")] == 11
    assert f"{Variable(2.5):.2f}" == "2.50"
    assert "shape=(2,)" in repr(v)


def test_assignments_change_it_in_place_and_cast() -> None:
    v = Variable([1.0, 2.0])
    storage = v.stored()
    assert v.assign([3, 4]).tolist() == [3.0, 4.0]
    assert v.assign_add(np.ones(2)).dtype == "float32"
    assert v.assign_sub(Variable([1.0, 0.0])).tolist() == [3.0, 5.0]
    assert v.stored() is storage
    assert storage.tolist() == [3.0, 5.0]


def test_a_value_that_was_read_stays() -> None:
    v = Variable([1.0])
    before, doubled = v.value, v * 2
    v.assign([5.0])
    assert (before.item(), doubled.item(), v.value.item()) == (1.0, 2.0, 5.0)
    assert v.value is v.value  # reading twice copies once


def test_a_value_that_was_read_before_a_fit_stays() -> None:
    model = narae.Sequential([narae.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    kernel = model.layers[0].kernel
    before, numbers = kernel.value, kernel.numpy()
    model.fit(np.ones((8, 2), "float32"), np.ones(8), verbose=0)
    np.testing.assert_array_equal(before, numbers)
    assert not np.array_equal(kernel.numpy(), numbers)
    np.testing.assert_array_equal(kernel.value, kernel.numpy())  # what is read now is new


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Variable([1.0, 2.0]).assign([1.0]), "has shape .2,. and was assigned a value of"),
        (lambda: Variable([1.0, 2.0]).assign_add([[1.0]]), "a variable keeps its shape"),
        (lambda: Variable([1.0], shape=(2,)), "of shape .2,. got a value of shape .1,."),
        (lambda: Variable(narae.initializers.Zeros()), "an initializer function needs a shape"),
        (lambda: Variable(lambda s, dtype: np.ones(3), shape=(2,)), "gave shape .3,. when asked"),
        (lambda: Variable(0.0, aggregation="all"), "aggregation is None or one of none, mean"),
        (lambda: Variable(0.0, dtype="float33"), "float33"),
    ],
)
def test_what_does_not_fit_is_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_failed_assignment_changes_nothing() -> None:
    v = Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="keeps its shape"):
        v.assign([1.0, 2.0, 3.0])
    assert v.numpy().tolist() == [1.0, 2.0]
