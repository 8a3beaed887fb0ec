"""Diagnose: each symptom is named when it is there, none when it is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, losses, ops, optimizers
from narae.callbacks import Diagnose
from narae.diagnose.training import overfitting, stuck

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 6)).astype("float32")
CLASSES = (X[:, 0] > 0).astype("int32") + (X[:, 1] > 0.5)
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]


def _fit(model: Any, x: Any, y: Any, epochs: int = 1, verbose: int = 0, **more: Any) -> Diagnose:
    doctor = Diagnose(verbose=verbose, **more.pop("doctor", {}))
    model.fit(x, y, epochs=epochs, verbose=0, callbacks=[doctor], **more)
    return doctor


def _net(*stack: Any, loss: Any = "mse", optimizer: Any = "sgd", inputs: int = 6) -> Any:
    model = narae.Sequential([narae.Input((inputs,)), *stack])
    model.compile(optimizer, loss)
    return model


def _symptoms(doctor: Diagnose) -> set[str]:
    return {finding.symptom for finding in doctor.findings}


def exploding() -> Diagnose:
    deep = [layers.Dense(32, kernel_initializer="glorot_normal") for _ in range(12)]
    model = _net(*deep, layers.Dense(1), optimizer=optimizers.SGD(1e-12))
    for layer in model.layers:
        layer.kernel.assign(3 * layer.kernel.numpy())
    return _fit(model, X, X[:, :1])


def vanishing() -> Diagnose:
    deep = [layers.Dense(16, "sigmoid") for _ in range(8)]
    return _fit(_net(*deep, layers.Dense(1)), X, X[:, :1])


def dead() -> Diagnose:
    model = _net(layers.Dense(20, "relu", bias_initializer="ones"), layers.Dense(1))
    model.layers[0].bias.assign(np.where(np.arange(20) < 15, -50.0, 1.0))
    return _fit(model, X, X[:, :1])


def motionless() -> Diagnose:
    model = _net(layers.Dense(4, "tanh"), layers.Dense(1), optimizer=optimizers.SGD(1e-9))
    return _fit(model, X, X[:, :1], epochs=5)


def unscaled() -> Diagnose:
    return _fit(_net(layers.Dense(4), optimizer=optimizers.SGD(1e-9)), X * 90 + 128, X[:, :4])


def uneven() -> Diagnose:
    return _fit(_net(layers.Dense(1)), X * np.array([1, 1, 1, 1, 1e-3, 1]), X[:, :1])


def missing() -> Diagnose:
    x = X.copy()
    x[3, 2] = np.nan
    with pytest.warns(Warning, match=r"(?i)nan"):
        return _fit(_net(layers.Dense(1)), x, X[:, :1])


def no_number() -> Diagnose:
    model = _net(layers.Dense(2, name="a"), layers.Lambda(lambda x: ops.log(x - 99.0), name="bad"))
    with pytest.warns(Warning, match=r"(?i)nan"):
        return _fit(model, X, X[:, :2])


def overfit() -> Diagnose:
    model = _net(layers.Dense(256, "relu"), layers.Dense(3, "softmax"), optimizer="adam",
                 loss="sparse_categorical_crossentropy")  # fmt: skip
    y = np.random.default_rng(1).integers(0, 3, 96)  # nothing to learn but by heart
    return _fit(model, X, y, epochs=40, validation_split=0.5)


PROVOKED: dict[Callable[[], Diagnose], tuple[str, str]] = {
    exploding: ("exploding gradients", "the gradient's norm is"),
    vanishing: ("vanishing gradients", "gradient of dense/kernel"),
    dead: ("dead units", "75% of the units of 'dense' gave 0 for all of 32 samples"),
    motionless: ("a loss that does not move", "in 4 epochs"),
    unscaled: ("data that was not scaled", "runs from"),
    uneven: ("data that was not scaled", "column 4"),
    missing: ("data that is no number", "1 of 192 numbers"),
    no_number: ("a loss that is no number", "log in 'bad'"),
    overfit: ("overfitting", "the validation loss rose from"),
}


@pytest.mark.parametrize("provoke", PROVOKED)
def test_each_symptom_is_named(provoke: Callable[[], Diagnose]) -> None:
    symptom, evidence = PROVOKED[provoke]
    doctor = provoke()
    (found,) = (f for f in doctor.findings if f.symptom == symptom)
    assert evidence in found.evidence
    assert found.mends
    extra = {
        "missing": {"a loss that is no number", "exploding gradients"},
        "no_number": {"exploding gradients"},
        "unscaled": {"exploding gradients"},  # and they are: that is what scaling is for
    }
    assert _symptoms(doctor) - {symptom} <= extra.get(provoke.__name__, set())


def _ends(activation: str | None, units: int = 3) -> list[Any]:
    return [layers.Dense(8, "relu"), layers.Dense(units, activation)]


@pytest.mark.filterwarnings("ignore:The loss became NaN")  # of logarithms of what is no probability
@pytest.mark.filterwarnings("ignore:softmax over axis:UserWarning")  # one row is about just that
@pytest.mark.parametrize(
    ("stack", "loss", "y", "evidence"),
    [
        (_ends("softmax"), "sparse_categorical_crossentropy", ONE_HOT, "are one-hot"),
        (_ends("softmax"), "sparse_categorical_crossentropy", X[:, 0], "takes class numbers"),
        (_ends("softmax"), "sparse_categorical_crossentropy", CLASSES + 1, "last layer has 3 units"),
        (_ends("softmax"), "categorical_crossentropy", CLASSES, "takes one-hot rows"),
        (_ends("softmax"), "categorical_crossentropy", ONE_HOT * 3, "do not sum to 1"),
        (_ends("sigmoid", 1), "binary_crossentropy", CLASSES, "takes 0 and 1"),
        (_ends("sigmoid", 1), losses.BinaryCrossentropy(), 2 * (CLASSES > 0) - 1, "takes 0 and 1"),
        (_ends("softmax"), "mse", 9 * X[:, :3], "softmax gives numbers from 0 to 1"),
        (_ends("sigmoid", 1), "mean_absolute_error", 9 * X[:, :1], "sigmoid gives numbers"),
        (_ends("softmax"), losses.SparseCategoricalCrossentropy(True), CLASSES, "once more"),
        (_ends(None), "sparse_categorical_crossentropy", CLASSES, "takes probabilities"),
        (_ends("softmax", 1), "binary_crossentropy", CLASSES > 0, "over one unit"),
        (_ends("tanh", 1), losses.Hinge(), 3 * X[:, :1], "takes -1 and 1"),
    ],
)  # fmt: skip
def test_labels_that_do_not_fit_are_told_before_training(
    stack: Any, loss: Any, y: Any, evidence: str
) -> None:
    model, doctor = _net(*stack, loss=loss), Diagnose(verbose=0)
    with contextlib.suppress(
        ValueError
    ):  # what cannot be computed is an error; the mends come first
        model.fit(X, y, verbose=0, callbacks=[doctor])
    found = [f for f in doctor.findings if f.symptom == "labels that do not fit the loss"]
    assert evidence in " ".join(f.evidence for f in found)
    assert all(f.epoch == 0 and f.mends for f in found)


def _digits(samples: int) -> tuple[Any, Any]:
    from narae.datasets import mnist

    (x, y), _ = mnist.load_data()
    return x[:samples].astype("float32") / 255, y[:samples]


def _healthy_dense() -> Diagnose:
    x, y = _digits(3000)
    model = _net(layers.Dense(64, "relu"), layers.Dense(10, "softmax"), inputs=784,
                 optimizer="rmsprop", loss="sparse_categorical_crossentropy")  # fmt: skip
    return _fit(model, x.reshape(-1, 784), y, epochs=5, batch_size=128, validation_split=0.2)


def _healthy_cnn() -> Diagnose:
    x, y = _digits(600)
    stack = [layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(4),
             layers.Flatten(), layers.Dropout(0.3), layers.Dense(10)]  # fmt: skip
    model = narae.Sequential([narae.Input((28, 28, 1)), *stack])
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    return _fit(model, x[..., None], y, epochs=4)


def _healthy_regression() -> Diagnose:
    model = _net(layers.Dense(16, "relu"), layers.Dense(1), optimizer="adam")
    return _fit(model, X, X[:, :1] + 0.5, epochs=10, validation_split=0.2)


def _healthy_scaled_inside() -> Diagnose:
    model = _net(layers.Rescaling(1 / 255), layers.Dense(8, "relu"), layers.Dense(1))
    return _fit(model, RNG.integers(0, 256, (64, 6)), X[:64, :1], epochs=2)


def _healthy_functional() -> Diagnose:
    a, b = narae.Input((6,)), narae.Input((6,))
    h = layers.Dense(8, "relu")(layers.Concatenate()([a, b]))
    model = narae.Model([a, b], {"k": layers.Dense(3, "softmax")(h), "r": layers.Dense(1)(h)})
    model.compile("adam", {"k": "sparse_categorical_crossentropy", "r": "mse"})
    return _fit(model, [X, X], {"k": CLASSES, "r": X[:, :1]}, epochs=3)


@pytest.mark.parametrize(
    "train",
    [
        _healthy_dense,
        _healthy_cnn,
        _healthy_regression,
        _healthy_scaled_inside,
        _healthy_functional,
    ],
)
def test_a_healthy_training_says_nothing(train: Callable[[], Diagnose], capsys: Any) -> None:
    assert train().findings == []
    assert capsys.readouterr().out == ""


def test_each_is_printed_once_with_evidence_and_mends(capsys: Any) -> None:
    model = _net(*[layers.Dense(16, "sigmoid") for _ in range(8)], layers.Dense(1))
    doctor = _fit(model, X * 500, X[:, :1], epochs=3, verbose=1)
    said = capsys.readouterr().out
    assert said.count("diagnosis: vanishing gradients") == 1
    assert said.count("diagnosis: data that was not scaled") == 1
    assert said.count("usual mends:") == len(doctor.findings)
    assert all(f.evidence in said and f.mends[0] in said for f in doctor.findings)


def test_looking_changes_nothing() -> None:
    weights = []
    for callbacks in ([], [Diagnose(verbose=0)]):
        narae.utils.set_random_seed(5)
        model = _net(
            layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(1), optimizer="adam"
        )
        model.fit(X, X[:, :1], epochs=3, verbose=0, callbacks=callbacks)
        weights.append([*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)])
    assert all((a == b).all() for a, b in zip(*weights, strict=True))


def test_streams_and_eager_models_are_looked_at() -> None:
    batches = [(X * 500, X[:, :1])] * 3
    assert "data that was not scaled" in _symptoms(
        _fit(
            _net(layers.Dense(1), optimizer=optimizers.SGD(1e-9)),
            iter(batches),
            None,
            steps_per_epoch=3,
            shuffle=False,
        )
    )
    model = narae.Sequential([narae.Input((6,)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    assert _symptoms(_fit(model, X, X[:, :1])) == set()


def test_curves() -> None:
    assert stuck([2.3, 2.3, 2.299, 2.3], 4) is not None
    assert stuck([2.3, 2.3, 2.299], 4) is None
    assert stuck([2.3, 2.2, 2.1, 2.0], 4) is None
    assert stuck([1e-5] * 5, 4) is None  # at the bottom already
    down, up = [1.0, 0.8, 0.6, 0.4, 0.2], [1.0, 0.5, 0.6, 0.7, 0.8]
    assert overfitting(down, up, 3) is not None
    assert overfitting(down, up, 4) is None
    assert overfitting(down, [1.0, 0.5, 0.5, 0.51, 0.52], 3) is None
    assert overfitting(up, up, 3) is None  # both rise: that is not overfitting


def test_patience_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="patience"):
        Diagnose(patience=0)
