"""NumPy by hand, as one writes it: forward, backward, RMSprop, accuracy and loss.

python numpy_loop.py TASK [--quick]
"""

from __future__ import annotations

import itertools
import time

import common

start = time.perf_counter()
import numpy as np  # noqa: E402

imported = time.perf_counter() - start
rng = np.random.default_rng(0)


def weights(*widths: int) -> list[np.ndarray]:
    out = []
    for m, n in itertools.pairwise(widths):
        limit = np.sqrt(6 / (m + n))
        out += [rng.uniform(-limit, limit, (m, n)).astype("float32"), np.zeros(n, "float32")]
    return out


def rmsprop(params: list[np.ndarray], grads: list[np.ndarray], state: list[np.ndarray]) -> None:
    for w, g, v in zip(params, grads, state, strict=True):
        v *= 0.9
        v += 0.1 * g * g
        w -= 0.001 * g / np.sqrt(v + 1e-7)


def classified(
    params: list[np.ndarray], state: list[np.ndarray], x: np.ndarray, y: np.ndarray, batch: int
) -> tuple[float, float]:
    w1, b1, w2, b2 = params
    order = rng.permutation(len(x))
    loss = right = 0.0
    for i in range(0, len(x), batch):
        rows = order[i : i + batch]
        xb, yb = x[rows], y[rows]
        n = len(xb)
        h = np.maximum(xb @ w1 + b1, 0)
        z = h @ w2 + b2
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        p /= p.sum(axis=1, keepdims=True)
        loss -= np.log(p[np.arange(n), yb]).sum()
        right += (p.argmax(axis=1) == yb).sum()
        dz = p
        dz[np.arange(n), yb] -= 1
        dz /= n
        dh = dz @ w2.T
        dh[h <= 0] = 0
        rmsprop(params, [xb.T @ dh, dh.sum(axis=0), h.T @ dz, dz.sum(axis=0)], state)
    return loss / len(x), right / len(x)


def regressed(
    params: list[np.ndarray], state: list[np.ndarray], x: np.ndarray, y: np.ndarray, batch: int
) -> None:
    w1, b1, w2, b2, w3, b3 = params
    order = rng.permutation(len(x))
    for i in range(0, len(x), batch):
        rows = order[i : i + batch]
        xb, yb = x[rows], y[rows]
        h1 = np.maximum(xb @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        d3 = 2 * (h2 @ w3 + b3 - yb) / len(xb)
        d2 = (d3 @ w3.T) * (h2 > 0)
        d1 = (d2 @ w2.T) * (h1 > 0)
        grads = [xb.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0)]
        rmsprop(params, grads, state)


def seed() -> dict[str, float]:
    x, y = common.mnist()
    params = weights(784, 512, 10)
    state = [np.zeros_like(w) for w in params]
    step = common.seconds(lambda: classified(params, state, x[:128], y[:128], 128))
    epoch = common.epoch_s(lambda n: classified(params, state, x[:n], y[:n], 128))
    return {"first_step_s": step, "epoch_s": epoch}


def predict() -> dict[str, float]:
    one = common.mnist()[0][:1]
    w1, b1, w2, b2 = weights(784, 512, 10)

    def run() -> np.ndarray:
        z = np.maximum(one @ w1 + b1, 0) @ w2 + b2
        p = np.exp(z - z.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    return {"call_ms": common.per_call_ms(run)}


def tiny() -> dict[str, float]:
    x, y = common.tiny()
    params, batch = weights(13, 64, 64, 1), common.TINY_BATCH
    state = [np.zeros_like(w) for w in params]
    return {
        "step_ms": common.per_step_ms(
            lambda n: [regressed(params, state, x, y, batch) for _ in range(n)], len(x) // batch
        )
    }


common.main({"seed": seed, "predict": predict, "tiny": tiny}, imported)
