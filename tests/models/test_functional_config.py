"""A model's configuration goes to Keras and comes from it: the same outputs from the same weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae
from narae.saving.operation_names import class_name_of, module_of, op_of


def _nested(k: Any, x: Any) -> Any:
    i = k.Input((4,))
    inner = k.Model(i, [k.layers.Dense(4)(i), i + 1], name="inner")
    return inner(inner(x)[1])[0]


def _twice(layer: Any, x: Any) -> Any:
    return layer(layer(x))


# Layers and structures: name -> (what is made of a symbol of shape (None, 4)). Their JSON is Keras's.
LIKE: dict[str, Callable[[Any, Any], Any]] = {
    "dense": lambda k, x: k.layers.Dense(3, "relu", kernel_regularizer="l2")(x),
    "by keyword": lambda k, x: k.layers.Dense(2)(inputs=x),
    "reshaped": lambda k, x: k.layers.Permute((2, 1))(k.layers.Reshape((2, -1))(x)),
    "repeated": lambda k, x: k.layers.Flatten()(k.layers.RepeatVector(3)(x)),
    "einsum": lambda k, x: k.layers.EinsumDense("ab,bc->ac", 3, bias_axes="c")(x),
    "noise": lambda k, x: k.layers.GaussianNoise(0.1)(k.layers.Dropout(0.5, seed=3)(x)),
    "recorded mode": lambda k, x: k.layers.Dropout(0.0)(x, training=True),
    "default mode": lambda k, x: k.layers.BatchNormalization()(k.layers.Dropout(0.2)(x)),
    "mask": lambda k, x: k.layers.Softmax()(x, mask=x > 0),
    "scaled": lambda k, x: k.layers.Rescaling(2.0, 1.0)(x),
    "normalized": lambda k, x: k.layers.Normalization(mean=0.5, variance=2.0)(x),
    "merged": lambda k, x: k.layers.Concatenate()([k.layers.Add()([x, x]), x]),
    "shared": lambda k, x: _twice(k.layers.Dense(4), x),
    "stack": lambda k, x: k.Sequential([k.layers.Dense(4), k.layers.ReLU()], name="s")(x),
    "model": _nested,
    "dict": lambda k, x: {"p": k.layers.Dense(1)(x), "q": x},
    "tuple": lambda k, x: (k.layers.Dense(1)(x), x),
    "list of one": lambda k, x: [x * 2],
    "operators": lambda k, x: -abs(2 * x - 1) / 3,
    "slices": lambda k, x: x[:, ::2] + x[..., :1],
    "array": lambda k, x: x * np.arange(4, dtype="float32"),
    "array first": lambda k, x: k.ops.add(np.arange(4, dtype="float32"), x),
    "concatenate": lambda k, x: k.ops.concatenate([x, x], axis=-1),
    "sum": lambda k, x: k.ops.sum(x, axis=(1,), keepdims=True),
}
# Others, which may leave settings out that have their default; both read both.
CLOSE: dict[str, Callable[[Any, Any], Any]] = {
    "mean": lambda k, x: k.ops.mean(x, axis=1),
    "mean by place": lambda k, x: k.ops.mean(x, 1, True),
    "reshape": lambda k, x: k.ops.transpose(k.ops.reshape(x, (-1, 2, 2)), (0, 2, 1)),
    "einsum": lambda k, x: k.ops.einsum("ab,ac->abc", x, x),
    "where": lambda k, x: k.ops.where(x > 0, x, 0.0),
    "stack": lambda k, x: k.ops.stack([x, x], 1),
    "split": lambda k, x: k.ops.split(x, 2, axis=1)[1],
    "cast": lambda k, x: k.ops.one_hot(k.ops.cast(k.ops.clip(x, 0, 2), "int32"), 3),
    "full": lambda k, x: k.ops.full_like(x, 3) + x,
    "pad": lambda k, x: k.ops.pad(x, ((0, 0), (1, 1))),
    "norm": lambda k, x: k.ops.layer_normalization(x, axis=-1),
    "top": lambda k, x: k.ops.top_k(x, 2)[0],
    "take": lambda k, x: k.ops.take(x, [0, 2], axis=1),
    "all": lambda k, x: k.ops.all(k.ops.isfinite(x), axis=1),
    "softmax": lambda k, x: k.ops.log_softmax(k.ops.gelu(x)),
    "product": lambda k, x: x @ np.ones((4, 2), "float32"),
    "average": lambda k, x: k.ops.average(x, axis=1),
    "repeat": lambda k, x: k.ops.roll(k.ops.repeat(x, 2, axis=1), 1, axis=1),
}


def _model(k: Any, make: Callable[[Any, Any], Any]) -> Any:
    x = k.Input((4,), name="x")
    return k.Model(x, make(k, x), name="m")


@pytest.mark.oracle
@pytest.mark.parametrize("name", LIKE)
def test_the_json_is_keras_s(name: str, keras: Any) -> None:
    alike(lambda k: json.loads(_model(k, LIKE[name]).to_json()), keras)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*LIKE, *(f"op {n}" for n in CLOSE)])
def test_each_reads_the_other_s(name: str, keras: Any, rng: Any) -> None:
    make = CLOSE[name[3:]] if name.startswith("op ") else LIKE[name]
    x = rng.normal(size=(2, 4)).astype("float32")

    def leaves(model: Any) -> list[Any]:
        return [np.asarray(y) for y in narae.base.trees.flatten(model(x))]

    theirs, ours = _model(keras, make), _model(narae, make)
    ours.set_weights(theirs.get_weights())
    wanted = leaves(theirs)
    read = narae.models.model_from_json(theirs.to_json())
    back = keras.models.model_from_json(ours.to_json())
    again = narae.models.model_from_json(ours.to_json())
    for model in (read, back, again):
        model.set_weights(theirs.get_weights())
    for model in (ours, read, back, again):
        for got, want in zip(leaves(model), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert again.to_json() == ours.to_json()


@pytest.mark.oracle
def test_masks_that_keras_writes_as_operations_are_read(keras: Any) -> None:
    class Shown(keras.layers.Layer):
        supports_masking = True

        def call(self, x: Any, mask: Any = None) -> Any:
            return (
                x if mask is None else x * keras.ops.expand_dims(keras.ops.cast(mask, x.dtype), -1)
            )

    class Ours(narae.layers.Layer):
        supports_masking = True

        def call(self, x: Any, mask: Any = None) -> Any:
            return (
                x if mask is None else x * narae.ops.expand_dims(narae.ops.cast(mask, x.dtype), -1)
            )

    x = keras.Input((3, 1))
    dense = keras.layers.Dense(1, bias_initializer="ones")
    theirs = keras.Model(x, Shown()(dense(keras.layers.Masking()(x))))
    written = json.loads(theirs.to_json())
    assert "NotEqual" in {row["class_name"] for row in written["config"]["layers"]}
    ours = narae.models.model_from_json(json.dumps(written), custom_objects={"Shown": Ours})
    ours.set_weights(theirs.get_weights())
    data = np.array([[[1.0], [0.0], [2.0]]], "float32")
    np.testing.assert_allclose(ours(data).numpy(), np.asarray(theirs(data)), rtol=1e-6)


def test_the_run_s_mode_goes_before_the_recorded_default() -> None:
    model = _model(narae, lambda k, x: k.layers.Dropout(0.5)(x))
    again = narae.models.model_from_json(model.to_json())
    x = np.ones((50, 4), "float32")
    assert 0 < (again(x, training=True).numpy() == 0).mean() < 1
    assert (again(x).numpy() == 1).all()


def test_a_subclass_with_a_graph_is_written_by_its_arguments() -> None:
    @narae.saving.register_keras_serializable("test_functional_config")
    class Graph(narae.Model):
        def __init__(self, units: int, name: str | None = None) -> None:
            x = narae.Input((4,))
            super().__init__(inputs=x, outputs=narae.layers.Dense(units)(x), name=name)

    written = json.loads(Graph(3, name="g").to_json())
    assert written["registered_name"] == "test_functional_config>Graph"
    assert written["config"]["units"] == 3
    assert "layers" not in written["config"]


@pytest.mark.oracle
def test_every_op_is_written_as_a_class_that_keras_has(keras: Any) -> None:
    import importlib

    ours = narae.ops.__all__
    names = [n for n in ours if hasattr(getattr(narae.ops, n), "__narae_public__")]
    unknown = []
    for name in names:
        if hasattr(keras.ops, name) and name not in ("abs", "conj", "jvp"):
            module = importlib.import_module(module_of(name))
            if not hasattr(module, class_name_of(name)):
                unknown.append((name, module_of(name), class_name_of(name)))
    assert not unknown
    for name in names:
        if name not in ("abs", "conj", "hard_swish", "swish"):
            assert op_of(class_name_of(name)) == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["layers"][1].update(class_name="Nonsense", module="keras.src.ops.numpy"),
            "Nonsense",
        ),
        (lambda c: c.update(output_layers=["m", 9, 0]), "there is no output"),
        (lambda c: c["layers"].pop(0), "no inputs for"),
    ],
)
def test_broken_configs_are_told(change: Any, message: str) -> None:
    config = json.loads(_model(narae, lambda k, x: x * 2).to_json())["config"]
    change(config)
    with pytest.raises(ValueError, match=message):
        narae.Model.from_config(config)


@pytest.mark.parametrize("mode", [True, False, None])
def test_the_mode_that_a_layer_was_given_comes_back(mode: bool | None) -> None:
    """Keras writes a default as if it were given: what was given, and equals it, is marked."""
    x = narae.Input((4,))
    model = narae.Model(x, narae.layers.Dropout(0.5)(x, training=mode))
    again = narae.Model.from_config(json.loads(json.dumps(model.get_config())))
    ones = np.ones((8, 4), "float32")
    for one in (model, again):
        for training in (True, False):
            drops = training if mode is None else mode
            assert ((one(ones, training=training).numpy() == 0).any()) == drops
