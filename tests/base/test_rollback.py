"""Builds that raise or are interrupted leave nothing: the next one makes each variable once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.interrupts import interrupted, spots

import narae
from narae import layers

X = np.ones((2, 3), "float32")


class Pair(layers.Layer):
    """Two layers, a list of them that grows, and a weight of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(2)
        self.more: list[Any] = []
        self.fails = False

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.more.append(layers.Dense(2))
        self.more[0].build((None, 2))
        self.scale = self.add_weight((2,), name="scale")
        if self.fails:
            raise ValueError("not yet")
        super().build(shape)

    def call(self, x: Any) -> Any:
        return self.more[0](self.first(x)) * self.scale


def _whole(layer: Any) -> bool:
    layer(X)
    paths = [w.path.split("/", 1)[-1] for w in layer.weights]
    return len(paths) == 5 and len(layer.more) == 1 and layer.built


def test_a_build_that_raises_leaves_the_layer_as_it_was() -> None:
    layer = Pair()
    layer.fails = True
    with pytest.raises(ValueError, match="not yet"):
        layer(X)
    assert not layer.built
    assert not layer.first.built
    assert layer.weights == [] == layer.more
    layer.fails = False
    assert _whole(layer)


def test_an_interrupted_build_is_begun_anew() -> None:
    Pair()(X)
    made = Pair()
    for spot in spots(lambda: made(X), Pair.build.__code__)[::31]:
        layer = Pair()
        assert interrupted(lambda layer=layer: layer(X), spot)
        assert _whole(layer), spot


@pytest.mark.parametrize("name", ["Adam", "LossScaleOptimizer"])
def test_an_optimizers_too(name: str) -> None:
    def new() -> Any:
        adam = narae.optimizers.Adam(0.1, use_ema=True)
        return adam if name == "Adam" else narae.optimizers.LossScaleOptimizer(adam)

    weights = [narae.Variable([1.0, 2.0]), narae.Variable(3.0)]
    new().build(weights)
    made = new()
    for spot in spots(lambda: made.build(weights))[::17]:
        optimizer = new()
        assert interrupted(lambda optimizer=optimizer: optimizer.build(weights), spot)
        optimizer.apply([np.ones(2, "float32"), np.float32(1)], weights)
        assert len(optimizer.variables) == len(made.variables), spot


def test_a_subclass_of_an_optimizer_is_built_whole() -> None:
    class Own(narae.optimizers.Optimizer):
        def build(self, variables: Any) -> None:
            if self.built:
                return
            super().build(variables)
            self.momentum = [self.add_variable_from_reference(v, "m") for v in variables]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            m = self.momentum[self._get_variable_index(variable)]
            m.assign(gradient)
            variable.assign_sub(m * learning_rate)

    weights = [narae.Variable([1.0, 2.0])]
    made = Own(0.1)
    for spot in spots(lambda: made.build(weights), Own.build.__code__):
        optimizer = Own(0.1)
        assert interrupted(lambda optimizer=optimizer: optimizer.build(weights), spot)
        optimizer.apply([np.ones(2, "float32")], weights)
        assert len(optimizer.variables) == 3, spot
