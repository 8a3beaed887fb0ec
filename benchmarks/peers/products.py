"""The bare matrix products of the seed model's epoch: what no NumPy program can be faster than."""

from __future__ import annotations

import time

import common

start = time.perf_counter()
import numpy as np  # noqa: E402

imported = time.perf_counter() - start
rng = np.random.default_rng(0)
x, w1, w2 = (rng.random(s, np.float32) for s in ((128, 784), (784, 512), (512, 10)))
h, dz, dh = (rng.random(s, np.float32) for s in ((128, 512), (128, 10), (128, 512)))
out = [np.empty(s, np.float32) for s in ((128, 512), (128, 10), (128, 512), (784, 512), (512, 10))]


def epoch() -> None:
    for _ in range(-(-common.ROWS // 128)):
        np.matmul(x, w1, out=out[0])
        np.matmul(h, w2, out=out[1])
        np.matmul(dz, w2.T, out=out[2])
        np.matmul(x.T, dh, out=out[3])
        np.matmul(h.T, dz, out=out[4])


epoch()
common.report(import_s=imported, epoch_s=common.seconds(epoch, common.EPOCHS))
