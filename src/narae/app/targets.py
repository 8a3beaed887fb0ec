"""What a network is to give, a class or a number: its outputs, its loss, and how its answers are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narae import ops
from narae.tensor.tensor import Tensor

_LEAST = 1e-12  # of a variance: targets that are all the same


@dataclass(frozen=True)
class Target:
    """One of `classes`; 0: a number, whose training targets have the variance `spread`."""

    classes: int
    spread: float = 1.0

    @property
    def outputs(self) -> int:
        """Units of the last layer."""
        return self.classes or 1

    @property
    def activation(self) -> str:
        """Of the last layer."""
        return "softmax" if self.classes else "linear"

    @property
    def loss(self) -> str:
        """Keras's name of the loss."""
        return "sparse_categorical_crossentropy" if self.classes else "mean_squared_error"

    @property
    def score(self) -> str:
        """What measures the answers beside the loss: the share of right ones; of numbers R², the share of
        their variance that is explained."""
        return "accuracy" if self.classes else "r2"

    def score_of(self, y: Tensor, y_pred: Tensor) -> Tensor:
        """The score of a batch, in a train step."""
        if self.classes:
            right = ops.equal(ops.argmax(y_pred, axis=-1), ops.cast(y, "int32"))
            return ops.mean(ops.cast(right, "float32"))
        return 1.0 - ops.mean(ops.square(y_pred - y)) / max(self.spread, _LEAST)

    def report(self, y_pred: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """Loss and score of all answers to some data.

        >>> Target(0, spread=2.0).report(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
        {'loss': 0.5, 'r2': 0.75}
        """
        if self.classes:
            return {
                "loss": cross_entropy(y_pred, y),
                "accuracy": float((y_pred.argmax(axis=1) == y).mean()),
            }
        error = float(np.square(y_pred.astype(np.float64) - y).mean())
        return {"loss": error, "r2": 1 - error / max(self.spread, _LEAST)}


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log of the true class's probability, none below 1e-7, as the loss has it.

    probabilities: (n, classes); labels: (n,).

    >>> round(cross_entropy(np.array([[0.5, 0.5]]), np.array([1])), 4)
    0.6931
    """
    picked = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(picked, 1e-7, 1)).mean())
