"""Laws of attention: scores are shares, what is masked has none, the future is not seen; roads to one result agree."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.saving.tree import parts

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 5, 6)).astype("float32"), RNG.normal(size=(2, 4, 6)).astype("float32")
LAYERS: dict[str, Any] = {
    "heads": lambda **o: layers.MultiHeadAttention(2, 3, **o),
    "groups": lambda **o: layers.GroupQueryAttention(3, 4, 2, **o),
}
LISTED: dict[str, Any] = {
    "dot": lambda **o: layers.Attention(use_scale=True, **o),
    "concat": lambda **o: layers.Attention(score_mode="concat", **o),
    "additive": lambda **o: layers.AdditiveAttention(**o),
}


def called(name: str, layer: Any, query: Any, value: Any, **call: Any) -> Any:
    return layer([query, value], **call) if name in LISTED else layer(query, value, **call)


def made(name: str, **options: Any) -> Any:
    return {**LAYERS, **LISTED}[name](**options)


@pytest.mark.parametrize("name", [*LAYERS, *LISTED])
def test_scores_are_shares_of_what_is_seen(name: str) -> None:
    _, scores = called(name, made(name), X, X, use_causal_mask=True, return_attention_scores=True)
    np.testing.assert_allclose(scores.numpy().sum(-1), 1, rtol=1e-6)
    future = np.triu(np.ones((5, 5), bool), 1)
    assert (scores.numpy()[..., future] == 0).all()
    assert (scores.numpy()[..., ~future] > 0).all()


@pytest.mark.parametrize("name", [*LAYERS, *LISTED])
def test_outputs_with_and_without_scores_are_the_same(name: str) -> None:
    layer = made(name)
    mask = [np.array([[True] * 3 + [False], [True] * 4])]
    for causal, masked in itertools.product((False, True), repeat=2):
        given = {"mask": [None, *mask]} if name in LISTED else {"value_mask": mask[0]}
        call = {"use_causal_mask": causal, **(given if masked else {})}
        apart = called(name, layer, X, Y, **call)
        with_scores, _ = called(name, layer, X, Y, return_attention_scores=True, **call)
        np.testing.assert_allclose(apart.numpy(), with_scores.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*LAYERS, *LISTED])
def test_what_comes_later_changes_nothing_before(name: str) -> None:
    layer = made(name)
    later = np.where(np.arange(5)[:, None] < 3, X, -X)
    for call in ({}, {"return_attention_scores": True}):
        both = [called(name, layer, x, x, use_causal_mask=True, **call) for x in (X, later)]
        first, second = (y[0] if call else y for y in both)
        np.testing.assert_array_equal(first.numpy()[:, :3], second.numpy()[:, :3])
        assert (first.numpy()[:, 3:] != second.numpy()[:, 3:]).any()


@pytest.mark.parametrize("name", LAYERS)
def test_a_window_is_as_wide_as_it_says(name: str) -> None:
    layer = made(name, sliding_window=2)
    for causal in (False, True):
        scores = layer(X, X, use_causal_mask=causal, return_attention_scores=True)[1].numpy()
        steps = np.arange(5)[:, None] - np.arange(5)
        near = (steps < 2) & (steps >= 0) if causal else np.abs(steps) < 2
        assert ((scores > 0) == near).all()


@pytest.mark.parametrize("name", [*LAYERS, *LISTED])
def test_scores_are_dropped_in_training_alone_and_each_time_others(name: str) -> None:
    layer = made(name, dropout=0.5, seed=1)
    plain = called(name, layer, X, Y, return_attention_scores=True)[0].numpy()
    np.testing.assert_allclose(called(name, layer, X, Y).numpy(), plain, rtol=1e-5, atol=1e-6)
    first, second = (called(name, layer, X, Y, training=True).numpy() for _ in range(2))
    assert (first != plain).any()
    assert (first != second).any()
    again = made(name, dropout=0.5, seed=1)
    called(name, again, X, Y)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(called(name, again, X, Y, training=True).numpy(), first)


def test_one_head_is_attention_over_its_projections() -> None:
    layer = layers.MultiHeadAttention(1, 6, use_bias=False)
    layer.build(X.shape, Y.shape)
    eye = np.eye(6, dtype="float32")
    layer.set_weights([eye[:, None], eye[:, None], eye[:, None], eye[None]])
    plain = layers.Attention()([ops.multiply(X, 6**-0.5), Y])
    np.testing.assert_allclose(layer(X, Y).numpy(), plain.numpy(), rtol=1e-5, atol=1e-6)


def test_groups_are_heads_whose_keys_are_repeated() -> None:
    groups, heads = layers.GroupQueryAttention(3, 4, 2), layers.MultiHeadAttention(4, 3)
    groups(X, Y)
    heads(X, Y)
    repeated = [
        np.repeat(w, 2, axis=-2) if w.shape[-2:] == (2, 3) else w for w in groups.get_weights()
    ]
    heads.set_weights(repeated)
    np.testing.assert_allclose(groups(X, Y).numpy(), heads(X, Y).numpy(), rtol=1e-5, atol=1e-6)


def test_masks_of_heads_and_of_sequences_meet() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    of_heads = RNG.random((2, 2, 5, 4)) < 0.7
    of_heads[..., 0] = True
    of_values = np.array([[True, True, False, False], [True] * 4])
    scores = layer(
        X, Y, attention_mask=of_heads, value_mask=of_values, return_attention_scores=True
    )[1]
    assert ((scores.numpy() > 0) == (of_heads & of_values[:, None, None])).all()


def test_masks_of_several_axes() -> None:
    """A sequence's mask (B, T1, T2) goes with attention over both axes."""
    layer = layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))
    x = RNG.normal(size=(2, 2, 3, 6)).astype("float32")
    mask = RNG.random((2, 2, 3)) < 0.6
    mask[:, 0, 0] = True
    scores = layer(x, x, value_mask=mask, return_attention_scores=True)[1].numpy()
    assert ((scores > 0) == mask[:, None, None, None]).all()
    with pytest.raises(ValueError, match="one axis"):
        layer(x, x, use_causal_mask=True)


