"""`.h5` files: models whose weights come with their first call, and what `compile` was given, by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.saving import load_model

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.random.default_rng(1).uniform(size=(16, 2)).astype("float32")


def _classes(keras: Any) -> dict[str, Any]:
    layers = keras.layers

    class Inner(keras.Model):
        def __init__(self, units: int = 2, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.first, self.last = layers.Dense(4), layers.Dense(units)
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return self.last(self.first(x)) * self.scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    class Outer(keras.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense, self.inner = layers.Dense(3), Inner()

        def call(self, x: Any) -> Any:
            return self.inner(self.dense(x["a"]) + x["b"])

    return {"Inner": Inner, "Outer": Outer}


OURS = _classes(narae)
DATA = {"Inner": X, "Outer": {"a": X, "b": X[::-1].copy()}}


def _trained(keras: Any, name: str) -> Any:
    model = _classes(keras)[name]()
    model.compile(keras.optimizers.Adam(0.01), "mean_squared_error", metrics=["mae"])
    model.fit(DATA[name], Y, verbose=0)
    return model


@pytest.mark.parametrize("name", OURS)
def test_a_subclassed_model_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    model = _trained(narae, name)
    model.save(tmp_path / "m.h5")
    other = load_model(tmp_path / "m.h5", custom_objects=OURS)
    x = DATA[name]
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    for each in (model, other):  # the optimizer's state, too
        each.fit(x, Y, shuffle=False, verbose=0)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.oracle
@pytest.mark.parametrize("name", OURS)
def test_weights_of_a_subclassed_model_both_ways(name: str, keras: Any, tmp_path: Path) -> None:
    """Keras does not say how it was built: both read such a file into a model that was called."""
    x = DATA[name]
    for maker, reader in ((keras, narae), (narae, keras)):
        model, other = _trained(maker, name), _classes(reader)[name]()
        model.save(tmp_path / "m.h5")
        with pytest.raises(ValueError, match=r"layers|not built"):
            other.load_weights(tmp_path / "m.h5")
        other.predict(x, verbose=0)
        other.load_weights(tmp_path / "m.h5")
        np.testing.assert_allclose(
            other.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5
        )


@pytest.mark.oracle
def test_keras_s_file_of_a_subclassed_model_says_what_to_do(keras: Any, tmp_path: Path) -> None:
    _trained(keras, "Inner").save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"m\.h5.*call it on data"):
        load_model(tmp_path / "m.h5", custom_objects=OURS)


def _compiled(keras: Any, **given: Any) -> Any:
    layer = keras.layers.Dense(2, "sigmoid", kernel_initializer="ones")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile("sgd", **{"loss": "mean_squared_error", **given})
    model.evaluate(X, Y, verbose=0)
    return model


def _given(keras: Any) -> list[dict[str, Any]]:
    metrics, losses = keras.metrics, keras.losses
    names = "mae MAPE bce accuracy acc AUC MeanAbsoluteError kl_divergence"
    return [
        *({"metrics": [name]} for name in names.split()),
        {"metrics": [metrics.MeanAbsoluteError(name="own")]},
        {"metrics": [metrics.mean_absolute_error]},
        {"metrics": [losses.mean_squared_error]},
        {"weighted_metrics": ["mae"]},
        *({"loss": name} for name in ("mean_absolute_error", "huber", "MeanSquaredError")),
        {"loss": losses.CategoricalCrossentropy(label_smoothing=0.3)},
        {"loss": losses.log_cosh},
    ]


@pytest.mark.oracle
@pytest.mark.parametrize("case", range(len(_given(narae))))
def test_what_compile_was_given_is_called_as_keras_calls_it(
    case: int, keras: Any, tmp_path: Path
) -> None:
    """A metric given as "mae" is mean_absolute_error after reading: the name in full, in Keras as here."""
    logs = []
    for maker in (keras, narae):
        path = str(tmp_path / f"{maker.__name__}.h5")
        _compiled(maker, **_given(maker)[case]).save(path)
        for reader in (keras, narae):
            found = reader.models.load_model(path).evaluate(X, Y, verbose=0, return_dict=True)
            # names that are not given are counted
            logs.append({re.sub(r"_\d+$", "", name): value for name, value in found.items()})
    for other in logs[1:]:
        assert other == pytest.approx(logs[0], rel=1e-5)
