"""Exponentials, logarithms, hyperbolic functions and the error function of float32 lanes.

One sequence of operations for one lane and for many, so an element's bits do not depend on where
in an array it lies. The stated bounds hold for every float32 number: docs/vector-math.md. Other
dtypes call the C library. The coefficients come from tools/fit_vectormath.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from narae.executors.native.codegen.lanes import Lanes, scalarly, where

EXP = (0.49999994, 0.16666521, 0.04166828, 0.0083686905, 0.001381949)
EXPM1 = (0.5, 0.16666666, 0.041666493, 0.008333543, 0.0013932347, 0.00019764257)
EXP2 = (0.6931472, 0.2402265, 0.05550405, 0.009618087, 0.0013337972, 0.00015452095, 1.4320213e-05)
LOG1P = (
    *(0.33333215, -0.24999805, 0.20010436, -0.16680221),
    *(0.14005543, -0.12187454, 0.13985594, -0.12879282),
)
TANH = (-0.3333328, 0.13331406, -0.053736515, 0.020628167, -0.005692296)
SINH = (0.16666667, 0.0083333105, 0.00019842896, 2.7822132e-06)
ERF = (
    *(0.12837917, -0.37612626, 0.11283579, -0.026853347),
    *(0.005187162, -0.0007997853, 7.806904e-05),
)
LOG_ERFC = (
    *(0.000300437, 1.1272514, 0.63788325, 0.103327185),
    *(-0.02194035, 0.0029724254, -0.00018882286),
)
SCALED_ERFC = (
    *(0.23299512, -0.13962112, 0.015379306, 0.068096384, -0.10103363, 0.09375728),
    *(-0.066344105, 0.036956824, -0.01638385, 0.005533991, 9.698277e-05),
)

LN2 = math.log(2)
ROUNDER = 1.5 * 2**23  # added to a small number it leaves the nearest integer in the low bits
TWO_THIRDS = int(np.float32(2 / 3).view(np.int32))
SMALLEST_NORMAL = 2.0**-126

LaneFunction = Callable[[Lanes], Lanes]


def of_float32(library: str) -> Callable[[LaneFunction], LaneFunction]:
    """What a function of float32 lanes is for other dtypes: the C library's of that name."""

    def decorate(own: LaneFunction) -> LaneFunction:
        @functools.wraps(own)
        def lowered(x: Lanes) -> Lanes:
            return own(x) if x.dtype_name == "float32" else scalarly(library, x)

        return lowered

    return decorate


