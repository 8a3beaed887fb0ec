"""Steps of one's own: train_step, test_step, compute_loss, metrics, loops by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import GradientTape, layers, metrics, ops, optimizers
from narae.base import trees

_rng = np.random.default_rng(0)
X = _rng.normal(size=(48, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + 0.1
FIT = {"batch_size": 16, "shuffle": False, "verbose": 0}


def _layers() -> tuple[Any, Any]:
    i = narae.Input((4,))
    return i, layers.Dense(1, kernel_initializer="ones")(layers.Dense(3, "tanh")(i))


class ByHand(narae.Model):
    """The usual step, written out."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data[:2]
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class OwnMetrics(narae.Model):
    """Metrics of its own, no compiled loss."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen = metrics.Mean(name="seen")
        self.error = metrics.MeanAbsoluteError(name="error")

    @property
    def metrics(self) -> list[Any]:
        return [self.seen, self.error]

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data[:2]
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = ops.mean(ops.square(y - y_pred))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self._counted(y, y_pred, loss)

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data[:2]
        y_pred = self(x, training=False)
        return self._counted(y, y_pred, ops.mean(ops.square(y - y_pred)))

    def _counted(self, y: Any, y_pred: Any, loss: Any) -> dict[str, Any]:
        self.seen.update_state(loss)
        self.error.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def _pair(kind: Any, **options: Any) -> tuple[Any, Any]:
    """A model of a kind and a plain one with the same weights."""
    plain, own = narae.Model(*_layers()), kind(*_layers())
    own.set_weights(plain.get_weights())
    plain.compile("adam", "mse", metrics=["mae"])
    own.compile("adam", **{"loss": "mse", **options})
    return own, plain


@pytest.mark.parametrize("eager", [False, True])
def test_the_usual_step_written_out_gives_the_usual_numbers(eager: bool) -> None:
    own, plain = _pair(ByHand, metrics=["mae"], run_eagerly=eager)
    got, wanted = (m.fit(X, Y, epochs=3, **FIT).history for m in (own, plain))
    np.testing.assert_allclose(got["loss"], wanted["loss"], rtol=1e-5)
    for a, b in zip(own.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("eager", [False, True])
def test_the_results_of_compiled_metrics_stand_in_the_logs_by_their_own_names(eager: bool) -> None:
    """Keras's guide returns {m.name: m.result()}, where `compile_metrics` gives a dict."""
    own, plain = _pair(ByHand, metrics=["mae"], run_eagerly=eager)
    seen: list[Any] = []
    watch = narae.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(logs))
    got = own.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=[watch], **FIT).history
    wanted = plain.fit(X, Y, epochs=3, validation_data=(X, Y), **FIT).history
    assert sorted(seen[0]) == ["loss", "mae"]
    assert isinstance(seen[0]["mae"], float)
    assert sorted(got) == sorted(wanted)
    np.testing.assert_allclose(got["mae"], wanted["mae"], rtol=1e-5)
    assert isinstance(got["mae"][0], float)


@pytest.mark.parametrize("eager", [False, True])
def test_metrics_of_its_own_are_logged_and_begin_anew_each_epoch(eager: bool) -> None:
    own, plain = _pair(OwnMetrics, loss=None, run_eagerly=eager)
    got = own.fit(X, Y, epochs=3, validation_data=(X, Y), **FIT).history
    wanted = plain.fit(X, Y, epochs=3, validation_data=(X, Y), **FIT).history
    assert list(got) == ["error", "seen", "val_error", "val_seen"]
    for mine, theirs in [("seen", "loss"), ("error", "mae"), ("val_error", "val_mae")]:
        np.testing.assert_allclose(got[mine], wanted[theirs], rtol=1e-5)
    assert own.metrics_names == ["seen", "error"]
    values = own.evaluate(X, Y, batch_size=16, verbose=0)
    np.testing.assert_allclose(values, [got["val_seen"][-1], got["val_error"][-1]], rtol=1e-5)


