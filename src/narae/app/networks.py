"""The networks that the knobs describe, and a train step that tells how large the gradients are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import narae
from narae import initializers, layers, ops, optimizers
from narae.app.switches import Switches

# Of a rate and a momentum; those that keep averages of their own have no use for it.
OPTIMIZERS: dict[str, Callable[[float, float], Any]] = {
    "sgd": lambda rate, momentum: optimizers.SGD(rate, momentum=momentum),
    "rmsprop": lambda rate, momentum: optimizers.RMSprop(rate, momentum=momentum),
    "adagrad": lambda rate, _: optimizers.Adagrad(rate),
    "adam": lambda rate, _: optimizers.Adam(rate),
    "adamw": lambda rate, _: optimizers.AdamW(rate),
    "nadam": lambda rate, _: optimizers.Nadam(rate),
}
TOO_LARGE = 10.0  # times Glorot's

# Of a seed: seeds of their own, since other sessions draw from the process's generator too.
INITIALS: dict[str, Callable[[int], Any]] = {
    "glorot": lambda seed: initializers.GlorotUniform(seed=seed),
    "he": lambda seed: initializers.HeUniform(seed=seed),
    "zeros": lambda seed: initializers.Zeros(),
    "large": lambda seed: initializers.VarianceScaling(
        TOO_LARGE**2, "fan_avg", "uniform", seed=seed
    ),
}


class Watched(narae.Model):
    """A classifier whose steps give the batch's own loss, accuracy and gradient norms, layer by layer."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step; "gradient_i" is the norm of the gradient of the i-th layer that has weights."""
        x, y = data[0], data[1]
        with narae.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        weights = self.trainable_weights
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        right = ops.equal(ops.argmax(y_pred, axis=-1), ops.cast(y, "int32"))
        out = {"loss": loss, "accuracy": ops.mean(ops.cast(right, "float32"))}
        found = {id(w): ops.sum(ops.square(g)) for w, g in zip(weights, gradients, strict=True)}
        for i, layer in enumerate(layer for layer in self.layers if layer.trainable_weights):
            out[f"gradient_{i}"] = ops.sqrt(sum(found[id(w)] for w in layer.trainable_weights))
        return out


@dataclass(frozen=True)
class Network:
    """A model, the same layers with every Dense layer's output given (0 of units that are switched off), and
    how many layers have weights."""

    model: Any
    view: Any
    depth: int

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(int(np.prod(w.shape)) for w in self.model.trainable_weights)

    def first_weights(self) -> np.ndarray:
        """The weights of the first layer: (units, inputs)."""
        return next(w for w in self.model.trainable_weights).numpy().T


def build(knobs: Mapping[str, Any], features: int, classes: int) -> Network:
    """The network of the knobs: Dense, Switches and Dropout for each of `units`, then softmax; compiled.
    For a file, `switches.without_switches` makes plain layers of it.

    >>> from narae.app.knobs import check_knobs
    >>> network = build(check_knobs("plane", {"units": [4, 3], "dropout": 0.1}), 2, 2)
    >>> network.parameters, network.depth
    (35, 3)
    """
    seed, initial, shown = knobs["seed"], INITIALS[knobs["initial"]], []
    inputs = narae.Input((features,))
    # within the network, so that drawings and the plane go the same way
    x = layers.Rescaling(255.0)(inputs) if knobs["scale"] == "bytes" else inputs
    for i, units in enumerate(knobs["units"]):
        x = Switches()(_dense(units, knobs["activation"], initial(seed + i))(x))
        shown.append(x)
        if knobs["dropout"]:
            x = layers.Dropout(knobs["dropout"], seed=seed + i)(x)
    x = _dense(classes, "softmax", initial(seed + len(shown)))(x)
    model = Watched(inputs, x)
    model.compile(OPTIMIZERS[knobs["optimizer"]](knobs["learning_rate"], knobs["momentum"]), _LOSS)
    return Network(model, narae.Model(inputs, [*shown, x]), len(shown) + 1)


_LOSS = "sparse_categorical_crossentropy"


def _dense(units: int, activation: str, first: Any) -> Any:
    return layers.Dense(units, activation=activation, kernel_initializer=first)


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log of the true class's probability, none below 1e-7, as the loss has it.

    probabilities: (n, classes); labels: (n,).

    >>> round(cross_entropy(np.array([[0.5, 0.5]]), np.array([1])), 4)
    0.6931
    """
    picked = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(picked, 1e-7, 1)).mean())
