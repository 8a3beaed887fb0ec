"""Shapes and dtypes of the public operations on tensors to come: Keras's, or more precise ones."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from tests.ops.oracle import flat_leaves
from tests.ops.public_cases import CASES, Case

import narae
from narae import ops

# What Keras infers here is not what it computes.
_WRONG_IN_KERAS = {
    *("corrcoef", "adaptive_average_pool", "adaptive_max_pool"),  # lengths
    *("multi_hot", "softmax"),  # dtypes
    *("slogdet", "logdet"),  # matrices that are not square
}
_NEEDS_NUMBERS = {"ctc_decode"}  # by beam search


def _batched(case: Case) -> int | None:
    """The place of the first argument that has a batch axis."""
    places = (i for i, a in enumerate(case[1]) if isinstance(a, np.ndarray) and a.ndim > 1)
    return None if case[0] in _WRONG_IN_KERAS | _NEEDS_NUMBERS else next(places, None)


def _symbolic(module: Any, case: Case) -> list[Any]:
    """The call with an unknown batch length in that argument."""
    name, args, kwargs = case
    at = _batched(case)
    assert at is not None
    unknown = module.KerasTensor((None, *args[at].shape[1:]), args[at].dtype.name)
    filled = [unknown if i == at else a for i, a in enumerate(args)]
    return flat_leaves(getattr(module.ops, name)(*filled, **kwargs))


_CASES = [case for case in CASES if _batched(case) is not None]


@pytest.mark.oracle
@pytest.mark.parametrize("case", _CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(_CASES)])
def test_shapes_are_keras_s(case: Case, keras: Any) -> None:
    try:
        theirs = _symbolic(keras, case)
    except Exception:
        pytest.skip("Keras refuses an unknown length here")
    ours = _symbolic(narae, case)
    assert [t.dtype for t in ours] == [t.dtype for t in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert len(a.shape) == len(b.shape)
        assert all(m in (n, None) for n, m in zip(a.shape, b.shape, strict=True))


_x, _two = narae.KerasTensor((None, 4)), narae.KerasTensor((2, 4))


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda: _x + _two, (2, 4)),  # the batch is known from the other argument
        (lambda: _x + np.ones((3, 4), "float32"), (3, 4)),
        (lambda: ops.concatenate([_x, _two]), (None, 4)),
        (lambda: ops.concatenate([_x, _two], 1), (None, 8)),  # as the first one has it
        (lambda: ops.split(_x, 2)[0], (None, 4)),  # what divides the batch is not known
        (lambda: ops.reshape(_x, (-1, 8)), (None, 8)),
        (lambda: narae.KerasTensor((None, None, 3))[:, 200], (None, 3)),
    ],
)
def test_unknown_lengths_are_known_where_they_must_be(call: Any, shape: Any) -> None:
    assert call().shape == shape


@pytest.mark.parametrize(
    "call",
    [
        lambda: _x + narae.KerasTensor((None, 5)),
        lambda: ops.det(_x),
        lambda: ops.reshape(_x, (5, 7)),
    ],
)
def test_what_no_length_makes_right_is_refused_at_the_call(call: Any) -> None:
    with pytest.raises(ValueError) as found:
        call()
    assert "None" in str(found.value)
    assert not re.search(r"\b(?!35\b)\d{2,}", str(found.value))  # no number that stands in


def _broken(case: Case) -> list[str]:
    """Where a length that is inferred, with one unknown, is not the one that is computed."""
    name, args, kwargs = case
    places = [
        (i, axis) for i, a in enumerate(args) if isinstance(a, np.ndarray) for axis in range(a.ndim)
    ]
    computed = [t.shape for t in flat_leaves(getattr(ops, name)(*args, **kwargs))]
    found = []
    for i, axis in places:
        shape = tuple(None if a == axis else n for a, n in enumerate(args[i].shape))
        symbol = narae.KerasTensor(shape, args[i].dtype.name)
        filled = [symbol if j == i else a for j, a in enumerate(args)]
        try:
            inferred = flat_leaves(getattr(ops, name)(*filled, **kwargs))
        except (ValueError, TypeError):
            continue  # more has to be known, or numbers are needed
        for t, real in zip(inferred, computed, strict=True):
            fits = len(t.shape) == len(real) and all(
                n in (None, m) for n, m in zip(t.shape, real, strict=True)
            )
            if not fits:
                found.append(f"{name}, axis {axis} of argument {i}: {t.shape}, computed {real}")
    return found


# As Keras: the parts between two places are there, and an unknown length is not 1.
_ASSUMED = {"split", "hsplit", "vsplit", "dsplit", "squeeze"}


def test_what_is_inferred_is_what_is_computed() -> None:
    cases = [case for case in CASES if case[0] not in _ASSUMED]
    assert not [line for case in cases for line in _broken(case)]


def test_a_symbol_is_one_value() -> None:
    assert _x == _x
    assert _x in [_two, _x]
    assert narae.KerasTensor((None, 4)) not in [_x, _two]
    assert len({_x, _two}) == 2
