"""The networks that the knobs describe, and a train step that tells how large the gradients are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import narae
from narae import initializers, layers, ops, optimizers, regularizers
from narae.app.features import features_of
from narae.app.switches import Switches
from narae.app.targets import Target

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
    """A model whose steps give the batch's own loss (without penalties on weights), score and gradient norms, layer
    by layer."""

    target: Target

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step; "gradient_i" is the norm of the gradient of the i-th layer that has weights."""
        x, y = data[0], data[1]
        with narae.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
            penalties = self.losses
        weights = self.trainable_weights
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        # that of the test data is without penalties too: the curves can be compared
        alone = loss - sum(penalties) if penalties else loss
        out = {"loss": alone, self.target.score: self.target.score_of(y, y_pred)}
        found = {id(w): ops.sum(ops.square(g)) for w, g in zip(weights, gradients, strict=True)}
        for i, layer in enumerate(layer for layer in self.layers if layer.trainable_weights):
            out[f"gradient_{i}"] = ops.sqrt(sum(found[id(w)] for w in layer.trainable_weights))
        return out


@dataclass(frozen=True)
class Network:
    """A model, the same layers with every Dense layer's output given (0 of units that are switched off),
    how many layers have weights, what it is to give, and what it is given."""

    model: Any
    view: Any
    depth: int
    target: Target
    features: tuple[str, ...] = ()  # of the points of the plane

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(int(np.prod(w.shape)) for w in self.model.trainable_weights)

    def inputs(self, points: np.ndarray) -> np.ndarray:
        """What the network is given of points (n, 2) of the plane."""
        return features_of(points, self.features)

    def judged(self, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """Loss and score of all answers to some data; nothing where there is none (own points too few to spare any)."""
        if not len(x):
            return {}
        answers = np.asarray(self.model.predict(x, batch_size=len(x), verbose=0))
        return self.target.report(answers, y)

    def first_weights(self) -> np.ndarray:
        """The weights of the first layer: (units, inputs)."""
        return next(w for w in self.model.trainable_weights).numpy().T


def build(knobs: Mapping[str, Any], inputs: int, target: Target) -> Network:
    """The network of the knobs: Dense, Switches and Dropout for each of `units`, then the target's outputs; compiled.
    For a file, `switches.without_switches` makes plain layers of it.

    >>> from narae.app.knobs import check_knobs
    >>> network = build(check_knobs("plane", {"units": [4, 3], "dropout": 0.1}), 2, Target(2))
    >>> network.parameters, network.depth
    (35, 3)
    """
    seed, initial, shown = knobs["seed"], INITIALS[knobs["initial"]], []
    penalties = knobs["l1"], knobs["l2"]
    given = narae.Input((inputs,))
    # within the network, so that drawings and the plane go the same way
    x = layers.Rescaling(255.0)(given) if knobs["scale"] == "bytes" else given
    for i, units in enumerate(knobs["units"]):
        x = Switches()(_dense(units, knobs["activation"], initial(seed + i), *penalties)(x))
        shown.append(x)
        if knobs["dropout"]:
            x = layers.Dropout(knobs["dropout"], seed=seed + i)(x)
    x = _dense(target.outputs, target.activation, initial(seed + len(shown)), *penalties)(x)
    model = Watched(given, x)
    model.target = target
    rate, momentum = knobs["learning_rate"], knobs["momentum"]
    model.compile(OPTIMIZERS[knobs["optimizer"]](rate, momentum), target.loss)
    view = narae.Model(given, [*shown, x])
    return Network(model, view, len(shown) + 1, target, knobs.get("features", ()))


def _dense(units: int, activation: str, first: Any, l1: float, l2: float) -> Any:
    penalty = regularizers.L1L2(l1, l2) if l1 or l2 else None
    return layers.Dense(
        units, activation=activation, kernel_initializer=first, kernel_regularizer=penalty
    )
