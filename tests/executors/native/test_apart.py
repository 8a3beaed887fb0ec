"""Expressions of large products that are passes of their own: the same numbers, one memory for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import ops
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors.native import tuning
from narae.graph.ir import Spec

SIZE = (64, 48)


def _chain(x: Any, w: Any, *more: Any) -> Any:
    """Products whose expressions read two arrays each: the second's result may lie where one of them was."""
    for a, b in zip(more[::2], more[1::2], strict=True):
        kept = ops.matmul(x, w)
        x = ops.exp(ops.tanh(kept * a)) + b * kept
    return x


def _program(arrays: list[np.ndarray]) -> Any:
    return compile_function(_chain, *[Spec(a.shape, "float32") for a in arrays])


def _run(program: Any, arrays: list[np.ndarray]) -> np.ndarray:
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    return program().copy()


def test_a_pass_of_its_own_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=SIZE), rng.normal(size=(48, 48)) / 7]
    arrays = [a.astype("float32") for a in [*arrays, *(rng.normal(size=SIZE) for _ in range(6))]]
    phases, found = [], []
    for least in (1 << 30, 1):
        monkeypatch.setattr(tuning, "PASS_FROM", least)
        program = _program(arrays)
        phases.append([len(s.lowered.phases) for s in program.program.stages if s.step])
        found.append([_run(program, arrays) for _ in range(2)])
    assert phases == [[1, 1, 1], [2, 2, 2]]
    for result in [*found[0], *found[1]]:
        np.testing.assert_allclose(result, found[0][0], rtol=1e-6, atol=1e-6)


def test_steps_with_the_same_memory_run_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Steps of as many phases share these where they touch different memory: not where it is lent to both."""
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(tuning, "PASS_FROM", 1)
    rng = np.random.default_rng(0)
    shapes = [(200, 48), *[(48, 64)] * 3]
    arrays = [rng.normal(size=shape).astype("float32") for shape in shapes]

    def products(x: Any, *weights: Any) -> Any:
        """Their results are of another dtype: the products go elsewhere first."""
        return [ops.cast(ops.tanh(ops.matmul(x, w)), "float64") for w in weights]

    program: Any = compile_function(products, *[Spec(s, "float32") for s in shapes])
    apart = [s for s in program.program.stages if s.step and len(s.lowered.phases) == 2]
    assert len(apart) == 3
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    for got, w in zip(program(), arrays[1:], strict=True):
        np.testing.assert_allclose(got, np.tanh(arrays[0] @ w), rtol=1e-4, atol=1e-5)
