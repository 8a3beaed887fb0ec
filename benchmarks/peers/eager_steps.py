"""Steps that people write by hand with layers and a tape: Keras's names, narae's or those of Keras on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import common
import numpy as np

Work = Callable[[], Any]


def steps(keras: Any, tape: Any, variable: Any) -> dict[str, float]:
    """Milliseconds of each. tape, variable: the classes that record and that hold weights."""
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return keras.ops.convert_to_tensor(rng.normal(size=shape).astype("float32"))

    makers = {"train": trained, "cnn": convolved, "cell": unrolled, "attention": attended}
    return {
        f"{name}_ms": common.per_call_ms(make(keras, tape, variable, numbers))
        for name, make in makers.items()
    }


def _fitting(keras: Any, tape: Any, model: Any, x: Any, classes: int) -> Work:
    """A training step: model, loss, gradients, Adam."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-3)
    labels = keras.ops.convert_to_tensor(np.arange(x.shape[0]) % classes)

    def step() -> Any:
        with tape() as recorded:
            value = loss(labels, model(x, training=True))
        weights = model.trainable_weights
        optimizer.apply(recorded.gradient(value, weights), weights)
        return value

    return step


def trained(keras: Any, tape: Any, variable: Any, numbers: Any) -> Work:
    """784-64-64-10, batch 64: the loop of Keras's guide."""
    layer = keras.layers.Dense
    hidden = [layer(64, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((784,)), *hidden, layer(10)])
    return _fitting(keras, tape, model, numbers(64, 784), 10)


def convolved(keras: Any, tape: Any, variable: Any, numbers: Any) -> Work:
    """Three convolutions of 32 x 32 pixels, batch 32."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )
    return _fitting(keras, tape, model, numbers(32, 32, 32, 3), 10)


def unrolled(keras: Any, tape: Any, variable: Any, numbers: Any) -> Work:
    """An LSTMCell(64) called in a Python loop of 20 steps, batch 32, with its gradients."""
    ops, cell, x = keras.ops, keras.layers.LSTMCell(64), numbers(32, 20, 16)
    start = [ops.zeros((32, 64)), ops.zeros((32, 64))]
    cell(x[:, 0], start)

    def step() -> Any:
        with tape() as recorded:
            state = start
            for i in range(20):
                out, state = cell(x[:, i], state)
            value = ops.mean(ops.square(out))
        return recorded.gradient(value, cell.trainable_weights)

    return step


def attended(keras: Any, tape: Any, variable: Any, numbers: Any) -> Work:
    """Attention by hand, (8, 64, 64), with the gradients of its four weights."""
    ops, x = keras.ops, numbers(8, 64, 64)
    weights = [variable(np.asarray(numbers(64, 64))) for _ in range(4)]

    def step() -> Any:
        with tape() as recorded:
            q, k, v = (ops.matmul(x, w) for w in weights[:3])
            scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) * 0.125
            out = ops.matmul(ops.matmul(ops.softmax(scores, axis=-1), v), weights[3])
            value = ops.mean(ops.square(out))
        return recorded.gradient(value, weights)

    return step
