"""Whole models in the HDF5 format of older Keras: exchanged with Keras both ways, and as older versions wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import narae
from narae.saving import load_model
from narae.saving.paths import CorruptFile

_rng = np.random.default_rng(0)
X = _rng.normal(size=(32, 6)).astype("float32")
Y = _rng.normal(size=(32, 1)).astype("float32")


def _stack(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(4, "relu", kernel_regularizer="l2", name="first"),
            layers.BatchNormalization(),
            layers.Dense(1, name="a_last"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "mean_squared_error", metrics=["mean_absolute_error"]
    )
    return model


def _graph(keras: Any) -> Any:
    layers = keras.layers
    i, j = keras.Input((6,), name="i"), keras.Input((6,), name="j")
    shared = layers.Dense(4, name="shared")
    merged = layers.Concatenate()([shared(i), shared(j), layers.Add()([i, j])])
    model = keras.Model([i, j], layers.Dense(1, name="o")(merged))
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.Huber(), weighted_metrics=["accuracy"]
    )
    return model


def _nested(keras: Any) -> Any:
    inner = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "relu")], name="inner")
    i = keras.Input((6,))
    graph = keras.Model(i, keras.layers.Dense(3)(i), name="graph")
    added = keras.layers.Add()([inner(i), graph(i), inner(graph(i)[:, :1] * 1.0 if False else i)])
    model = keras.Model(i, keras.layers.Dense(1)(added))
    model.compile("rmsprop", "mean_squared_error")
    return model


def _recurrent(keras: Any) -> Any:
    layers = keras.layers
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    parts = [layers.LSTM(3, return_sequences=True), layers.GRU(3, return_sequences=True)]
    parts += [layers.RNN(cells, return_sequences=True), layers.SimpleRNN(3), layers.Dense(1)]
    model = keras.Sequential([keras.Input((6,)), layers.Reshape((3, 2)), *parts])
    model.compile("sgd", "mean_squared_error")
    return model


MODELS = {"stack": (_stack, X), "graph": (_graph, [X, X[::-1].copy()]), "nested": (_nested, X)}
MODELS["recurrent"] = (_recurrent, X)


def _fit(model: Any, x: Any) -> list[float]:
    history = model.fit(x, Y, epochs=2, batch_size=16, shuffle=False, verbose=0)
    return history.history["loss"]


@pytest.mark.oracle
@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
@pytest.mark.parametrize("name", MODELS)
def test_keras_and_narae_read_each_other(
    name: str, ending: str, keras: Any, tmp_path: Path
) -> None:
    """Predictions, and training that goes on from the optimizer's state."""
    made, x = MODELS[name]
    for source, load in ((keras, load_model), (narae, keras.saving.load_model)):
        if ending == ".hdf5" and source is keras:
            continue
        model = made(source)
        _fit(model, x)
        path = tmp_path / f"{source.__name__}{ending}"
        model.save(path)
        other = load(path)
        want = model.predict(x, verbose=0)
        # a product of six terms in float32, in another order
        np.testing.assert_allclose(other.predict(x, verbose=0), want, rtol=1e-5, atol=1e-5)
        if load is load_model:  # Keras builds the optimizer of such a file for no weights at all
            np.testing.assert_allclose(_fit(other, x), _fit(model, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_save_then_load_is_the_identity(name: str, tmp_path: Path) -> None:
    made, x = MODELS[name]
    model = made(narae)
    _fit(model, x)
    model.save(tmp_path / "m.h5")
    other = load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    pairs = zip(model.optimizer.variables, other.optimizer.variables, strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert not load_model(tmp_path / "m.h5", compile=False).compiled
    model.save(tmp_path / "bare.h5", include_optimizer=False)
    with pytest.warns(UserWarning, match="not compiled"):
        assert not load_model(tmp_path / "bare.h5").compiled


def _old(path: Path, config: Any, training: Any, weights: dict[str, dict[str, Any]]) -> None:
    """A file as Keras 2 wrote it."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.10.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, value in arrays.items():
                inner.create_dataset(key, data=value)


KERNEL = np.arange(6, dtype="f4").reshape(3, 2)
WEIGHTS = {"dense": {"dense/kernel:0": KERNEL, "dense/bias:0": np.ones(2, "f4")}}
DENSE = {
    "class_name": "Dense",
    "config": {
        "name": "dense",
        "trainable": True,
        "dtype": "float32",
        "units": 2,
        "use_bias": True,
        "activation": "relu",
        "kernel_initializer": {
            "class_name": "GlorotUniform",
            "config": {"seed": None, "dtype": "float32"},
        },
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    },
}
TRAINING = {
    "loss": "sparse_categorical_crossentropy",
    "metrics": [
        [
            {
                "class_name": "MeanMetricWrapper",
                "config": {
                    "name": "accuracy",
                    "dtype": "float32",
                    "fn": "sparse_categorical_accuracy",
                },
            }
        ]
    ],
    "weighted_metrics": None,
    "loss_weights": None,
    "optimizer_config": {
        "class_name": "Adam",
        "config": {"name": "Adam", "lr": 0.002, "decay": 0.0, "beta_1": 0.8, "epsilon": 1e-07},
    },
}


def _first(config: dict[str, Any]) -> dict[str, Any]:
    return {**DENSE, "config": {**DENSE["config"], **config}}


OLD: dict[str, Any] = {
    "an InputLayer": {
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {
                        "batch_input_shape": [None, 3],
                        "dtype": "float32",
                        "sparse": False,
                        "ragged": False,
                        "name": "dense_input",
                    },
                },
                DENSE,
            ],
        },
    },
    "a shape in the first layer": {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [_first({"batch_input_shape": [None, 3]})]},
    },
    "a list, of Keras 1": {
        "class_name": "Sequential",
        "config": [_first({"batch_input_shape": [None, 3]})],
    },
    "a graph": {
        "class_name": "Model",
        "config": {
            "name": "model",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "i"},
                    "name": "i",
                    "inbound_nodes": [],
                },
                {**DENSE, "name": "dense", "inbound_nodes": [[["i", 0, 0, {}]]]},
            ],
            "input_layers": [["i", 0, 0]],
            "output_layers": [["dense", 0, 0]],
        },
    },
}


@pytest.mark.parametrize("name", OLD)
def test_files_of_older_versions(name: str, tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    _old(path, OLD[name], TRAINING, WEIGHTS)
    model = load_model(path)
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(model.predict(x, verbose=0), x @ KERNEL + 1)
    assert float(model.optimizer.learning_rate) == np.float32(0.002)
    assert model.optimizer.beta_1 == 0.8
    model.fit(x, np.array([1]), verbose=0)
    assert "accuracy" in model.get_metrics_result()


def test_an_embedding_of_older_versions(tmp_path: Path) -> None:
    """Its length of the inputs was an argument once, and is left out."""
    config = {"name": "e", "input_dim": 5, "output_dim": 3, "input_length": 2, "mask_zero": False}
    first = {"class_name": "Embedding", "config": {**config, "batch_input_shape": [None, 2]}}
    rest = [{"class_name": "Flatten", "config": {"name": "f"}}]
    table = np.arange(15, dtype="f4").reshape(5, 3)
    path = tmp_path / "old.h5"
    old = {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *rest]}}
    _old(path, old, None, {"e": {"e/embeddings:0": table}, "f": {}})
    model = load_model(path, compile=False)
    x = np.array([[4, 0]], "int32")
    assert model.predict(x, verbose=0).tolist() == [[12, 13, 14, 0, 1, 2]]


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["an InputLayer", "a graph"])
def test_older_files_as_keras_reads_them(name: str, keras: Any, tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    text = json.dumps(OLD[name]).replace('"seed": null, "dtype": "float32"', '"seed": null')
    _old(path, json.loads(text), None, WEIGHTS)  # (an initializer's dtype is too old for Keras 3)
    theirs = keras.saving.load_model(path, compile=False)
    ours = load_model(path, compile=False)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    x = _rng.normal(size=(4, 3)).astype("f4")
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)


def test_recurrent_layers_of_older_versions(tmp_path: Path) -> None:
    """With arguments that there are no more, cells within them as well."""
    start = {"class_name": "Zeros", "config": {"dtype": "float32"}}
    once = {"units": 2, "implementation": 1, "bias_initializer": start}
    loop = {"return_sequences": True, "stateful": False, "unroll": False, "time_major": False}
    cells = [{"class_name": f"{kind}Cell", "config": dict(once)} for kind in ("LSTM", "GRU")]
    stack = {"class_name": "StackedRNNCells", "config": {"name": "stack", "cells": cells}}
    gru = {"class_name": "GRU", "config": {**once, **loop, "reset_after": True}}
    rows = [
        {"class_name": "LSTM", "config": {**once, **loop, "batch_input_shape": [None, 4, 3]}},
        {"class_name": "RNN", "config": {**loop, "cell": stack}},
        {"class_name": "Bidirectional", "config": {"layer": gru, "merge_mode": "sum"}},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": rows}}
    layers = narae.layers
    stacked = [layers.LSTMCell(2), layers.GRUCell(2)]
    model = narae.Sequential(
        [
            narae.Input((4, 3)),
            layers.LSTM(2, return_sequences=True),
            layers.RNN(stacked, return_sequences=True),
            layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="sum"),
        ]
    )
    model.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "a") as file:
        file.attrs["model_config"] = json.dumps(config)
    x = _rng.normal(size=(2, 4, 3)).astype("f4")
    other = load_model(tmp_path / "old.h5", compile=False)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert [c.implementation for c in other.layers[1].cell.cells] == [2, 2]


def test_names_of_more_than_an_attribute_has_room_for(tmp_path: Path) -> None:
    names = [f"{'n' * 200}_{i}" for i in range(500)]
    stack = [narae.layers.Dense(1, name=name) for name in names]
    model = narae.Sequential([narae.Input((1,)), *stack])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    other = load_model(tmp_path / "m.h5", compile=False)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_load_by_order_and_by_name(tmp_path: Path) -> None:
    model = _stack(narae)
    model.save(tmp_path / "m.h5")
    other = _stack(narae)
    other.load_weights(tmp_path / "m.h5")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    part = narae.Sequential([narae.Input((4,)), narae.layers.Dense(1, name="a_last")])
    with pytest.raises(ValueError, match="1 layers with weights, the file has 3"):
        part.load_weights(tmp_path / "m.h5")
    part.load_weights(tmp_path / "m.h5", by_name=True)
    np.testing.assert_array_equal(part.get_weights()[0], model.get_weights()[-2])
    wide = narae.Sequential([narae.Input((9,)), narae.layers.Dense(1, name="a_last")])
    with pytest.raises(ValueError, match=r"m\.h5.*\(9, 1\)"):
        wide.load_weights(tmp_path / "m.h5", by_name=True)
    with pytest.warns(UserWarning, match="skipped"):
        wide.load_weights(tmp_path / "m.h5", by_name=True, skip_mismatch=True)


def test_custom_objects(tmp_path: Path) -> None:
    class Twice(narae.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    def far(y_true: Any, y_pred: Any) -> Any:
        return narae.ops.mean(narae.ops.abs(y_true - y_pred), -1)

    model = narae.Sequential([narae.Input((6,)), Twice(), narae.layers.Dense(1)])
    model.compile("sgd", far)
    model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"m\.h5.*Unknown class 'Twice'"):
        load_model(tmp_path / "m.h5")
    other = load_model(tmp_path / "m.h5", custom_objects={"Twice": Twice, "far": far})
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert other.loss is far


def _spoiled(change: Any, tmp_path: Path) -> Path:
    path = tmp_path / "spoiled.h5"
    _stack(narae).save(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def _config(change: Any) -> Any:
    def changed(file: Any) -> None:
        config = json.loads(file.attrs["model_config"])
        change(config["config"]["layers"])
        file.attrs["model_config"] = json.dumps(config)

    return changed


HOSTILE: dict[str, tuple[Any, str]] = {
    "no config": (lambda f: f.attrs.__delitem__("model_config"), "No model config found"),
    "config no JSON": (lambda f: f.attrs.__setitem__("model_config", "{"), "no sound JSON"),
    "no weights": (lambda f: f.__delitem__("model_weights"), "has no group model_weights"),
    "a class of os": (
        _config(lambda rows: rows[1].update(module="os", class_name="system")),
        "Unknown class 'system'",
    ),
    "byte code": (
        _config(
            lambda rows: rows[1].update(
                module=None, class_name="Lambda", config={"function": ["4wEA", None, None]}
            )
        ),
        "never runs code from a file|no list of nodes|describes no model",
    ),
    "a billion units": (
        _config(lambda rows: rows[1]["config"].update(units=10**9)),
        "more than its weights",
    ),
    "a link": (
        lambda f: (
            f["model_weights"].__delitem__("first"),
            f["model_weights"].__setitem__("first", h5py.ExternalLink("/etc/passwd", "/")),
        ),
        "is a link",
    ),
    "names that lead out": (
        lambda f: f["model_weights"].attrs.__setitem__("layer_names", [b"../../x"]),
        "no name",
    ),
    "no such layer": (
        lambda f: f["model_weights"].attrs.__setitem__("layer_names", [b"x"]),
        "has no group x",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_by_name(name: str, tmp_path: Path) -> None:
    change, message = HOSTILE[name]
    path = _spoiled(change, tmp_path)
    with pytest.raises(CorruptFile, match=message) as caught:
        load_model(path)
    assert "spoiled.h5" in str(caught.value)
