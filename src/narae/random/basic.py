"""Random numbers from explicit keys: Threefry bits, shaped by operations whose results do not depend on
who computes them. The same key gives the same bits on every executor and machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from narae.base.arguments import lengths
from narae.base.dtypes import HALVES, is_float, is_int, np_dtype, standardize_dtype
from narae.base.types import DTypeLike, ShapeLike, TensorLike
from narae.graph.ir import Spec
from narae.ops.creation import zeros_like
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reproducible as R
from narae.primitives.records.bits import threefry
from narae.primitives.records.logic import bitwise_or, cast, left_shift, right_shift, select
from narae.primitives.records.shape import concatenate, iota, reshape, slice_
from narae.random.keys import SeedGenerator, SeedLike, draw_key
from narae.tensor.promote import floated, to
from narae.tensor.tensor import Tensor, as_tensor


def words(key: Tensor, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Two independent uint32 words for each element: a function of the key and its position alone."""
    shape = tuple(int(n) for n in shape)
    places = reshape(iota(size=Spec(shape, "uint32").size, dtype="uint32"), shape=shape)
    return threefry(*_words_of(key), places, constant(0, "uint32"))


def _words_of(key: Tensor) -> tuple[Tensor, Tensor]:
    first, second = (
        reshape(slice_(key, start=(i,), stop=(i + 1,), step=(1,)), shape=()) for i in (0, 1)
    )
    return first, second


def _unit(first: Tensor, second: Tensor | None = None) -> Tensor:
    """Bits as floats in [0, 1): the upper 24 of a word in float32, 53 of two words in float64. Floats
    hold as many exactly."""
    if second is None:
        return _float_of(first, 8, "float32") * constant(2.0**-24, "float32")
    high, low = _float_of(first, 5, "float64"), _float_of(second, 6, "float64")
    return (high * 2.0**26 + low) * 2.0**-53


def _float_of(bits: Tensor, drop: int, dtype: str) -> Tensor:
    return cast(right_shift(bits, constant(drop, "uint32")), dtype=dtype)


def unit(key: Tensor, shape: Sequence[int], wide: str) -> Tensor:
    """A number in [0, 1) for each element, in float32 or float64."""
    first, second = words(key, shape)
    return _unit(first) if wide == "float32" else _unit(first, second)


def _two_units(key: Tensor, shape: Sequence[int], wide: str) -> tuple[Tensor, Tensor]:
    if wide == "float64":
        return unit(key, shape, wide), unit(subkey(key, 0), shape, wide)
    first, second = words(key, shape)
    return _unit(first), _unit(second)


def subkey(key: Tensor, number: int) -> Tensor:
    """Another key, a function of a key and a number: the words of the key enciphered by themselves."""
    first, second = _words_of(key)
    pair = threefry(first, second, constant(0x9E3779B9, "uint32"), constant(number, "uint32"))
    return concatenate(*(reshape(word, shape=(1,)) for word in pair), axis=0)


def float_dtype(dtype: DTypeLike | None) -> str:
    """The canonical name of a float dtype. Raises ValueError for others."""
    name = standardize_dtype(dtype)
    if not is_float(name):
        raise ValueError(f"a continuous distribution needs a float dtype, got {name}")
    return name


def wide_of(name: str) -> str:
    """The dtype that numbers of a float dtype are computed in."""
    return "float32" if name in HALVES else name


def _moved(x: Tensor, scale: TensorLike, shift: TensorLike) -> Tensor:
    return R.product(x, to(scale, x.dtype)) + to(shift, x.dtype)


