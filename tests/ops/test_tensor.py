"""Tensor: operators on both sides, slicing, what NumPy and Python see of it, clear errors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops
from narae.tensor.tensor import Tensor, as_tensor

_FLOATS = np.array([[1.5, -2.0, 4.0], [0.5, 3.0, -1.0]], "float32")
_INTS = np.array([[7, -3, 2], [1, 5, -6]], "int32")
_ARITHMETIC = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]
_BITS = [operator.and_, operator.or_, operator.xor]
Function = Callable[[Any, Any], Any]


def _tensor(array: Any) -> Tensor:
    return ops.convert_to_tensor(array)


def _same(ours: Any, theirs: Any) -> None:
    assert isinstance(ours, Tensor)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6)


@pytest.mark.parametrize("function", _ARITHMETIC, ids=lambda f: f.__name__)
@pytest.mark.parametrize("array", [_FLOATS, _INTS], ids=["float32", "int32"])
@pytest.mark.parametrize(
    "other", [2, 2.5, _INTS[0] + 10, _FLOATS[1] + 3, np.float32(2)], ids=lambda o: type(o).__name__
)
def test_operators_take_tensors_arrays_and_numbers_on_either_side(
    function: Function, array: np.ndarray, other: Any
) -> None:
    _same(function(_tensor(array), other), function(array, other))
    _same(function(_tensor(array), _tensor(other)), function(array, other))
    if np.all(array != 0):
        _same(function(other, _tensor(array)), function(other, array))


@pytest.mark.parametrize("function", _BITS, ids=lambda f: f.__name__)
def test_bits_and_truths(function: Function) -> None:
    truths = _INTS > 1
    _same(function(_tensor(_INTS), 5), function(_INTS, 5))
    _same(function(5, _tensor(_INTS)), function(5, _INTS))
    _same(function(_tensor(truths), ~truths[0]), function(truths, ~truths[0]))
    _same(function(~truths[0], _tensor(truths)), function(~truths[0], truths))


def test_powers_products_and_one_sided_operators() -> None:
    x, whole = _tensor(_FLOATS), _tensor(_INTS)
    _same(x**2, _FLOATS**2)
    _same(2.0**x, 2.0**_FLOATS)
    _same(np.float32([1, 2, 3]) ** x, np.float32([1, 2, 3]) ** _FLOATS)
    _same(x @ x.T, _FLOATS @ _FLOATS.T)
    _same(_FLOATS @ x.T, _FLOATS @ _FLOATS.T)
    _same(x @ _FLOATS.T, _FLOATS @ _FLOATS.T)
    _same(whole << 2, _INTS << 2)
    _same(whole >> 1, _INTS >> 1)
    _same(~whole, ~_INTS)
    _same(-x, -_FLOATS)
    _same(+x, _FLOATS)
    _same(abs(x), abs(_FLOATS))
    _same(round(x), np.round(_FLOATS))
    _same(round(x * 1.01, 1), np.round(_FLOATS * np.float32(1.01), 1))


def test_a_python_number_takes_the_tensors_dtype() -> None:
    half = _tensor(_FLOATS.astype("float16"))
    assert (half * 2.5).dtype == (2.5 * half).dtype == "float16"
    assert (_tensor(_INTS.astype("int8")) + 1).dtype == "int8"
    assert (_tensor(_INTS) / 2).dtype == "float32"


def test_none_and_hash() -> None:
    x = _tensor(_FLOATS)
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert {x: 1}[x] == 1
    assert {x: 1}.get(_tensor(_FLOATS)) is None


_CUBE = np.arange(24, dtype="float32").reshape(2, 3, 4)


@pytest.mark.parametrize(
    "key",
    [
        *(0, -1, slice(1), slice(None, None, -1), slice(-2, None), Ellipsis, None),
        *((0, 1, 2), (0, 1), (slice(None), 1), (Ellipsis, 0), (Ellipsis, None, 1), (1, Ellipsis)),
        *((slice(None), slice(3, 0, -2)), (None, 0, None), (slice(5, 9),), ()),
        *([1, 0, 1], np.array([0, 1, 1]), np.array([[0], [1]]), np.int64(1)),
        *((slice(None), [2, 0], slice(1, 3)), (slice(None), [2, 0], [1, 3]), ([1, 0], Ellipsis, 0)),
        *((np.array([0, -1]), slice(None), np.array([3, -4])), (0, slice(None), [1, 2])),
        *(_CUBE > 5, _CUBE[:, :, 0] > 5, (slice(None), np.array([True, False, True])), []),
    ],
    ids=lambda k: type(k).__name__,
)
def test_slices_are_numpys(key: Any) -> None:
    _same(_tensor(_CUBE)[key], _CUBE[key])


def test_tensors_index_tensors() -> None:
    x, index, mask = _tensor(_CUBE), _tensor([1, 0]), _tensor(_CUBE) > 5
    _same(x[index], _CUBE[[1, 0]])
    _same(x[:, index], _CUBE[:, [1, 0]])
    _same(x[mask], _CUBE[_CUBE > 5])
    _same(x[_tensor(1)], _CUBE[1])
    assert list(range(5))[_tensor(3)] == 3


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (5, "out of (range|bounds)"),
        ((0, 0, 0, 0), "4"),
        ("a", "str"),
        (1.5, "float"),
        ((1, 3), "3"),
    ],
)
def test_bad_keys_are_told(key: Any, error: str) -> None:
    with pytest.raises((IndexError, TypeError, ValueError), match=error):
        _tensor(_CUBE)[key]


def test_tensors_cannot_be_written_to() -> None:
    x = _tensor(_FLOATS)
    seen = np.asarray(x)
    with pytest.raises(ValueError, match="read-only"):
        seen[0] = 1
    with pytest.raises(TypeError, match="item assignment"):
        x[0] = 1  # type: ignore[index]
    mine = x.numpy()
    mine[0] = 100
    again = np.array(x)
    again[0] = 100
    _same(x, _FLOATS)


def test_arrays_are_copied_in() -> None:
    source = _FLOATS.copy()
    x = _tensor(source)
    source[:] = 0
    _same(x, _FLOATS)


def test_numpy_reads_tensors() -> None:
    x = _tensor(_FLOATS)
    assert np.asarray(x).dtype == "float32"
    assert np.asarray(x, "float64").dtype == "float64"
    assert np.array([x, x]).shape == (2, 2, 3)
    assert np.stack([x, x]).shape == (2, 2, 3)
    assert np.mean(x) == pytest.approx(_FLOATS.mean())
    assert np.array_equal(x, _FLOATS)


def test_python_reads_tensors() -> None:
    one = _tensor(2.5)
    assert float(one) == 2.5
    assert int(one) == 2
    assert one.item() == 2.5
    assert bool(one)
    assert not _tensor(0)
    assert f"{one:.3f} {one}" == "2.500 2.5"
    assert f"{_tensor([1, 2])}" == "[1 2]"
    x = _tensor(_FLOATS)
    assert (len(x), x.shape, x.ndim, x.size, x.dtype) == (2, (2, 3), 2, 6, "float32")
    assert [row.tolist() for row in x] == x.tolist() == _FLOATS.tolist()
    assert 3.0 in _tensor([1.0, 3.0])
    assert 2.0 not in _tensor([1.0, 3.0])


def test_what_has_many_elements_is_no_number() -> None:
    x = _tensor(_FLOATS)
    for reads in (bool, float, int, operator.index):
        with pytest.raises((TypeError, ValueError)):
            reads(x)
    for reads in (len, iter):
        with pytest.raises(TypeError, match="rank 0"):
            reads(_tensor(1.0))
    with pytest.raises(TypeError, match="one number"):
        format(x, ".2f")


def test_repr_shows_numbers_shape_and_dtype_and_stays_short() -> None:
    assert repr(_tensor([1, 2])) == "Tensor([1, 2], shape=(2,), dtype=int32)"
    assert len(repr(ops.zeros((1000, 1000)))) < 500


def test_methods() -> None:
    x = _tensor(_CUBE)
    _same(x.T, _CUBE.T)
    _same(x.reshape(4, -1), _CUBE.reshape(4, -1))
    _same(x.reshape((4, 6)), _CUBE.reshape(4, 6))
    assert x.astype("int32").dtype == "int32"


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        *((1, "int32"), (1.0, "float32"), (True, "bool"), ([1, 2], "int32"), ([1, 2.0], "float32")),
        *(
            ([True, False], "bool"),
            (np.float64(1), "float64"),
            (np.arange(2), "int64"),
            ([], "float32"),
        ),
        *((range(3), "int32"), (np.zeros(2, "uint8"), "uint8"), ([[1], [2]], "int32")),
    ],
    ids=str,
)
def test_dtypes_of_what_comes_from_outside(value: Any, dtype: str) -> None:
    assert as_tensor(value).dtype == dtype


def test_lists_of_tensors_are_stacked() -> None:
    a, b = _tensor([1.0, 2.0]), _tensor([3.0, 4.0])
    _same(ops.convert_to_tensor([a, b]), [[1, 2], [3, 4]])
    _same(ops.convert_to_tensor([[a[0], 5], [b[1], 6.0]]), [[1, 5], [4, 6]])


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        ("words", TypeError, "holds numbers"),
        (["a", "b"], TypeError, "encode strings"),
        ([[1], [1, 2]], ValueError, "cannot make a tensor of"),
        ([None, 1], TypeError, "holds numbers"),
        (object(), TypeError, "holds numbers"),
        ({"a": 1}, TypeError, "holds numbers"),
        (1j, TypeError, "complex"),
        (np.array("2020-01-01", "datetime64[D]"), TypeError, "datetime64"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_holds_no_numbers_is_refused(value: Any, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        as_tensor(value)
    with pytest.raises((TypeError, ValueError)):
        _ = _tensor(1.0) + value


def test_traced_tensors_have_no_numbers_and_say_so() -> None:
    seen = []

    def function(x: Tensor) -> Tensor:
        seen.append(repr(x))
        for asks in (bool, float, int, np.asarray, Tensor.tolist, Tensor.numpy):
            with pytest.raises(TypeError, match="traced"):
                asks(x)
        return x * 2

    assert narae.jit(function)(_tensor(1.0)).item() == 2.0
    assert seen == ["<narae.Tensor shape=() dtype=float32 (traced)>"]


def test_keras_tensors_have_operators_but_no_numbers() -> None:
    x = narae.KerasTensor((None, 3))
    assert (x @ np.ones((3, 2), "float32") + 1 > 0).shape == (None, 2)
    assert (2 - x[:, :2]).shape == (None, 2)
    for asks, error in ((np.asarray, ValueError), (bool, TypeError), (iter, NotImplementedError)):
        with pytest.raises(error):
            asks(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.convert_to_tensor(1 << 40, "int32"),
        lambda: ops.cast(-(1 << 40), "int32"),
        lambda: ops.array([3, 1 << 40]),
        lambda: ops.ones((1,), "int32") + (1 << 40),
        lambda: ops.fori_loop(0, 1 << 40, lambda i, total: total + 1, 0),
    ],
)
def test_a_whole_number_that_fits_no_dtype_is_an_error_as_in_keras(call: Any) -> None:
    with pytest.raises(OverflowError, match="out of bounds for int32"):
        call()


def test_whole_numbers_that_fit_are_kept_and_narrow_arithmetic_wraps() -> None:
    assert ops.array([1 << 40], "int64").tolist() == [1 << 40]
    assert ops.array(1 << 63, "uint64").item() == 1 << 63
    assert (ops.ones((1,), "int64") + (1 << 40)).tolist() == [(1 << 40) + 1]
    assert (ops.ones((1,), "uint8") + 300).tolist() == [45]
