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
