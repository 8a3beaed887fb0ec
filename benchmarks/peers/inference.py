"""Networks that answer: their sizes and what they are asked, for all peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import common
import numpy as np
import sequences as S

BATCHES = (1, 128, 2048)


class Network(NamedTuple):
    """shape: of one sample. results: numbers that it gives. kind: of a sample's; high: whole ones lie below it."""

    shape: tuple[int, ...]
    results: int
    kind: str = "float32"
    high: int = 0

    def samples(self, batch: int) -> Any:
        """(batch, *shape): what the network is asked about."""
        rng = np.random.default_rng(0)
        if self.high:
            return rng.integers(1, self.high, (batch, *self.shape)).astype(self.kind)
        return rng.random((batch, *self.shape), np.float32)


# By row: 784-512-10, the CNN of the training rows, LSTM(32) and the encoder of the sequences.
NETWORKS = {
    "answer_seed": Network((784,), 10),
    "answer_cnn": Network((28, 28, 1), 10),
    "answer_lstm": Network((S.SMALL.steps, S.SMALL.features), 1),
    "answer_encoder": Network((S.ENCODER.steps,), 1, "int32", S.ENCODER.words),
}


def timed(row: str, ways: dict[str, Callable[[Any], Any]]) -> dict[str, float]:
    """Milliseconds of a call by each way, for each size of batch: {"predict 128": ...}. The ways take turns."""
    found: dict[str, list[float]] = {}
    for batch in BATCHES:
        x = NETWORKS[row].samples(batch)
        for _ in range(2):
            for name, way in ways.items():
                taken = common.per_call_ms(lambda way=way, x=x: way(x))
                found.setdefault(f"{name} {batch}", []).append(taken)
    return {name: min(taken) for name, taken in found.items()}
