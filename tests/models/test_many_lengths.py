"""Sequences of many lengths: a program for each, whose kernels are those of the first few. That what is kept is bounded
stands in test_programs.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.engine import config
from narae.executors.native.jit import compiler

MODELS: dict[str, Any] = {
    "pooled": lambda: [layers.GlobalAveragePooling1D()],
    "LSTM, masked": lambda: [layers.LSTM(4)],
    "GRUs": lambda: [layers.GRU(4, return_sequences=True), layers.GRU(3)],
    "convolution": lambda: [
        layers.Conv1D(4, 3, padding="same"),
        layers.LayerNormalization(),
        layers.GlobalMaxPooling1D(),
    ],
}
LENGTHS = [3, 90, *np.random.default_rng(0).permutation(np.arange(4, 89))[:8].tolist()]


def _model(name: str) -> Any:
    model = narae.Sequential(
        [
            narae.Input((None,), dtype="int32"),
            layers.Embedding(50, 8, mask_zero="masked" in name),
            *MODELS[name](),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def _batch(length: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.random.default_rng(length).integers(1, 50, (4, length)).astype("int32")
    return ids, np.ones((4, 1), "float32")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of kernels that are looked for on disk or compiled."""
    if config.executor() != "native":
        pytest.skip("kernels are the native executor's")
    names: list[str] = []
    load = compiler._load

    def watched(missing: Any, *more: Any) -> Any:
        names.extend(missing)
        return load(missing, *more)

    monkeypatch.setattr(compiler, "_load", watched)
    return names


@pytest.mark.parametrize("name", MODELS)
def test_a_new_length_needs_no_new_kernel(name: str, written: list[str]) -> None:
    """Those of a short and of a long sequence are all: sizes are numbers in records."""
    model = _model(name)
    for length in LENGTHS[:2]:
        model.train_on_batch(*_batch(length))
        model.predict(_batch(length)[0], verbose=0)
    del written[:]
    for length in LENGTHS[2:]:
        model.train_on_batch(*_batch(length))
        model.predict(_batch(length)[0], verbose=0)
    assert written == []
