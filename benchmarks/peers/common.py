"""What all peers share: the data, the clock, and the line they print."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUICK = "--quick" in sys.argv
# Rows of MNIST, epochs over them, and steps of the tiny network.
ROWS, EPOCHS, TINY_STEPS = (12800, 1, 500) if QUICK else (60000, 3, 2000)
TINY_ROWS, TINY_BATCH = 4000, 16


def mnist() -> tuple[Any, Any]:
    """Images (ROWS, 784) in [0, 1], float32, and labels, int32, from the folder of the runner.

    Read without narae, so that no peer carries another's code.
    """
    import numpy as np

    folder = Path(os.environ["BENCH_DATA"])
    images = np.load(folder / "images.npy")[:ROWS].astype("float32")
    images /= 255  # in place: a second copy would be the peak of every peer
    return images, np.load(folder / "labels.npy")[:ROWS].astype("int32")


def tiny() -> tuple[Any, Any]:
    """Data of the tiny network: (TINY_ROWS, 13) and (TINY_ROWS, 1), float32."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(TINY_ROWS, 13)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def seconds(work: Callable[[], Any], repeats: int = 1) -> float:
    """The median time of some work."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[len(taken) // 2]


def per_tiny_step(epochs: Callable[[int], Any]) -> float:
    """Milliseconds for a step of the tiny network, from a function that trains some epochs."""
    steps = TINY_ROWS // TINY_BATCH
    count = max(1, TINY_STEPS // steps)
    epochs(1)
    return 1e3 * seconds(lambda: epochs(count), 3) / (count * steps)


def peak_mb() -> float:
    """This process's peak memory.

    Linux's ru_maxrss counts the parent's memory too, from before the exec; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(li for li in status.read_text().splitlines() if li.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def report(**figures: float) -> None:
    """Print the figures as the last line."""
    print(json.dumps(figures | {"peak_mb": peak_mb()}))
