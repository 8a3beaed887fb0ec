"""Functions whose bits do not depend on who computes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebinterpolate

from narae.engine.jit import jit
from narae.primitives.records import reproducible
from narae.tensor.tensor import tensor_of

# Where random numbers use them: name, low, high.
RANGES = [
    ("log", 2.0**-24, 1.0),
    ("log", 1e-37, 1e3),
    ("exp", -100.0, 80.0),
    ("cos_of_turns", 0.0, 1 - 2.0**-24),
    ("erfinv", -math.erf(math.sqrt(2)), math.erf(math.sqrt(2))),
]


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bits_are_the_same_also_between_other_operations(
    name: str, low: float, high: float, dtype: str, each_executor: str
) -> None:
    """With a product before and a sum after it, which a compiler would like to join."""
    op = getattr(reproducible, name)
    x = tensor_of(np.random.default_rng(3).uniform(low, high, 100_000).astype(dtype) / 2)

    def among(v):  # type: ignore[no-untyped-def]
        return op(reproducible.product(v, v * 0 + 2.0)) + 0.3

    want = op(tensor_of(x.numpy() * 2)).numpy() + np.asarray(0.3, dtype)
    np.testing.assert_array_equal(jit(among)(x).numpy(), want)


@pytest.mark.parametrize(
    ("dtype", "bound"), [("float32", 3e-7), ("float64", 4e-15)], ids=["float32", "float64"]
)
def test_they_are_what_they_are_named_after(dtype: str, bound: float) -> None:
    rng = np.random.default_rng(4)
    for name, low, high, exact in [
        ("log", 1e-37, 1.0, math.log),
        ("log", 0.7, 1.5, math.log),
        ("exp", -87.0, 80.0, math.exp),
        ("erfinv", -0.954, 0.954, inverse_erf),
    ]:
        x = rng.uniform(low, high, 2000).astype(dtype)
        got = getattr(reproducible, name)(tensor_of(x)).numpy().astype("float64")
        want = np.array([exact(float(v)) for v in x])
        assert np.abs(got / want - 1).max() < bound * (20 if name == "exp" else 1), name
    x = rng.uniform(0, 1, 2000).astype(dtype)
    got = reproducible.cos_of_turns(tensor_of(x)).numpy()
    assert np.abs(got - np.cos(2 * np.pi * x.astype("float64"))).max() < bound


def test_exponentials_below_the_normal_numbers_are_zero() -> None:
    """Some machines would flush them, and some not."""
    for dtype, edge in (("float32", -87.0), ("float64", -708.0)):
        x = tensor_of(np.array([edge, edge - 0.01, -np.inf], dtype))
        at, below, lowest = reproducible.exp(x).tolist()
        assert at >= np.finfo(dtype).smallest_normal
        assert below == lowest == 0


def inverse_erf(y: float) -> float:
    """By Newton's steps on the C library's erf."""
    x = 0.886 * y
    for _ in range(60):
        x -= (math.erf(x) - y) * math.sqrt(math.pi) / 2 * math.exp(x * x)
    return x


def test_the_series_of_erfinv_is_its_chebyshev_interpolation() -> None:
    def ratio(t: np.ndarray) -> np.ndarray:
        xs = np.sqrt(-np.expm1(-reproducible._WIDTH * (t + 1) / 2))
        return np.array([inverse_erf(x) / x for x in xs])

    series, terms = chebinterpolate(ratio, 23), len(reproducible._ERFINV)
    np.testing.assert_allclose(reproducible._ERFINV, series[:terms], rtol=0, atol=1e-14)
    assert np.abs(series[terms:]).max() < 5e-15
