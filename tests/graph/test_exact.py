"""Simplification gives the bits of what it simplifies: every rule of the table, on special values.

For each record with an algebra of its own: constants on either side, every other operation within it, itself
twice, the same value twice, and operands that were broadcast; casts in chains of three dtypes. Evaluated by NumPy,
with and without `simplify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ml_dtypes import finfo

import narae
from narae.base.dtypes import DTYPES, is_float, np_dtype
from narae.engine.compiled import compile_function
from narae.graph.graph import build, evaluate
from narae.graph.ir import Op, Spec, Value
from narae.graph.rewrite import simplify
from narae.primitives.record import RECORDS, constant
from narae.tensor.tensor import Tensor

NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 3.0, np.inf, -np.inf, np.nan)
# Bodies are graphs of these records; LAPACK's and random bits have no algebra.
ELEMENTWISE = [op for op in RECORDS.values() if op.elementwise]
# x^2 is x * x and x^0.5 is sqrt(x), which round once; pow may be off by its last bits.
ROUNDS = {"power"}
# The larger of two zeros, and a sum of zeros, is a zero of either sign.
EITHER_ZERO = {"maximum", "minimum", "reduce_sum of one", "reduce_sum of none"}


def arity(op: Op) -> int:
    given, _ = op.samples(np.random.default_rng(0))[0]  # type: ignore[misc]
    return len(given)


ONE = [op for op in ELEMENTWISE if arity(op) == 1]
TWO = [op for op in ELEMENTWISE if arity(op) == 2]


def specials(dtype: str) -> np.ndarray:
    kind = np_dtype(dtype)
    if dtype == "bool":
        return np.array([False, True, True])
    if not is_float(dtype):
        ends = np.iinfo(kind)
        found = [0, 1, 2, 3, ends.max, ends.min, ends.max - 1, ends.min + 1, 100]
        return np.array(found if ends.min == 0 else [*found, -1, -2, -128], kind)
    with np.errstate(over="ignore"):
        return np.array([*NUMBERS, 1e5, -300.5, 65504.0, 127.5, 1e-40, 1e-7], kind)


def params_of(op: Op) -> dict[str, Any]:
    return op.samples(np.random.default_rng(0))[0][1]  # type: ignore[misc]


def called(op: Op, *args: Value) -> Value | None:
    try:
        out = op(*args, **params_of(op))
    except (TypeError, ValueError):  # another dtype
        return None
    return out if isinstance(out, Value) else None


def of_numbers(x: Tensor, y: Tensor) -> Iterator[tuple[str, Value | None]]:
    """Each operation over a constant, over another operation, over one value twice, over a broadcast one."""
    wide = RECORDS["broadcast_to"](
        RECORDS["slice"](y, start=(0,), stop=(1,), step=(1,)), shape=y.shape
    )
    within = [(op.name, called(op, y)) for op in ONE]
    for op in TWO:
        for number in NUMBERS if is_float(x.dtype) else (0, 1, 2):
            c = constant(number, x.dtype)
            yield f"{op.name}(x, {number})", called(op, x, c)
            yield f"{op.name}({number}, x)", called(op, c, x)
        for name, inner in within:
            if inner is not None and inner.dtype == x.dtype:
                yield f"{op.name}(x, {name}(y))", called(op, x, inner)
                yield f"{op.name}({name}(y), x)", called(op, inner, x)
        yield f"{op.name}(x, x)", called(op, x, x)
        yield f"{op.name}(x, wide)", called(op, x, wide)
    for op in ONE:
        for name, inner in within:
            yield f"{op.name}({name}(y))", None if inner is None else called(op, inner)
    for op in RECORDS.values():
        if op.name.startswith("reduce_"):
            column = RECORDS["reshape"](x, shape=(*x.shape, 1))
            try:
                yield f"{op.name} of one", op(column, axes=(1,))
                yield f"{op.name} of none", op(x, axes=())
            except (TypeError, ValueError):
                continue
    where = RECORDS["greater"](x, y)
    yield "select(c, x, x)", RECORDS["select"](where, x, x)


def of_casts(x: Tensor, y: Tensor) -> Iterator[tuple[str, Value | None]]:
    cast = RECORDS["cast"]
    for middle in DTYPES:
        for last in DTYPES:
            chain = cast(cast(x, dtype=middle), dtype=last)
            yield f"{middle} {last}", cast(chain, dtype="int32") if last == "bool" else chain


def pairs(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    values = specials(dtype)
    a, b = (g.reshape(-1) for g in np.meshgrid(values, values))
    return a.copy(), b.copy()


def differing(cases: Any, dtype: str) -> list[str]:
    arrays = pairs(dtype)
    x, y = (Tensor(Spec(a.shape, dtype)) for a in arrays)
    found = [(name, out) for name, out in cases(x, y) if out is not None]
    graph = build([x, y], [out for _, out in found])[0]
    with np.errstate(all="ignore"):
        want = evaluate(graph, arrays, np)
        got = evaluate(simplify(graph), arrays, np)
    return [
        name
        for (name, _), g, w in zip(found, got, want, strict=True)
        if not alike(g, w, name.split("(")[0])
    ]


def alike(got: np.ndarray, want: np.ndarray, name: str) -> bool:
    """The same bits; any NaN is as good as another."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if got.dtype.kind in "biu":
        return bool((got == want).all())
    a, b = got.astype("float64"), want.astype("float64")
    nan = np.isnan(a) & np.isnan(b)
    same = (a == b) & ((np.signbit(a) == np.signbit(b)) | (name in EITHER_ZERO))
    if name in ROUNDS:
        with np.errstate(all="ignore"):
            near = np.isfinite(a) & (np.abs(a - b) <= 4 * float(finfo(got.dtype).eps) * np.abs(b))
        same |= near & (np.signbit(a) == np.signbit(b))
    return bool((nan | same).all())


