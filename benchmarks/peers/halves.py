"""bfloat16 and int8 on narae, each beside float32 in the same process.

python halves.py TASK [--quick]
"""

from __future__ import annotations

import time
from typing import Any

import common

start = time.perf_counter()
import narae  # noqa: E402
from narae import layers, ops  # noqa: E402

imported = time.perf_counter() - start
import numpy as np  # noqa: E402


def step_ms(policy: str, widths: tuple[int, ...], batch: int, rows: int) -> float:
    """A training step of Dense layers under a dtype policy."""
    narae.config.set_dtype_policy(policy)
    rng = np.random.default_rng(0)
    x = rng.random((rows, widths[0]), np.float32)
    y = rng.integers(0, widths[-1], rows).astype("int32")
    hidden: list[Any] = [layers.Dense(width, activation="relu") for width in widths[1:-1]]
    model = narae.Sequential([*hidden, layers.Dense(widths[-1], activation="softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return common.per_step_ms(
        lambda n: model.fit(x, y, epochs=n, batch_size=batch, verbose=0), rows // batch
    )


def both(widths: tuple[int, ...], batch: int, rows: int) -> dict[str, float]:
    policies = {"float32_ms": "float32", "short_ms": "mixed_bfloat16"}
    return {name: step_ms(policy, widths, batch, rows) for name, policy in policies.items()}


def half_seed() -> dict[str, float]:
    return both((784, 512, 10), 128, 12800)


def half_deep() -> dict[str, float]:
    return both(common.DEEP, common.DEEP_BATCH, common.DEEP_ROWS)


def quantized(batch: int, inputs: int, units: int) -> dict[str, float]:
    """A layer's answer: in float32; and with a scale for each row, found anew, and for each unit, sums in int32."""
    rng = np.random.default_rng(0)
    x = narae.Variable(rng.normal(size=(batch, inputs)).astype("float32"))
    w = rng.normal(size=(inputs, units)).astype("float32")
    scale = np.abs(w).max(0, keepdims=True) / 127
    short = narae.Variable(np.round(w / scale).astype("int8"), dtype="int8", trainable=False)
    whole, scales = narae.Variable(w), narae.Variable(scale)
    out = narae.Variable(np.zeros((batch, units), "float32"))

    def floats() -> None:
        out.assign(ops.relu(ops.matmul(x, whole)))

    def integers() -> None:
        rows = ops.max(ops.abs(x), axis=-1, keepdims=True) / 127
        near = ops.clip(ops.round(x / rows), -127, 127)
        sums = ops.matmul(ops.cast(near, "int8"), short)
        out.assign(ops.relu(ops.cast(sums, "float32") * (rows * scales)))

    return {
        "float32_ms": 1e3 * common.least_s(narae.jit(floats)),
        "short_ms": 1e3 * common.least_s(narae.jit(integers)),
    }


def int8_dense() -> dict[str, float]:
    return quantized(128, 784, 512)


def int8_wide() -> dict[str, float]:
    return quantized(256, 1024, 1024)


def int8_one() -> dict[str, float]:
    return quantized(1, 1024, 1024)


TASKS = (half_seed, half_deep, int8_dense, int8_wide, int8_one)
common.main({task.__name__: task for task in TASKS}, imported)
