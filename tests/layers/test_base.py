"""What every layer does: training mode, masks, tracking, sharing, trainable, losses, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops

X = np.ones((2, 3), "float32")


class Mode(narae.layers.Layer):
    """A layer that gives its training mode."""

    def call(self, x: Any, training: bool = False) -> Any:
        return x * (2.0 if training else 1.0)


class Outer(narae.layers.Layer):
    """A layer that calls another without saying the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Mode()

    def call(self, x: Any) -> Any:
        return self.inner(x)


@pytest.mark.parametrize("layer", [Mode, Outer])
def test_training_is_given_inherited_or_the_default(layer: Any) -> None:
    made = layer()
    assert made(X).numpy().max() == 1
    assert made(X, training=True).numpy().max() == 2
    model = narae.Sequential([made])
    assert model(X, training=True).numpy().max() == 2
    assert model(X).numpy().max() == 1


def test_masks_travel_and_are_given_to_those_who_ask() -> None:
    class Asks(narae.layers.Layer):
        supports_masking = True

        def call(self, x: Any, mask: Any = None) -> Any:
            if mask is None:  # while shapes are inferred
                return x
            return x * ops.expand_dims(ops.cast(mask, x.dtype), -1)

    x = np.array([[[1.0, 1.0], [0.0, 0.0]]], "float32")
    model = narae.Sequential(
        [
            layers.Masking(),
            layers.Dense(2, kernel_initializer="ones", bias_initializer="ones"),
            Asks(),
        ]
    )
    assert model(x).tolist() == [[[3.0, 3.0], [0.0, 0.0]]]
    softmax = layers.Softmax()(np.zeros((1, 3), "float32"), mask=np.array([[True, True, False]]))
    np.testing.assert_allclose(softmax.numpy(), [[0.5, 0.5, 0.0]])


def test_weights_are_found_in_attributes_lists_and_dicts_once() -> None:
    class Holds(narae.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.one = layers.Dense(2)
            self.many = [layers.Dense(2)]
            self.named = {"a": self.one, "b": layers.Dense(2)}
            self.scale = narae.Variable(1.0)

        def call(self, x: Any) -> Any:
            x = self.named["b"](self.one(x)) * self.scale
            for layer in self.many:
                x = layer(x)
            return x

    layer = Holds()
    layer.many.append(layers.Dense(4))
    assert layer(X).shape == (2, 4)
    assert len(layer.weights) == 9
    assert layer.count_params() == 1 + 8 + 6 + 6 + 12


def test_a_shared_layer_has_one_set_of_weights_and_the_sum_of_gradients() -> None:
    shared = layers.Dense(3, use_bias=False, kernel_initializer="identity")
    i = narae.Input((3,))
    model = narae.Model(i, shared(shared(i)))
    assert len(model.weights) == 1
    with narae.GradientTape() as tape:
        loss = ops.sum(model(X))
    np.testing.assert_allclose(tape.gradient(loss, shared.kernel).numpy(), np.full((3, 3), 4.0))


def test_trainable_reaches_down_and_leaves_state_alone() -> None:
    model = narae.Sequential(
        [narae.Input((3,)), layers.Dense(2), layers.Normalization(), layers.Dense(1)]
    )
    assert len(model.trainable_weights) == 4
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 5
    model.trainable = False
    assert not model.trainable_weights
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_frozen_layers_stay_in_training() -> None:
    model = narae.Sequential([narae.Input((3,)), layers.Dense(2), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    model.fit(X, np.zeros((2, 1)), verbose=0)
    after = model.get_weights()
    assert (before[0] == after[0]).all()
    assert (before[2] != after[2]).any()
    model.layers[0].trainable = True
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((2, 1)), verbose=0)
    assert (model.get_weights()[0] != after[0]).any()


def test_losses_are_of_the_last_call_and_of_regularizers() -> None:
    class Adds(narae.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(ops.sum(x))
            return x

    model = narae.Sequential(
        [Adds(), layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")]
    )
    for _ in range(2):
        model(X)
    np.testing.assert_allclose([float(v) for v in model.losses], [6.0, 0.03], rtol=1e-6)


def test_a_layer_of_one_s_own_writes_its_arguments_by_itself() -> None:
    class Own(narae.layers.Layer):
        def __init__(self, units: int, kind: str = "x", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight((input_shape[-1], self.units), name="w")

        def call(self, x: Any) -> Any:
            return ops.matmul(x, self.w)

    layer = Own(4, kind="y", name="mine")
    assert layer(X).shape == (2, 4)
    config = layer.get_config()
    assert (config["units"], config["kind"], config["name"]) == (4, "y", "mine")
    assert Own.from_config(config).units == 4
    assert layer.w.path == "mine/w"


def test_several_arguments_build_by_their_names() -> None:
    class Two(narae.layers.Layer):
        def build(self, query_shape: Any, value_shape: Any) -> None:
            self.shapes = {"query": query_shape, "value": value_shape}

        def call(self, query: Any, value: Any = None) -> Any:
            return query + ops.sum(value)

    layer = Two()
    layer(X, value=np.ones((5, 7), "float32"))
    assert layer.shapes == {"query": (2, 3), "value": (5, 7)}


def test_only_floats_are_cast_to_the_layer_s_dtype() -> None:
    assert layers.Identity()(np.array([1, 2], "int32")).dtype == "int32"
    assert layers.Identity()(np.ones(2, "float64")).dtype == "float32"
    layer = layers.Dense(2, dtype="float64")
    assert layer(X).dtype == "float64"
    assert layer.kernel.dtype == "float64"


def test_what_a_layer_lacks_is_told() -> None:
    class NoInit(narae.layers.Layer):
        def __init__(self) -> None:
            self.width = 3

    with pytest.raises(RuntimeError, match=r"did not call super\(\).__init__\(\) first"):
        NoInit()(X)
    with pytest.raises(NotImplementedError, match="has no `call`"):
        narae.layers.Layer()(X)
    with pytest.raises(ValueError, match="min_ndim=2"):
        layers.Dense(2)(np.ones(3, "float32"))
    layer = layers.Dense(2)
    layer(X)
    with pytest.raises(ValueError, match="axis -1 of length 3, got shape"):
        layer(np.ones((2, 4), "float32"))
    with pytest.raises(ValueError, match="has no weights before it is built"):
        layers.Dense(2).count_params()
    with pytest.raises(TypeError, match="its call is call"):
        Mode()(X, nonsense=1)


def test_a_tensor_given_to_input_is_where_a_model_may_begin() -> None:
    for tensor in (
        narae.KerasTensor((None, 4)),
        narae.layers.Dense(4)(narae.Input((3,))),
    ):
        begin = narae.Input(tensor=tensor)
        assert begin is tensor
        assert isinstance(begin._keras_history.operation, narae.layers.InputLayer)
        model = narae.Model(begin, narae.layers.Dense(2)(begin))
        assert model.predict(np.ones((5, 4)), verbose=0).shape == (5, 2)
