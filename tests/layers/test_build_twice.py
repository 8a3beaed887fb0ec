"""Building twice is building once: for the same shapes nothing happens, for others nothing changes silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers

X = np.ones((8, 3), "float32")


@narae.saving.register_keras_serializable("twice")
class Outer(layers.Layer):
    def __init__(self, inner: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = layers.Dense(2) if inner is None else inner

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)

    def call(self, x: Any) -> Any:
        return self.inner(x)

    def get_config(self) -> dict[str, Any]:
        inner = narae.saving.serialize_keras_object(self.inner)
        return {**super().get_config(), "inner": inner}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Outer:
        inner = narae.saving.deserialize_keras_object(config.pop("inner"))
        return cls(inner, **config)


class Own(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight((input_shape[-1],), "ones", name="w")

    def call(self, x: Any) -> Any:
        return x * self.w


class Listed(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.parts = [layers.Dense(2), layers.Dense(2)]
        for part in self.parts:
            part.build(input_shape)
        self.shift = narae.Variable(np.ones(3, "float32"))

    def call(self, x: Any) -> Any:
        return self.parts[0](x + self.shift)


class Model(narae.Model):
    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight((input_shape[-1],), "ones", name="w")
        self.dense = layers.Dense(2)
        self.dense.build(input_shape)

    def call(self, x: Any) -> Any:
        return self.dense(x * self.w)


MAKERS: dict[str, Callable[[], Any]] = {
    "dense": lambda: layers.Dense(2),
    "normalization": layers.BatchNormalization,
    "wrapper": lambda: layers.SpectralNormalization(layers.Dense(2)),
    "sequential": lambda: narae.Sequential([layers.Dense(2), layers.Dense(3)]),
    "functional": lambda: narae.Model(i := narae.Input((3,)), layers.Dense(2)(i)),
    "outer": Outer,
    "own": Own,
    "listed": Listed,
    "model": Model,
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_shape(name: str) -> None:
    layer = MAKERS[name]()
    layer.build((None, 3))
    before, want = [id(v) for v in layer.weights], layer(X).numpy()
    for shape in ((None, 3), [None, 3]):
        layer.build(shape)
        assert [id(v) for v in layer.weights] == before
        assert (layer(X).numpy() == want).all()


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "functional"])
def test_another_shape(name: str) -> None:
    layer = MAKERS[name]()
    layer.build((None, 3))
    before, want = [id(v) for v in layer.weights], layer(X).numpy()
    with pytest.raises(ValueError, match=r"built|configured"):
        layer.build((None, 4))
    assert layer.built
    assert [id(v) for v in layer.weights] == before
    assert (layer(X).numpy() == want).all()


@pytest.mark.parametrize("name", ["dense", "outer", "own", "listed", "model", "wrapper"])
def test_after_a_call(name: str) -> None:
    layer = MAKERS[name]()
    want = layer(X).numpy()
    before = [id(v) for v in layer.weights]
    layer.build((None, 3))  # of an open batch
    assert [id(v) for v in layer.weights] == before
    assert (layer(X).numpy() == want).all()


def test_a_layer_without_weights_is_built_for_other_shapes() -> None:
    layer = layers.Flatten()
    layer.build((None, 3))
    layer.build((None, 4, 5))
    assert layer(np.ones((2, 4, 5))).shape == (2, 20)


def test_built_anew_by_hand_is_refused() -> None:
    dense = layers.Dense(2)
    dense.build((None, 3))
    dense.built = False
    with pytest.raises(ValueError, match="cannot be built again"):
        dense.build((None, 3))
    assert len(dense.weights) == 2


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_layer_that_builds_what_is_read_built(ending: str, tmp_path: Any) -> None:
    """The inner layer comes built from its configuration, and `build` of the outer one builds it."""
    model = narae.Sequential([narae.Input((3,)), Outer(), layers.Dense(1)])
    model.compile("sgd", "mse")
    path = str(tmp_path / f"m{ending}")
    model.save(path)
    again = narae.models.load_model(path)
    assert (again(X).numpy() == model(X).numpy()).all()
