"""Models of every kind that narae trains, each with a batch: what the glass box is tested on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import narae
from narae import layers, ops

_rng = np.random.default_rng(3)


def floats(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape).astype("float32")


def labels(count: int, classes: int) -> np.ndarray:
    return _rng.integers(0, classes, count).astype("int32")


def mlp() -> Any:
    model = narae.Sequential(
        [narae.Input((6,)), layers.Dense(8, "relu"), layers.Dense(3, "softmax")], name="mlp"
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, (floats(5, 6), labels(5, 3))


def unbuilt() -> Any:
    model = narae.Sequential([layers.Dense(4, "tanh"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model, (floats(5, 6), floats(5, 1))


def cnn() -> Any:
    model = narae.Sequential(
        [
            narae.Input((8, 8, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.DepthwiseConv2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    loss = narae.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(narae.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0), loss, metrics=["accuracy"])
    return model, (floats(5, 8, 8, 2), labels(5, 3))


def many_ends() -> Any:
    a, b = narae.Input((3,), name="a"), narae.Input((2,), name="b")
    h = layers.Dense(4, "relu", name="h")(layers.Concatenate()([a, b]))
    outs = {"score": layers.Dense(1, name="score")(h), "kind": layers.Dense(3, "softmax")(h * 2.0)}
    model = narae.Model({"a": a, "b": b}, outs)
    model.compile(
        "adam",
        {"score": "mse", "kind": "categorical_crossentropy"},
        loss_weights={"score": 0.5, "kind": 1.0},
        metrics={"kind": ["accuracy"]},
    )
    kind = np.eye(3, dtype="float32")[labels(5, 3)]
    return model, ({"a": floats(5, 3), "b": floats(5, 2)}, {"score": floats(5, 1), "kind": kind})


def shared() -> Any:
    x, y = narae.Input((3,)), narae.Input((3,))
    twice = layers.Dense(4, "relu", name="twice")
    out = layers.Dense(1)(ops.abs(twice(x) - twice(y)))
    model = narae.Model([x, y], out)
    model.compile("sgd", "binary_crossentropy")
    return model, ([floats(5, 3), floats(5, 3)], labels(5, 2).astype("float32")[:, None])


def nested() -> Any:
    inner = narae.Sequential([layers.Dense(4, "relu"), layers.Dense(4)], name="inner")
    x = narae.Input((4,))
    model = narae.Model(x, layers.Dense(2)(layers.Add()([x, inner(x)])))
    model.compile("nadam", "mae")
    return model, (floats(5, 4), floats(5, 2))


class Own(narae.Model):
    """A subclass: code of its own between its layers, a weight of its own, a penalty."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.first = layers.Dense(4, kernel_regularizer="l2")
        self.second = layers.Dense(2)
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")

    def call(self, x: Any, training: bool = False) -> Any:
        h = self.first(x)
        h = ops.maximum(h * self.scale, 0.0) + ops.mean(h)
        self.add_loss(0.01 * ops.sum(h * h))
        return self.second(h)


def subclassed() -> Any:
    model = Own()
    model.compile("adamw", "mse")
    return model, (floats(5, 3), floats(5, 2))


class Stepped(narae.Model):
    """A train_step of its own, without compute_loss and with an update by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)
        self.seen = narae.metrics.Mean(name="mine")

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        x, y = data[:2]
        with narae.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x * 2.0) - y))
        for weight, gradient in zip(
            self.trainable_weights, tape.gradient(loss, self.trainable_weights), strict=True
        ):
            weight.assign_sub(0.1 * gradient)
        self.seen.update_state(loss)
        return {"mine": self.seen.result()}


def stepped() -> Any:
    model = Stepped()
    model.compile()
    return model, (floats(5, 3), floats(5, 1))


def falls_back() -> Any:
    model = narae.Sequential(
        [
            narae.Input(batch_shape=(4, 4)),
            layers.Lambda(lambda x: ops.qr(x)[0] * x),
            layers.Dense(1),
        ]
    )
    model.compile("rmsprop", "mse")
    return model, (floats(4, 4), floats(4, 1))


def weighted() -> Any:
    model = mlp()[0]
    model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model, (floats(5, 6), labels(5, 3), np.linspace(0.5, 2, 5).astype("float32"))


def scaled() -> Any:
    model = narae.Sequential([narae.Input((6,)), layers.Dense(4, "relu"), layers.Dense(2)])
    model.compile(narae.optimizers.LossScaleOptimizer(narae.optimizers.SGD(0.1)), "mse")
    return model, (floats(5, 6), floats(5, 2))


def scanned() -> Any:
    def roll(x: Any) -> Any:
        return ops.scan(
            lambda h, t: (ops.tanh(h * 0.5 + t),) * 2, x[:, 0] * 0.0, ops.transpose(x, (1, 0, 2))
        )[0]

    model = narae.Sequential(
        [narae.Input((3, 2)), layers.Dense(2), layers.Lambda(roll), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model, (floats(4, 3, 2), floats(4, 1))


def recurrent() -> Any:
    model = narae.Sequential([narae.Input((7, 2)), layers.SimpleRNN(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model, (floats(4, 7, 2), floats(4, 1))


SUBJECTS: dict[str, Callable[[], Any]] = {
    f.__name__: f
    for f in (
        *(mlp, unbuilt, cnn, many_ends, shared, nested, subclassed, stepped, falls_back),
        *(weighted, scaled, scanned, recurrent),
    )
}
