"""One table drives every layer's test: shapes, config, values and gradients against Keras, batches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.tables.layers import DIFFERENTIATED, LAYERS, RNG, arguments_of, floats

import narae
from narae import layers, ops
from narae.base.serialization import deserialize_keras_object, serialize_keras_object


def _pair(name: str, keras: Any) -> tuple[Any, Any, Any]:
    """The layer of both, built, with the same weights; and the inputs."""
    kind, arguments, x = LAYERS[name]
    keras.backend.clear_session(
        free_memory=False
    )  # names count from the beginning, as narae's do in each test
    ours, theirs = getattr(layers, kind)(**arguments), getattr(keras.layers, kind)(**arguments)
    wanted = theirs(*arguments_of(x))
    ours(*tensors_of(x))
    ours.set_weights(theirs.get_weights())
    return ours, theirs, wanted


def tensors_of(x: Any) -> tuple[Any, ...]:
    """The arguments of a call, as tensors."""
    return narae.tree.map_structure(ops.convert_to_tensor, arguments_of(x))


def _config(serialized: Any) -> Any:
    """Without what depends on how many layers were made before, or on when a layer without weights was built."""
    out = {k: v for k, v in serialized.items() if k != "build_config"}
    out["config"] = {k: v for k, v in serialized["config"].items() if k != "name"}
    return out


# the grid has more rows of the same, with fewer shapes for Keras to compile
@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_weights_and_configs_are_keras_s(name: str, keras: Any) -> None:
    ours, theirs, wanted = _pair(name, keras)
    x = LAYERS[name][2]
    got = ours(*tensors_of(x))
    np.testing.assert_allclose(got.numpy(), np.asarray(wanted), rtol=1e-5, atol=1e-6)
    assert [(w.path, w.shape, w.dtype, w.trainable) for w in ours.weights] == [
        (w.path, tuple(w.shape), w.dtype, w.trainable) for w in theirs.weights
    ]
    written = (serialize_keras_object(ours), keras.saving.serialize_keras_object(theirs))
    mine, other = (_config(json.loads(json.dumps(w))) for w in written)
    assert mine == other
    shapes = [w.get("build_config") for w in json.loads(json.dumps(written))]
    assert shapes[0] == shapes[1]
    read = deserialize_keras_object(written[1])
    assert _config(serialize_keras_object(read))["config"] == _config(written[0])["config"]
    back = keras.saving.deserialize_keras_object(written[0])
    assert _config(json.loads(json.dumps(keras.saving.serialize_keras_object(back)))) == other
    np.testing.assert_allclose(
        [float(v) for v in ours.losses], [float(v) for v in theirs.losses], rtol=1e-5
    )


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_symbolic_shapes_are_the_real_ones_and_keras_s(name: str, keras: Any) -> None:
    kind, arguments, x = LAYERS[name]
    shapes = []
    for module in (narae, keras):
        symbols = narae.tree.map_structure(
            lambda a, k=module: k.Input(a.shape[1:]), arguments_of(x)
        )
        out = getattr(module.layers, kind)(**arguments)(*symbols)
        shapes.append((tuple(out.shape), out.dtype))
    assert shapes[0][1] == shapes[1][1]  # where Keras leaves a length open, narae may know it
    assert all(m in (None, n) for n, m in zip(shapes[0][0], shapes[1][0], strict=True))
    real = getattr(layers, kind)(**arguments)(*tensors_of(x)).shape
    assert all(n in (None, m) for n, m in zip(shapes[0][0], real, strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_a_config_makes_the_layer_again(name: str) -> None:
    kind, arguments, x = LAYERS[name]
    layer = getattr(layers, kind)(**arguments)
    layer(*tensors_of(x))
    written = serialize_keras_object(layer)
    again = deserialize_keras_object(written)
    assert serialize_keras_object(again) == written
    if layer.weights:
        again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(*tensors_of(x)).numpy(), layer(*tensors_of(x)).numpy())


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_is_its_samples_one_by_one(name: str) -> None:
    kind, arguments, x = LAYERS[name]
    layer = getattr(layers, kind)(**arguments)
    whole = layer(*tensors_of(x)).numpy()
    for i in range(4):
        part = narae.tree.map_structure(lambda a, i=i: a[i : i + 1], tensors_of(x))
        np.testing.assert_allclose(layer(*part).numpy(), whole[i : i + 1], rtol=1e-5, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_gradients_are_jax_s(name: str, keras: Any) -> None:
    jax = pytest.importorskip("jax")
    ours, theirs, wanted = _pair(name, keras)
    x = LAYERS[name][2]
    weight = np.linspace(-1, 1, np.asarray(wanted).size).reshape(np.shape(wanted)).astype("float32")
    floating = narae.tree.flatten(x)[0].dtype.kind == "f"  # whole numbers have no gradient
    with narae.GradientTape() as tape:
        inputs = tensors_of(x)
        if floating:
            tape.watch(inputs)
        loss = ops.sum(ours(*inputs) * weight)
    watched = narae.tree.flatten(inputs) if floating else []
    got = tape.gradient(loss, [watched, list(ours.trainable_weights)])

    def objective(values: Any, inputs: Any) -> Any:
        out, _ = theirs.stateless_call(
            values, [v.value for v in theirs.non_trainable_variables], *inputs
        )
        return (out * weight).sum()

    values = [v.value for v in theirs.trainable_variables]
    # one program, not one for each part
    slopes = jax.jit(jax.grad(objective, argnums=(0, 1) if floating else (0,)))
    by_weight, *by_input = slopes(values, arguments_of(x))
    wanted_slopes = [*(np.asarray(g) for g in jax.tree.leaves(by_input)), *by_weight]
    for mine, other in zip([*got[0], *got[1]], wanted_slopes, strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (lambda: layers.Dropout(0.4, seed=1), 1.0, (0.4 / 0.6) ** 0.5),
        (lambda: layers.GaussianDropout(0.4, seed=1), 1.0, (0.4 / 0.6) ** 0.5),
        (lambda: layers.GaussianNoise(0.3, seed=1), 1.0, 0.3),
    ],
)
def test_noise_has_its_moments_in_training_and_is_absent_otherwise(
    layer: Any, mean: float, deviation: float
) -> None:
    made, x = layer(), np.ones((200, 200), "float32")
    first, second = made(x, training=True).numpy(), made(x, training=True).numpy()
    assert abs(first.mean() - mean) < 0.02
    assert abs(first.std() - deviation) < 0.02
    assert (first != second).any()
    assert (layer()(x, training=True).numpy() == first).all()
    assert (made(x).numpy() == x).all()
    assert (made(x, training=False).numpy() == x).all()


def test_spatial_dropout_drops_whole_channels() -> None:
    out = layers.SpatialDropout2D(0.5, seed=1)(
        np.ones((8, 3, 4, 16), "float32"), training=True
    ).numpy()
    per_channel = out.reshape(8, 12, 16)
    assert (per_channel == per_channel[:, :1]).all()
    assert 0.3 < (out == 0).mean() < 0.7


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = RNG.normal(size=(300, 300)).astype("float32")
    out = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert abs(out.mean()) < 0.02
    assert abs(out.std() - 1) < 0.02


@pytest.mark.oracle
@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_adapt_learns_keras_s_moments(axis: Any, keras: Any) -> None:
    data = (floats(30, 4, 5) * 3 + 2).astype("float32")
    ours, theirs = layers.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    ours.adapt(data)
    theirs.adapt(data)
    np.testing.assert_allclose(ours(data).numpy(), np.asarray(theirs(data)), rtol=1e-4, atol=1e-5)
    again = layers.Normalization(axis=axis)
    again.adapt(data[i : i + 7] for i in range(0, 30, 7))
    np.testing.assert_allclose(again(data).numpy(), ours(data).numpy(), rtol=1e-4, atol=1e-5)
