"""Functions whose bits do not depend on who computes them, for random numbers.

IEEE 754 rounds a sum, a product, a quotient and a root once, alike everywhere. Two things differ between
executors and machines: a product and the sum after it may become one operation, which rounds once instead
of twice, and logarithms and the like have as many last places as there are libraries. So here a product
never meets a sum directly, and the functions are made of nothing else. float32 and float64 only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.types import Namespace
from narae.primitives.notation import called, infix
from narae.primitives.record import RECORDS, elementwise
from narae.primitives.samples import floats

# Of a dtype: the integers of its bits, the bits after the exponent, those of √½ and of 1.
_FORMS = {
    "float32": (np.int32, 23, 0x3F3504F3, 0x3F800000),
    "float64": (np.int64, 52, 0x3FE6A09E667F3BCD, 0x3FF0000000000000),
}


def _product(xp: Namespace, x: np.ndarray, y: np.ndarray | float) -> Any:
    # no compiler can join what a comparison stands between
    return xp.maximum(x * y, float(np.finfo(x.dtype).min))


def _power_series(xp: Namespace, x: np.ndarray, coefficients: Sequence[float]) -> Any:
    total = xp.zeros_like(x) + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = _product(xp, total, x) + c
    return total


# A product that is rounded before what follows: a product below the lowest float is that float.
product = elementwise(
    "reproducible_product",
    forward=_product,
    takes="float32 or float64",
    vjp=(lambda ct, out, x, y: ct * y, lambda ct, out, x, y: ct * x),
    samples=floats(2),
    oracle=np.multiply,
    shown=infix("*", 2, 2, 1),
)

# log((1 + s)/(1 - s)) = 2 s (1 + s²/3 + s⁴/5 + ...)
_INVERSES = [1 / (2 * k + 1) for k in range(12)]
_LOG = {"float32": _INVERSES[:6], "float64": _INVERSES}


def _log(xp: Namespace, x: np.ndarray) -> Any:
    """Of positive normal numbers m 2^e, √½ <= m < √2: e log 2 + log m."""
    name = x.dtype.name
    integer, fraction, root, _ = _FORMS[name]
    bits = x.view(integer) - root
    exponent = (bits >> fraction).astype(x.dtype)
    m = ((bits & (2**fraction - 1)) + root).view(x.dtype)
    s = (m - 1.0) / (m + 1.0)
    series = _power_series(xp, s * s, _LOG[name])
    return _product(xp, exponent, math.log(2.0)) + _product(xp, s * 2.0, series)


log = elementwise(
    "reproducible_log",
    forward=_log,
    takes="float32 or float64",
    vjp=(lambda ct, out, x: ct / x,),
    samples=floats(1, 0.1, 3.0),
    oracle=np.log,
    shown=called("log"),
)

# The least and largest whole numbers whose exponential is a normal number, and its series.
_INVERSE_FACTORIALS = [1 / math.factorial(k) for k in range(15)]
_EXP = {
    "float32": (-87.0, 88.0, _INVERSE_FACTORIALS[:9]),
    "float64": (-708.0, 709.0, _INVERSE_FACTORIALS),
}
_LN2_HIGH = 0x162E4 / 2**17  # few bits: its multiples are exact


def _exp(xp: Namespace, x: np.ndarray) -> Any:
    """2^n exp(r), |r| <= log(2)/2; 0 below the normal numbers, which some machines flush."""
    name = x.dtype.name
    integer, fraction, _, one = _FORMS[name]
    low, high, coefficients = _EXP[name]
    inside = xp.minimum(xp.maximum(x, low), high)
    n = xp.floor(_product(xp, inside, 1 / math.log(2.0)) + 0.5)
    rest = inside - _product(xp, n, _LN2_HIGH)
    rest = rest - _product(xp, n, math.log(2.0) - _LN2_HIGH)
    series = _power_series(xp, rest, coefficients)
    scale = ((n.astype(integer) << fraction) + one).view(x.dtype)
    return xp.where(x < low, xp.zeros_like(x), _product(xp, series, scale))


exp = elementwise(
    "reproducible_exp",
    forward=_exp,
    takes="float32 or float64",
    vjp=(lambda ct, out, x: ct * out,),
    samples=floats(1),
    oracle=np.exp,
    shown=called("exp"),
)

_SIN_OF_QUARTERS = [
    (-1) ** k * (math.pi / 2) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(12)
]
_COS = {"float32": _SIN_OF_QUARTERS[:7], "float64": _SIN_OF_QUARTERS}


def _cos_of_turns(xp: Namespace, turns: np.ndarray) -> Any:
    """cos(2π v) = sin(π t/2), t = 4 (|v - ½| - ¼), by its power series; 0 <= v <= 1."""
    t = (xp.abs(turns - 0.5) - 0.25) * 4.0
    return _product(xp, t, _power_series(xp, t * t, _COS[turns.dtype.name]))


cos_of_turns = elementwise(
    "reproducible_cos",
    forward=_cos_of_turns,
    takes="float32 or float64",
    samples=floats(1, 0.0, 1.0),
    oracle=lambda v: np.cos(2 * np.pi * v),
    shown=called("cos_of_turns"),
    flat=True,
)

# erf⁻¹(x)/x for |x| <= erf(√2): a Chebyshev series in w = -log(1 - x²), t = 2 w/_WIDTH - 1, after the idea
# of M. Giles, "Approximating the erfinv function" (2010). Written out, since computed coefficients would
# differ between machines; tests/ops/records/test_reproducible.py computes them.
_WIDTH = 2.43
_ERFINV = (
    *(1.1829688948763293, 0.2999368672415242, 0.002172536831113031, -0.0009932406978211891),
    *(3.473837787499462e-05, 5.180883973044531e-06, -4.6279619991644594e-07),
    *(-2.1258780964761304e-08, 4.376633763736315e-09, 7.981913741073043e-12),
    *(-3.5194120187598266e-11, 1.184004283505402e-12, 2.451268354963787e-13),
    *(-1.8443579996585413e-14, -1.8405416080113923e-15),
)
_TERMS = {"float32": 9, "float64": len(_ERFINV)}


def _erfinv(xp: Namespace, x: np.ndarray) -> Any:
    """By Clenshaw's recurrence."""
    t = _product(xp, _log(xp, (1.0 - x) * (1.0 + x)), -2 / _WIDTH) - 1.0
    high = low = xp.zeros_like(x)
    for c in reversed(_ERFINV[1 : _TERMS[x.dtype.name]]):
        high, low = _product(xp, t * 2.0, high) - low + c, high
    return _product(xp, x, _product(xp, t, high) - low + _ERFINV[0])


erfinv = elementwise(
    "reproducible_erfinv",
    forward=_erfinv,
    takes="float32 or float64",
    samples=floats(1, -0.95, 0.95),
    oracle=lambda y: RECORDS["erfinv"].forward(np, y),
    shown=called("erfinv"),
    flat=True,
)
