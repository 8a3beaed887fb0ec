"""What docs/scale.md checks its arithmetic with: all-reduces and training steps of 1, 2, 4 processes.

    narae launch --processes 2 tools/scale_runs.py

Each process has one device. The batch is of 128 samples per process. Prints one line of JSON:
medians and smallest times, in seconds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

import narae
from narae import distribution, layers

RANK, COUNT = int(os.environ["NARAE_PROCESS_ID"]), int(os.environ["NARAE_NUM_PROCESSES"])

SIZES = [1, 1 << 10, 1 << 14, 1 << 17, 407_050, 1 << 20, 1 << 22]  # float32 numbers
# What a step of 784-512-10 exchanges: gradients, the sum of the losses and of their weights, and
# whether a label was out of range.
STEP = [784 * 512, 512, 512 * 10, 10, 1, 1, 2]
BATCH, STEPS, EPOCHS = 128, 40, 10


def main() -> None:
    """Measure, and print from process 0."""
    distribution.initialize()
    found: dict[str, Any] = {"processes": COUNT, "cores": os.cpu_count()}
    mesh = distribution.DataParallel()
    if COUNT > 1:
        own = mesh.device_mesh.backend_mesh
        found["all_reduce"] = {4 * size: all_reduce(own, [size]) for size in SIZES}
        found["exchange"] = all_reduce(own, STEP)
    with mesh.scope():
        found["step"] = step()
    if RANK == 0:
        print(json.dumps(found))


def all_reduce(mesh: Any, sizes: list[int]) -> dict[str, float]:
    """The sums of arrays of each process, in all of them."""
    over = NamedSharding(mesh, PartitionSpec("batch"))
    arrays = [
        jax.make_array_from_callback((COUNT, n), over, lambda _, n=n: np.ones((1, n), np.float32))
        for n in sizes
    ]
    whole = NamedSharding(mesh, PartitionSpec())
    add = jax.jit(lambda xs: [x.sum(0) for x in xs], out_shardings=whole)
    return timed(lambda: jax.block_until_ready(add(arrays)), 15 if max(sizes) > 1 << 19 else 60)


def step() -> dict[str, float]:
    """One step of 784-512-10 on MNIST's shapes, of many in one dispatch."""
    narae.utils.set_random_seed(0)
    model = narae.Sequential(
        [
            narae.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x = rng.random((BATCH * COUNT * STEPS, 784), np.float32)
    y = rng.integers(0, 10, len(x))
    times = timed(lambda: model.fit(x, y, batch_size=BATCH * COUNT, verbose=0), EPOCHS)
    return {name: value / STEPS for name, value in times.items()}


def timed(run: Callable[[], Any], rounds: int) -> dict[str, float]:
    """The median and the smallest time of some rounds, after one that compiles."""
    run()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return {"median": float(np.median(times)), "least": min(times)}


if __name__ == "__main__":
    main()
