"""The error function and its inverse, which NumPy does not have, and the activation made of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.types import Namespace
from narae.primitives.record import elementwise
from narae.primitives.records.arithmetic import exp
from narae.primitives.samples import floats

# erf on [0, 4): a Chebyshev series of erfc(x) exp(x²) in t = (x - 3.75)/(x + 3.75), after
# M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981); the coefficients are computed here,
# once, from the library's erfc and, where that underflows, its continued fraction.
_DEGREE = 28


def _erfcx(x: float) -> float:
    """erfc(x) exp(x²) for x >= 0: `math.erfc` where it is far from underflow, else its fraction."""
    if x < 5:
        return math.erfc(x) * math.exp(x * x)
    tail = 0.0
    for k in range(60, 0, -1):  # Abramowitz & Stegun 7.1.14
        tail = k / 2 / (x + tail)
    return 1 / (math.sqrt(math.pi) * (x + tail))


def _coefficients() -> np.ndarray:
    nodes = np.cos(math.pi * (np.arange(_DEGREE) + 0.5) / _DEGREE)
    xs = 3.75 * (1 + nodes) / (1 - nodes)
    values = np.array([(1 + 2 * x) * _erfcx(x) for x in xs])
    k = np.arange(_DEGREE)[:, None]
    series = 2 / _DEGREE * (np.cos(k * np.arccos(nodes)[None, :]) @ values)
    series[0] /= 2
    return series


_SERIES = [float(c) for c in _coefficients()]


def _tail(xp: Namespace, a: np.ndarray) -> Any:
    """erfc of a >= 0."""
    t = (a - 3.75) / (a + 3.75)
    high = low = xp.zeros_like(a)  # Clenshaw's recurrence for the Chebyshev series
    for c in reversed(_SERIES[1:]):
        high, low = 2 * t * high - low + c, high
    scaled = (t * high - low + _SERIES[0]) / (1 + 2 * a)
    return xp.where(xp.isinf(a), 0, scaled * xp.exp(-a * a))


def _erf(xp: Namespace, x: np.ndarray) -> Any:
    a = xp.abs(x)
    far = 1 - _tail(xp, a)
    # the power series keeps small arguments exact, where 1 - (1 - ...) would lose digits
    s = x * x
    near = xp.zeros_like(s)
    for n in range(12, -1, -1):
        near = near * s + (-1) ** n / (math.factorial(n) * (2 * n + 1))
    near = near * x * (2 / math.sqrt(math.pi))
    return xp.where(a < 0.5, near, xp.copysign(far, x)).astype(x.dtype)


def _erf_oracle(x: np.ndarray) -> Any:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


_ROOT_PI = math.sqrt(math.pi)
erf = elementwise(
    "erf",
    forward=_erf,
    takes="float",
    vjp=(lambda ct, out, x: ct * exp(-(x * x)) * (2 / _ROOT_PI),),
    samples=floats(1, -3.0, 3.0),
    oracle=_erf_oracle,
    slow=True,
)


def _erfc(xp: Namespace, x: np.ndarray) -> Any:
    tail = _tail(xp, xp.abs(x))
    return xp.where(xp.abs(x) < 0.5, 1 - _erf(xp, x), xp.where(x < 0, 2 - tail, tail)).astype(
        x.dtype
    )


# 1 - erf(x), whose small values keep their digits.
erfc = elementwise(
    "erfc",
    forward=_erfc,
    takes="float",
    vjp=(lambda ct, out, x: ct * exp(-(x * x)) * (-2 / _ROOT_PI),),
    samples=floats(1, -3.0, 3.0),
    oracle=np.vectorize(math.erfc, otypes=[np.float64]),
)


_DENSITY = 1 / math.sqrt(2 * math.pi)


def _gelu(xp: Namespace, x: np.ndarray) -> Any:
    return (x * ((_erf(xp, x * math.sqrt(0.5)) + 1) * 0.5)).astype(x.dtype)


def _gelu_slope(xp: Namespace, x: np.ndarray) -> Any:
    share = (_erf(xp, x * math.sqrt(0.5)) + 1) * 0.5
    return (share + x * (xp.exp(x * x * -0.5) * _DENSITY)).astype(x.dtype)


# x Φ(x), Φ the distribution function of the normal distribution. One operation, with one for its gradient: what is
# computed on the way to either is not kept for the other.
gelu = elementwise(
    "gelu",
    forward=_gelu,
    takes="float",
    vjp=(lambda ct, out, x: ct * gelu_slope(x),),
    samples=floats(1, -3.0, 3.0),
    slow=True,
)
# Φ(x) + x φ(x), φ = Φ′: the derivative of `gelu`.
gelu_slope = elementwise(
    "gelu_slope",
    forward=_gelu_slope,
    takes="float",
    vjp=(lambda ct, out, x: ct * exp(x * x * -0.5) * ((2 - x * x) * _DENSITY),),
    samples=floats(1, -3.0, 3.0),
    slow=True,
)


def _erfinv(xp: Namespace, y: np.ndarray) -> Any:
    """A starting value (S. Winitzki, 2008) made exact by Newton-Halley steps on erf."""
    inside = xp.clip(y, -1.0, 1.0)
    log = xp.log((1 - inside) * (1 + inside))
    b = 2 / (math.pi * 0.147) + log / 2
    x = xp.copysign(xp.sqrt(xp.maximum(xp.sqrt(b * b - log / 0.147) - b, 0)), inside)
    for _ in range(2):  # each cubes the error, of 2e-3 at first
        error = (_erf(xp, x) - inside) * (_ROOT_PI / 2) * xp.exp(x * x)
        x = x - error / (1 + x * error)
    edge = xp.where(inside == 1, np.inf, xp.where(inside == -1, -np.inf, x))
    return xp.where(xp.abs(y) > 1, np.nan, edge).astype(y.dtype)


erfinv = elementwise(
    "erfinv",
    forward=_erfinv,
    takes="float",
    vjp=(lambda ct, out, y: ct * exp(out * out) * (_ROOT_PI / 2),),
    samples=floats(1, -0.9, 0.9),
)
