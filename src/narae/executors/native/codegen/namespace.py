"""The names of NumPy that forwards use, on lanes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from narae.base.types import DTypeLike
from narae.executors.native.codegen import trigonometry, vectormath
from narae.executors.native.codegen.lanes import (
    Lanes,
    Unlowered,
    arithmetic,
    compare,
    is_float,
    scalarly,
    where,
)


def maximum(x: Lanes, y: Lanes) -> Lanes:
    """The larger of two; NaN where either is."""
    return _extreme("gt", "ge", x, y)


def minimum(x: Lanes, y: Lanes) -> Lanes:
    """The smaller of two; NaN where either is."""
    return _extreme("lt", "le", x, y)


def _extreme(strict: str, loose: str, x: Lanes, y: Lanes) -> Lanes:
    x, y = (x, x.like(y)) if isinstance(x, Lanes) else (y.like(x), y)
    if not is_float(x.dtype_name):
        return where(compare(loose, x, y), x, y)
    if y.constant is not None:  # one instruction: where x is NaN the comparison fails, x stays
        return where(compare(strict, y, x), y, x)
    if x.constant is not None:
        return where(compare(strict, x, y), x, y)
    return where(compare(loose, x, y) | compare("ne", x, x), x, y)


def _round(name: str) -> Callable[[Lanes], Lanes]:
    return lambda x: x.calls(name) if is_float(x.dtype_name) else x


def absolute(x: Lanes) -> Lanes:
    """The number without its sign."""
    if is_float(x.dtype_name):
        return x.calls("fabs")
    return x if x.dtype_name[0] in "ub" else where(x < 0, -x, x)


def sign(x: Lanes) -> Lanes:
    """-1, 0 or 1; NaN stays."""
    if not is_float(x.dtype_name):
        small = x.full(0) if x.dtype_name[0] == "u" else where(x < 0, x.full(-1), x.full(0))
        return where(x > 0, x.full(1), small)
    return where(x > 0, x.full(1), where(x < 0, x.full(-1), x))


def copysign(x: Lanes, y: Lanes) -> Lanes:
    """x with the sign of y."""
    return x.calls("copysign", x.like(y))


def _sqrt(x: Lanes) -> Lanes:
    return x.calls("sqrt")


def _library(name: str) -> Callable[..., Lanes]:
    return lambda *xs: scalarly(name, *xs)


def remainder(x: Lanes, y: Lanes) -> Lanes:
    """x - floor(x / y) y: of y's sign."""
    if is_float(x.dtype_name):
        rest = scalarly("fmod", x, y)
        other = compare("ne", rest, rest.full(0)) & ((rest < 0) ^ (y < 0))
        return where(rest == 0, copysign(rest.full(0), y), where(other, rest + y, rest))
    return _divided(x, y)[1]


def floor_divide(x: Lanes, y: Lanes) -> Lanes:
    """The quotient rounded down."""
    if not is_float(x.dtype_name):
        return _divided(x, y)[0]
    rest, exact = scalarly("fmod", x, y), x / y
    other = compare("ne", rest, rest.full(0)) & ((rest < 0) ^ (y < 0))
    quotient = (x - rest) / y  # of whole numbers, but for its own rounding
    whole = (quotient - where(other, y.full(1), y.full(0))).calls("rint")
    whole = where(whole == 0, copysign(whole.full(0), exact), whole)
    return where(y == 0, exact, whole)


