"""Parts, neighbours and divisors of numbers, and their bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.dtypes import is_float
from narae.base.types import TensorLike
from narae.graph.ir import Op, Value
from narae.ops.arithmetic import divide_no_nan
from narae.ops.rounding import absolute
from narae.ops.table import BROADCAST, Binary, binary, named, unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor

fabs = unary(
    __name__, "fabs", A.absolute, "|x| as a float.", "fabs([1, -2]).tolist()", "[1.0, 2.0]"
)
nextafter = binary(
    __name__,
    "nextafter",
    A.nextafter,
    "The float beside x1 in the direction of x2.",
    "nextafter(1.0, 2.0).item() - 1",
    "1.1920928955078125e-07",
    floating=True,
    x1="where to begin; integers become floatx.",
    x2="where to go.",
)


def _divisor(name: str, op: Op, says: str, gives: str) -> Binary:
    def function(x1: TensorLike, x2: TensorLike) -> Tensor:
        x, y = promoted(x1, x2)
        if is_float(x.dtype) or x.dtype == "bool":
            raise ValueError(f"{name} takes integers, got operands that meet in {x.dtype}")
        return op(x, y)

    return named(
        function,
        name,
        __name__,
        says,
        f"{name}(4, 6).item()",
        gives,
        {"x1, x2": "integers, no booleans."},
        "a tensor of the dtype that both meet in.",
        shapes=BROADCAST,
        raises="ValueError: an operand that is no integer.",
    )


gcd = _divisor("gcd", A.gcd, "The greatest common divisor of integers.", "2")
lcm = _divisor("lcm", A.lcm, "The least common multiple of integers.", "12")


def _extreme(name: str, op: Op, says: str, gives: str) -> Binary:
    def function(x1: TensorLike, x2: TensorLike) -> Tensor:
        x, y = promoted(x1, x2)
        if not is_float(x.dtype):
            return op(x, y)
        return L.select(L.isnan(x), y, L.select(L.isnan(y), x, op(x, y)))

    says += " of x1 and x2; of a NaN and a number, the number."
    return named(
        function,
        name,
        __name__,
        says,
        f'{name}([1.0, float("nan")], 0.5).tolist()',
        gives,
        {"x1, x2": "tensors, or numbers, which take the other's dtype where they can."},
        "a tensor of the dtype that both meet in; NaN where both are.",
        shapes=BROADCAST,
        raises="ShapeError: the shapes do not broadcast.",
    )


fmax = _extreme("fmax", A.maximum, "The larger", "[1.0, 0.5]")
fmin = _extreme("fmin", A.minimum, "The smaller", "[0.5, 0.5]")


@public
def fmod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """x1 - x2 trunc(x1 / x2): the remainder with the sign of x1, as in C.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is divided; booleans become int32.
        x2: the divisor.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.fmod([7, -7], 3).tolist()
    [1, -1]
    """
    x, y = promoted(x1, x2)
    x, y = (to(x, "int32"), to(y, "int32")) if x.dtype == "bool" else (x, y)
    if x.dtype.startswith("uint"):
        return A.remainder(x, y)
    if not is_float(x.dtype):  # without |x|, which the smallest integer does not have
        rest = A.remainder(x, y)
        unlike = L.logical_xor(L.less(x, _zero(x)), L.less(rest, _zero(x)))
        unlike = L.logical_and(unlike, L.not_equal(rest, _zero(x)))
        return L.select(unlike, rest - y, rest)
    below = L.less(x, _zero(x))
    rest = A.remainder(L.select(below, A.negative(x), x), A.absolute(y))
    return L.select(below, A.negative(rest), rest)


def _zero(x: Tensor) -> Value:
    return constant(0, x.dtype)


@public
def i0(x: TensorLike) -> Tensor:
    """The modified Bessel function I₀(x) = 1/π ∫₀^π e^(x cos θ) dθ.

    x: (...) -> (...).

    Args:
        x: numbers of any shape; integers are taken as floatx.

    Returns: a tensor of x's shape; its dtype: x's, floatx where x has no floats; ∞ beyond what the
        dtype holds.

    Source: Abramowitz & Stegun 1964, 9.6.16.

    >>> import narae
    >>> f"{narae.ops.i0(1.0).item():.4f}"
    '1.2661'
    """
    x = floated(x)
    if x.dtype in ("float16", "bfloat16"):
        return to(i0(to(x, "float32")), x.dtype)
    # The midpoint rule on a smooth periodic function has no error that a double could show: the
    # first left-out term is I₁₂₈(x). Symmetry leaves a quarter of the 128 places.
    count = 32 if x.dtype != "float64" else 64
    cosines = np.cos((np.arange(count) + 0.5) * (math.pi / 2 / count))
    size = A.absolute(x)
    most = L.stop_gradient(size)  # e^|x| would overflow before I₀ does
    bent: Any = S.reshape(x, shape=(*x.shape, 1)) * constant(np.r_[cosines, -cosines], x.dtype)
    around = A.exp(bent - S.reshape(most, shape=(*x.shape, 1)))
    half = A.exp(most * 0.5)
    found = R.reduce_sum(around, axes=(x.ndim,)) * (0.5 / count) * half * half
    # the sum is above 1/|x|: 0, or NaN of infinite places, where |x| is far beyond what overflows
    far = L.greater(size, constant(1e4, x.dtype))
    return L.select(far, constant(math.inf, x.dtype), found)


@public
def hypot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """√(x1² + x2²), without overflow of the squares.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: one side; integers become floatx.
        x2: the other, at a right angle.

    Returns: floats of the dtype that both meet in; ∞ where a side is infinite.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.hypot(3.0, 4.0).item()
    5.0
    """
    x, y = (absolute(v) for v in promoted(x1, x2, floating=True))
    large, small = A.maximum(x, y), A.minimum(x, y)
    ratio = divide_no_nan(small, large)
    length = A.multiply(large, A.sqrt(A.add(A.square(ratio), constant(1, x.dtype))))
    endless = L.logical_or(L.isinf(x), L.isinf(y))  # whatever the other is, NaN too, as in C
    return L.select(endless, constant(math.inf, x.dtype), length)


def _apart(x: Tensor, y: Tensor) -> Tensor:
    """x - y, and 0 between equal infinities."""
    return L.select(L.equal(x, y), constant(0, x.dtype), A.subtract(x, y))


@public
def logaddexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """log(e^x1 + e^x2), without overflow: the larger one + log(1 + e^-|x1 - x2|).

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: logarithms of what is added; integers become floatx.
        x2: likewise.

    Returns: floats of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> f"{narae.ops.logaddexp(0.0, 0.0).item():.4f}"
    '0.6931'
    """
    x, y = promoted(x1, x2, floating=True)
    gap = A.negative(A.absolute(_apart(x, y)))
    return A.add(A.maximum(x, y), A.log1p(A.exp(gap)))


@public
def logaddexp2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """log2(2^x1 + 2^x2), without overflow: the larger one + log2(1 + 2^-|x1 - x2|).

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: logarithms to base 2 of what is added; integers become floatx.
        x2: likewise.

    Returns: floats of the dtype that both meet in.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.logaddexp2(0.0, 0.0).item()
    1.0
    """
    x, y = promoted(x1, x2, floating=True)
    gap = A.negative(A.absolute(_apart(x, y)))
    return A.add(A.maximum(x, y), A.log1p(A.exp2(gap)) * (1 / math.log(2.0)))
