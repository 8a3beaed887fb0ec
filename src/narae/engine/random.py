"""Random numbers from explicit keys: Threefry bits, shaped by ordinary operations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from narae.base.dtypes import is_float, standardize_dtype
from narae.engine.keys import SeedGenerator, draw_key
from narae.graph.ir import Spec
from narae.ops.promote import floated, to
from narae.ops.record import constant
from narae.ops.records import arithmetic as A
from narae.ops.records import logic as L
from narae.ops.records.bits import threefry
from narae.ops.records.logic import bitwise_or, cast, left_shift, right_shift, select
from narae.ops.records.shape import iota, reshape, slice_
from narae.ops.records.special import erfinv
from narae.ops.tensor import Tensor

Shape = Sequence[int]


def words(key: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    """Two independent uint32 words for each element: a function of the key and its position alone."""
    shape = tuple(int(n) for n in shape)
    places = reshape(iota(size=Spec(shape, "uint32").size, dtype="uint32"), shape=shape)
    first, second = (
        reshape(slice_(key, start=(i,), stop=(i + 1,), step=(1,)), shape=()) for i in (0, 1)
    )
    return threefry(first, second, places, constant(0, "uint32"))


def _unit(bits: Tensor, dtype: str) -> Tensor:
    """Bits as floats in [0, 1): the upper 24 bits, all of which float32 holds exactly."""
    upper = cast(right_shift(bits, constant(8, "uint32")), dtype="float32")
    unit = upper * constant(2.0**-24, "float32")
    if dtype in ("float16", "bfloat16"):  # rounding to few bits must not reach 1
        step = 2.0**-11 if dtype == "float16" else 2.0**-8
        unit = A.minimum(unit, constant(1 - step, "float32"))
    return cast(unit, dtype=dtype)


def _float_dtype(dtype: Any) -> str:
    name = standardize_dtype(dtype)
    if not is_float(name):
        raise ValueError(f"a continuous distribution needs a float dtype, got {name}")
    return name


def uniform(
    shape: Shape, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers from [minval, maxval), evenly.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    name = _float_dtype(dtype)
    unit = _unit(words(draw_key(seed), shape)[0], name)
    return unit * to(maxval - minval, name) + to(minval, name)


def normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers from the normal distribution (Box and Muller 1958, the cosine of the pair).

    >>> abs(normal((1000,), seed=1).numpy().mean()) < 0.1
    np.True_
    """
    name = _float_dtype(dtype)
    first, second = words(draw_key(seed), shape)
    # 1 - u is in (0, 1]: its logarithm is finite
    radius = A.sqrt(A.log(1.0 - _unit(first, "float32")) * -2.0)
    angle = _unit(second, "float32") * (2 * math.pi)
    return cast(radius * A.cos(angle), dtype=name) * to(stddev, name) + to(mean, name)


def truncated_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers from the normal distribution within two standard deviations of the mean.

    By inversion: x = √2 erf⁻¹(u), u uniform in (erf(-√2), erf(√2)).

    >>> float(abs(truncated_normal((1000,), seed=1).numpy()).max()) <= 2.0
    True
    """
    name = _float_dtype(dtype)
    edge = math.erf(math.sqrt(2.0))
    unit = _unit(words(draw_key(seed), shape)[0], "float32") * (2 * edge) - edge
    z = A.maximum(
        A.minimum(erfinv(unit) * math.sqrt(2.0), constant(2.0, "float32")),
        constant(-2.0, "float32"),
    )
    return cast(z, dtype=name) * to(stddev, name) + to(mean, name)


def randint(
    shape: Shape, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None
) -> Tensor:
    """Whole numbers from [minval, maxval), evenly; minval where there are none.

    By remainder, which favours small numbers by less than (maxval - minval) / 2^32 (2^64 for 64-bit
    dtypes). Raises ValueError for a float dtype.

    >>> set(randint((100,), 0, 3, seed=1).tolist()) == {0, 1, 2}
    True
    """
    name = standardize_dtype(dtype)
    if is_float(name):
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


def dropout(inputs: Any, rate: float, noise_shape: Shape | None = None, seed: Any = None) -> Tensor:
    """`inputs` with a share `rate` of the elements set to zero and the others scaled by 1/(1 - rate).

    >>> dropout([1.0, 1.0], 0.0, seed=1).tolist()
    [1.0, 1.0]
    """
    x = floated(inputs)
    if rate >= 1:
        return x * 0.0
    shape = x.shape if noise_shape is None else _noise_shape(x.shape, noise_shape)
    draw = _unit(words(draw_key(seed), shape)[0], "float32")
    keep = L.greater_equal(draw, constant(rate, "float32"))
    return select(keep, x * (1.0 / (1.0 - rate)), constant(0, x.dtype))


def _noise_shape(shape: tuple[int, ...], noise: Shape) -> tuple[int, ...]:
    if len(noise) != len(shape):
        raise ValueError(
            f"noise_shape {tuple(noise)} has another rank than the inputs' shape {shape}"
        )
    return tuple(m if n is None else int(n) for n, m in zip(noise, shape, strict=True))


__all__ = ["SeedGenerator", "dropout", "normal", "randint", "truncated_normal", "uniform"]
