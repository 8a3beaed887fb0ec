"""How long the steps of a program take, each alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

_SPAN = 0.001  # seconds that a measurement lasts at least, but for what is done but a few times
_MOST = 256  # times that a step is done in one measurement
_DRIFTING = 8  # the same, for a step that goes on from its own results
_ROUNDS = 3

Run = Callable[[int], None]


def time_of(run: Run, reads: Sequence[np.ndarray], writes: Sequence[np.ndarray]) -> float:
    """Seconds that one run of a step takes; run(n) does it n times. Its results are those of one
    run then.

    The best of a few rounds, since what else the machine does only adds. A step that writes over
    what it reads is done a few times only from the same numbers: many times, they may become so
    small that arithmetic with them is slow.
    """
    drifts = any(np.may_share_memory(a, b) for a in reads for b in writes)
    before = [(a, a.copy()) for a in reads if drifts and a.flags.writeable]
    run(1)
    after = [(a, a.copy()) for a in writes]
    most, count, best = _DRIFTING if drifts else _MOST, 1, float("inf")
    rounds = _ROUNDS
    while rounds:
        _put(before)
        begin = time.perf_counter()
        run(count)
        taken = time.perf_counter() - begin
        best = min(best, taken / count)
        if taken < _SPAN and count < most:
            count = min(most, count * 4)
        else:
            rounds -= 1
    _put(before)
    _put(after)
    return best


def _put(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
    for array, value in pairs:
        np.copyto(array, value)
