"""Masks: what is carried, under jit as eagerly, through files, and never onto what others hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.backend import get_keras_mask, set_keras_mask

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
X[:, 2] = 0
MASK = np.array([[True, True, False], [True, False, True]])


@pytest.mark.filterwarnings("ignore:.*does not support masking")  # as in Keras
def test_a_mask_given_in_a_call_stays_with_the_call() -> None:
    model = narae.Sequential([narae.Input((3, 4)), layers.GlobalAveragePooling1D()])
    x = ops.convert_to_tensor(X)
    before = model(x).numpy()
    masked = model(x, mask=MASK).numpy()
    assert get_keras_mask(x) is None
    assert abs(masked - before).max() > 0.01
    np.testing.assert_array_equal(model(x).numpy(), before)


def test_a_mask_is_put_on_and_taken_off() -> None:
    x = ops.convert_to_tensor(X)
    set_keras_mask(x, MASK)
    assert layers.Dense(2)(x)._keras_mask.numpy().tolist() == MASK.tolist()
    assert get_keras_mask(x * 1) is None
    set_keras_mask(x, None)
    assert get_keras_mask(x) is None
    symbol = narae.Input((3, 4))
    set_keras_mask(symbol, narae.Input((3,), dtype="bool"))
    assert layers.Dense(2)(symbol)._keras_mask.shape == (None, 3)
    with pytest.raises(TypeError, match="convert_to_tensor"):
        set_keras_mask(X, MASK)  # type: ignore[arg-type]
    assert get_keras_mask(X) is None


def test_a_traced_function_passes_masks_as_an_eager_one_does() -> None:
    dense, pool = layers.Dense(2), layers.GlobalAveragePooling1D()

    def both(x: Any) -> Any:
        steps = dense(layers.Masking()(x))
        return pool(steps), steps._keras_mask

    eager, traced = both(X), narae.jit(both)(X)
    np.testing.assert_allclose(traced[0], eager[0], rtol=1e-6)
    np.testing.assert_array_equal(traced[1], eager[1])


def test_what_is_masked_has_no_part_in_numbers_and_gradients() -> None:
    start = narae.Input((None, 4))
    h = layers.Masking()(start)
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(h)
    h = layers.TimeDistributed(layers.Dense(2, "tanh"))(h)
    model = narae.Model(start, layers.Dense(1)(layers.GlobalAveragePooling1D()(h)))
    model.compile("sgd", "mse")
    longer = np.concatenate([X, np.zeros((2, 4, 4), "float32")], axis=1)
    weights = model.get_weights()
    np.testing.assert_allclose(model(longer), model(X), rtol=1e-5, atol=1e-6)
    found = []
    for x in (X, longer):
        model.set_weights(weights)
        model.train_on_batch(x, np.ones((2, 1)))
        found.append(model.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_mask_function_of_a_lambda_has_a_name_of_its_own_in_files(tmp_path: Path) -> None:
    def doubled(x: Any) -> Any:
        return x * 2

    start = narae.Input((3, 4))
    h = layers.Lambda(lambda x: doubled(x), mask=lambda x, mask: mask, name="twice")(
        layers.Masking()(start)
    )
    model = narae.Model(start, layers.GlobalAveragePooling1D()(h))
    path = tmp_path / "m.keras"
    model.save(path)
    with pytest.raises(ValueError, match=r"twice\.mask"):
        narae.saving.load_model(path, custom_objects={"twice": doubled})
    objects = {"twice": doubled, "twice.mask": lambda x, mask: mask}
    again = narae.saving.load_model(path, custom_objects=objects)
    np.testing.assert_array_equal(again(X), model(X))


@pytest.mark.parametrize("training", [False, True])
def test_steps_of_a_layer_that_mixes_rows_are_the_same_traced_and_eagerly(training: bool) -> None:
    made = []
    for run in (lambda f: f, narae.jit):
        inner = layers.BatchNormalization(momentum=0.5)
        layer = layers.TimeDistributed(inner)
        layer.build(X.shape)
        out = run(lambda x, layer=layer: layer(x, training=training))(X)
        made.append([np.asarray(out), *inner.get_weights()])
    for a, b in zip(*made, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_steps_are_rows_of_one_batch_where_rows_do_not_meet() -> None:
    norm, dense = layers.BatchNormalization(), layers.Dense(2)
    inside = narae.Sequential([layers.Conv2D(2, 2), layers.Flatten(), dense])
    shapes: dict[str, tuple[Any, tuple[int, ...], bool, set[str]]] = {
        "a product": (layers.Dense(3), (2, 3, 4), True, {"rows"}),
        "a loop": (layers.LSTM(3), (2, 3, 4, 5), True, {"rows"}),
        "a model": (inside, (2, 3, 4, 4, 1), True, {"rows"}),
        "two axes of steps": (
            layers.TimeDistributed(layers.Dense(2)),
            (2, 3, 4, 5),
            True,
            {"rows"},
        ),
        "statistics that are kept": (norm, (2, 3, 4), False, {"rows"}),
        "statistics of the batch": (norm, (2, 3, 4), True, {"loop"}),
        "random numbers": (layers.Dropout(0.5), (2, 3, 4), True, {"loop"}),
    }
    for name, (inner, shape, training, ways) in shapes.items():
        layer = layers.TimeDistributed(inner)
        x = np.ones(shape, "float32")
        layer.build(shape)
        layer(x, training=training)
        assert set(layer._ways.values()) == ways, name


def test_each_step_draws_its_own_dropout() -> None:
    layer = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
    ones = np.ones((4, 3, 50), "float32")
    for run in (lambda f: f, narae.jit):
        out = np.asarray(run(lambda x: layer(x, training=True))(ones))
        kept = [(out[:, i] > 0).tobytes() for i in range(3)]
        assert len(set(kept)) == 3


def test_a_layer_that_lets_no_mask_through_says_so_once_at_the_users_line() -> None:
    def used() -> None:
        inputs = narae.Input((3,), dtype="int32")
        pooled = layers.GlobalMaxPooling1D()(layers.Embedding(9, 4, mask_zero=True)(inputs))
        model = narae.Model(inputs, layers.Dense(1)(pooled))
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 3), "int32"), np.ones((4, 1)), verbose=0)
        model(np.ones((2, 3), "int32"))

    with pytest.warns(UserWarning, match="does not support masking") as seen:
        used()
    (warning,) = seen.list
    assert warning.filename == __file__
