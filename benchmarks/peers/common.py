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

START = time.perf_counter()


def numbers(quick: bool) -> dict[str, int]:
    """How much work a measurement is."""
    return (
        {"rows": 12800, "epochs": 1, "tiny_steps": 300}
        if quick
        else {"rows": 60000, "epochs": 3, "tiny_steps": 2000}
    )


def mnist(rows: int) -> tuple[Any, Any]:
    """Images (rows, 784) in [0, 1] and labels, from the bytes that narae ships."""
    import lzma

    import numpy as np

    packed = Path(__file__).parents[2] / "src" / "narae" / "datasets" / "data" / "mnist.xz"
    cache = Path(os.environ.get("BENCH_DATA", "/tmp")) / "narae-bench-mnist.npy"
    if not cache.exists():
        raw = np.frombuffer(lzma.decompress(packed.read_bytes()), np.uint8)
        np.save(cache, raw[: 60000 * 785])
    raw = np.load(cache, mmap_mode="r")
    images = np.asarray(raw[: 60000 * 784].reshape(60000, 784)[:rows], "float32") / 255
    return images, np.asarray(raw[60000 * 784 :][:rows], "int32")


def tiny(rows: int = 16 * 250) -> tuple[Any, Any]:
    """Data for the tiny network: 13 features, one target."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 13)).astype("float32")
    return x, x.sum(axis=1, keepdims=True).astype("float32")


def seconds(work: Callable[[], Any], repeats: int = 1) -> float:
    """The median time of some work."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[len(taken) // 2]


def report(**figures: float) -> None:
    """Print the figures, with this process's peak memory, as the last line."""
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


QUICK = "--quick" in sys.argv