def uniform(
    shape: Sequence[int],
    minval: TensorLike = 0.0,
    maxval: TensorLike = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """Numbers from [minval, maxval), evenly: of 2^24 different ones, of 2^53 in float64.

    maxval is left out of a range that is given as Python numbers; rounding may reach that of a tensor.

    Args:
        shape: the lengths of the result's axes.
        minval: the least number, or a tensor of them that broadcasts to the shape.
        maxval: the end of the range, or a tensor of them that broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    name, shape = float_dtype(dtype), lengths("uniform", shape)
    wide = wide_of(name)
    drawn = unit(draw_key(seed), shape, wide)
    if not isinstance(minval, (int, float)) or not isinstance(maxval, (int, float)):
        low, high = to(minval, wide), to(maxval, wide)
        return cast(_moved(drawn, high - low, low), dtype=name)
    if (minval, maxval, name) == (0, 1, wide):
        return drawn
    drawn = _moved(drawn, maxval - minval, minval)
    if minval < maxval:
        drawn = A.minimum(drawn, constant(_below(maxval, name), wide))
    return cast(drawn, dtype=name)


def _below(bound: float, name: str) -> float:
    """The largest number of a dtype that is less."""
    rounded = np.asarray(bound, np_dtype(name))
    return float(rounded if rounded < bound else np.nextafter(rounded, rounded.dtype.type(-np.inf)))


def normal(
    shape: Sequence[int],
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """Numbers from the normal distribution: mean + stddev √(-2 log(1 - u)) cos(2π v), u and v uniform.

    Args:
        shape: the lengths of the result's axes.
        mean: the mean, or a tensor of them that broadcasts to the shape.
        stddev: the standard deviation, or a tensor of them that broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    Source: Box & Muller 1958, the cosine of the pair.

    >>> abs(normal((1000,), seed=1).numpy().mean()) < 0.1
    np.True_
    """
    name, shape = float_dtype(dtype), lengths("normal", shape)
    first, second = _two_units(draw_key(seed), shape, wide_of(name))
    # 1 - u is in (0, 1]: its logarithm is finite
    radius = A.sqrt(R.log(1.0 - first) * -2.0)
    return cast(_moved(radius * R.cos_of_turns(second), stddev, mean), dtype=name)


def truncated_normal(
    shape: Sequence[int],
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: DTypeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """Numbers from the normal distribution within two standard deviations of the mean.

    By inversion: mean + stddev √2 erf⁻¹(u), u uniform in (erf(-√2), erf(√2)).

    Args:
        shape: the lengths of the result's axes.
        mean: the mean, or a tensor of them that broadcasts to the shape.
        stddev: the standard deviation before the ends are cut off, or a tensor of them that broadcasts to the shape.
        dtype: a float dtype (default: floatx).
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no float's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    >>> float(abs(truncated_normal((1000,), seed=1).numpy()).max()) <= 2.0
    True
    """
    name, shape = float_dtype(dtype), lengths("truncated_normal", shape)
    wide = wide_of(name)
    within = constant(math.erf(math.sqrt(2.0)), wide)
    inside = R.product(unit(draw_key(seed), shape, wide) * 2.0 - 1.0, within)
    z = R.erfinv(inside) * math.sqrt(2.0)
    z = A.maximum(A.minimum(z, constant(2.0, wide)), constant(-2.0, wide))
    return cast(_moved(z, stddev, mean), dtype=name)


def randint(
    shape: Sequence[int],
    minval: TensorLike,
    maxval: TensorLike,
    dtype: DTypeLike | None = "int32",
    seed: SeedLike = None,
) -> Tensor:
    """Whole numbers from [minval, maxval), evenly; minval where there are none.

    By remainder, which favours small numbers by less than (maxval - minval) / 2^32 (2^64 for 64-bit dtypes).

    Args:
        shape: the lengths of the result's axes.
        minval: the least number, or a tensor of them that broadcasts to the shape.
        maxval: the end of the range, which is left out, or a tensor of them that broadcasts to the shape.
        dtype: an integer dtype; None: int32.
        seed: a whole number: the same numbers at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Returns: the numbers, of the shape and dtype.

    Raises:
        ValueError: dtype is no integer's, seed is none of these, or a length is below 0.
        TypeError: a length is no whole number.

    >>> set(randint((100,), 0, 3, seed=1).tolist()) == {0, 1, 2}
    True
    """
    name, shape = standardize_dtype(dtype or "int32"), lengths("randint", shape)
    if not is_int(name):
        raise ValueError(f"randint needs an integer dtype, got {name}")
    first, second = words(draw_key(seed), shape)
    word = "uint64" if name in ("int64", "uint64") else "uint32"
    bits = first
    if word == "uint64":
        high = left_shift(cast(first, dtype=word), constant(32, word))
        bits = bitwise_or(high, cast(second, dtype=word))
    if isinstance(minval, int) and isinstance(maxval, int):
        width = constant(max(maxval - minval, 1), word)
    else:
        low, high = to(minval, name), to(maxval, name)
        width = select(L.greater(high, low), cast(high - low, dtype=word), constant(1, word))
    return cast(A.remainder(bits, width), dtype=name) + to(minval, name)


def dropout(
    inputs: TensorLike,
    rate: float,
    noise_shape: ShapeLike | None = None,
    seed: SeedLike = None,
) -> Tensor:
    """`inputs` with a share `rate` of the elements set to zero and the others scaled by 1/(1 - rate).

    inputs: any shape -> the same shape, of a float dtype. No key is drawn where nothing is left to chance.

    Args:
        inputs: numbers; those that are no floats become floatx, but for a rate of 0.
        rate: the probability of an element to become 0, in [0, 1].
        noise_shape: the shape of the draw, which is broadcast: a 1 lets an axis share it; None in it stands for the
            inputs' length; None: each element by itself.
        seed: a whole number: the same elements at each call; a SeedGenerator, or a key of its `next`; None: others at
            each call, from the generator that `narae.utils.set_random_seed` fixes.

    Raises:
        ValueError: noise_shape has another rank than the inputs, or seed is none of these.

    Source: Srivastava et al. 2014, section 4, scaled in training.

    >>> dropout([1.0, 1.0], 0.0, seed=1).tolist()
    [1.0, 1.0]
    """
    if rate == 0:
        return as_tensor(inputs)
    if rate >= 1:
        return zeros_like(inputs)
    x = floated(inputs)
    shape = x.shape if noise_shape is None else _noise_shape(x.shape, noise_shape)
    draw = _unit(words(draw_key(seed), shape)[0])
    keep = L.greater_equal(draw, constant(rate, "float32"))
    return select(keep, x * (1.0 / (1.0 - rate)), constant(0, x.dtype))


def _noise_shape(shape: tuple[int, ...], noise: ShapeLike) -> tuple[int, ...]:
    if len(noise) != len(shape):
        raise ValueError(
            f"noise_shape {tuple(noise)} has another rank than the inputs' shape {shape}"
        )
    return tuple(m if n is None else int(n) for n, m in zip(noise, shape, strict=True))


__all__ = ["SeedGenerator", "dropout", "normal", "randint", "truncated_normal", "uniform"]
