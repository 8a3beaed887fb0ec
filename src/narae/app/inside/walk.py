"""One sample carried through a model, layer by layer, forwards and back, by the model's own tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from narae import GradientTape, Model, layers, ops
from narae.layers.base import Layer
from narae.tensor.tensor import Tensor


@dataclass(frozen=True)
class Stage:
    """A layer with what came into it and what it gave, without the batch's axis.

    sums: what its activation gets, empty for layers without weights; delta: the gradient of the loss with respect
    to `sums`, upstream: with respect to `output`.
    """

    layer: Any
    input: np.ndarray
    output: np.ndarray
    sums: np.ndarray
    delta: np.ndarray
    upstream: np.ndarray

    @property
    def weighted(self) -> bool:
        """Whether the layer has sums of weighted inputs."""
        return self.sums.size > 0


@dataclass(frozen=True)
class Walk:
    """All stages, in their order; the loss of the sample, what regularizers add to it, and the gradients of the
    model's weights, of both together, by the ids of the variables."""

    stages: list[Stage]
    loss: float
    penalty: float
    gradients: dict[int, np.ndarray]


def walk(model: Model, x: np.ndarray, target: float) -> Walk:
    """Carry one sample through, as in inference: nothing is dropped out.

    x: of the model's input's shape; target: its class, or its value.
    """
    passed: list[tuple[Layer, Tensor, Tensor | None, Tensor]] = []
    with GradientTape(persistent=True) as tape:
        value = ops.convert_to_tensor(x[np.newaxis], "float32")
        for layer in model.layers:
            if not isinstance(layer, layers.InputLayer):
                sums, after = _through(layer, value)
                passed.append((layer, value, sums, after))
                value = after
        number = value.shape[-1] == 1
        y = np.array([[target]], np.float32) if number else np.array([target], np.int32)
        total = model.compute_loss(None, ops.convert_to_tensor(y), value)
        penalty = ops.sum(ops.stack(model.losses)) if model.losses else ops.zeros(())
    weights = model.trainable_weights
    asked = [t for _, _, sums, after in passed for t in (sums, after) if t is not None]
    found = tape.gradient(total, [*weights, *asked])
    of_tensors = iter(found[len(weights) :])
    stages = []
    for layer, before, sums, after in passed:
        delta = None if sums is None else next(of_tensors)
        stages.append(Stage(layer, *map(_one, (before, after, sums, delta, next(of_tensors)))))
    gradients = dict(zip(map(id, weights), map(np.asarray, found), strict=False))
    return Walk(stages, float(total - penalty), float(penalty), gradients)


def _through(layer: Layer, x: Tensor) -> tuple[Tensor | None, Tensor]:
    """What the layer's activation gets, where it has one, and what the layer gives."""
    if isinstance(layer, layers.Dense):
        sums = ops.matmul(x, layer.kernel)
    elif isinstance(layer, layers.Conv2D):
        sums = layer.convolve(x)
    else:
        return None, layer(x, training=False) if isinstance(layer, layers.Dropout) else layer(x)
    sums = sums if layer.bias is None else sums + layer.bias
    return sums, sums if layer.activation is None else layer.activation(sums)


def _one(batch: Tensor | None) -> np.ndarray:
    return np.zeros(0, np.float32) if batch is None else np.asarray(batch)[0]
