"""The rounds of Threefry-2x32 on NumPy's arrays (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
as 1, 2, 3", SC 2011), in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

PARITY = np.uint32(0x1BD11BDA)
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def turn(y0: np.ndarray, y1: np.ndarray, keys: Sequence[Any], scratch: np.ndarray) -> None:
    """The twenty rounds, in place in y0 and y1: counters, to which the first two keys were added."""
    word = np.uint32
    for group in range(5):
        for r in ROTATIONS[group % 2]:
            np.add(y0, y1, out=y0)
            np.left_shift(y1, word(r), out=scratch)
            np.right_shift(y1, word(32 - r), out=y1)
            np.bitwise_or(y1, scratch, out=y1)
            np.bitwise_xor(y1, y0, out=y1)
        np.add(y0, keys[(group + 1) % 3], out=y0)
        np.add(y1, keys[(group + 2) % 3], out=y1)
        np.add(y1, word(group + 1), out=y1)
