"""Vector math: every stated bound holds, for float32 numbers drawn from all of them."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from narae.executors.native.codegen import trigonometry, vectormath
from narae.executors.native.codegen.ir import Function
from narae.executors.native.codegen.lanes import KINDS, Lanes, scalarly, vector
from narae.executors.native.jit import compiler
from narae.executors.native.jit.target import FOREIGN

Array = np.ndarray[Any, Any]
Lowered = Callable[[Lanes], Lanes]

# name: the largest error in units in the last place, as docs/vector-math.md states it
BOUNDS = {
    "exp": 1.1,
    "exp2": 1.0,
    "expm1": 1.5,
    "log": 1.0,
    "log2": 1.75,
    "log10": 2.0,
    "log1p": 1.75,
    "tanh": 1.5,
    "sinh": 2.0,
    "cosh": 2.0,
    "erf": 1.5,
    "erfc": 4.0,
    "sin": 1.25,
    "cos": 1.25,
    "tan": 3.0,
    "arctan": 2.0,
}
STEP = 1009
SPECIAL = np.array(
    [
        *(0.0, math.inf, math.nan, 1.0, 2.0, 10.0, 88.72284, 88.72283),
        *(103.97208, 103.27893, 2.0**-149, 2.0**-126, 3.4028235e38, 1e-45, 1e-38, 127.99999),
        *(128.0, 149.0, 150.0, 16.63553, 2.0**40, 1e22, 0.33333334, 0.5),
        *(
            0.6666667,
            0.9999999,
            1.0000001,
            math.pi,
            math.pi / 2,
            5.0706018e30,
            16367173.0 * 2.0**72,
            1.5e38,
        ),
        *(9.0109, 3.919, 0.34657359, 0.625, 4.0),
        # where the largest errors over all numbers lie
        *(59.306038, -126.47623, 70.42041, 1.3335577, 1.3345048, 1.3334775, 0.3335577),
        *(0.63104421, 1.4182405, 4.5296855, 1.0562414, 1.5432826, 6.4250662e16),
        *(2884260054695936.0, 69844145799168.0, 1.0087918),
    ],
    np.float32,
)
NEIGHBOURS = np.concatenate(
    [(SPECIAL.view(np.int32) + i).view(np.float32) for i in (-1, 0, 1)], dtype=np.float32
)
SPECIAL = np.concatenate([NEIGHBOURS, -NEIGHBOURS])


def lowered(name: str) -> Lowered:
    """The function under test."""
    return getattr(vectormath, name, None) or getattr(trigonometry, name)


@functools.cache
def _address(name: str, build: Lowered, dtype: str, lanes: int) -> int:
    kernel = _kernel(build, dtype, lanes)
    return compiler.addresses([(compiler.text_of(kernel("probe")), kernel)])[0]


def _kernel(build: Lowered, dtype: str, lanes: int) -> Callable[[str], Function]:
    def kernel(symbol: str) -> Function:
        f = Function(symbol, ["ptr", "ptr", "i64"])
        kind, size = vector(KINDS[dtype], lanes), np.dtype(dtype).itemsize
        with f.loop(0, f.args[2], lanes) as loop:
            offset = f.mul(loop.i, size)
            x = Lanes(f, f.load(kind, f.at(f.args[0], offset)), dtype, lanes)
            f.store(kind, build(x).name, f.at(f.args[1], offset))
        f.do("ret void")
        return f

    return kernel


def run(build: Lowered, x: Array, lanes: int = 16, name: str = "") -> Array:
    """The function of an array, `lanes` numbers at a time."""
    padded = np.concatenate([x, np.zeros(-len(x) % lanes, x.dtype)])
    out = np.empty_like(padded)
    address = _address(name or build.__name__, build, x.dtype.name, lanes)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)
    call(padded.ctypes.data, out.ctypes.data, len(padded))
    return out[: len(x)]


def exact(name: str, x: Array) -> Array:
    """The function in doubles: NumPy's, the C library's error function."""
    with np.errstate(invalid="ignore"):  # signalling NaNs are among the patterns
        wide = x.astype(np.float64)
    if name in ("erf", "erfc"):
        return run(functools.partial(scalarly, name), wide, 1, f"{name} of doubles")
    with np.errstate(all="ignore"):
        return getattr(np, name)(wide)


def ulps(y: Array, true: Array) -> Array:
    """How far y is from the true value, in the distance of the float32 numbers around that.

    Infinity counts as 2**128. A NaN or a signed zero that only one of the two is counts as far.
    """
    limit = 2.0**128
    size = np.clip(np.abs(true), 2.0**-126, limit / 2)
    unit = np.exp2(np.floor(np.log2(size)) - 23)
    inside = np.clip(true, -limit, limit)
    error = np.abs(np.clip(y.astype(np.float64), -limit, limit) - inside) / unit
    wrong = np.isnan(y) != np.isnan(true)
    wrong |= (y == 0) & (np.signbit(y) != np.signbit(true))
    return np.where(wrong, np.inf, np.where(np.isnan(true), 0, error))


def worst(name: str, x: Array) -> float:
    """The largest error over x."""
    return float(ulps(run(lowered(name), x, name=name), exact(name, x)).max())


def pattern(start: int, stop: int, step: int) -> Array:
    """The float32 numbers of these bits."""
    return np.arange(start, stop, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled kernels stay out of the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NARAE_CACHE", str(tmp_path_factory.mktemp("kernels")))
        yield


@pytest.mark.parametrize("name", BOUNDS)
def test_error_is_within_the_stated_bound(name: str) -> None:
    assert worst(name, pattern(0, 2**32, STEP)) <= BOUNDS[name]
    assert worst(name, SPECIAL) <= BOUNDS[name]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", BOUNDS)
def test_error_is_within_the_stated_bound_for_all_numbers(name: str) -> None:
    chunk = 2**18
    errors = [worst(name, pattern(i, i + chunk, 1)) for i in range(0, 2**32, chunk)]
    assert max(errors) <= BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_one_lane_and_many_give_the_same_bits(name: str) -> None:
    x = np.concatenate([SPECIAL, pattern(0, 2**32, 40 * STEP)])
    many = run(lowered(name), x, 16, name)
    for lanes in (1, 4):
        np.testing.assert_array_equal(
            run(lowered(name), x, lanes, name).view(np.uint32)[~np.isnan(many)],
            many.view(np.uint32)[~np.isnan(many)],
        )


@pytest.mark.parametrize("name", BOUNDS)
def test_doubles_are_the_c_librarys(name: str) -> None:
    x = np.linspace(0.1, 5, 16)
    reference = getattr(math, {"arctan": "atan"}.get(name, name))
    np.testing.assert_allclose(
        run(lowered(name), x, 8, name), [reference(v) for v in x], rtol=1e-14
    )


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_reference_is_pythons(name: str) -> None:
    x = np.concatenate([SPECIAL, pattern(0, 2**32, 1000 * STEP)])
    reference = [getattr(math, name)(v) for v in x.tolist()]
    np.testing.assert_array_equal(exact(name, x), reference)


def test_error_is_measured_as_stated() -> None:
    y = np.array([1, 1.0000001, 0.5, np.inf, 2.0**-149, -0.0, np.nan, 1], np.float32)
    true = np.array([1, 1, 0.5 + 2.0**-24, 2.0**128 - 2.0**104, 0, 0.0, np.nan, np.nan])
    np.testing.assert_array_equal(ulps(y, true), [0, 1, 1, 1, 1, np.inf, 0, np.inf])


@pytest.mark.parametrize("processor", FOREIGN)
@pytest.mark.parametrize("name", ["exp", "sin"])
def test_other_processors_have_code(name: str, processor: str) -> None:
    target = FOREIGN[processor]
    lanes = target.lanes(4)
    assert compiler.compile_text(
        compiler.text_of(_kernel(lowered(name), "float32", lanes)("k"), target), target
    )
