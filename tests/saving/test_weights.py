"""Weights into models of several kinds, optimizers' states both ways, and Keras's own extra keys."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.saving import load_model

_rng = np.random.default_rng(0)
X = _rng.normal(size=(40, 6)).astype("float32")
Y = _rng.normal(size=(40, 1)).astype("float32")

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda o: o.SGD(0.05),
    "nesterov": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    "rmsprop": lambda o: o.RMSprop(centered=True, momentum=0.5),
    "adam": lambda o: o.Adam(amsgrad=True),
    "adamw": lambda o: o.AdamW(weight_decay=0.01),
    "steps gathered": lambda o: o.Adam(0.01, gradient_accumulation_steps=2),
    "schedule": lambda o: o.SGD(o.schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01])),
    "adafactor": lambda o: o.Adafactor(),
    "muon": lambda o: o.Muon(),
    "loss scale": lambda o: o.LossScaleOptimizer(o.SGD(0.1)),
}


def _model(keras: Any, optimizer: Any = None, width: int = 4) -> Any:
    layers = [keras.layers.Dense(width, "tanh", name="a"), keras.layers.Dense(1, name="b")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    if optimizer is not None:
        model.compile(optimizer, "mse")
    return model


def _fit(model: Any) -> list[float]:
    history = model.fit(X, Y, epochs=3, batch_size=20, shuffle=False, verbose=0)
    return history.history["loss"]


@pytest.mark.oracle
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("writer", ["keras", "narae"])
def test_training_goes_on_in_the_other(name: str, writer: str, keras: Any, tmp_path: Path) -> None:
    module = keras if writer == "keras" else narae
    source = _model(module, OPTIMIZERS[name](module.optimizers))
    _fit(source)
    path = tmp_path / "model.keras"
    source.save(path)
    copy = load_model(path) if writer == "keras" else keras.saving.load_model(path)
    np.testing.assert_allclose(_fit(copy), _fit(source), atol=1e-5)


@pytest.mark.parametrize(
    ("source", "target"), [(None, None), (None, "adam"), ("adam", None), ("adam", "adam")]
)
@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_weights_load_whether_compiled_or_not(
    source: Any, target: Any, ending: str, tmp_path: Path
) -> None:
    model = _model(narae, source)
    if source:
        _fit(model)
    path = tmp_path / f"m{ending}"
    (model.save if ending == ".keras" else model.save_weights)(path)
    other = _model(narae, target)
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_differs_is_told_or_skipped_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    _model(narae).save_weights(path)
    wide = _model(narae, width=9)
    before = wide.get_weights()
    with pytest.raises(ValueError, match=r"m\.weights\.h5"):
        wide.load_weights(path)
    with pytest.warns(UserWarning, match="skipped layers/dense"):
        wide.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(wide.get_weights()[0], before[0])


@pytest.mark.oracle
def test_keys_that_only_keras_writes_are_no_hindrance(keras: Any, tmp_path: Path) -> None:
    """Shared initializers, quantization and empty build configurations."""
    shared = keras.initializers.HeNormal(seed=3)
    stack = [keras.layers.Dense(3, kernel_initializer=shared) for _ in range(2)]
    model = keras.Sequential([keras.Input((6,)), *stack, keras.layers.Flatten()])
    model.save(tmp_path / "k.keras")
    with zipfile.ZipFile(tmp_path / "k.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    for layer in config["config"]["layers"][1:]:
        if layer["class_name"] == "Dense":
            layer["config"]["quantization_config"] = None
        layer["build_config"] = layer.get("build_config") or {}
        layer["shared_object_id"] = 7
    config["config"]["layers"][-1]["build_config"] = {}
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "more.keras", "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    for name in ("k.keras", "more.keras"):
        copy = load_model(tmp_path / name)
        np.testing.assert_allclose(
            copy.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-5
        )


def test_a_wide_model_that_has_not_trained_loads_with_its_optimizer(tmp_path: Path) -> None:
    path = tmp_path / "wide.keras"
    optimizer = narae.optimizers.RMSprop(
        centered=True, momentum=0.5, use_ema=True, gradient_accumulation_steps=2
    )
    model = narae.Sequential([narae.Input((600,)), narae.layers.Dense(600)])  # beyond a MiB
    model.compile(optimizer, "mse")
    model.save(path)
    assert len(load_model(path).optimizer.variables) >= 5 * 2


def _counting(keras: Any) -> Any:
    """A model that holds metrics in all the ways there are, and a layer that holds one."""

    class Counting(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mean = keras.metrics.Mean(name="mean")
            self.dense = keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.tracker = keras.metrics.Mean(name="loss")
            self.several = [keras.metrics.Accuracy(), keras.layers.Dense(3)]
            self.named = {"auc": keras.metrics.AUC(), "count": Counting()}

        def call(self, x: Any) -> Any:
            return self.named["count"](self.several[1](x))

    model = Network()
    model(np.ones((2, 4), "float32"))
    return model


@pytest.mark.oracle
def test_metrics_that_a_model_holds_have_no_place_in_a_file(tmp_path: Path, keras: Any) -> None:
    first, second, theirs = _counting(narae), _counting(narae), _counting(keras)
    first.tracker.update_state(3.0)
    first.save_weights(tmp_path / "ours.weights.h5")
    second.load_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    for ours, loaded, kerass in zip(first.weights, second.weights, theirs.weights, strict=True):
        assert np.array_equal(ours, loaded)
        assert np.array_equal(ours, kerass)
    assert float(second.tracker.result()) == 0.0
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    second.load_weights(tmp_path / "theirs.weights.h5")