@pytest.mark.parametrize("dtype", DTYPES)
def test_operations(dtype: str) -> None:
    assert differing(of_numbers, dtype) == []


@pytest.mark.parametrize("dtype", DTYPES)
def test_chains_of_casts(dtype: str) -> None:
    assert differing(of_casts, dtype) == []


@pytest.fixture
def exactly() -> Iterator[None]:
    """Native programs keep subnormal numbers, which are among the samples: by themselves they may flush them."""
    narae.config.set_flush_subnormals(False)
    yield
    narae.config.set_flush_subnormals(None)


ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative", "absolute", "square")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.usefixtures("own_executor", "exactly")
def test_arithmetic_as_compiled(dtype: str) -> None:
    """Two operations after each other, in one step: the bits of one after the other. (XLA has an algebra of its
    own, which takes x + 0.0 for x.)"""
    arrays = pairs(dtype)
    one = [RECORDS[name] for name in ARITHMETIC if arity(RECORDS[name]) == 1]
    two = [RECORDS[name] for name in ARITHMETIC if arity(RECORDS[name]) == 2]
    numbers = [0.0, -0.0, 1.0, 2.0] if is_float(dtype) else [0, 1, 2]

    def results(x: Value, y: Value) -> list[tuple[str, Value]]:
        found = []
        for c in (constant(n, dtype) for n in numbers):
            for op in two:
                inner = called(op, x, c)
                outer = (
                    []
                    if inner is None
                    else [called(other, inner, d) for other in two for d in (c, y)]
                )
                found += [(f"{op.name} by {c.data}", out) for out in outer]
                found += [
                    (f"{op.name} of negative", called(op, x, y if f is None else f))
                    for f in (called(o, y) for o in one)
                ]
        found.append(("x * 0 + 0", x * constant(0, dtype) + constant(0, dtype)))
        return [(name, out) for name, out in found if out is not None]

    names: list[str] = []

    def function(x: Value, y: Value) -> list[Value]:
        found = results(x, y)
        names[:] = [name for name, _ in found]
        return [out for _, out in found]

    x, y = (Tensor(Spec(a.shape, dtype)) for a in arrays)
    with np.errstate(all="ignore"):
        want = evaluate(build([x, y], function(x, y))[0], arrays, np)
    program = compile_function(function, x.spec, y.spec)
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    wrong = [n for n, g, w in zip(names, program(), want, strict=True) if not alike(g, w, n)]
    assert wrong == []
