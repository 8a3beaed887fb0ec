"""Maps of attention hold the scores that the layers give, of any model, with the labels that were given."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import inspect, layers
from narae.base.errors import ShapeError

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 6)).astype("float32")
EXAMPLES = Path(__file__).parents[2] / "examples"


def _axes(figure: Any) -> list[Any]:
    return [axes for part in figure.subfigs for axes in part.axes]


def _images(figure: Any) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for axes in _axes(figure) for image in axes.images]


def _model() -> Any:
    i = narae.Input((5, 6))
    h = layers.MultiHeadAttention(2, 3, name="first")(i, i, use_causal_mask=True)
    h = layers.Attention(name="second")([h, i])
    return narae.Model(i, layers.GlobalAveragePooling1D()(h))


def test_maps_are_the_layers_scores(tmp_path: Path) -> None:
    model = _model()
    found = dict(inspect.attention_of(model, X))
    assert {name: s.shape for name, s in found.items()} == {
        "first": (2, 5, 5),
        "second": (1, 5, 5),
    }
    first, second = model.layers[1:3]
    outputs, scores = first(X, X, use_causal_mask=True, return_attention_scores=True)
    np.testing.assert_allclose(found["first"], scores.numpy()[0], rtol=1e-5, atol=1e-6)
    _, scores = second([outputs, X], return_attention_scores=True)
    np.testing.assert_allclose(found["second"], scores.numpy()[:1], rtol=1e-5, atol=1e-6)
    figure = inspect.plot_attention(model, X[0], path=tmp_path / "maps.png")
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")
    for picture, scores in zip(_images(figure), [*found["first"], *found["second"]], strict=True):
        np.testing.assert_allclose(picture, scores)
    assert len(_images(inspect.plot_attention(model, X, "first", most=1))) == 1


def test_to_be_looked_at_changes_nothing() -> None:
    model = _model()
    before = model.predict(X, verbose=0)
    inspect.attention_of(model, X)
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)


def test_labels_stand_at_queries_and_keys() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    words, others = list("abcde"), list("wxyz")
    figure = inspect.plot_attention(layer, [X[0], X[0, :4]], tokens=words, keys=others)
    first, second = _axes(figure)
    assert [t.get_text() for t in first.get_yticklabels()] == words
    assert [t.get_text() for t in first.get_xticklabels()] == others
    assert [t.get_text() for t in second.get_yticklabels()] == [""] * 5
    assert [axes.get_title() for axes in (first, second)] == ["head 0", "head 1"]
    with pytest.raises(ValueError, match=r"takes tokens.* 3 do not go with maps of \[5\]"):
        inspect.plot_attention(layer, X, tokens="abc")


@pytest.mark.parametrize(
    ("layer", "x", "shape"),
    [
        (lambda: layers.GroupQueryAttention(3, 4, 2), X, (4, 5, 5)),
        (lambda: layers.AdditiveAttention(), [X, X[:, :2]], (1, 5, 2)),
        (lambda: layers.MultiHeadAttention(1, 2, dropout=0.5), X, (1, 5, 5)),
        (lambda: layers.MultiHeadAttention(2, 2), RNG.normal(size=(2, 2, 3, 4)), (2, 6, 6)),
        (
            lambda: layers.MultiHeadAttention(2, 2, attention_axes=2),
            RNG.normal(size=(2, 2, 3, 4)),
            (2, 3, 3),
        ),
    ],
)
def test_all_kinds_have_maps(layer: Any, x: Any, shape: tuple[int, ...]) -> None:
    ((_, scores),) = inspect.attention_of(layer(), x)
    assert scores.shape == shape
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["transformer_encoder", "small_gpt"])
def test_layers_within_blocks_are_found(name: str) -> None:
    made = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    if name == "small_gpt":
        model, x = made["new_model"](9, 6, 8, 2, blocks=2), np.arange(6)
    else:
        model, (x, _) = made["new_model"](), made["sentences"](1, 0)
    found = inspect.attention_of(model, x)
    assert len(found) == 2
    for _, scores in found:
        np.testing.assert_allclose(scores.sum(-1)[:, 0], 1, rtol=1e-5)
    assert len(_images(inspect.plot_attention(model, x))) == sum(len(s) for _, s in found)


def test_what_has_no_maps_is_told() -> None:
    plain = narae.Sequential([narae.Input((4,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="no scores to show"):
        inspect.plot_attention(plain, np.ones(4))
    with pytest.raises(ValueError, match="Did you mean 'first'"):
        inspect.plot_attention(_model(), X, "frist")
    with pytest.raises(ValueError, match="keeps no scores with flash"):
        inspect.plot_attention(layers.MultiHeadAttention(2, 3, flash_attention=True), X)
    with pytest.raises((ShapeError, ValueError)):
        inspect.plot_attention(_model(), X[:, :, :2])
