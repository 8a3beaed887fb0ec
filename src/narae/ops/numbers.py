"""Parts, neighbours and divisors of numbers, and their bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, np_dtype, standardize_dtype
from narae.base.errors import DtypeError, ShapeError
from narae.ops.math import absolute, divide_no_nan
from narae.ops.table import Binary, binary, named, unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.sort import searchsorted, sort
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

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
)


def _divisor(name: str, op: Any, says: str, gives: str) -> Binary:
    def function(x1: Any, x2: Any) -> Tensor:
        x, y = promoted(x1, x2)
        if is_float(x.dtype) or x.dtype == "bool":
            raise ValueError(f"{name} takes integers, got operands that meet in {x.dtype}")
        return op(x, y)

    return named(function, name, __name__, says, f"{name}(4, 6).item()", gives)


gcd = _divisor("gcd", A.gcd, "The greatest common divisor of integers.", "2")
lcm = _divisor("lcm", A.lcm, "The least common multiple of integers.", "12")


def _extreme(name: str, op: Any, says: str, gives: str) -> Binary:
    def function(x1: Any, x2: Any) -> Tensor:
        x, y = promoted(x1, x2)
        if not is_float(x.dtype):
            return op(x, y)
        return L.select(L.isnan(x), y, L.select(L.isnan(y), x, op(x, y)))

    says += " of x1 and x2; of a NaN and a number, the number."
    return named(
        function, name, __name__, says, f'{name}([1.0, float("nan")], 0.5).tolist()', gives
    )


fmax = _extreme("fmax", A.maximum, "The larger", "[1.0, 0.5]")
fmin = _extreme("fmin", A.minimum, "The smaller", "[0.5, 0.5]")


@public
def fmod(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 trunc(x1 / x2): the remainder with the sign of x1, as in C.

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


def _zero(x: Tensor) -> Any:
    return constant(0, x.dtype)


@public
def i0(x: Any) -> Tensor:
    """The modified Bessel function I₀(x) = 1/π ∫₀^π e^(x cos θ) dθ (Abramowitz & Stegun 9.6.16).

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
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among those of x2 (invert: is not).

    >>> import narae
    >>> narae.ops.isin([1, 2, 3], [3, 1]).tolist()
    [True, False, True]
    """
    x, options = promoted(x1, x2)
    if options.dtype == "bool":
        x, options = to(x, "int32"), to(options, "int32")
    count = options.size
    if count == 0:
        return S.full(invert, x.shape, "bool")
    ordered = sort(S.reshape(options, shape=(count,)), axis=0)
    place = A.minimum(searchsorted(ordered, x, side="left"), constant(count - 1, "int32"))
    found = I.take(ordered, place, axis=0)
    return L.not_equal(found, x) if invert else L.equal(found, x)


@public
def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """The index of each axis of places in the flattened order of a shape; negative ones count from the end.

    Raises ValueError for a place out of range.

    >>> import narae
    >>> [i.tolist() for i in narae.ops.unravel_index([5, 11], (3, 4))]
    [[1, 2], [1, 3]]
    """
    places = as_tensor(indices)
    if is_float(places.dtype) or places.dtype == "bool":
        raise ValueError(f"unravel_index takes integers, got {places.dtype}")
    lengths = [int(n) for n in shape]
    size = math.prod(lengths)
    if places.data is not None and places.size:
        low, high = int(places.data.min()), int(places.data.max())
        if low < -size or high >= size:
            bad = high if high >= size else low
            raise ValueError(f"place {bad} is out of range for shape {tuple(lengths)} of {size}")
    wide = places if places.dtype == "int64" else to(places, "int32")
    wide = L.select(L.less(wide, constant(0, wide.dtype)), wide + size, wide)
    out = []
    for i, n in enumerate(lengths):
        inner = constant(math.prod(lengths[i + 1 :]), wide.dtype)
        digit = A.remainder(A.floor_divide(wide, inner), constant(n, wide.dtype))
        out.append(to(digit, places.dtype))
    return tuple(out)


@public
def view(x: Any, dtype: Any = None) -> Tensor:
    """The same bytes read as another dtype; the last axis grows or shrinks with the width.

    >>> import narae
    >>> narae.ops.view(narae.ops.array([1.0]), "int32").tolist()
    [1065353216]
    """
    x = as_tensor(x)
    dtype = x.dtype if dtype is None else standardize_dtype(dtype)
    if dtype == x.dtype:
        return x
    have, want = np_dtype(x.dtype).itemsize, np_dtype(dtype).itemsize
    if "bool" in (dtype, x.dtype):
        if have != want or dtype == "bool":
            raise DtypeError(f"view cannot read {x.dtype} as {dtype}; a cast instead?")
        return to(x, dtype)
    if have == want:
        return L.bitcast(x, dtype=dtype)
    if not x.ndim:
        raise ShapeError(f"view changes the last axis from {x.dtype} to {dtype}: there is none")
    lead, last = x.shape[:-1], x.shape[-1]
    if have > want:
        parts = _split_words(L.bitcast(x, dtype=f"uint{8 * have}"), have, want)
        return L.bitcast(S.reshape(parts, shape=(*lead, last * have // want)), dtype=dtype)
    if last * have % want:
        raise ShapeError(
            f"view: {last} of {x.dtype} are no whole number of {dtype}", divisor=want // have
        )
    words = S.reshape(
        L.bitcast(x, dtype=f"uint{8 * have}"), shape=(*lead, -(-last * have // want), want // have)
    )
    return L.bitcast(_joined_words(words, have, want), dtype=dtype)


def _split_words(words: Any, have: int, want: int) -> Any:
    """Unsigned words of `have` bytes as `have / want` of `want` bytes on a new axis, low ones first."""
    shifts = constant(np.arange(0, 8 * have, 8 * want), words.dtype)
    apart = L.right_shift(S.reshape(words, shape=(*words.shape, 1)), shifts)
    low = L.bitwise_and(apart, constant(2 ** (8 * want) - 1, words.dtype))
    return L.cast(low, dtype=f"uint{8 * want}")


def _joined_words(words: Any, have: int, want: int) -> Any:
    """The last axis of unsigned words of `have` bytes made one word of `want` bytes."""
    name = f"uint{8 * want}"
    shifts = constant(np.arange(0, 8 * want, 8 * have), name)
    placed = L.left_shift(L.cast(words, dtype=name), shifts)
    return R.reduce_sum(placed, axes=(words.ndim - 1,))


@public
def hypot(x1: Any, x2: Any) -> Tensor:
    """√(x1² + x2²), without overflow.

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
def logaddexp(x1: Any, x2: Any) -> Tensor:
    """log(e^x1 + e^x2), without overflow.

    >>> import narae
    >>> f"{narae.ops.logaddexp(0.0, 0.0).item():.4f}"
    '0.6931'
    """
    x, y = promoted(x1, x2, floating=True)
    gap = A.negative(A.absolute(_apart(x, y)))
    return A.add(A.maximum(x, y), A.log1p(A.exp(gap)))


@public
def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """log2(2^x1 + 2^x2), without overflow.

    >>> import narae
    >>> narae.ops.logaddexp2(0.0, 0.0).item()
    1.0
    """
    x, y = promoted(x1, x2, floating=True)
    gap = A.negative(A.absolute(_apart(x, y)))
    return A.add(A.maximum(x, y), A.log1p(A.exp2(gap)) * (1 / math.log(2.0)))
