"""Dtypes by name, and the lattice in which they meet: Keras's, pair by pair."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from narae.base.dtypes import (
    DTYPES,
    FLOATS,
    INTS,
    as_float,
    is_float,
    is_int,
    np_dtype,
    result_type,
    standardize_dtype,
)

# JAX runs Keras without 64-bit numbers unless told otherwise: what meets there, meets in 32 bits.
_NARROW = [d for d in DTYPES if "64" not in d]
_MEETING: list[Any] = [*_NARROW, int, float, bool]


@pytest.mark.oracle
@pytest.mark.parametrize("first", _MEETING, ids=str)
def test_pairs_meet_where_keras_lets_them(first: Any, keras: Any) -> None:
    for second in _MEETING:
        theirs = keras.backend.result_type(first, second)
        ours = result_type(first, second)
        # uint32 with a signed integer meets in int64, which Keras on JAX narrows to int32.
        assert {"int64": "int32"}.get(ours, ours) == theirs, (first, second)


def test_meeting_is_a_join() -> None:
    for a, b in itertools.product(DTYPES, repeat=2):
        assert result_type(a, b) == result_type(b, a)
        assert result_type(a, a) == a
        assert result_type(a, result_type(a, b)) == result_type(a, b)
    for a, b, c in itertools.product(DTYPES, repeat=3):
        if is_float(result_type(a, b)) and not (is_float(a) or is_float(b)):
            continue  # uint64 and int64 meet in Python's float, which is weak until it stands alone
        assert result_type(a, b, c) == result_type(result_type(a, b), c)


@pytest.mark.parametrize(
    ("first", "second", "met"),
    [
        ("int64", "float16", "float16"),
        ("uint32", "int32", "int32"),
        ("uint64", "int64", "float32"),
        ("float64", "float32", "float64"),
        ("float64", int, "float64"),
        ("int64", int, "int64"),
        ("int64", float, "float32"),
    ],
)
def test_wide_dtypes_meet_by_the_lattice(first: Any, second: Any, met: str) -> None:
    assert result_type(first, second) == met


@pytest.mark.parametrize("name", DTYPES)
def test_every_way_of_naming_a_dtype_gives_its_name(name: str) -> None:
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes")
    found = np_dtype(name)
    for given in (name, found, found.type, f"torch.{name}"):
        assert standardize_dtype(given) == name


def test_python_types_are_32_bits_wide() -> None:
    assert [standardize_dtype(t) for t in (bool, int, float, None)] == [
        *("bool", "int32", "float32", "float32")
    ]


@pytest.mark.parametrize("given", ["float33", "complex64", "str", object])
def test_what_is_no_dtype_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"Invalid dtype: .*narae has .*float32"):
        standardize_dtype(given)


def test_kinds_part_the_dtypes() -> None:
    assert {d for d in DTYPES if is_float(d)} == set(FLOATS)
    assert {d for d in DTYPES if is_int(d)} == set(INTS)
    assert [as_float(d) for d in ("int8", "bool", "float16")] == ["float32", "float32", "float16"]


def test_nothing_meets_in_floatx() -> None:
    assert result_type() == result_type(None) == "float32"
