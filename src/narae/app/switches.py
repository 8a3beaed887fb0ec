"""Units that are switched off: their output is 0, whatever comes in, and nothing of theirs learns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

import narae
from narae import layers
from narae.base.types import Shape
from narae.tensor.tensor import Tensor


class Switches(layers.Layer):
    """x times 1 for a unit that is on, 0 for one that is off; all are on at first.

    x: (..., units) -> the same. With a unit off, the gradients of the weights into it and out of it are 0.

    >>> switches = Switches()
    >>> _ = switches(np.ones((1, 3), np.float32))
    >>> switches.turn(1, on=False)
    >>> switches(np.ones((1, 3), np.float32)).tolist(), switches.off()
    ([[1.0, 0.0, 1.0]], [1])
    """

    def build(self, input_shape: Shape) -> None:
        """A number for each unit, which is not trained."""
        self.on = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", trainable=False, name="on"
        )

    def call(self, inputs: Tensor) -> Tensor:
        """The outputs of the units that are on."""
        return inputs * self.on

    def turn(self, unit: int, on: bool) -> None:
        """Switch a unit on or off."""
        values = self.on.numpy().copy()
        values[unit] = float(on)
        self.on.assign(values)

    def off(self) -> list[int]:
        """The units that are off."""
        return np.flatnonzero(self.on.numpy() == 0).tolist()


def switches_of(model: narae.Model) -> list[Switches]:
    """The switches of a model, one for each hidden layer."""
    return [layer for layer in model.layers if isinstance(layer, Switches)]


def without_switches(model: narae.Model) -> narae.Model:
    """A model of plain layers that computes the same, for files and other readers: what goes out of a
    unit that is off is 0 in the next layer's kernel. It is not compiled.

    >>> inputs = narae.Input((2,))
    >>> hidden = Switches()(layers.Dense(3, "relu")(inputs))
    >>> model = narae.Model(inputs, layers.Dense(1)(hidden))
    >>> switches_of(model)[0].turn(2, on=False)
    >>> plain = without_switches(model)
    >>> [type(layer).__name__ for layer in plain.layers], plain.layers[-1].kernel.numpy()[2].tolist()
    (['InputLayer', 'Dense', 'Dense'], [0.0])
    """
    inputs = x = narae.Input(model.inputs[0].shape[1:])
    off: Iterable[int] = ()
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        if isinstance(layer, Switches):
            off = layer.off()
            continue
        copy = type(layer).from_config(layer.get_config())
        x = copy(x)
        values = [variable.numpy().copy() for variable in layer.weights]
        if isinstance(layer, layers.Dense):
            values[0][list(off)] = 0
            off = ()
        copy.set_weights(values)
    return narae.Model(inputs, x)
