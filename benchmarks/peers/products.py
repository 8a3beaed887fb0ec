"""The bare matrix products of a model's epoch, by OpenBLAS: no NumPy program can be faster; or by MKL.

python products.py [mkl] TASK [--quick]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import pairwise

import common

start = time.perf_counter()
import numpy as np  # noqa: E402

if "mkl" in sys.argv:
    import torch
imported = time.perf_counter() - start
rng = np.random.default_rng(0)


def products(batch: int, *widths: int) -> Callable[[int], None]:
    """Runs the products of so many steps: forward, to the weights, and to the layer below."""
    todo = []
    for below, (m, n) in enumerate(pairwise(widths)):
        shapes = (batch, m), (m, n), (batch, n)
        x, w, dy = (rng.random(shape, np.float32) for shape in shapes)
        pairs = [(x, w), (x.T, dy)] + [(dy, w.T)] * bool(below)
        todo += [(a, b, np.empty((len(a), b.shape[1]), np.float32)) for a, b in pairs]
    multiply: Callable[..., object] = np.matmul
    if "mkl" in sys.argv:
        multiply = torch.mm
        todo = [tuple(map(torch.from_numpy, product)) for product in todo]

    def run(steps: int) -> None:
        for _ in range(steps):
            for a, b, out in todo:
                multiply(a, b, out=out)

    return run


def epoch() -> Callable[[int], None]:
    run = products(128, 784, 512, 10)
    return lambda rows: run(-(-rows // 128))


def seed() -> dict[str, float]:
    return {"epoch_s": common.epoch_s(epoch())}


def busy() -> dict[str, float]:
    return common.quiet_and_busy(epoch())


def deep() -> dict[str, float]:
    run, steps = products(common.DEEP_BATCH, *common.DEEP), common.DEEP_ROWS // common.DEEP_BATCH
    return {"step_ms": common.per_step_ms(lambda n: run(n * steps), steps)}


common.main({"seed": seed, "busy": busy, "deep": deep}, imported)