def test_compute_loss_of_its_own_is_what_is_minimized() -> None:
    class Twice(narae.Model):
        def compute_loss(
            self,
            x: Any = None,
            y: Any = None,
            y_pred: Any = None,
            sample_weight: Any = None,
            **_: Any,
        ) -> Any:
            return 2.0 * super().compute_loss(x, y, y_pred, sample_weight)

    own, plain = _pair(Twice)
    got, wanted = own.evaluate(X, Y, verbose=0), plain.evaluate(X, Y, verbose=0)[0]
    assert got == pytest.approx(2 * wanted, rel=1e-6)
    plain.compile(optimizers.SGD(0.02), "mse")
    own.compile(optimizers.SGD(0.01), "mse")
    for model in (own, plain):
        model.fit(X, Y, epochs=2, **FIT)
    for a, b in zip(own.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_predict_step_of_its_own() -> None:
    class Rounds(narae.Model):
        def predict_step(self, data: Any) -> Any:
            return {"guess": ops.round(super().predict_step(data))}

    own, plain = _pair(Rounds)
    got = own.predict(X, batch_size=20, verbose=0)["guess"]
    np.testing.assert_array_equal(got, plain.predict(X, verbose=0).round())


def test_a_step_that_gives_no_dict_is_told() -> None:
    class Number(narae.Model):
        def train_step(self, data: Any) -> Any:
            return ops.sum(self(data[0]))

    model = Number(*_layers())
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="returns a dict of metrics by name, got"):
        model.fit(X, Y, verbose=0)


def test_an_if_on_a_tensor_in_a_step_names_the_way_out_which_works() -> None:
    class Asks(OwnMetrics):
        def _counted(self, y: Any, y_pred: Any, loss: Any) -> dict[str, Any]:
            return super()._counted(y, y_pred, loss if loss > 0.1 else loss * 2)

    model = Asks(*_layers())
    model.compile("sgd")
    with pytest.raises(TypeError, match=r"run_eagerly=True"):
        model.fit(X, Y, verbose=0)
    model.compile("sgd", run_eagerly=True)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["seen"]).all()


def test_a_loop_by_hand_gives_the_fit_s_weights() -> None:
    own, plain = _pair(narae.Model)
    loss_fn, optimizer = narae.losses.MeanSquaredError(), optimizers.Adam()  # never built
    for _ in range(2):
        for start in range(0, 48, 16):
            x, y = (ops.convert_to_tensor(a[start : start + 16]) for a in (X, Y))
            with GradientTape() as tape:
                loss = loss_fn(y, own(x, training=True))
            gradients = tape.gradient(loss, own.trainable_weights)
            optimizer.apply_gradients(zip(gradients, own.trainable_weights, strict=True))
    plain.fit(X, Y, epochs=2, **FIT)
    assert int(optimizer.iterations.numpy()) == 6
    for a, b in zip(own.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_gan_s_two_optimizers_each_train_their_own_part() -> None:
    class Two(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.up, self.down = layers.Dense(2), layers.Dense(1)
            self.other = optimizers.SGD(0.1)

        def call(self, x: Any) -> Any:
            return self.down(self.up(x))

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data[:2]
            with GradientTape(persistent=True) as tape:
                loss = ops.mean(ops.square(self(x) - y))
            for optimizer, part in ((self.optimizer, self.up), (self.other, self.down)):
                weights = part.trainable_weights
                optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    model = Two()
    model.compile(optimizers.SGD(0.0))
    model.fit(X, Y, verbose=0)  # builds
    up, down = model.up.kernel.numpy(), model.down.kernel.numpy()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.up.kernel.numpy(), up)
    assert not np.array_equal(model.down.kernel.numpy(), down)
    assert int(model.other.iterations.numpy()) == 4


@pytest.mark.parametrize("how", ["assign", "optimizer"])
def test_the_example_from_tensors_learns(how: str, monkeypatch: Any) -> None:
    path = Path(__file__).parents[2] / "examples" / "from_tensors.py"
    spec = importlib.util.spec_from_file_location("from_tensors", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    (images, labels), _ = narae.datasets.mnist.load_data()
    x = images[:2560].reshape(-1, 784).astype("float32") / 255
    optimizer = optimizers.Adam()
    update = (
        example.update_by_assign
        if how == "assign"
        else lambda gradients, weights: optimizer.apply_gradients(
            zip(gradients, weights, strict=True)
        )
    )
    model = example.new_model()
    losses = [
        float(example.training_step(model, a, b, update)) for a, b in example.batches(x, labels)
    ]
    assert losses[0] == pytest.approx(np.log(10), rel=0.3)  # ten classes, nothing learned
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


def _noted(k: Any, found: list[Any]) -> Any:
    """A model that notes the nest of shapes that its steps get."""

    class Noted(k.Model):
        def __init__(this) -> None:
            super().__init__()
            this.head = k.layers.Dense(1)

        def call(this, x: Any) -> Any:
            return this.head(x)

        def _note(this, data: Any) -> dict[str, Any]:
            found.append(trees.map_tree(lambda t: len(t.shape), data))
            return {"loss": k.ops.zeros(())}

        train_step = test_step = _note

        def predict_step(this, data: Any) -> Any:
            this._note(data)
            return trees.flatten(data)[0]

    model = Noted()
    model.compile("sgd")
    return model


_X, _Y, _W = np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), np.ones(4, "float32")


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"x": _X, "y": _Y}, (2, 2)),
        ({"x": _X}, 2),
        ({"x": _X, "y": _Y, "sample_weight": _W}, (2, 2, 1)),
        ({"x": [_X, _X]}, ([2, 2],)),
        ({"x": {"a": _X}}, {"a": 2}),
        ({"x": {"a": _X}, "y": {"b": _Y}}, ({"a": 2}, {"b": 2})),
        ([(_X,)], (2,)),
        ([_X], 2),
        ([(_X, _Y)], (2, 2)),
        ([(_X, _Y, _W)], (2, 2, 1)),
    ],
    ids=["xy", "x", "xyw", "list", "dict", "dicts", "(x,)s", "xs", "pairs", "triples"],
)
def test_a_step_gets_what_was_given(data: Any, wanted: Any, eagerly: bool) -> None:
    """x alone, (x, y) or all three, as Keras on TensorFlow: never with None in the place of a part."""
    found: list[Any] = []
    model = _noted(narae, found)
    model.run_eagerly = eagerly
    model.fit(verbose=0, shuffle=False, **(data if isinstance(data, dict) else {"x": iter(data)}))
    assert found[0] == wanted


