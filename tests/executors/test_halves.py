"""Halves on processors: kept in float32 by compiled programs, with the results of real halves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.tables.records import OF_GRAPHS, results, samples, specs_of

import narae
from narae import ops
from narae.base.dtypes import HALVES, np_dtype
from narae.base.errors import DtypeError
from narae.engine.jit import jit
from narae.engine.trace import trace
from narae.graph.ir import Op, Spec
from narae.primitives.halves import without_halves
from narae.primitives.record import RECORDS
from narae.primitives.records.logic import cast, rounded
from narae.tensor.tensor import tensor_of

half = pytest.mark.parametrize("half", HALVES)
# Their result has parts of its own choice, or is of graphs.
APART = OF_GRAPHS | {"qr", "svd", "eigh", "lu_factor", "fft", "threefry"}


def numbers(half: str) -> np.ndarray:
    """Bits of all kinds; every half, and what lies in the middle of two and beside it."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 100_000, "uint32").view("float32")
    with np.errstate(all="ignore"):
        exact = np.arange(2**16, dtype="uint16").view(np_dtype(half)).astype("float32")
        after = np.nextafter(exact.astype(np_dtype(half)), np_dtype(half).type(np.inf))
        middle = (exact.astype("float64") + after.astype("float64")) / 2
        near = [np.nextafter(middle.astype("float32"), np.float32(s)) for s in (-np.inf, np.inf)]
    return np.concatenate([bits, exact, middle.astype("float32"), *near])


@half
def test_rounding_is_that_of_the_dtype(half: str, each_executor: str) -> None:
    x = numbers(half)
    with np.errstate(all="ignore"):
        want = x.astype(np_dtype(half)).astype("float32")
    got = jit(lambda v: rounded(v, dtype=half))(tensor_of(x)).numpy()
    same = (got.view("uint32") == want.view("uint32")) | (np.isnan(got) & np.isnan(want))
    if each_executor != "numpy":
        # instructions for halves take numbers below the normal ones for zero, those too that
        # would be rounded up to the first normal one
        same |= np.abs(x) < np.finfo("float32").tiny
    assert same.all(), x[~same][:5]


def halves_of(op: Op, half: str) -> Any:
    """The op's samples in a half: arrays, parameters and what it gives on real halves."""
    for arrays, params in samples(op, half):
        try:
            specs_of(op, arrays, params)
            yield arrays, params, results(op, arrays, params)
        except (DtypeError, TypeError):
            continue


@half
@pytest.mark.parametrize("op", [op for op in RECORDS.values() if op.name not in APART], ids=str)
def test_compiled_operations_give_what_real_halves_do(op: Op, half: str, own_executor: str) -> None:
    """Within a rounding of each of a few steps: eager code rounds within an operation, too."""
    eps = float(np.finfo("float16").eps) if half == "float16" else 2.0**-7
    for arrays, params, wanted in halves_of(op, half):
        if not any(a.dtype == np_dtype(half) for a in arrays):
            continue
        found = jit(lambda *xs, p=params: op(*xs, **p))(*map(tensor_of, arrays))
        for got, want in zip(found if isinstance(found, tuple) else (found,), wanted, strict=True):
            a = got.numpy()
            assert (a.shape, a.dtype) == (want.shape, want.dtype)
            if want.dtype != np_dtype(half):  # attention's sums, which are in float32, or no floats
                rtol = 64 * np.finfo("float32").eps if want.dtype == np.float32 else 0
                np.testing.assert_allclose(a, want, rtol=rtol)
                continue
            a, b = a.astype("float64"), np.asarray(want, "float64")
            finite = b[np.isfinite(b)]
            room = 4 * eps * (1 + np.abs(finite).max(initial=0))
            np.testing.assert_allclose(a, b, rtol=8 * eps, atol=0 if op.exact else room)


@half
def test_every_operation_of_a_chain_rounds(half: str, own_executor: str) -> None:
    def chain(x: Any, y: Any) -> Any:
        z = (x * 1.1 + 300) - 300
        z = ops.sqrt(ops.abs(z)) / (y * y + 0.7)
        return ops.matmul(z, ops.transpose(y)) - ops.mean(z, axis=0, keepdims=True)[:, :1] * y[0, 0]

    rng = np.random.default_rng(0)
    x, y = (ops.cast(rng.normal(size=(16, 8)), half) for _ in "xy")
    eager, compiled = np.asarray(chain(x, y)), np.asarray(jit(chain)(x, y))
    # sums of a product in another order now and then fall on another half
    assert (eager != compiled).mean() < 0.02


@half
def test_a_compiled_program_has_no_halves_within(half: str) -> None:
    def step(x: Any, w: Any) -> Any:
        y = ops.relu(ops.matmul(x, w) + 1)
        return ops.sum(ops.cast(y, "float32")), ops.softmax(y), ops.view(y, "uint16")

    traced = trace(step, Spec((3, 4), half), Spec((4, 5), half)).graph
    graph, (inside,) = without_halves(traced, [traced.nodes[0].output(0)])
    assert [v.spec for v in graph.inputs] == [v.spec for v in traced.inputs]
    assert [v.spec for v in graph.outputs] == [v.spec for v in traced.outputs]
    of_halves = {n.op.name for n in graph.nodes if any(s.dtype == half for s in n.specs)}
    assert of_halves == {"cast"}
    assert {n.op.name for n in graph.nodes if n.inputs[0].dtype == half} == {"cast", "bitcast"}
    assert inside.dtype == "float32"
    again = without_halves(graph)[0]
    assert [n.op for n in again.nodes].count(cast) >= 3


def test_a_program_without_halves_stays_as_it_is() -> None:
    graph = trace(lambda x: x + 1, Spec((3,), "float32")).graph
    assert without_halves(graph)[0] is graph


@half
def test_loops_have_halves_too(half: str, own_executor: str) -> None:
    def total(x: Any) -> Any:
        return ops.scan(lambda carry, row: (carry * 0.5 + row, carry), x[0], x)

    x = ops.cast(np.random.default_rng(0).normal(size=(6, 4)), half)
    eager, compiled = total(x), jit(total)(x)
    for a, b in zip(eager, compiled, strict=True):
        assert b.dtype == half
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@half
def test_a_model_of_halves_alone_trains(half: str, own_executor: str) -> None:
    """Weights, inputs and results are real halves."""
    narae.utils.set_random_seed(0)
    model = narae.Sequential(
        [narae.layers.Dense(8, "relu", dtype=half), narae.layers.Dense(1, dtype=half)]
    )
    model.compile(narae.optimizers.SGD(0.05), "mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    losses = model.fit(x, x.sum(1, keepdims=True), epochs=8, batch_size=16, verbose=0).history[
        "loss"
    ]
    assert losses[-1] < losses[0] / 3
    assert {w.dtype for w in model.weights} == {half}
    assert model.predict(x, verbose=0).dtype == np_dtype(half)


@half
@pytest.mark.parametrize("op", [op for op in RECORDS.values() if op.exact], ids=str)
def test_an_exact_operation_gives_halves_for_halves_without_rounding(op: Op, half: str) -> None:
    for arrays, params in samples(op, "float32"):
        rounds = [a.astype(np_dtype(half)).astype(a.dtype) for a in arrays if a.dtype.kind == "f"]
        rest = iter(rounds)
        given = [next(rest) if a.dtype.kind == "f" else a for a in arrays]
        for out in results(op, given, params):
            if out.dtype == np.float32:
                np.testing.assert_array_equal(out.astype(np_dtype(half)).astype(out.dtype), out)
