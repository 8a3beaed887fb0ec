"""Bidirectional: what narae has beyond Keras, and laws of both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import layers, ops

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def test_it_begins_with_the_weights_that_are_given() -> None:
    first = layers.Bidirectional(layers.GRU(2))
    first.build(X.shape)
    again = layers.Bidirectional(layers.GRU(2), weights=first.get_weights())
    np.testing.assert_array_equal(again(X), first(X))
    with pytest.raises(ValueError, match="weights"):
        layers.Bidirectional(layers.GRU(2), weights=first.get_weights()[:4]).build(X.shape)


def test_the_way_back_is_the_way_there_of_the_turned_sequence() -> None:
    layer = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode=None)
    layer.build(X.shape)
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    there, back = layer(X)
    turned, _ = layer(X[:, ::-1].copy())
    np.testing.assert_allclose(back, turned.numpy()[:, ::-1], rtol=1e-5, atol=1e-6)
    assert abs(there.numpy() - back.numpy()).max() > 0.01


def test_cells_and_functions_of_ones_own_need_no_registration() -> None:
    class Sums(layers.Layer):
        def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.factor, self.state_size = factor, 3

        def call(self, x: Any, states: Any) -> Any:
            total = states[0] + self.factor * x
            return total, [total]

        def get_config(self) -> Any:
            return {**super().get_config(), "factor": self.factor}

    def twice(x: Any) -> Any:
        return 2 * x

    sums = layers.Bidirectional(layers.RNN(Sums(0.5)), merge_mode="ave")(X)
    np.testing.assert_allclose(sums, X.sum(1) / 2, rtol=1e-5, atol=1e-6)
    stacked = layers.Bidirectional(layers.RNN([Sums(), layers.GRUCell(2, activation=twice)]))
    assert stacked(X).shape == (2, 4)
    assert stacked.backward_layer.cell.cells[1].activation is twice
    assert stacked.backward_layer.cell is not stacked.forward_layer.cell


def test_the_layer_that_was_given_keeps_its_weights_and_settings() -> None:
    given = layers.GRU(2, return_sequences=True)
    wanted = given(X).numpy()
    both = layers.Bidirectional(given)
    both(X)
    assert both.forward_layer is not given
    assert not given.zero_output_for_mask
    assert both.forward_layer.zero_output_for_mask
    np.testing.assert_array_equal(given(X), wanted)


def test_halves_of_a_list_of_states_go_to_each_way() -> None:
    layer = layers.Bidirectional(layers.SimpleRNN(2, return_state=True), merge_mode=None)
    states = [ops.ones((2, 2)), -ops.ones((2, 2))]
    layer(X)
    there, back, *_ = layer(X, initial_state=states)
    one = layer.forward_layer(X, initial_state=states[:1])[0]
    other = layer.backward_layer(X, initial_state=states[1:])[0]
    np.testing.assert_allclose(there, one, rtol=1e-6)
    np.testing.assert_allclose(back, other, rtol=1e-6)
