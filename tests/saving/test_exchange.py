"""Files go both ways between narae and real Keras, optimizer state included."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.saving import load_model

_rng = np.random.default_rng(0)
X = _rng.normal(size=(40, 6)).astype("float32")
Y = _rng.normal(size=(40, 1)).astype("float32")


def _stack(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(
                8,
                "relu",
                kernel_regularizer=keras.regularizers.L2(0.01),
                kernel_constraint="max_norm",
            ),
            layers.Dropout(0.0),
            layers.LeakyReLU(),
            layers.PReLU(),
            layers.Reshape((2, 4)),
            layers.Permute((2, 1)),
            layers.Flatten(),
            layers.EinsumDense("ab,bc->ac", 5, bias_axes="c", activation="gelu"),
            layers.Rescaling(2.0, 1.0),
            layers.Activation("softplus"),
            layers.UnitNormalization(),
            layers.ActivityRegularization(l2=0.01),
            layers.Identity(),
            layers.RepeatVector(3),
            layers.Flatten(),
            layers.ELU(),
            layers.ReLU(max_value=6.0),
            layers.Softmax(),
            layers.Dense(1),
        ]
    )
    model.compile("rmsprop", "mse", metrics=["mae"])
    return model


def _noise(keras: Any) -> Any:
    layers = keras.layers
    noisy = [
        *(layers.Dropout(0.5), layers.GaussianNoise(0.1), layers.GaussianDropout(0.1)),
        *(
            layers.AlphaDropout(0.1),
            layers.Reshape((2, 3)),
            layers.SpatialDropout1D(0.2),
            layers.Flatten(),
        ),
    ]
    model = keras.Sequential([keras.Input((6,)), *noisy, layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _graph(keras: Any) -> Any:
    layers = keras.layers
    i, j = keras.Input((6,), name="i"), keras.Input((6,), name="j")
    shared = layers.Dense(4, name="shared")
    a, b = shared(i), shared(j)
    merged = [
        layer([a, b])
        for layer in (
            layers.Add(),
            layers.Subtract(),
            layers.Maximum(),
            layers.Minimum(),
            layers.Average(),
            layers.Multiply(),
        )
    ]
    u = layers.Concatenate()(merged)
    w = (u * 2.0 + 1.0 - keras.ops.mean(u, axis=1, keepdims=True))[:, :3]
    out = layers.Dense(1, name="o")(layers.Concatenate()([w, layers.Dot(axes=1)([a, b])]))
    model = keras.Model([i, j], out)
    model.compile("adam", "mse")
    return model


def _nested(keras: Any) -> Any:
    inner = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "relu")], name="inner")
    i = keras.Input((6,))
    model = keras.Model(i, keras.layers.Dense(1)(inner(i) + inner(i * 2)))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


def _normalized(keras: Any) -> Any:
    layer = keras.layers.Normalization()
    layer.adapt(X)
    model = keras.Sequential([keras.Input((6,)), layer, keras.layers.Dense(1)])
    model.compile("adamw", "mse")
    return model


def _scheduled(keras: Any) -> Any:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    model = keras.Sequential([keras.layers.Dense(4, "gelu"), keras.layers.Dense(1)])
    model.compile(
        keras.optimizers.Nadam(schedule), "mse", metrics=[keras.metrics.MeanAbsoluteError(), "mse"]
    )
    return model


def _images(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(64),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2"),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(2, depth_multiplier=2, data_format="channels_first"),
            layers.GroupNormalization(4, axis=1),
            layers.SeparableConv2D(3, 2, activation="tanh"),
            layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
            layers.LayerNormalization(axis=(1, 3)),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.ZeroPadding2D(((1, 0), (2, 1))),
            layers.Cropping2D(1),
            layers.AveragePooling2D(2, padding="same"),
            layers.AdaptiveMaxPooling2D(2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    return model


def _steps(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6,))
    h = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)(layers.Reshape((6, 1))(i))
    h = layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 2.0})(h)
    h = layers.Conv1D(4, 2, groups=2)(h)
    h = layers.RMSNormalization()(layers.Conv1DTranspose(3, 2, 2, output_padding=1)(h))
    h = layers.UpSampling1D(2)(layers.DepthwiseConv1D(2)(h))
    h = layers.SeparableConv1D(4, 3)(layers.Cropping1D((1, 0))(layers.ZeroPadding1D(2)(h)))
    a, b = layers.MaxPooling1D(3, 2, "same")(h), layers.AveragePooling1D(3, 2, "same")(h)
    h = layers.GlobalMaxPooling1D()(layers.AdaptiveAveragePooling1D(3)(layers.Add()([a, b])))
    h = layers.Conv3D(2, 2)(layers.ZeroPadding3D()(layers.Reshape((2, 2, 1, 1))(h)))
    h = layers.MaxPooling3D((1, 2, 1))(layers.Conv3DTranspose(2, 2)(h))
    h = layers.AveragePooling3D(2)(layers.UpSampling3D((1, 1, 2))(layers.Cropping3D((1, 0, 0))(h)))
    model = keras.Model(i, layers.Dense(1)(layers.GlobalAveragePooling3D(keepdims=True)(h)))
    model.compile("sgd", "mse")
    return model


def _spectral(keras: Any) -> Any:
    inside = keras.layers.SpectralNormalization(keras.layers.Dense(4), power_iterations=2)
    model = keras.Sequential([keras.Input((6,)), inside, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _sequences(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6,))
    h = layers.Masking()(layers.Reshape((3, 2))(i))
    h = layers.TimeDistributed(layers.Dense(3, "relu"))(h)
    h = layers.Bidirectional(layers.LSTM(2, return_sequences=True), merge_mode="sum")(h)
    back = layers.SimpleRNN(2, go_backwards=True)
    h = layers.Bidirectional(layers.GRU(2), backward_layer=back)(h)
    lines = layers.ConvLSTM1D(2, 2, padding="same", return_sequences=True)
    g = layers.TimeDistributed(layers.Flatten())(lines(layers.Reshape((3, 2, 1))(i)))
    h = layers.Concatenate()([h, layers.Flatten()(g)])
    model = keras.Model(i, layers.Dense(1)(h))
    model.compile("sgd", "mse")
    return model


def _recurrent(keras: Any) -> Any:
    layers = keras.layers
    cells = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False), layers.SimpleRNNCell(4)]
    i = keras.Input((6,))
    h = layers.Reshape((3, 2))(i)
    h, *states = layers.LSTM(3, return_sequences=True, return_state=True, dropout=0.0)(h)
    h = layers.LSTM(3, unit_forget_bias=False, return_sequences=True)(h, initial_state=states)
    h = layers.GRU(4, go_backwards=True, return_sequences=True, recurrent_regularizer="l2")(h)
    h = layers.SimpleRNN(3, "relu", return_sequences=True, unroll=True)(h)
    h = layers.RNN(cells, return_sequences=True)(h)
    model = keras.Model(i, layers.Dense(1)(layers.RNN(layers.GRUCell(3, use_bias=False))(h)))
    model.compile("sgd", "mse")
    return model


def _attention(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6,))
    h = layers.Reshape((3, 2))(i)
    h = layers.MultiHeadAttention(2, 3, use_gate=True)(h, h, use_causal_mask=True)
    h = layers.GroupQueryAttention(3, 4, 2, sliding_window=2)(h, h)
    h = layers.Attention(use_scale=True, score_mode="concat")([h, layers.Masking()(h)])
    h = layers.AdditiveAttention(use_scale=True)([h, h])
    out = layers.MultiHeadAttention(1, 2, output_shape=(2, 2), attention_axes=1)(h, h)
    model = keras.Model(i, layers.Dense(1)(layers.Flatten()(out)))
    model.compile("sgd", "mse")
    return model


MODELS = {
    f.__name__.strip("_"): f
    for f in (
        *(_stack, _noise, _graph, _nested, _normalized, _scheduled, _images, _steps, _spectral),
        *(_sequences, _recurrent, _attention),
    )
}


def _inputs(name: str) -> Any:
    return [X, 2 * X] if name == "graph" else X


def _train(model: Any, name: str) -> list[float]:
    return model.fit(_inputs(name), Y, epochs=2, batch_size=20, shuffle=False, verbose=0).history[
        "loss"
    ]


def _datasets(path: Path) -> list[tuple[str, tuple[int, ...]]]:
    import h5py

    found: list[tuple[str, tuple[int, ...]]] = []
    with h5py.File(io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5"))) as file:
        file.visititems(
            lambda n, o: found.append((n, o.shape)) if isinstance(o, h5py.Dataset) else None
        )
    return found


@pytest.mark.oracle
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("writer", ["keras", "narae"])
def test_a_model_written_by_one_goes_on_in_the_other(
    name: str, writer: str, keras: Any, tmp_path: Path
) -> None:
    source = MODELS[name](keras if writer == "keras" else narae)
    _train(source, name)
    path = tmp_path / "model.keras"
    source.save(path)
    copy = load_model(path) if writer == "keras" else keras.saving.load_model(path)
    x = _inputs(name)
    np.testing.assert_allclose(
        copy.predict(x, verbose=0), source.predict(x, verbose=0), rtol=1e-4, atol=1e-5
    )
    if name not in (
        "noise",
        "spectral",
    ):  # Keras on JAX goes on from the kernel before normalization
        np.testing.assert_allclose(_train(copy, name), _train(source, name), rtol=1e-4)


@pytest.mark.oracle
@pytest.mark.parametrize("name", MODELS)
def test_weights_lie_where_keras_puts_them(name: str, keras: Any, tmp_path: Path) -> None:
    for module, file in ((keras, "keras.keras"), (narae, "narae.keras")):
        model = MODELS[name](module)
        _train(model, name)
        model.save(tmp_path / file)
    assert _datasets(tmp_path / "narae.keras") == _datasets(tmp_path / "keras.keras")


@pytest.mark.parametrize("name", MODELS)
def test_saving_then_loading_is_the_identity(name: str, tmp_path: Path) -> None:
    model = MODELS[name](narae)
    _train(model, name)
    model.save(tmp_path / "a.keras")
    copy = load_model(tmp_path / "a.keras")
    for a, b in zip(model.weights, copy.weights, strict=True):
        assert a.name == b.name
        assert (a.numpy() == b.numpy()).all()
    for a, b in zip(model.optimizer.variables, copy.optimizer.variables, strict=True):
        assert (a.numpy() == b.numpy()).all()
    copy.save(tmp_path / "b.keras")
    first, second = (
        json.loads(zipfile.ZipFile(tmp_path / f).read("config.json"))
        for f in ("a.keras", "b.keras")
    )
    assert first == second


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["stack", "graph", "nested", "recurrent"])
def test_weights_alone_go_both_ways(name: str, keras: Any, tmp_path: Path) -> None:
    ours, theirs = MODELS[name](narae), MODELS[name](keras)
    for source, target, file in ((ours, theirs, "n"), (theirs, ours, "k")):
        source.set_weights([w + 0.1 for w in source.get_weights()])
        source.save_weights(tmp_path / f"{file}.weights.h5")
        target.load_weights(tmp_path / f"{file}.weights.h5")
        for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@narae.saving.register_keras_serializable("tests")
class Blocks(narae.Model):
    """A model of one's own: layers as attributes, in a list and in a dict, and a variable."""

    def __init__(self, width: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.second = narae.layers.Dense(1)
        self.first = narae.layers.Dense(width)
        self.blocks = [narae.layers.Dense(width), narae.layers.Dense(width)]
        self.table = {"a": narae.layers.Dense(width)}
        self.scale = self.add_weight((1,), "ones", name="scale")

    def call(self, x: Any) -> Any:
        x = self.table["a"](self.first(x))
        for block in self.blocks:
            x = block(x)
        return self.second(x) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


def test_a_registered_model_of_one_s_own_is_saved_and_loaded(tmp_path: Path) -> None:
    model = Blocks(4)
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "own.keras")
    copy = load_model(tmp_path / "own.keras")
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    assert len(copy.weights) == 11
