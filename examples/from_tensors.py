"""The first network again, from variables and operations alone.

Weights are updated in two ways: by `assign` (plain gradient descent), and by an optimizer that was never
built (`--optimizer`).

    python examples/from_tensors.py [--optimizer] [--epochs N]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from narae import GradientTape, Variable, ops, optimizers, random
from narae.datasets import mnist


class NaiveDense:
    """activation(x W + b)."""

    def __init__(
        self, input_size: int, output_size: int, activation: Callable[[Any], Any], seed: int
    ) -> None:
        limit = math.sqrt(6 / (input_size + output_size))
        self.W = Variable(random.uniform((input_size, output_size), -limit, limit, seed=seed))
        self.b = Variable(ops.zeros((output_size,)))
        self.activation = activation

    def __call__(self, inputs: Any) -> Any:
        return self.activation(ops.matmul(inputs, self.W) + self.b)

    @property
    def weights(self) -> list[Variable]:
        """The kernel and the bias."""
        return [self.W, self.b]


class NaiveSequential:
    """Layers one after the other."""

    def __init__(self, layers: list[NaiveDense]) -> None:
        self.layers = layers

    def __call__(self, inputs: Any) -> Any:
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    @property
    def weights(self) -> list[Variable]:
        """The weights of all layers."""
        return [weight for layer in self.layers for weight in layer.weights]


def batches(
    images: np.ndarray, labels: np.ndarray, size: int = 128
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The data in order, `size` samples at a time."""
    for start in range(0, len(images), size):
        yield images[start : start + size], labels[start : start + size]


def update_by_assign(
    gradients: list[Any], weights: list[Variable], learning_rate: float = 0.1
) -> None:
    """Plain gradient descent."""
    for gradient, weight in zip(gradients, weights, strict=True):
        weight.assign(weight - gradient * learning_rate)


def training_step(
    model: NaiveSequential, images: Any, labels: Any, update: Callable[..., None]
) -> Any:
    """Forward, loss, backward, update; the loss."""
    with GradientTape() as tape:
        losses = ops.sparse_categorical_crossentropy(labels, model(images))
        loss = ops.mean(losses)
    update(tape.gradient(loss, model.weights), model.weights)
    return loss


def new_model(seed: int = 1) -> NaiveSequential:
    """784-512-10."""
    return NaiveSequential(
        [NaiveDense(784, 512, ops.relu, seed), NaiveDense(512, 10, ops.softmax, seed + 1)]
    )


def main(use_optimizer: bool, epochs: int) -> float:
    """Train, and give the test accuracy."""
    (images, labels), (test_images, test_labels) = mnist.load_data()
    images = images.reshape((60000, 784)).astype("float32") / 255
    test_images = test_images.reshape((10000, 784)).astype("float32") / 255
    optimizer = optimizers.Adam()

    def update_by_optimizer(gradients: list[Any], weights: list[Variable]) -> None:
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    model = new_model()
    update = update_by_optimizer if use_optimizer else update_by_assign
    for epoch in range(epochs):
        for step, (x, y) in enumerate(batches(images, labels)):
            loss = training_step(model, x, y, update)
            if step % 100 == 0:
                print(f"epoch {epoch + 1}, step {step}: loss {loss:.2f}")
    guesses = np.argmax(model(ops.convert_to_tensor(test_images)).numpy(), axis=1)
    accuracy = float((guesses == test_labels).mean())
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optimizer", action="store_true")
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    main(arguments.optimizer, arguments.epochs)
