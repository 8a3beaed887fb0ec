"""Laws of recurrent layers: a loop is its steps, sequences may come in parts, masks leave times out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.base.errors import ShapeError

_rng = np.random.default_rng(0)
X = _rng.normal(size=(4, 6, 3)).astype("float32")
Y = _rng.normal(size=(4, 1)).astype("float32")
KINDS = ("SimpleRNN", "GRU", "LSTM")
# products of three to six terms in float32, over six times
NEAR = {"rtol": 1e-5, "atol": 1e-6}


class Own(layers.Layer):
    """A cell of one's own: layers, dropout and moving statistics within it."""

    state_size = 3

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = layers.Dense(3, "tanh")
        self.drop = layers.Dropout(0.5, seed=1)
        self.norm = layers.BatchNormalization(momentum=0.5)

    def build(self, input_shape: Any) -> None:
        self.dense.build((input_shape[0], input_shape[-1] + 3))
        self.norm.build((input_shape[0], 3))

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        h = self.dense(ops.concatenate([inputs, states[0]], axis=-1))
        h = self.norm(self.drop(h, training=training), training=training)
        return h, [h]


def _twins(kind: str, *options: dict[str, Any]) -> list[Any]:
    """Layers of the same weights."""
    made = [getattr(layers, kind)(5, **{"bias_initializer": "normal", **o}) for o in options]
    for layer in made:
        layer.build(X.shape)
        layer.set_weights(made[0].get_weights())
    return made


def _numbers(outputs: Any) -> list[np.ndarray]:
    return [y.numpy() for y in narae.tree.flatten(outputs)]