def fma(x: Lanes, y: Lanes | float, z: Lanes | float) -> Lanes:
    """x y + z, rounded once."""
    return x.calls("fma", x.like(y), x.like(z))


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """Horner's scheme; the constant term comes first."""
    total = x.full(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = fma(total, x, coefficient)
    return total


def magnitude(x: Lanes) -> Lanes:
    """The number without its sign."""
    return x.calls("fabs")


def signed(x: Lanes, like: Lanes) -> Lanes:
    """x with the sign of another."""
    return x.calls("copysign", like)


def split(value: float) -> tuple[float, float]:
    """A float32 and what it leaves of a number."""
    high = float(np.float32(value))
    return high, value - high


def nearest(x: Lanes, factor: float = 1.0) -> tuple[Lanes, Lanes]:
    """The integer nearest to factor x, as a float and as an int32; it must be below 2**22."""
    moved = fma(x, factor, ROUNDER)
    count = moved.view("int32") - int(np.float32(ROUNDER).view(np.int32))
    return moved - ROUNDER, count


def power_of_two(n: Lanes) -> Lanes:
    """2**n of int32 lanes from -126 to 127."""
    return ((n + 127) << 23).view("float32")


def scaled(x: Lanes, n: Lanes) -> Lanes:
    """2**n x, whose one rounding is that to a subnormal; n from -200 to 254, |x| in [2**-9, 2)."""
    half = n >> 1
    return x * power_of_two(half) * power_of_two(n - half)


def at_most(x: Lanes, high: float) -> Lanes:
    """x, or the limit where it is beyond; NaN stays."""
    return where(x > high, x.full(high), x)


def within(x: Lanes, low: float, high: float) -> Lanes:
    """x, or the limit it is beyond; NaN stays."""
    return at_most(where(x < low, x.full(low), x), high)


def _halved(x: Lanes) -> tuple[Lanes, Lanes]:
    """r, n with x = r + n ln 2, |r| at most ln(2) / 2."""
    whole, n = nearest(x, 1 / LN2)
    high, low = split(LN2)
    return fma(whole, -low, fma(whole, -high, x)), n


def _exp_near_zero(r: Lanes) -> Lanes:
    return fma(r * r, polynomial(r, EXP), r) + 1


def _exp_times(x: Lanes, shift: int = 0) -> Lanes:
    """2**shift e**x for x from -86 to 89 where the result is a normal number or infinite."""
    r, n = _halved(x)
    near = _exp_near_zero(r)
    return scaled(near, n + shift) if shift else near * power_of_two(n)


@of_float32("exp")
def exp(x: Lanes) -> Lanes:
    """e to the power x."""
    r, n = _halved(within(x, -104.0, 89.0))
    return scaled(_exp_near_zero(r), n)


@of_float32("exp")
def exp_below(x: Lanes) -> Lanes:
    """e to the power x that is not above 0 (a little is no harm): 0 below -87, where it is no normal number and what
    is computed here no number at all."""
    return where(x < -87.0, x.full(0), _exp_times(x))


@of_float32("exp2")
def exp2(x: Lanes) -> Lanes:
    """2 to the power x."""
    x = within(x, -151.0, 129.0)
    whole, n = nearest(x)
    r = x - whole
    return scaled(fma(r, polynomial(r, EXP2), 1), n)


@of_float32("expm1")
def expm1(x: Lanes) -> Lanes:
    """e to the power x less 1. Half of it is summed: 2**128 is not a float32."""
    r, n = _halved(within(x, -20.0, 89.0))
    half = power_of_two(n - 1)
    most = fma(half, r, half - 0.5)
    y = fma(half, r * r * polynomial(r, EXPM1), most)
    return where(magnitude(x) < 2.0**-25, x, y + y)


def _logarithm(f: Lanes, exponent: Lanes, base: float = math.e) -> Lanes:
    """log((1 + f) 2**exponent) for f from -1/3 to 1/3."""
    tail = f * f * fma(f, polynomial(f, LOG1P), -0.5)
    of_two, rest_of_two = split(LN2 / math.log(base))
    if base == math.e:
        return fma(exponent, of_two, f + fma(exponent, rest_of_two, tail))
    of_e, rest_of_e = split(1 / math.log(base))
    low = fma(f, rest_of_e, fma(exponent, rest_of_two, tail * of_e))
    return fma(exponent, of_two, fma(f, of_e, low))


def _with_limits(x: Lanes, zero: Lanes, y: Lanes) -> Lanes:
    """A logarithm y right where x is infinite or NaN and where its argument is 0 or less."""
    y = where(x < np.inf, y, x)
    return where(zero > 0, y, where(zero == 0, x.full(-np.inf), x.full(np.nan)))


def _log_to(base: float) -> LaneFunction:
    def lowered(x: Lanes) -> Lanes:
        tiny = x < SMALLEST_NORMAL
        bits = where(tiny, x * 2.0**23, x).view("int32") - TWO_THIRDS
        f = ((bits & 0x7FFFFF) + TWO_THIRDS).view("float32") - 1
        exponent = (bits >> 23).astype("float32") - where(tiny, x.full(23), x.full(0))
        return _with_limits(x, x, _logarithm(f, exponent, base))

    return lowered


log = of_float32("log")(_log_to(math.e))
log2 = of_float32("log2")(_log_to(2.0))
log10 = of_float32("log10")(_log_to(10.0))


@of_float32("log1p")
def log1p(x: Lanes) -> Lanes:
    """log(1 + x): x is scaled by the power of two that brings 1 + x near 1, and so is the 1."""
    total = x + 1
    n = (total.view("int32") - TWO_THIRDS) >> 23
    scale = n << 23
    shrunk = (x.view("int32") - scale).view("float32")
    one = (x.full(4).view("int32") - scale).view("float32")  # 4 times: 2**-128 is subnormal
    f = shrunk + fma(one, 0.25, -1)
    y = _with_limits(x, total, _logarithm(f, n.astype("float32")))
    return where(magnitude(x) < 2.0**-25, x, y)


@of_float32("tanh")
def tanh(x: Lanes) -> Lanes:
    """The hyperbolic tangent: 1 - 2 / (e**2x + 1) from 0.625 on."""
    size = magnitude(x)
    square = x * x
    small = fma(size * square, polynomial(square, TANH), size)
    power = _exp_times(at_most(size, 10.0) * 2)
    large = 1 - 2 / (power + 1)
    return signed(where(size < 0.625, small, large), x)


@of_float32("sinh")
def sinh(x: Lanes) -> Lanes:
    """The hyperbolic sine: (e**x - e**-x) / 2 from 1 on."""
    size = magnitude(x)
    square = x * x
    small = fma(size * square, polynomial(square, SINH), size)
    half = _exp_times(at_most(size, 91.0), -1)
    return signed(where(size < 1, small, half - 0.25 / half), x)


@of_float32("cosh")
def cosh(x: Lanes) -> Lanes:
    """The hyperbolic cosine: (e**x + e**-x) / 2."""
    half = _exp_times(at_most(magnitude(x), 91.0), -1)
    return half + 0.25 / half


@of_float32("erf")
def erf(x: Lanes) -> Lanes:
    """The error function: 1 - e**-P(x) from 1 on, where P fits -log(erfc(x))."""
    size = magnitude(x)
    square = x * x
    small = fma(polynomial(square, ERF), size, size)
    power = polynomial(at_most(size, 4.0), LOG_ERFC)
    large = 1 - _exp_times(-power)
    return signed(where(size < 1, small, large), x)


@of_float32("erfc")
def erfc(x: Lanes) -> Lanes:
    """1 - erf(x): e**(-x x) (1 + P) / (1 + 2 x) from 0.5 on, 2 less that up to -0.5."""
    size = at_most(magnitude(x), 10.1)
    square = size * size
    small = 1 - fma(polynomial(square, ERF), x, x)
    r, n = _halved(-square)
    near = _exp_near_zero(r - fma(size, size, -square))  # what the square was rounded by
    share = (polynomial((size - 4) / (size + 4), SCALED_ERFC) + 1) / fma(size, 2, 1)
    large = scaled(near * share, n)
    return where(size < 0.5, small, where(x < 0, 2 - large, large))


def gelu(x: Lanes) -> Lanes:
    """x Φ(x)."""
    return x * ((erf(x * math.sqrt(0.5)) + 1) * 0.5)


def gelu_slope(x: Lanes) -> Lanes:
    """Φ(x) + x φ(x)."""
    density = exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return (erf(x * math.sqrt(0.5)) + 1) * 0.5 + x * density