def test_all_the_loops_give_steps_the_same() -> None:
    found: list[Any] = []
    model = _noted(narae, found)
    model.train_on_batch(_X, _Y)
    model.test_on_batch(_X, _Y)
    model.evaluate(_X, _Y, verbose=0)
    model.predict(_X, verbose=0)
    model.predict_on_batch(_X)
    assert found[:2] == [(2, 2)] * 2
    assert found[-1] == 2


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_model_with_a_step_of_its_own_needs_no_call(eagerly: bool) -> None:
    class Own(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = narae.layers.Dense(2, kernel_initializer="ones")
            self.mean = narae.metrics.Mean(name="square")

        @property
        def metrics(self) -> list[Any]:
            return [self.mean]

        def train_step(self, data: Any) -> dict[str, Any]:
            with narae.GradientTape() as tape:
                loss = narae.ops.mean(narae.ops.square(self.head(data)))
            weights = self.head.trainable_weights
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            self.mean.update_state(loss)
            return {"square": self.mean.result()}

    model = Own()
    model.compile("sgd", run_eagerly=eagerly)
    history = model.fit(_X, epochs=2, verbose=0).history["square"]
    # rows of ones through a kernel of ones: 9; a step of 0.01 takes 0.03 of each of 3 weights and a bias
    np.testing.assert_allclose(history, [9.0, (3 - 4 * 0.03) ** 2], rtol=1e-6)


def test_compute_loss_without_training_serves_both_steps() -> None:
    class Old(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = narae.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.head(x)

        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return narae.ops.mean(narae.ops.abs(y - y_pred))

    model = Old()
    model.compile("sgd")
    model.fit(_X, _Y, verbose=0)
    got = model.evaluate(_X, _Y, verbose=0)
    np.testing.assert_allclose(got, np.abs(_Y - model.predict(_X, verbose=0)).mean(), rtol=1e-6)


def test_a_model_may_have_a_loss_of_its_own() -> None:
    class Own(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.loss = narae.losses.MeanSquaredError()

    model = Own()
    model.compile("sgd")
    assert isinstance(model.loss, narae.losses.MeanSquaredError)
    model.compile("sgd", "mae")
    assert model.loss == "mae"
