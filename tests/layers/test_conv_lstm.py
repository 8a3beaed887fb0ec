"""Convolutional LSTMs: laws that hold without an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops

X = np.random.default_rng(0).normal(size=(2, 4, 5, 5, 3)).astype("float32")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_layer_is_its_cell_time_for_time(data_format: str) -> None:
    x = X if data_format == "channels_last" else X.transpose(0, 1, 4, 2, 3)
    layer = layers.ConvLSTM2D(
        2, 3, strides=2, padding="same", data_format=data_format, return_sequences=True
    )
    outputs = layer(x).numpy()
    states = layer.get_initial_state(2)
    for t in range(x.shape[1]):
        h, states = layer.cell(ops.convert_to_tensor(x[:, t]), states)
        np.testing.assert_allclose(outputs[:, t], h, rtol=1e-5, atol=1e-6)


def test_of_one_place_it_is_an_lstm() -> None:
    x = X[:, :, 0, 0]
    lstm = layers.LSTM(4)
    wanted = lstm(x)
    for rank in (1, 2, 3):
        layer = getattr(layers, f"ConvLSTM{rank}D")(4, 1)
        wide = x.reshape(2, 4, *(1,) * rank, 3)
        layer.build(wide.shape)
        weights = lstm.get_weights()
        layer.set_weights([w.reshape(v.shape) for w, v in zip(weights, layer.weights, strict=True)])
        np.testing.assert_allclose(layer(wide).numpy().reshape(2, 4), wanted, rtol=1e-5, atol=1e-6)


def test_what_is_dropped_of_the_inputs_is_dropped_at_all_times() -> None:
    layer = layers.ConvLSTM1D(1, 1, dropout=0.5, seed=3, return_sequences=True, use_bias=False)
    x = np.ones((1, 3, 40, 1), "float32")
    layer.build(x.shape)
    kernel, recurrent = (np.zeros(w.shape, "float32") for w in layer.weights)
    kernel[..., 2] = 1  # the candidate alone sees the inputs
    layer.set_weights([kernel, recurrent])
    out = layer(x, training=True).numpy()[0, :, :, 0]
    assert 0 < (out[0] == 0).sum() < 40
    assert ((out == 0) == (out[0] == 0)).all()
    assert (layer(x, training=False).numpy() != 0).all()
    traced = narae.jit(lambda x: layer(x, training=True))(x).numpy()[0, :, :, 0]
    assert ((traced == 0) == (traced[0] == 0)).all()


def test_recurrent_dropout_changes_training_alone() -> None:
    layer = layers.ConvLSTM2D(2, 2, recurrent_dropout=0.5, seed=1)
    still: Any = layer(X, training=False)
    np.testing.assert_array_equal(layer(X), still)
    assert abs(layer(X, training=True).numpy() - still.numpy()).max() > 1e-3


def test_another_space_is_told() -> None:
    layer = layers.ConvLSTM2D(2, 2)
    layer(X)
    with pytest.raises(ValueError, match=r"\(5, 5, 3\)"):
        layer(X[:, :, :4])


def test_left_out_times_change_nothing() -> None:
    layer = layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True, return_state=True)
    mask = np.array([[True, False, True, False]] * 2)
    outputs, h, c = layer(X, mask=mask)
    shorter, h2, c2 = layer(X[:, ::2].copy())
    for a, b in ((h, h2), (c, c2), (outputs[:, ::2], shorter), (outputs[:, 1], outputs[:, 0])):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
