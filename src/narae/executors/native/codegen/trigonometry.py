"""Sine, cosine, tangent and arctangent of float32 lanes, as vectormath makes its functions."""

from __future__ import annotations

import itertools
import math

from narae.executors.native.codegen.lanes import Lanes, where
from narae.executors.native.codegen.vectormath import (
    fma,
    magnitude,
    of_float32,
    polynomial,
    signed,
    split,
)

SIN = (-0.16666655, 0.008332188, -0.00019518085)
COS = (0.041666646, -0.0013887311, 2.4432544e-05)
ARCTAN = (
    *(-0.333333, 0.1999853, -0.14264016, 0.109508805, -0.083993055),
    *(0.057881337, -0.031096855, 0.0108685475, -0.0017827683),
)

# pi / 2 is HALF_PI + HALF_PI_REST; 2 / pi is WORDS, 32 bits each, all behind the point
HALF_PI = math.pi / 2
LARGE = 2.0**40  # from here on two doubles of pi / 2 may leave too little of x
DOUBLE_ROUNDER = 1.5 * 2**52  # as vectormath's, for doubles


def _pi_bits(bits: int) -> int:
    """pi 2**bits, rounded down, by Machin's formula 16 arctan(1/5) - 4 arctan(1/239)."""
    extra = bits + 32

    def arctan_of_inverse(n: int) -> int:
        power, total, k = (1 << extra) // n, 0, 1
        while power:
            total += (power // k) if k % 4 == 1 else -(power // k)
            power //= n * n
            k += 2
        return total

    return (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) >> 32


PI_BITS = _pi_bits(288)
HALF_PI_REST = float(PI_BITS - int(math.pi * 2**52) * 2**236) / 2.0**289
TWO_OVER_PI = (1 << (288 + 224 + 1)) // PI_BITS  # 224 bits behind the point
WORDS = [(TWO_OVER_PI >> (192 - 32 * i)) & 0xFFFFFFFF for i in range(7)]


def _reduced(size: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """r, rest, n with size = r + rest + n pi/2 modulo 2 pi; |r| at most pi/4, rest below its last.

    In doubles, after Cody and Waite: n times the first double of pi/2 has few enough bits for
    the first fma to be exact. A block of its own, which seldom runs, serves large numbers.
    """
    f, x = size.function, size.astype("float64")
    moved = fma(x, 1 / HALF_PI, DOUBLE_ROUNDER)
    whole = moved - DOUBLE_ROUNDER
    r = fma(whole, -HALF_PI_REST, fma(whole, -HALF_PI, x))
    n = moved.view("int64").astype("int32")
    large = (size >= LARGE) & (size < math.inf)  # infinity has become NaN
    found = large.name
    if large.count > 1:
        name = f"llvm.vector.reduce.or.v{large.count}i1"
        found = f.call("i1", name, [(large.kind, large.name)])
    before, yes, done = f.block, f.label(), f.label()
    f.branch(found, yes, done)
    f.place(yes)
    far_r, far_n = _reduced_large(size)
    pairs = [(r, where(large, far_r, r)), (n, where(large, far_n, n))]
    after = f.block
    f.jump(done)
    f.place(done)
    r, n = (
        Lanes(f, f.phi(a.kind, (a.name, before), (b.name, after)), a.dtype_name, a.count)
        for a, b in pairs
    )
    near = r.astype("float32")
    return near, (r - near.astype("float64")).astype("float32"), n


def _reduced_large(size: Lanes) -> tuple[Lanes, Lanes]:
    """r in doubles and n for numbers from 2**26 on, in integers, after Payne and Hanek (1983).

    size = m 2**e. Of the bits of 2/pi those above 2**(1 - e) only add whole turns, and those
    96 from there on decide the 64 that are kept: 2 of n and 62 of the fraction.
    """
    bits = size.view("uint32")
    m = ((bits & 0x7FFFFF) | 0x800000).astype("uint64")
    start = (bits >> 23) - (150 + 2)  # of the bits behind the point, how many to skip
    word, shift = start >> 5, (start & 31).astype("uint64")
    taken = [_word(word, i, m) for i in range(4)]
    window = [(((high << 32) | low) << shift) >> 32 for high, low in itertools.pairwise(taken)]
    turns = ((m * window[0]) << 32) + m * window[1] + ((m * window[2]) >> 32)
    n = (turns + 2**61) >> 62
    fraction = (turns - (n << 62)).view("int64").astype("float64")
    return fraction * (HALF_PI * 2.0**-62), n.astype("int32")


def _word(word: Lanes, offset: int, like: Lanes) -> Lanes:
    """WORDS[word + offset] for word from 0 to 3, as 64 bits."""
    found = like.full(WORDS[offset])
    for i in range(1, 4):
        found = where(word == i, like.full(WORDS[i + offset]), found)
    return found


def _sin_near_zero(r: Lanes, rest: Lanes, square: Lanes) -> Lanes:
    return fma(r * square, polynomial(square, SIN), rest) + r


def _cos_near_zero(r: Lanes, rest: Lanes, square: Lanes) -> Lanes:
    return fma(square, fma(square, polynomial(square, COS), -0.5), -(r * rest)) + 1


def _wave(r: Lanes, rest: Lanes, n: Lanes) -> Lanes:
    """sin(r + rest + n pi/2): the bits of n choose sine or cosine and the sign."""
    square = r * r
    even = (n & 1) == 0
    y = where(even, _sin_near_zero(r, rest, square), _cos_near_zero(r, rest, square))
    return (y.view("int32") ^ ((n & 2) << 30)).view("float32")


@of_float32("sin")
def sin(x: Lanes) -> Lanes:
    """The sine of x in radians."""
    y = _wave(*_reduced(magnitude(x)))
    return (y.view("int32") ^ (x.view("int32") & -(2**31))).view("float32")


@of_float32("cos")
def cos(x: Lanes) -> Lanes:
    """The cosine of x in radians."""
    r, rest, n = _reduced(magnitude(x))
    return _wave(r, rest, n + 1)


@of_float32("tan")
def tan(x: Lanes) -> Lanes:
    """The tangent of x in radians: of the sine and the cosine, or the other way about."""
    r, rest, n = _reduced(magnitude(x))
    square = r * r
    s, c = _sin_near_zero(r, rest, square), _cos_near_zero(r, rest, square)
    odd = (n & 1) == 1
    y = where(odd, -c, s) / where(odd, s, c)
    return (y.view("int32") ^ (x.view("int32") & -(2**31))).view("float32")


@of_float32("atan")
def arctan(x: Lanes) -> Lanes:
    """The angle from -pi/2 to pi/2 whose tangent is x: pi/2 less that of 1/x beyond 1."""
    size = magnitude(x)
    beyond = size > 1
    t = where(beyond, 1 / size, size)
    square = t * t
    near = fma(t * square, polynomial(square, ARCTAN), t)
    high, low = split(HALF_PI)
    return signed(where(beyond, high - (near - low), near), x)
