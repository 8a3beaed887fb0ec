"""Embedding and additions of low rank: in training, in files of Keras, after changes. What is compared case by case
stands in tests/grid/cases_embedding.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers

IDS = np.random.default_rng(0).integers(0, 7, (12, 5)).astype("int32")
Y = np.random.default_rng(1).normal(size=(12, 1)).astype("float32")


def _model(k: Any, lora: int | None = None) -> Any:
    model = k.Sequential(
        [
            k.Input((None,), dtype="int32"),
            k.layers.Embedding(7, 4, mask_zero=True, lora_rank=lora),
            k.layers.GlobalAveragePooling1D(),
            k.layers.Dense(1),
        ]
    )
    model.compile(k.optimizers.SGD(0.1), "mse")
    return model


def _numbers(model: Any) -> None:
    model.set_weights([np.cos(np.arange(w.size)).reshape(w.shape) for w in model.get_weights()])


@pytest.mark.oracle
@pytest.mark.parametrize("lora", [None, 2])
def test_training_is_keras_s(keras: Any, lora: int | None) -> None:
    ours, theirs = _model(narae, lora), _model(keras, lora)
    for model in (ours, theirs):
        _numbers(model)
        model.fit(IDS, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("file", ["m.keras", "m.weights.h5", "m.h5"])
@pytest.mark.parametrize("lora", [None, 2])
@pytest.mark.parametrize("writer", ["keras", "narae"])
def test_files_go_both_ways(
    keras: Any, file: str, lora: int | None, writer: str, tmp_path: Path
) -> None:
    source, other = (keras, narae) if writer == "keras" else (narae, keras)
    model = _model(source, lora)
    _numbers(model)
    wanted = model.predict(IDS, verbose=0)
    if file == "m.weights.h5":
        model.save_weights(tmp_path / file)
        copy = _model(other, lora)
        copy.load_weights(tmp_path / file)
    else:
        model.save(tmp_path / file)
        copy = other.saving.load_model(tmp_path / file)
    np.testing.assert_allclose(copy.predict(IDS, verbose=0), wanted, rtol=1e-5, atol=1e-6)
    assert [w.trainable for w in copy.weights] == [w.trainable for w in model.weights]


def test_a_file_has_the_sum_in_the_place_of_the_table(tmp_path: Path) -> None:
    model = _model(narae, 2)
    _numbers(model)
    model.save_weights(tmp_path / "m.weights.h5")
    plain = _model(narae)
    plain.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(plain(IDS).numpy(), model(IDS).numpy(), rtol=1e-5, atol=1e-6)
    before = model(IDS).numpy()
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(model(IDS).numpy(), before, rtol=1e-5, atol=1e-6)
    assert not model.layers[0].lora_embeddings_b.numpy().any()


def test_an_addition_trains_alone_from_the_outputs_that_were() -> None:
    model = _model(narae)
    model.fit(IDS, Y, verbose=0)
    before, table = model(IDS).numpy(), model.layers[0].embeddings.numpy()
    model.layers[0].enable_lora(2)
    np.testing.assert_array_equal(model(IDS).numpy(), before)
    model.compile("sgd", "mse")
    model.fit(IDS, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0]._embeddings.numpy(), table)
    assert model.layers[0].lora_embeddings_b.numpy().any()


def test_an_addition_is_whole_or_not_there() -> None:
    layer = layers.Embedding(7, 4)
    layer.build()
    with pytest.raises(ValueError, match="initializer"):
        layer.enable_lora(2, b_initializer="nothing")
    assert (len(layer.weights), layer.trainable_weights, layer.lora_enabled) == (
        1,
        layer.weights,
        False,
    )
    with pytest.raises(ValueError, match="positive whole rank"):
        layer.enable_lora(0)
    layer.enable_lora(2)


def test_the_alpha_of_the_constructor_counts() -> None:
    layer = layers.Embedding(7, 4, lora_rank=2, lora_alpha=6.0)
    layer.build()
    assert layer.lora_alpha == 6.0
    layer.set_weights([np.ones(w.shape) for w in layer.weights])
    assert layer(IDS).numpy()[0, 0].tolist() == [1 + 6 / 2 * 2] * 4


def test_a_reversible_one_begins_with_a_table_too() -> None:
    layer = layers.ReversibleEmbedding(2, 2, tie_weights=True, weights=np.eye(2))
    assert layer(np.array([1]), reverse=False).numpy().tolist() == [[0.0, 1.0]]
    with pytest.raises(ValueError, match="not in narae"):
        layers.ReversibleEmbedding(
            2, 2, quantization_config={"class_name": "Int8QuantizationConfig"}
        )
    with pytest.raises(ValueError, match="has shape"):
        layers.Embedding(2, 2, weights=[np.eye(2), np.eye(2)])


@pytest.mark.oracle
def test_a_frozen_variable_keeps_its_place_in_files(keras: Any, tmp_path: Path) -> None:
    for source, other in ((narae, keras), (keras, narae)):
        made = [k.Sequential([k.Input((3,)), k.layers.Dense(2)]) for k in (source, other)]
        made[0].layers[0].kernel.trainable = False
        made[0].save_weights(tmp_path / "m.weights.h5")
        made[1].load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_array_equal(made[1].get_weights()[0], made[0].get_weights()[0])
