"""The kernels of attention equal the record's forward at every kind of edge, and give the same bits on any number of
threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base.dtypes import HIDDEN
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors import explain
from narae.executors.native.jit import compiler
from narae.executors.native.jit.target import FOREIGN
from narae.executors.native.kernels import attention, attention_gradient
from narae.executors.native.kernels.scores import Kind
from narae.graph.ir import Spec, run
from narae.primitives.record import RECORDS

FORWARD, BACKWARD = RECORDS["attention"], RECORDS["attention_gradient"]
PLAIN = {"scale": 0.4, "causal": False, "cap": None, "biased": False, "masked": False}


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])


def _compared(
    sizes: tuple[int, ...],
    dtype: str,
    bias: tuple[int, ...] = (),
    mask: tuple[int, ...] = (),
    **more: Any,
) -> None:
    """Forward and backward against the records' own forwards in float64. sizes: batch, queries, keys, heads, heads of
    keys, their width, that of values."""
    batch, rows, keys, heads, shared, width, wide = sizes
    rng = np.random.default_rng(0)
    q, k, v, ct = (
        rng.normal(size=shape).astype(dtype)
        for shape in (
            (batch, rows, heads, width),
            (batch, keys, shared, width),
            (batch, keys, shared, wide),
            (batch, rows, heads, wide),
        )
    )
    params = {**PLAIN, "biased": bool(bias), "masked": bool(mask), **more}
    rest = [rng.normal(size=bias).astype(dtype)] if bias else []
    if mask:
        seen = rng.integers(0, 2, mask).astype(bool)
        seen[:, :, -1:] &= mask[2] == 1  # a row that sees nothing
        rest.append(seen)
    exact = [x.astype("float64") if x.dtype.kind == "f" else x for x in (q, k, v, *rest)]
    kept = run(FORWARD, exact, params)
    _equal(FORWARD, [q, k, v, *rest], params, kept, dtype)
    here = [x.astype(dtype) for x in kept]
    params["with_bias"] = bool(bias)
    wanted = run(BACKWARD, [ct.astype("float64"), *kept, *exact], params)
    _equal(BACKWARD, [ct, *here, q, k, v, *rest], params, wanted, dtype)


def _equal(op: Any, arrays: list[np.ndarray], params: Any, wanted: Any, dtype: str) -> None:
    compiled = compile_function(
        lambda *xs: op(*xs, **params), *[Spec(a.shape, a.dtype.name) for a in arrays]
    )
    assert {how.way for how in explain("native", compiled.program)} == {"native"}
    for _ in range(2):  # what one run leaves behind must not reach the next
        for buffer, array in zip(compiled.inputs, arrays, strict=True):
            np.copyto(buffer, array)
        for got, want in zip(compiled(), wanted, strict=True):
            bound = 60 * float(np.finfo(dtype).eps) * max(1.0, float(np.abs(want).max()))
            np.testing.assert_allclose(got, want, rtol=0, atol=bound)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [
        (2, 37, 53, 4, 2, 20, 11),
        (1, 200, 300, 2, 1, 32, 32),  # several blocks of keys, several tiles
        (1, 300, 20, 1, 1, 33, 16),
        (1, 1, 1, 1, 1, 1, 1),
        (1, 5, 7, 1, 1, 257, 300),
        (1, 3, 900, 2, 2, 3, 1),
    ],
)
def test_any_lengths_and_widths(sizes: tuple[int, ...], causal: bool) -> None:
    _compared(sizes, "float32", causal=causal)


SMALL = (2, 23, 37, 4, 2, 5, 6)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [(), (2, 1, 23, 37), (2, 1, 1, 37), (1, 4, 23, 1)])
@pytest.mark.parametrize("bias", [(), (2, 4, 23, 37), (1, 1, 23, 1), (1, 1, 1, 37)])
def test_any_bias_and_mask(bias: tuple[int, ...], mask: tuple[int, ...], causal: bool) -> None:
    _compared(SMALL, "float32", bias, mask, causal=causal)


def test_in_float64_too() -> None:
    _compared(SMALL, "float64", (1, 4, 1, 37), (2, 1, 23, 37), causal=True, cap=1.5)
    _compared((1, 20, 150, 1, 1, 40, 8), "float64", cap=1.5)


def test_a_cap_bends_scores() -> None:
    _compared(SMALL, "float32", (1, 4, 1, 37), causal=True, cap=1.5)


def test_special_scores_are_as_in_the_composition() -> None:
    """A row of -∞, or with +∞ or NaN among its scores, gives NaN; -∞ beside others is nothing."""
    q = k = np.zeros((1, 4, 1, 3), "float32")
    bias = np.zeros((1, 1, 4, 4), "float32")
    bias[0, 0, 0], bias[0, 0, 1, 2], bias[0, 0, 2, 1], bias[0, 0, 3, :3] = (
        -np.inf,
        np.inf,
        np.nan,
        -np.inf,
    )
    v = np.arange(12, dtype="float32").reshape(1, 4, 1, 3)
    params = {**PLAIN, "biased": True}
    compiled = compile_function(
        lambda *xs: FORWARD(*xs, **params)[0], *[Spec(a.shape, "float32") for a in (q, k, v, bias)]
    )
    for buffer, array in zip(compiled.inputs, (q, k, v, bias), strict=True):
        np.copyto(buffer, array)
    found = compiled()[0, :, 0]
    assert np.isnan(found[:3]).all()
    np.testing.assert_array_equal(found[3], v[0, 3, 0])


def test_bits_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(1, 300, 2, 16)).astype("float32") for _ in range(4)]
    stats = [rng.uniform(1, 2, (1, 2, 300)).astype("float32") for _ in range(2)]
    ct, q, k, v = arrays
    ins = [ct, v, *stats, q, k, v]
    params = {**PLAIN, "with_bias": False}
    compiled = compile_function(
        lambda *xs: BACKWARD(*xs, **params), *[Spec(a.shape, "float32") for a in ins]
    )
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(config, "_threads", [threads])
        for buffer, array in zip(compiled.inputs, ins, strict=True):
            np.copyto(buffer, array)
        found.append(b"".join(x.tobytes() for x in compiled()))
    assert len(set(found)) == 1


@pytest.mark.parametrize("target", sorted(FOREIGN))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_compile_for_other_processors(target: str, dtype: str) -> None:
    kind = Kind(dtype, "along", "along", causal=True, capped=True, hidden=HIDDEN)
    made = (
        attention.build("a", FOREIGN[target], kind),
        attention_gradient.build("b", FOREIGN[target], kind, with_scores=True),
    )
    for function in made:
        code = compiler.compile_text(compiler.text_of(function, FOREIGN[target]), FOREIGN[target])
        assert code[:4] == b"\x7fELF"
