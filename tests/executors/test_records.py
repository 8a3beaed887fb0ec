"""Every record's samples through the planned executor equal its forward, whole and in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base.dtypes import standardize_dtype
from narae.engine.compiled import compile_function
from narae.executors import coverage
from narae.executors.numpy import blocks
from narae.executors.numpy.lowerings import LOWERINGS
from narae.graph.ir import Op, Spec, run
from narae.primitives.record import RECORDS
from narae.tensor.tensor import tensor_of

_each = pytest.mark.usefixtures("each_executor")
SAMPLES = [
    pytest.param(op, arrays, params, id=f"{name}-{i}")
    for name, op in sorted(RECORDS.items())
    if op.samples is not None
    for i, (arrays, params) in enumerate(op.samples(np.random.default_rng(0)))
]


def compiled(op: Any, arrays: list[np.ndarray], params: dict[str, Any]) -> Any:
    specs = [Spec(a.shape, standardize_dtype(a.dtype)) for a in arrays]
    return compile_function(lambda *xs: op(*xs, **params), *specs)


def check(op: Op, arrays: Any, params: dict[str, Any], program: Any) -> None:
    want = run(op, arrays, params)
    for _ in range(2):  # what one run leaves behind must not reach the next
        for buffer, array in zip(program.inputs, arrays, strict=True):
            np.copyto(buffer, array)
        got = program()
        for g, w in zip(got if isinstance(got, tuple) else (got,), want, strict=True):
            assert (g.shape, g.dtype) == (w.shape, w.dtype)
            np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-12)


@_each
@pytest.mark.parametrize(("op", "arrays", "params"), SAMPLES)
def test_planned_equals_forward(op: Op, arrays: Any, params: dict[str, Any]) -> None:
    arrays = [np.asarray(a) for a in arrays]
    check(op, arrays, params, compiled(op, arrays, params))


@pytest.mark.parametrize("each_executor", ["numpy"], indirect=True)  # the others have no blocks
@pytest.mark.parametrize(("op", "arrays", "params"), SAMPLES)
def test_in_blocks_too(
    op: Op, arrays: Any, params: dict[str, Any], each_executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 3)
    arrays = [np.asarray(a) for a in arrays]
    check(op, arrays, params, compiled(op, arrays, params))


@pytest.mark.usefixtures("own_executor")  # XLA has no scratch of ours
@pytest.mark.parametrize(
    ("op", "arrays", "params"), [p for p in SAMPLES if p.values[0].elementwise]
)
def test_operands_that_die_within_the_step(op: Op, arrays: Any, params: dict[str, Any]) -> None:
    arrays = [np.asarray(a) for a in arrays]
    again = RECORDS["maximum"]  # of a value and itself: the value, in scratch
    program = compiled(lambda *xs, **kw: op(*(again(x, x) for x in xs), **kw), arrays, params)
    check(op, arrays, params, program)


@_each
@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "int32", "bool"])
@pytest.mark.parametrize("zero", [None, 1, 2])
def test_select_by_bits_is_where(dtype: str, zero: int | None) -> None:
    rng = np.random.default_rng(1)
    condition, x = rng.integers(0, 2, (5, 1)).astype(bool), rng.normal(size=(7,)) * 3
    x = x.astype(dtype)
    y = rng.permutation(x)
    if np.dtype(dtype).kind == "f":
        x[0], y[1], x[2], x[3] = np.nan, np.inf, -0.0, -np.inf
    arrays = [x, y]
    if zero is not None:
        arrays[zero - 1] = np.zeros((), dtype)
    given = [tensor_of(a) for a in arrays]
    program = compile_function(lambda c: RECORDS["select"](c, *given), Spec((5, 1), "bool"))
    np.copyto(program.inputs[0], condition)
    got, want = program(), np.where(condition, *arrays)
    assert got.tobytes() == want.tobytes()


@_each
@pytest.mark.parametrize("name", ["take", "take_along", "add_at", "put_along"])
@pytest.mark.parametrize("bad", [4, -5])
def test_an_index_out_of_range_is_an_error(name: str, bad: int) -> None:
    (first, second), params = RECORDS[name].samples(np.random.default_rng(0))[0]
    program = compiled(RECORDS[name], [first, second], params)
    for buffer, array in zip(program.inputs, (first, second), strict=True):
        np.copyto(buffer, array)
        if buffer.dtype.kind == "i":
            buffer.reshape(-1)[0] = bad
    with pytest.raises(IndexError, match=f"index {bad} is out of range for an axis of length 4"):
        program()


@_each
def test_indices_count_from_the_end() -> None:
    (x, index), params = RECORDS["take"].samples(np.random.default_rng(0))[0]
    program = compiled(RECORDS["take"], [x, index], params)
    np.copyto(program.inputs[0], x)
    np.copyto(program.inputs[1], index - 4)
    np.testing.assert_array_equal(program(), np.take(x, index - 4, axis=0))


def test_coverage_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = coverage("numpy", RECORDS)
    assert table.keys() == RECORDS.keys()
    assert LOWERINGS.keys() <= RECORDS.keys(), "a lowering of an operation that is not there"
    with capsys.disabled():
        for how in ("generic", "own", "falls back"):
            names = sorted(name for name, found in table.items() if found == how)
            print(f"\nnumpy, {how} ({len(names)}): {' '.join(names)}")
    assert {table[name] for name in ("dot", "reduce_sum", "select", "scan")} == {"own"}
    assert {table[name] for name in ("add", "exp", "transpose")} == {"generic"}


@_each
@pytest.mark.parametrize(("op", "arrays", "params"), [p for p in SAMPLES if p.values[0].tiled])
def test_what_follows_on_the_tiles(op: Op, arrays: Any, params: dict[str, Any]) -> None:
    """Elementwise nodes over a tiled one's result, a number, an operand of its shape, one that is
    broadcast, and itself; with a second result."""
    arrays = [np.asarray(a) for a in arrays]
    (head,) = run(op, arrays, params)
    rng = np.random.default_rng(3)
    shapes = (head.shape, head.shape[-1:])
    more = [(9 * rng.normal(size=shape)).astype(head.dtype) for shape in shapes]

    def step(*xs: Any, **kw: Any) -> Any:
        made = op(*xs[:-2], **kw)
        kept = RECORDS["select"](
            RECORDS["greater"](xs[-2], made), made, tensor_of(np.zeros((), head.dtype))
        )
        return RECORDS["add"](kept, xs[-1]), RECORDS["multiply"](made, xs[-2])

    program = compiled(step, [*arrays, *more], params)
    for _ in range(2):
        for buffer, array in zip(program.inputs, [*arrays, *more], strict=True):
            np.copyto(buffer, array)
        first, second = program()
        np.testing.assert_allclose(first, np.where(more[0] > head, head, 0) + more[1], atol=1e-12)
        np.testing.assert_allclose(second, head * more[0], atol=1e-12)


def test_the_gradient_of_pooling_and_what_follows_are_one_step(each_executor: str) -> None:
    """A ReLU before pooling: its mask is computed where the gradient is placed."""
    op = RECORDS["place_extremes"]
    params = {"axes": (1, 2), "window": (2, 2), "strides": (2, 2)}
    params |= {"padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(size=(3, 6, 8, 5)), 0)
    peak = run(RECORDS["reduce_window"], [x], {"kind": "max", **params})[0]
    arrays = [rng.normal(size=peak.shape), x, peak]
    zero = tensor_of(np.zeros(()))

    def step(ct: Any, x: Any, peak: Any) -> Any:
        placed = op(ct, x, peak, **params)
        return RECORDS["select"](RECORDS["greater"](x, zero), placed, zero)

    program = compiled(step, arrays, {})
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    np.testing.assert_array_equal(program(), np.where(x > 0, run(op, arrays, params)[0], 0))
    steps = len(program.program.plan.steps)
    assert steps == (1 if each_executor == "native" else 2)
