"""Signatures are Keras's; so are the dtypes of results, whatever kind of number comes in."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tests.ops.oracle import keras_answers, same
from tests.ops.public_cases import Case

from narae import ops

_rng = np.random.default_rng(0)
_numbers = _rng.integers(0, 5, (3, 4))
_ids = np.array([0, 1, 1])
_KINDS = ("bool", "uint8", "int8", "int32", "float16")

_UNARY = (
    "absolute exp log1p sqrt square sin floor ceil trunc isfinite logical_not tanh relu relu6 leaky_relu elu gelu "
    "hard_sigmoid softsign reciprocal cbrt nan_to_num sum mean var std max min prod any all argmax argmin cumsum "
    "count_nonzero sort argsort ravel tril trace flip nansum nanmax zeros_like copy signbit isneginf conj imag angle"
)
_UNARY_NUMBERS = "sign round diagonal ptp median hard_tanh"  # JAX refuses truths here
_BINARY = (
    "add multiply true_divide divide_no_nan floor_divide mod power maximum minimum equal less logical_and "
    "hypot inner outer isclose fmax"
)


def _check(keras: Any, cases: list[Case], rtol: float = 2e-4) -> None:
    answers = keras_answers(keras.ops, cases)
    for (name, args, kwargs), wanted in zip(cases, answers, strict=True):
        same(name, getattr(ops, name)(*args, **kwargs), wanted, rtol)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", _KINDS)
def test_one_tensor_of_any_kind(kind: str, keras: Any) -> None:
    names = _UNARY if kind in ("bool", "uint8") else f"{_UNARY} {_UNARY_NUMBERS}"
    x = _numbers.astype(kind)
    cases: list[Case] = [(name, (x,), {}) for name in names.split()]
    _check(keras, [*cases, ("histogram", (x[0],), {})], rtol=2e-3)


@pytest.mark.oracle
@pytest.mark.parametrize("second", ["bool", "int32", "float32", "python"])
@pytest.mark.parametrize("first", _KINDS)
def test_two_tensors_of_any_kinds(first: str, second: str, keras: Any) -> None:
    x = _numbers.astype(first)
    others = [2, 2.5] if second == "python" else [(_numbers % 3 + 1).astype(second)]
    cases: list[Case] = [(name, (x, y), {}) for name in _BINARY.split() for y in others]
    if second != "python":
        # in Keras's of these a Python number is no weak one
        cases += [(name, (x, others[0]), {}) for name in ("logaddexp", "arctan2")]
        cases += [("matmul", (x, others[0].T), {}), ("correlate", (x[0], others[0][0]), {})]
    _check(keras, cases, rtol=2e-3)


_CALLS: list[Case] = [
    *(
        ("unique", (np.int32([3, -1, 3, 2]),), keywords)
        for keywords in (
            {"return_index": True, "return_inverse": True, "return_counts": True},
            {"size": 5, "fill_value": 9, "return_index": True, "return_counts": True},
            {"size": 5},
            {"size": 2, "return_index": True, "return_inverse": True},
        )
    ),
    ("unique", (np.int32([[1, 2], [1, 2], [0, 5]]),), {"axis": 0, "return_inverse": True}),
    ("unique", (np.int32([[1, 2], [1, 2], [0, 5]]),), {"axis": 1, "size": 3}),
    ("in_top_k", (np.int32([0, 1, 3]), _numbers.astype("int32"), 2), {}),
    ("segment_sum", (_numbers.astype("int8"), _ids), {"num_segments": 2}),
    ("power", (2.0, np.int32([3, -1])), {}),
    ("full", ((2,), True), {}),
    ("arange", (0, 5, 2), {"dtype": "float32"}),
    ("where", (_numbers > 2, 1, 2.5), {}),
    ("max", (np.zeros((0, 2), "float32"),), {"axis": 0, "initial": -1.0}),
    ("softmax", (_numbers.astype("float32"),), {"axis": (0, 1)}),
    ("log_softmax", (_numbers.astype("float32"),), {"axis": None}),
]


@pytest.mark.oracle
def test_particular_calls(keras: Any) -> None:
    _check(keras, _CALLS)


@pytest.mark.oracle
def test_signatures_are_keras_s(keras: Any) -> None:
    def shown(module: Any, name: str) -> list[str]:
        parameters = inspect.signature(getattr(module, name)).parameters.values()
        return [str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters]

    shared = {n for n in ops.__all__ if inspect.isfunction(getattr(keras.ops, n, None))}
    assert len(shared) > 300
    assert {n: shown(ops, n) for n in shared} == {n: shown(keras.ops, n) for n in shared}


def test_integers_have_no_negative_powers() -> None:
    for exponent in (-1, np.int32([1, -1])):
        with pytest.raises(ValueError, match="exponents of 0 or more"):
            ops.power(np.int32([2, 3]), exponent)


def test_multi_hot_tells_what_it_lacks() -> None:
    assert ops.multi_hot([0, 2], num_tokens=3).tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="needs num_classes"):
        ops.multi_hot([0, 2])
    with pytest.raises(TypeError, match="'depth'"):
        ops.multi_hot([0, 2], 3, depth=2)