def _divided(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """Quotient and remainder of integers; both 0 for a divisor of 0."""
    unsigned = x.dtype_name.startswith("u")
    zero = y == 0
    lowest = x.full(0) if unsigned else x.full(np.iinfo(x.dtype_name).min)
    overflow = zero if unsigned else zero | ((x == lowest) & (y == -1))
    safe = where(overflow, y.full(1), y)
    div, rem = ("udiv", "urem") if unsigned else ("sdiv", "srem")
    q = x.let(f"{div} {x.kind} {x.name}, {safe.name}")
    r = x.let(f"{rem} {x.kind} {x.name}, {safe.name}")
    if not unsigned:
        down = compare("ne", r, r.full(0)) & ((r < 0) ^ (safe < 0))
        q, r = where(down, q - 1, q), where(down, r + safe, r)
    return where(zero, q.full(0), q), where(zero, r.full(0), r)


def _logical(name: str) -> Callable[[Lanes, Lanes], Lanes]:
    def lowered(x: Lanes, y: Lanes) -> Lanes:
        x, y = x.astype(bool), y.astype(bool)
        return x.let(f"{name} {x.kind} {x.name}, {y.name}")

    return lowered


def _zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    if shape != ():
        raise Unlowered("zeros of a shape")
    return np.zeros((), dtype).item()


def _signbit(x: Lanes) -> Lanes:
    return x.view({4: np.int32, 8: np.int64}[x.dtype.itemsize]) < 0


XP: Any = SimpleNamespace(
    add=lambda x, y: x + y,
    subtract=lambda x, y: x - y,
    multiply=lambda x, y: x * y,
    divide=lambda x, y: arithmetic("div", x, y),
    true_divide=lambda x, y: arithmetic("div", x, y),
    negative=lambda x: -x,
    square=lambda x: x * x,
    reciprocal=lambda x: x.full(1) / x,
    remainder=remainder,
    floor_divide=floor_divide,
    maximum=maximum,
    minimum=minimum,
    clip=lambda x, low, high: minimum(maximum(x, x.full(low)), x.full(high)),
    absolute=absolute,
    abs=absolute,
    sign=sign,
    copysign=copysign,
    signbit=_signbit,
    floor=_round("floor"),
    ceil=_round("ceil"),
    trunc=_round("trunc"),
    rint=_round("rint"),
    sqrt=_sqrt,
    equal=lambda x, y: x == y,
    not_equal=lambda x, y: x != y,
    less=lambda x, y: x < y,
    less_equal=lambda x, y: x <= y,
    greater=lambda x, y: x > y,
    greater_equal=lambda x, y: x >= y,
    isnan=lambda x: x != x,
    isinf=lambda x: absolute(x) == np.inf,
    isfinite=lambda x: absolute(x) < np.inf,
    logical_and=_logical("and"),
    logical_or=_logical("or"),
    logical_xor=_logical("xor"),
    logical_not=lambda x: ~x.astype(bool),
    bitwise_and=lambda x, y: x & y,
    bitwise_or=lambda x, y: x | y,
    bitwise_xor=lambda x, y: x ^ y,
    invert=lambda x: ~x,
    left_shift=lambda x, y: x << y,
    right_shift=lambda x, y: x >> y,
    where=where,
    zeros=_zeros,
    zeros_like=lambda x: x.full(0),
    power=_library("pow"),
    arctan2=_library("atan2"),
    exp2=vectormath.exp2,
    expm1=vectormath.expm1,
    log2=vectormath.log2,
    log10=vectormath.log10,
    log1p=vectormath.log1p,
    cbrt=_library("cbrt"),
    tan=trigonometry.tan,
    arcsin=_library("asin"),
    arccos=_library("acos"),
    arctan=trigonometry.arctan,
    sinh=vectormath.sinh,
    cosh=vectormath.cosh,
    arcsinh=_library("asinh"),
    arccosh=_library("acosh"),
    arctanh=_library("atanh"),
    exp=vectormath.exp,
    log=vectormath.log,
    tanh=vectormath.tanh,
    sin=trigonometry.sin,
    cos=trigonometry.cos,
)

# Operations whose own forward would be slower or less exact on lanes.
OWN: dict[str, Callable[..., Any]] = {
    "erf": vectormath.erf,
    "erfc": vectormath.erfc,
    "gelu": vectormath.gelu,
    "gelu_slope": vectormath.gelu_slope,
}
