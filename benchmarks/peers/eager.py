"""Eager code: a training step with a tape, written by hand, and single small operations.

python eager.py narae | jax | tensorflow TASK [--quick]

The step is that of chapter 5 of docs/learn: 784-512-10, the mean crossentropy, plain gradient descent by
assignments, batches drawn by NumPy. TensorFlow's is its own eager code, without Keras.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np
from eager_steps import steps

PEER = sys.argv[1]
if PEER != "narae":
    os.environ["KERAS_BACKEND"] = PEER
start = time.perf_counter()
if PEER == "narae":
    import narae
elif PEER == "jax":
    import keras
else:
    import tensorflow as tf
imported = time.perf_counter() - start

BATCH, RATE, EPOCHS = 128, 0.1, 10
STEPS = 469 * EPOCHS
Step = Callable[[Any, Any], Any]


def weights() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    found = []
    for m, n in ((784, 512), (512, 10)):
        limit = np.sqrt(6 / (m + n))
        found += [rng.uniform(-limit, limit, (m, n)).astype("float32"), np.zeros(n, "float32")]
    return found


def by_narae() -> tuple[Step, Step]:
    """The eager step, and the compiled one."""
    ops, variables = narae.ops, [narae.Variable(array) for array in weights()]
    w1, b1, w2, b2 = variables

    def step(images: Any, labels: Any) -> Any:
        with narae.GradientTape() as tape:
            hidden = ops.relu(ops.matmul(images, w1) + b1)
            probabilities = ops.softmax(ops.matmul(hidden, w2) + b2)
            loss = ops.mean(ops.sparse_categorical_crossentropy(labels, probabilities))
        for gradient, variable in zip(tape.gradient(loss, variables), variables, strict=True):
            variable.assign(variable - RATE * gradient)
        return loss

    return step, narae.jit(step)


def by_tensorflow() -> tuple[Step, Step]:
    variables = [tf.Variable(array) for array in weights()]
    w1, b1, w2, b2 = variables

    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            hidden = tf.nn.relu(tf.matmul(images, w1) + b1)
            logits = tf.matmul(hidden, w2) + b2
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        for gradient, variable in zip(tape.gradient(loss, variables), variables, strict=True):
            variable.assign(variable - RATE * gradient)
        return loss

    return step, tf.function(step)


def loop_s(step: Step, images: Any, labels: Any, count: int) -> float:
    """Seconds of so many steps over rows in a new order each epoch."""
    rng = np.random.default_rng(0)
    losses, start = [], time.perf_counter()
    while len(losses) < count:
        order = rng.permutation(len(images))
        for i in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[i : i + BATCH]
            losses.append(float(step(images[chosen], labels[chosen])))
            if len(losses) == count:
                break
    return time.perf_counter() - start


def eager_loop() -> dict[str, float]:
    """A step's time over some hundred of them; all 4,690 only in a whole run, else by that."""
    images, labels = common.mnist()
    steps = 150 if common.QUICK else STEPS
    eager, compiled = by_narae() if PEER == "narae" else by_tensorflow()
    found = {}
    for name, step in (("step_ms", eager), ("compiled_ms", compiled)):
        loop_s(step, images, labels, 10)
        count = steps if step is eager else min(steps, 500)
        found[name] = 1e3 * loop_s(step, images, labels, count) / count
    return found | {"loop_s": found["step_ms"] * STEPS / 1e3}


def eager_small() -> dict[str, float]:
    one, two = np.float32(1.5), np.ones((32, 32), "float32")
    row = np.linspace(-1, 1, 1000, dtype="float32")
    if PEER == "tensorflow":
        tensor, add, matmul, relu = tf.constant, tf.add, tf.matmul, tf.nn.relu
    else:
        ops = (narae if PEER == "narae" else keras).ops
        tensor, add, matmul, relu = ops.convert_to_tensor, ops.add, ops.matmul, ops.relu
    one, two, row = tensor(one), tensor(two), tensor(row)
    return {
        "add_us": 1e3 * common.per_call_ms(lambda: add(one, one)),
        "matmul_us": 1e3 * common.per_call_ms(lambda: matmul(two, two)),
        "relu_us": 1e3 * common.per_call_ms(lambda: relu(row)),
    }


def eager_steps() -> dict[str, float]:
    """Steps with layers: TensorFlow's are those of Keras on it."""
    if PEER == "narae":
        return steps(narae, narae.GradientTape, narae.Variable)
    import keras

    return steps(keras, tf.GradientTape, tf.Variable)


common.main({task.__name__: task for task in (eager_loop, eager_small, eager_steps)}, imported)
