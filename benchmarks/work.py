"""The operations that work needs at least, and what the machine's limits make of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple


def dense_operations(*widths: int) -> float:
    """Operations of a row's training step: forward, to the weights, and to the layers below."""
    return sum(2 * m * n * (3 if below else 2) for below, (m, n) in enumerate(pairwise(widths)))


def dense_weights(*widths: int) -> int:
    return sum(m * n + n for m, n in pairwise(widths))


# Output rows and columns, kernel, channels in and out of the convolutions, 3 × 3 without padding.
CONVOLUTIONS = ((26, 1, 32), (11, 32, 64), (3, 64, 128))
CNN_FORWARD = [2 * 9 * side**2 * m * n for side, m, n in CONVOLUTIONS] + [2 * 1152 * 10]
CNN_OPERATIONS = 3 * sum(CNN_FORWARD) - CNN_FORWARD[0]  # the pictures need no gradient
CNN_WEIGHTS = sum(9 * m * n + n for _, m, n in CONVOLUTIONS) + dense_weights(1152, 10)
SEED, DEEP, TINY = (784, 512, 10), (1024, 1024, 1024, 10), (13, 64, 64, 1)
# The products of LSTM(256)'s step: of inputs and state, forward and to the weights; of the state, back in time.
LSTM_STEP = 64 * 100 * 2 * 4 * 256 * (2 * 128 + 3 * 256)
SEED_OPERATIONS, SEED_WEIGHTS = dense_operations(*SEED), dense_weights(*SEED)
DEEP_STEP = 256 * dense_operations(*DEEP)


class Work(NamedTuple):
    """A figure of narae's, with what it needs at least for each row or step of it.

    unit: seconds in the figure's unit; operations; memory: bytes that no cache can hold; cached:
    bytes that a cache holds (weights are read and, with RMSprop's mean, written at each step).
    count: rows or steps, from how many rows of MNIST there were and how many epochs.
    """

    what: str
    row: str
    figure: str
    unit: float
    operations: float
    memory: float
    cached: float
    count: Callable[[int, int], float] = lambda rows, epochs: 1


STATE = 16  # bytes of traffic for a weight in a step
WORKS = (
    Work(
        "784-512-10, epoch",
        *("seed", "epoch_s", 1, SEED_OPERATIONS, 784 * 4, STATE * SEED_WEIGHTS / 128),
        lambda rows, epochs: rows,
    ),
    Work(
        "the classic script",
        *("script", "script_s", 1, SEED_OPERATIONS, 784 * 4, STATE * SEED_WEIGHTS / 128),
        lambda rows, epochs: 60000 * epochs,
    ),
    Work(
        "1024-1024-1024-10, step",
        *("deep", "step_ms", 1e-3, DEEP_STEP, 256 * 1024 * 4, STATE * dense_weights(*DEEP)),
    ),
    Work(
        "13-64-64-1, step",
        *("tiny", "step_ms", 1e-3, 16 * dense_operations(*TINY), 0, STATE * dense_weights(*TINY)),
    ),
    Work(
        "CNN, step",
        *("cnn", "step_ms", 1e-3, 64 * CNN_OPERATIONS, 64 * 784 * 4, STATE * CNN_WEIGHTS),
    ),
    Work(
        "predict of one digit",
        "predict",
        "predict_ms",
        1e-3,
        *(2 * SEED_WEIGHTS, 0, 4 * SEED_WEIGHTS),
    ),
    Work(
        "predict_on_batch of it",
        "predict",
        "on_batch_ms",
        1e-3,
        *(2 * SEED_WEIGHTS, 0, 4 * SEED_WEIGHTS),
    ),
)
