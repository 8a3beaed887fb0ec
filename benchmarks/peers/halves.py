"""bfloat16 and int8 on narae, each beside float32 in the same process.

python halves.py TASK [--quick]
"""

from __future__ import annotations

import time
from typing import Any

import common

start = time.perf_counter()
import narae  # noqa: E402
from narae import layers  # noqa: E402

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


def int8_dense() -> dict[str, float]:
    """A product of float32, and of int8 numbers with sums in int32."""
    rng = np.random.default_rng(0)
    x, w = rng.random((256, 1024), np.float32), rng.random((1024, 1024), np.float32)
    short = [narae.Variable((127 * array).astype("int8"), dtype="int8") for array in (x, w)]
    whole = [narae.Variable(array) for array in (x, w)]
    sums = narae.Variable(np.zeros((256, 1024), "int32"), dtype="int32", trainable=False)
    out = narae.Variable(np.zeros((256, 1024), "float32"))

    def floats() -> None:
        out.assign(narae.ops.matmul(*whole))

    def integers() -> None:
        sums.assign(narae.ops.matmul(*short))

    return {
        "float32_ms": 1e3 * common.least_s(narae.jit(floats)),
        "short_ms": 1e3 * common.least_s(narae.jit(integers)),
    }


common.main({task.__name__: task for task in (half_seed, half_deep, int8_dense)}, imported)
