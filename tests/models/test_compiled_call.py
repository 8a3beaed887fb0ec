"""model(x) through a compiled step: what it gives, and when it is not used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers, ops
from narae.models import Sequential
from narae.models.training import compiled_call, loops

X = np.random.default_rng(0).random((3, 4)).astype("float32")


def network(*more: Any) -> Any:
    return Sequential([layers.Dense(5, activation="relu"), *more, layers.Dense(2)])


def steps_run(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ran: list[str] = []
    real = compiled_call.owned
    monkeypatch.setattr(compiled_call, "owned", lambda result: ran.append("step") or real(result))
    return ran


def test_the_second_call_for_a_shape_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    ran = steps_run(model, monkeypatch)
    first = model(X)  # builds
    again = [model(X) for _ in range(3)]
    assert ran == ["step", "step"]
    for one in again:
        np.testing.assert_allclose(one.numpy(), first.numpy(), rtol=1e-6)
    kept = again[-1].numpy()
    model(X + 1)
    np.testing.assert_array_equal(again[-1].numpy(), kept)  # results are not written again
    model.layers[0].kernel.assign(model.layers[0].kernel * 0)
    model.layers[1].kernel.assign(model.layers[1].kernel * 0)
    assert not model(X).numpy().any()  # new weights are seen
    assert isinstance(model(X), narae.Tensor)
    assert isinstance(model(ops.convert_to_tensor(X)), narae.Tensor)


def test_training_tapes_and_traces_see_every_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(layers.Dropout(0.5))
    ran = steps_run(model, monkeypatch)
    for _ in range(3):
        model(X, training=True)
        with narae.GradientTape() as tape:
            loss = ops.sum(model(X))
        assert tape.gradient(loss, model.trainable_variables)[0] is not None
        narae.jit(model)(X)
    assert ran == []


class Loud(layers.Layer):
    def call(self, x: Any) -> Any:
        calls.append(1)
        return x


calls: list[int] = []


@pytest.mark.parametrize(
    "layer",
    [
        Loud(),
        layers.Lambda(lambda x: x * 2),
        layers.Masking(),
        layers.ActivityRegularization(l2=0.1),
        layers.Dense(4, activity_regularizer="l2", name="watched"),
        layers.Activation(lambda x: x + 1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_models_that_do_more_than_compute_are_called_as_they_are(
    layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Sequential([layers.Dense(4), layer, layers.Dense(2)])
    ran = steps_run(model, monkeypatch)
    model(X)  # builds
    calls.clear()
    for _ in range(4):
        model(X)
    assert ran == []
    assert len(calls) == (4 if isinstance(layer, Loud) else 0)


def test_a_wrong_shape_is_told_as_ever() -> None:
    model = network()
    for _ in range(3):
        model(X)
    with pytest.raises(ValueError, match="4"):
        model(np.ones((3, 7), "float32"))


def test_flags_and_layers_that_change_are_seen() -> None:
    model = network(layers.BatchNormalization())
    model.compile("sgd", "mse")
    for _ in range(3):
        model(X)
    weights = model.layers[0].kernel.numpy()
    model.layers[0].trainable = False
    model.train_on_batch(X, np.ones((3, 2)))
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), weights)
    model.layers[0].trainable = True
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.ones((3, 2)))
    assert (model.layers[0].kernel.numpy() != weights).any()
    model.pop()
    assert model(X).shape == (3, 5)


def _sources_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    real = loops.make_source
    monkeypatch.setattr(
        loops, "make_source", lambda *args, **options: made.append("one") or real(*args, **options)
    )
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_predictions_for_one_array_go_the_same_short_way(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, x = network(), (X * 9).astype(dtype)
    made = _sources_made(monkeypatch)
    calls = (model.predict_on_batch, lambda x: model.predict(x, verbose=0))
    first = [call(x) for call in calls]
    assert len(made) == 1  # the first call for a shape looks at the data; all others are short
    again = [call(x) for call in calls for _ in range(3)]
    assert len(made) == 1
    assert all(type(a) is np.ndarray and (a == first[0]).all() for a in (*first, *again))
    again[0][...] = 0  # each has numbers of its own
    assert again[1].any()


def test_what_asks_for_more_than_numbers_goes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Doubled(Sequential):
        def predict_step(self, data: Any) -> Any:
            return super().predict_step(data) * 2

    batch_end = callbacks.LambdaCallback(on_predict_batch_end=lambda *_: seen.append("batch"))
    model, own = network(), Doubled([layers.Dense(2)])
    calls = [
        lambda: model.predict(X, batch_size=2, verbose=0),
        lambda: model.predict(X, verbose=0, callbacks=[batch_end]),
        lambda: model.predict(ops.array(X), verbose=0),
        lambda: own.predict_on_batch(X),
    ]
    model.predict(X, verbose=0)
    made = _sources_made(monkeypatch)
    for call in calls:
        for _ in range(3):
            made.clear()
            call()
            assert made
    assert len(seen) == 3
    assert np.allclose(own.predict_on_batch(X), 2 * own(X).numpy())