def _same(a: Any, b: Any) -> None:
    for x, y in zip(_numbers(a), _numbers(b), strict=True):
        np.testing.assert_allclose(x, y, **NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_is_its_steps(kind: str) -> None:
    (layer,) = _twins(kind, {"return_sequences": True, "return_state": True})
    states, outputs = layer.get_initial_state(4), []
    for t in range(6):
        output, states = layer.cell(X[:, t], states)
        outputs.append(output)
    _same(layer(X), [ops.stack(outputs, axis=1), *states])


@pytest.mark.parametrize("kind", KINDS)
def test_backwards_is_the_turned_sequence_and_written_out_the_same(kind: str) -> None:
    both = {"return_sequences": True, "return_state": True}
    plain, back, flat = _twins(kind, both, {**both, "go_backwards": True}, {**both, "unroll": True})
    turned = X[:, ::-1].copy()
    mask = _rng.random((4, 6)) < 0.6
    for given, other in ((None, None), (mask, mask[:, ::-1].copy())):
        _same(back(X, mask=given), plain(turned, mask=other))
        _same(flat(X, mask=given), plain(X, mask=given))


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mask_leaves_out_is_not_there(kind: str) -> None:
    plain, states = _twins(kind, {}, {"return_state": True})
    lengths = np.array([6, 4, 1, 2])
    mask = np.arange(6) < lengths[:, None]
    whole = plain(X, mask=mask).numpy()
    for i, n in enumerate(lengths):
        np.testing.assert_allclose(plain(X[i : i + 1, :n]).numpy()[0], whole[i], **NEAR)
    holes = np.array([True, False, True, True, False, True])
    got = states(X, mask=np.broadcast_to(holes, (4, 6)))
    _same(got, states(X[:, holes].copy()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_may_come_in_parts(kind: str) -> None:
    whole, first = _twins(kind, *[{"return_sequences": True, "return_state": True}] * 2)
    outputs, *last = whole(X)
    early, *states = first(X[:, :2])
    late, *end = first(X[:, 2:], initial_state=states)
    _same([ops.concatenate([early, late], axis=1), *end], [outputs, *last])


@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_goes_on_where_the_batch_before_ended(
    kind: str, own_executor: str
) -> None:
    plain, layer = _twins(
        kind, {"return_sequences": True}, {"return_sequences": True, "stateful": True}
    )
    model = narae.Sequential([narae.Input(batch_shape=(4, 3, 3)), layer])
    model.compile(narae.optimizers.SGD(0.0), "mse")
    parts = [X[:, :3].copy(), X[:, 3:].copy()]
    wanted = plain(X).numpy()

    def by_predict() -> list[np.ndarray]:
        both = model.predict(np.concatenate(parts), batch_size=4, verbose=0)
        return [both[:4], both[4:]]

    def by_fit() -> list[np.ndarray]:
        model.fit(
            np.concatenate(parts), np.zeros((8, 3, 5)), batch_size=4, shuffle=False, verbose=0
        )
        return [wanted[:, :3], wanted[:, 3:5], layer.states[0].numpy()[:, None]]

    ways = [
        lambda: [layer(part).numpy() for part in parts],
        lambda: [model(part).numpy() for part in parts],
        lambda: [model.predict_on_batch(part) for part in parts],
        by_predict,
        by_fit,
    ]
    for way in ways:
        layer.reset_state()
        np.testing.assert_allclose(np.concatenate(way(), axis=1), wanted, **NEAR)
    with pytest.raises(ValueError, match="keeps states of 4 samples, got a batch size of 3"):
        model.predict(X[:3, :3], verbose=0)


def test_stacked_cells_are_stacked_layers() -> None:
    cells = [layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)]
    stack = layers.RNN(cells, return_sequences=True)
    kinds = (("LSTM", 4), ("GRU", 3), ("SimpleRNN", 2))
    one_by_one = [getattr(layers, kind)(n, return_sequences=True) for kind, n in kinds]
    mask = np.arange(6) < np.array([6, 4, 1, 2])[:, None]
    wanted = stack(X, mask=mask)
    found = X
    for layer, cell in zip(one_by_one, cells, strict=True):
        layer.build(found.shape)
        layer.set_weights(cell.get_weights())
        found = layer(found, mask=mask)
    _same(found, wanted)


def _trained(model: Any, eagerly: bool) -> list[np.ndarray]:
    model.compile("sgd", "mse", run_eagerly=eagerly)
    model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    return [*model.get_weights(), model.predict(X, verbose=0)]


STACKS: dict[str, Any] = {
    "lstm": lambda: [layers.LSTM(4, return_sequences=True, dropout=0.3, seed=1), layers.LSTM(3)],
    "gru": lambda: [
        layers.Masking(0.1),
        layers.GRU(4, go_backwards=True, return_sequences=True),
        layers.GRU(3, recurrent_dropout=0.4, seed=2, reset_after=False),
    ],
    "cells": lambda: [
        layers.RNN([layers.SimpleRNNCell(3, dropout=0.2, seed=1), layers.LSTMCell(2)])
    ],
    "own": lambda: [layers.RNN(Own())],
}


@pytest.mark.parametrize("stack", STACKS)
def test_training_is_the_same_eagerly_and_compiled(stack: str, own_executor: str) -> None:
    found = []
    for eagerly in (False, True):
        narae.utils.set_random_seed(3)
        model = narae.Sequential([narae.Input((6, 3)), *STACKS[stack](), layers.Dense(1)])
        found.append(_trained(model, eagerly))
    for a, b in zip(*found, strict=True):  # four steps of training over sums of 24 terms
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_the_same_at_each_time_and_another_in_each_batch(kind: str) -> None:
    options = {"dropout": 0.5, "recurrent_dropout": 0.4, "seed": 1, "return_sequences": True}
    layer, twin = _twins(kind, options, options)
    first, second = (layer(X, training=True).numpy() for _ in range(2))
    assert layer.cell._dropout_mask is None
    for wanted in (first, second):  # a cell keeps its masks until it is told to forget them
        states, outputs = twin.get_initial_state(4), []
        for t in range(6):
            output, states = twin.cell(X[:, t], states, training=True)
            outputs.append(output)
        twin.cell.reset_dropout_mask()
        twin.cell.reset_recurrent_dropout_mask()
        np.testing.assert_allclose(ops.stack(outputs, axis=1).numpy(), wanted, **NEAR)
    assert (first != second).any()
    np.testing.assert_array_equal(layer(X).numpy(), layer(X).numpy())


def test_masks_of_dropout_end_with_the_call_that_drew_them() -> None:
    class Failing(layers.LSTMCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            super().call(inputs, states, training)
            raise RuntimeError("no more")

    class Around(Own):
        """A cell that holds another one: its masks are drawn at each time."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.LSTMCell(3, dropout=0.5, recurrent_dropout=0.5)
            self.state_size = [3, 3]

        def build(self, input_shape: Any) -> None:
            self.inner.build(input_shape)

        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            return self.inner(inputs, states, training=training)

    layer = layers.RNN(Failing(3, dropout=0.5, recurrent_dropout=0.5))
    with pytest.raises(RuntimeError, match="no more"):
        layer(X, training=True)
    assert layer.cell._dropout_mask is None
    assert layer.cell._recurrent_dropout_mask is None
    around = layers.RNN(Around())
    for _ in range(2):
        around(X, training=True)
    assert around.cell.inner._dropout_mask is None


def test_a_cell_that_overrides_a_built_in_one_is_asked() -> None:
    class Twice(layers.LSTMCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            h, states = super().call(inputs, states, training)
            return 2 * h, states

    own, plain = layers.RNN(Twice(3)), layers.RNN(layers.LSTMCell(3))
    own.build(X.shape)
    plain.build(X.shape)
    plain.set_weights(own.get_weights())
    _same(own(X), 2 * plain(X))


@pytest.mark.parametrize("kind", KINDS)
def test_one_model_takes_all_lengths(kind: str) -> None:
    model = narae.Sequential([narae.Input((None, 3)), getattr(layers, kind)(3), layers.Dense(1)])
    assert model.output_shape == (None, 1)
    for n in (1, 2, 6):
        _same(model(X[:, :n]), model.predict(X[:, :n], verbose=0) + ops.zeros(()))


def test_no_times_leave_the_first_state() -> None:
    outputs, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(X[:, :0])
    assert outputs.shape == (4, 0, 3)
    assert not h.numpy().any()
    assert layers.GRU(3)(X[:, :0]).shape == (4, 3)
    assert c.shape == (4, 3)


def _cell(call: Any, size: Any = 3) -> Any:
    return type("Cell", (layers.Layer,), {"call": call, "state_size": size})()


REFUSED: dict[str, tuple[Any, str]] = {
    "one state of two": (
        lambda: layers.LSTM(3)(X, initial_state=[np.ones((4, 3))]),
        r"has 2 state\(s\) and was given 1",
    ),
    "one symbol of two": (
        lambda: layers.LSTM(3)(narae.Input((6, 3)), initial_state=narae.Input((3,))),
        r"has 2 state\(s\) and was given 1",
    ),
    "states of another width": (
        lambda: layers.GRU(3)(X, initial_state=np.ones((4, 2), "float32")),
        r"starts from states of \(4, 3\), got \(4, 2\)",
    ),
    "symbols of another width": (
        lambda: layers.GRU(3)(narae.Input((6, 3)), initial_state=narae.Input((2,))),
        r"starts from states of \(None, 3\), got \(None, 2\)",
    ),
    "states of other samples": (
        lambda: layers.RNN(_cell(lambda s, x, h: (x, [x])))(X, initial_state=np.ones((3, 3))),
        r"starts from states of \(4, Ellipsis\), got \(3, 3\)",
    ),
    "a mask of other times": (
        lambda: layers.LSTM(3)(X, mask=np.ones((4, 5), bool)),
        r"for each sample and time, \(4, 6\), got shape \(4, 5\)",
    ),
    "a sequence of no axis": (lambda: layers.LSTM(3)(X[0]), "ndim=3, got shape"),
    "an unknown width": (lambda: layers.GRU(3)(narae.Input((6, None))), "needs a known last axis"),
    "an unknown batch": (
        lambda: layers.GRU(3, stateful=True)(narae.Input((6, 3))),
        "is stateful, and keeps a state for each sample",
    ),
    "cuDNN": (lambda: layers.LSTM(3, use_cudnn=True)(X), "narae runs its own loop"),
    "no cell": (lambda: layers.RNN(3), "a cell has a method call"),
    "no size": (lambda: layers.RNN(_cell(None, "3")), "a cell has `state_size`"),
    "a cell of one thing": (
        lambda: layers.RNN(_cell(lambda s, x, h: x))(X),
        r"a cell's call gives \(output, new states\)",
    ),
    "a cell of more states": (
        lambda: layers.RNN(_cell(lambda s, x, h: (x, [x, x])))(X),
        "a cell gives the states that it is given, anew",
    ),
    "a mask and another width": (
        lambda: layers.RNN(_cell(lambda s, x, h: (x[:, :2], h)))(X, mask=X[..., 0] > 0),
        "zero_output_for_mask=True makes it 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_told_at_the_call(case: str) -> None:
    code, message = REFUSED[case]
    with pytest.raises((ValueError, ShapeError), match=message):
        code()
