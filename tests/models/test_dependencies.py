"""What steps read besides variables decides what they compute: a setting that is changed after a first `fit` is
followed by compiled steps as by eager ones."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, losses, ops, optimizers, regularizers
from narae.models.training.dependencies import Dependencies

X, Y = np.ones((8, 3), "float32"), np.zeros((8, 2), "float32")
FACTOR = 1.0
TABLE = {"factor": 1.0}
SETTINGS = types.SimpleNamespace(factor=1.0)
ARRAY = np.ones(3, "float32")


class Config:
    factor = 1.0

    def __init__(self) -> None:
        self.inner = types.SimpleNamespace(factor=1.0)


def squares(y_true: Any, y_pred: Any) -> Any:
    return ops.mean((y_true - y_pred) ** 2, -1)


def by_global(y_true: Any, y_pred: Any) -> Any:
    return squares(y_true, y_pred) * FACTOR * TABLE["factor"] * Config.factor


class OwnLoss(losses.Loss):
    def __init__(self) -> None:
        super().__init__()
        self.factor = 1.0

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return squares(y_true, y_pred) * self.factor


class Own(layers.Layer):
    scale = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.config, self.table, self.numbers = Config(), {"factor": 1.0}, [1.0]
        self._hidden = self.shown = 1.0
        self.function = lambda x: x

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight((3, 2), "ones")

    def _scaled(self, x: Any) -> Any:
        return x * self._hidden * self.scale * SETTINGS.factor * self.shown

    def call(self, x: Any) -> Any:
        x = self.function(self._scaled(x * ARRAY)) * self.table["factor"] * self.numbers[0]
        return ops.matmul(x, self.w) * self.config.inner.factor * self.config.factor


class OwnModel(narae.Model):
    def __init__(self) -> None:
        super().__init__()
        self.beta, self.unread = 1.0, 1.0
        self.dense = layers.Dense(2, kernel_initializer="ones")

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        return super().compute_loss(*args, **kwargs) * self.beta


def stack(optimizer: Any = None, loss: Any = "mse", layer: Any = None, **kwargs: Any) -> Any:
    layer = layer or layers.Dense(2, kernel_initializer="ones", **kwargs)
    model = narae.Sequential([layers.Input((3,)), layer])
    model.compile(optimizer or optimizers.SGD(0.1), loss)
    return model


def closed() -> Any:
    held = [1.0]

    def loss(y_true: Any, y_pred: Any) -> Any:
        return squares(y_true, y_pred) * held[0]

    model = stack(loss=loss)
    model.held = held
    return model


def own_model() -> Any:
    model = OwnModel()
    model.compile(optimizers.SGD(0.1), "mse")
    return model


def put(name: str, value: Any, *path: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        thing = model
        for step in path:
            thing = thing.layers[0] if step == "layer" else getattr(thing, step)
        setattr(thing, name, value)

    return change


def option(name: str, value: float = 0.01, cls: Any = optimizers.SGD, **kwargs: Any) -> Any:
    return lambda: stack(cls(0.1, **kwargs)), put(name, value, "optimizer")


def own() -> Any:
    return stack(optimizers.SGD(0.01), layer=Own())


CASES: dict[str, Any] = {
    "regularizer.l2": (
        lambda: stack(kernel_regularizer=regularizers.L2(0.1)),
        put("l2", 5.0, "layer", "kernel_regularizer"),
    ),
    "activity regularizer.l1": (
        lambda: stack(activity_regularizer=regularizers.L1(0.1)),
        put("l1", 5.0, "layer", "activity_regularizer"),
    ),
    "another regularizer": (
        lambda: stack(kernel_regularizer=regularizers.L2(0.1)),
        put("regularizer", regularizers.L2(5.0), "layer", "kernel"),
    ),
    "constraint.max_value": (
        lambda: stack(kernel_constraint=narae.constraints.MaxNorm(1.0)),
        put("max_value", 0.1, "layer", "kernel_constraint"),
    ),
    "clipnorm": option("clipnorm", clipnorm=0.5),
    "clipvalue": option("clipvalue", clipvalue=0.5),
    "global_clipnorm": option("global_clipnorm", global_clipnorm=0.5),
    "weight_decay": option("weight_decay", weight_decay=0.5),
    "no weight_decay": option("weight_decay", 0.5),
    "momentum": option("momentum", momentum=0.9),
    "nesterov": option("nesterov", True, momentum=0.9),
    "beta_1": option("beta_1", 0.1, optimizers.Adam),
    "epsilon": option("epsilon", 1.0, optimizers.Adam),
    "a schedule": (
        stack,
        put("learning_rate", optimizers.schedules.ExponentialDecay(0.7, 1, 0.5), "optimizer"),
    ),
    "a schedule's number": (
        lambda: stack(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.7, 1, 0.5))),
        put("initial_learning_rate", 0.1, "optimizer", "_rate"),
    ),
    "a loss's option": (
        lambda: stack(loss=losses.Huber(0.1)),
        lambda model: model.loss._fn_kwargs.update(delta=5.0),
    ),
    "a loss's attribute": (lambda: stack(loss=OwnLoss()), put("factor", 3.0, "loss")),
    "a global": (lambda: stack(loss=by_global), lambda _: globals().update(FACTOR=3.0)),
    "a dict": (lambda: stack(loss=by_global), lambda _: TABLE.update(factor=3.0)),
    "a class": (lambda: stack(loss=by_global), lambda _: setattr(Config, "factor", 3.0)),
    "a closure": (closed, lambda model: model.held.__setitem__(0, 3.0)),
    "activation": (stack, put("activation", narae.activations.tanh, "layer")),
    "an object's number": (own, put("factor", 3.0, "layer", "config", "inner")),
    "an object's number that was its class's": (own, put("factor", 3.0, "layer", "config")),
    "a layer's number that was its class's": (own, put("scale", 3.0, "layer")),
    "a layer's dict": (own, lambda model: model.layers[0].table.update(factor=3.0)),
    "a layer's list": (own, lambda model: model.layers[0].numbers.__setitem__(0, 3.0)),
    "a hidden number": (own, put("_hidden", 3.0, "layer")),
    "a shown number": (own, put("shown", 3.0, "layer")),
    "a number of the class": (own, lambda _: setattr(Own, "scale", 3.0)),
    "a global namespace": (own, lambda _: setattr(SETTINGS, "factor", 3.0)),
    "an array": (own, lambda _: ARRAY.__setitem__(0, 9.0)),
    "a function": (own, put("function", lambda x: x * 2, "layer")),
    "the model's number": (own_model, put("beta", 3.0)),
}


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    yield
    globals().update(FACTOR=1.0)
    TABLE["factor"] = Config.factor = SETTINGS.factor = Own.scale = 1.0
    ARRAY[:] = 1


def trained(model: Any, weights: Any) -> list[float]:
    """The loss of one step, and what the weights are after it."""
    for variable, value in zip(weights[0], weights[1], strict=True):
        variable.assign(value)
    loss = model.fit(X, Y, verbose=0).history["loss"][0]
    return [loss, *np.concatenate([w.reshape(-1) for w in model.get_weights()])]


@pytest.mark.parametrize("name", CASES)
def test_a_setting_that_changed(name: str) -> None:
    make, change = CASES[name]
    narae.utils.set_random_seed(0)
    model = make()
    model.fit(X, Y, verbose=0)
    model.fit(X, Y, verbose=0)
    rate = getattr(model.optimizer, "_rate", None)
    held = [*model.weights, *(v for v in model.optimizer.variables if v is not rate)]
    weights = held, [v.numpy() for v in held]
    before = trained(model, weights)
    change(model)
    after = trained(model, weights)
    model.run_eagerly = True
    np.testing.assert_allclose(after, trained(model, weights), rtol=1e-5, atol=1e-6)
    assert not np.allclose(after, before, rtol=1e-4)


def test_callbacks_change_settings_between_epochs() -> None:
    model = own_model()

    class Anneal(narae.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.beta = float(epoch)

    model.optimizer.learning_rate = 0.0
    losses = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Anneal()]).history["loss"]
    assert losses[0] == 0
    assert losses[2] == pytest.approx(2 * losses[1])


@pytest.mark.filterwarnings("ignore:.*compiled anew")
def test_each_way_to_take_a_step_follows() -> None:
    model = stack(loss=OwnLoss())
    model.optimizer.learning_rate = 0.0
    train, test = model.make_train_function(), model.make_test_function()

    def logs(function: Any) -> float:
        model.reset_metrics()
        return function(iter([(X, Y)]))["loss"]

    ways = {
        "train_function": lambda: logs(train),
        "test_function": lambda: logs(test),
        "train_on_batch": lambda: model.train_on_batch(X, Y),
        "test_on_batch": lambda: model.test_on_batch(X, Y),
        "evaluate": lambda: model.evaluate(X, Y, verbose=0),
        "fit": lambda: model.fit(X, Y, verbose=0).history["loss"][0],
    }
    first = {name: way() for name, way in ways.items()}
    for factor in (2.0, 3.0):
        for name, way in ways.items():
            model.loss.factor = factor
            assert way() == pytest.approx(factor * first[name], rel=1e-5), name
            model.loss.factor = 1.0
            assert way() == pytest.approx(first[name], rel=1e-5), name


@pytest.mark.parametrize("make", [stack, own, own_model, closed, lambda: stack("adam", by_global)])
def test_nothing_is_compiled_anew_while_nothing_changes(make: Any) -> None:
    model = make()
    model.fit(X, Y, verbose=0, validation_data=(X, Y))
    model.predict(X, verbose=0)
    first = [program for _, program in model._step_programs().items()]
    model.unread = 7  # that no step names
    model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y))
    model.evaluate(X, Y, verbose=0)
    model.train_on_batch(X, Y)
    model.optimizer.learning_rate = 0.01
    model.predict(X, verbose=0)
    model(X)
    now = [program for _, program in model._step_programs().items()]
    assert {id(program) for program in first} == {id(program) for program in now}
    assert Dependencies(model).same()


def test_code_of_any_making_is_read() -> None:
    """Classes made by exec have no module; objects may have no attributes, hold each other, or be large."""
    made: dict[str, Any] = {"ops": ops, "layers": layers}
    exec(
        "class Plain: factor = 2.0\n"
        "class Slots:\n    __slots__ = ('a',)\n"
        "class Made(layers.Layer):\n"
        "    def call(self, x): return x * Plain.factor if self.slots else x\n",
        made,
    )
    layer = made["Made"]()
    layer.slots, layer.large = made["Slots"](), list(range(100_000))
    layer.held = types.SimpleNamespace(ring=[])
    layer.held.ring += [layer.held, layer.held.ring]
    model = narae.Sequential([narae.Input((3,)), layer])
    model.compile("sgd", "mse")
    assert model.predict(X, verbose=0)[0, 0] == 2
    made["Plain"].factor = 5.0
    assert model.predict(X, verbose=0)[0, 0] == 5
