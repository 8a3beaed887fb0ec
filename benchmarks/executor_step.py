"""The planned executor beside NumPy written by hand: one training step of a multi-layer perceptron.

Runs of the two alternate, so that both meet the same machine; the medians' ratio is the result.

    python benchmarks/executor_step.py [repeats]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from narae.engine.compiled import compile_function
from narae.engine.tape import GradientTape
from narae.engine.variable import Variable
from narae.graph.ir import Spec
from narae.ops.record import constant
from narae.ops.records.arithmetic import exp, log, sqrt
from narae.ops.records.contract import dot
from narae.ops.records.logic import greater, select
from narae.ops.records.reduce import reduce_max, reduce_sum, spread

RATE, KEEP, EPSILON = 1e-3, 0.9, 1e-7
MODELS = {"mnist": ((784, 512, 10), 128), "tiny": ((13, 64, 64, 2), 16)}


def weights(sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Weights and biases, layer by layer."""
    rng = np.random.default_rng(0)
    made = []
    for rows, columns in pairwise(sizes):
        made.append(np.asarray(rng.normal(size=(rows, columns)) / rows**0.5, np.float32))
        made.append(np.zeros(columns, np.float32))
    return made


def by_hand(sizes: tuple[int, ...], x: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    """The step as one writes it in NumPy."""
    params = weights(sizes)
    means = [np.zeros_like(p) for p in params]
    count, zero = len(params) // 2, np.float32(0)

    def step() -> np.float32:
        hs, zs = [x], []
        for i in range(count):
            zs.append(hs[-1] @ params[2 * i] + params[2 * i + 1])
            hs.append(np.maximum(zs[-1], zero) if i < count - 1 else zs[-1])
        e = np.exp(hs[-1] - hs[-1].max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log((p * y).sum(axis=1)).mean()
        ct, grads = (p - y) / np.float32(len(x)), [zero] * len(params)
        for i in reversed(range(count)):
            grads[2 * i], grads[2 * i + 1] = hs[i].T @ ct, ct.sum(axis=0)
            if i:
                ct = (ct @ params[2 * i].T) * (zs[i - 1] > 0)
        for w, v, g in zip(params, means, grads, strict=True):
            v *= np.float32(KEEP)
            v += np.float32(1 - KEEP) * g * g
            w -= np.float32(RATE) * g / (np.sqrt(v) + np.float32(EPSILON))
        return loss

    return step


def planned(sizes: tuple[int, ...], x: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    """The step traced, differentiated, and loaded on the NumPy executor."""
    params = [Variable(w) for w in weights(sizes)]
    means = [Variable(np.zeros_like(p.numpy())) for p in params]

    def step(x: Any, y: Any) -> Any:
        zero = constant(0, "float32")
        with GradientTape() as tape:
            h = x
            for i in range(0, len(params), 2):
                h = dot(h, params[i].value, contract=((1,), (0,)), batch=((), ()))
                h = h + params[i + 1].value
                h = select(greater(h, zero), h, zero) if i + 2 < len(params) else h
            z = h - spread(reduce_max(h, axes=(1,)), h, (1,))
            total = log(reduce_sum(exp(z), axes=(1,)))
            per_row = total - reduce_sum(z * y, axes=(1,))
            loss = reduce_sum(per_row, axes=(0,)) * (1 / x.shape[0])
        for p, v, g in zip(params, means, tape.gradient(loss, params), strict=True):
            v.assign(v.value * KEEP + g * g * (1 - KEEP))
            p.assign(p.value - g * RATE / (sqrt(v.value) + EPSILON))
        return loss

    program = compile_function(step, *(Spec(a.shape, "float32") for a in (x, y)))
    np.copyto(program.inputs[0], x)
    np.copyto(program.inputs[1], y)
    return program


def main(repeats: int = 300) -> None:
    """Print a line for each model."""
    for name, (sizes, batch) in MODELS.items():
        rng = np.random.default_rng(1)
        x = rng.random((batch, sizes[0]), np.float32)
        y = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], batch)]
        start = time.perf_counter()
        steps = {"planned": planned(sizes, x, y), "by hand": by_hand(sizes, x, y)}
        loading = time.perf_counter() - start
        times: dict[str, list[float]] = {key: [] for key in steps}
        losses = {}
        for _ in range(repeats):
            for key, step in steps.items():
                start = time.perf_counter()
                losses[key] = float(step())
                times[key].append(time.perf_counter() - start)
        ours, theirs = (median(times[key]) * 1e6 for key in ("planned", "by hand"))
        shown = " ".join(f"{loss:.5f}" for loss in losses.values())
        print(
            f"{name}: planned {ours:.0f} µs, by hand {theirs:.0f} µs, ratio {ours / theirs:.2f}; "
            f"loaded in {loading * 1e3:.0f} ms; losses {shown}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