def test_a_subclass_computes_attention_in_its_own_way() -> None:
    seen: list[Any] = []

    class Own(layers.MultiHeadAttention):
        def _compute_attention(  # as subclasses were written before causal masks went apart
            self,
            query: Any,
            key: Any,
            value: Any,
            attention_mask: Any = None,
            training: Any = None,
            return_attention_scores: bool = False,
        ) -> Any:
            seen.append(attention_mask)
            return super()._compute_attention(
                query, key, value, attention_mask, training, return_attention_scores
            )

    own, plain = Own(2, 3), layers.MultiHeadAttention(2, 3)
    own(X, X)
    plain(X, X)
    plain.set_weights(own.get_weights())
    for told in ({}, {"return_attention_scores": True}):
        outs = [layer(X, X, use_causal_mask=True, **told) for layer in (own, plain)]
        first, second = (out[0] if told else out for out in outs)
        np.testing.assert_allclose(first.numpy(), second.numpy(), rtol=1e-5, atol=1e-6)
        assert seen[-1].shape == (1, 5, 5)


def test_flash_attention_keeps_no_scores() -> None:
    try:
        narae.config.enable_flash_attention()
        layer = layers.MultiHeadAttention(2, 3)
        with pytest.raises(ValueError, match="dropout"):
            layers.MultiHeadAttention(2, 3, dropout=0.5)
    finally:
        narae.base.settings._values["flash_attention"] = None
    for one in (layer, layers.GroupQueryAttention(3, 4, 2, flash_attention=True)):
        with pytest.raises(ValueError, match="return_attention_scores=False"):
            one(X, Y, return_attention_scores=True)


REFUSED: list[tuple[Any, str]] = [
    (lambda: layers.MultiHeadAttention(0, 3), "argument `num_heads`.*got 0"),
    (lambda: layers.MultiHeadAttention(2, 1.5), "argument `key_dim`.*got 1.5"),
    (lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), "sliding_window"),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=2.0), r"dropout.*\[0, 1\]"),
    (lambda: layers.MultiHeadAttention(2, 3)(X, Y, X), "must be equal"),
    (lambda: layers.MultiHeadAttention(2, 3, attention_axes=4)(X, Y), "attention_axes=.4"),
    (
        lambda: layers.MultiHeadAttention(2, 3)(X, Y, attention_mask=np.ones((3, 3))),
        "(broadcast|mask)",
    ),
    (lambda: layers.MultiHeadAttention(2, 3)(X[:, 0], Y[:, 0]), "batch, time, features"),
    (lambda: layers.GroupQueryAttention(3, 4, 3), "divisible"),
    (lambda: layers.GroupQueryAttention(3, 4, 2)(X[:, None], Y[:, None]), "batch, time, features"),
    (lambda: layers.Attention(score_mode="foo"), "score_mode.*'foo'"),
    (lambda: layers.Attention()(X), "must be called on a list"),
    (lambda: layers.Attention()([X]), "length 2 or 3"),
    (lambda: layers.Attention()([X, Y], mask=X[..., 0]), "mask must be a list"),
    (lambda: layers.AdditiveAttention()([X, Y], mask=[X]), "length 2 or 3"),
]


@pytest.mark.parametrize(("code", "words"), REFUSED)
def test_what_is_refused(code: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        code()


def test_a_file_has_what_is_held_under_the_name_that_shows_it() -> None:
    """`query_dense` is a property: Keras writes its place, and not `_query_dense`."""
    i = narae.Input((5, 6))
    layer = layers.MultiHeadAttention(2, 3, use_gate=True)
    model = narae.Model(i, layer(i, i))
    below = {
        path.rsplit("/", 1)[1]
        for path, part in parts(model)
        if isinstance(part, layers.EinsumDense)
    }
    assert below == {"query_dense", "key_dense", "value_dense", "output_dense", "_gate_dense"}


def test_a_batch_of_unknown_lengths_attends() -> None:
    i, j = narae.Input((None, 6)), narae.Input((None, 6))
    layer = layers.MultiHeadAttention(2, 3)
    model = narae.Model([i, j], layer(i, j, use_causal_mask=True))
    for x, y in ((X, Y), (X[:, :2], Y[:, :3])):
        wanted = layer(x, y, use_causal_mask=True).numpy()
        np.testing.assert_allclose(model.predict([x, y], verbose=0), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["GroupQueryAttention", "GroupedQueryAttention"])
def test_both_names_of_groups_are_read(name: str) -> None:
    """Keras writes the first, and the second in whole models in HDF5."""
    layer = layers.GroupQueryAttention(3, 4, 2)
    written = layers.serialize(layer)
    assert written["class_name"] == "GroupQueryAttention"
    again = layers.deserialize({**written, "class_name": name})
    assert again.get_config() == layer.get_config()
