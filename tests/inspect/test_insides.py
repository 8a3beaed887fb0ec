"""Weights, activations and embeddings: the pictures hold the numbers, the points keep what is near."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import inspect, layers
from narae.base.errors import ShapeError

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)
PNG = b"\x89PNG\r\n\x1a\n"


def _images(figure: Any) -> list[np.ndarray]:
    parts = [figure, *getattr(figure, "subfigs", [])]
    axes = {id(a): a for part in parts for a in part.axes}
    return [np.asarray(image.get_array()) for a in axes.values() for image in a.images]


def _cnn() -> Any:
    stack = [
        layers.Conv2D(4, 3, activation="relu", name="maps"),
        layers.Flatten(),
        layers.Dense(3, name="out"),
    ]
    return narae.Sequential([narae.Input((8, 8, 1)), *stack])


def test_each_picture_holds_its_units_weights(tmp_path: Path) -> None:
    dense = layers.Dense(5)
    dense.build((None, 49))
    pictures = _images(inspect.plot_weights(dense, tmp_path / "w.png"))
    kernel = dense.kernel.numpy()
    assert len(pictures) == 5
    assert all(np.allclose(p, kernel[:, i].reshape(7, 7)) for i, p in enumerate(pictures))
    assert (tmp_path / "w.png").read_bytes().startswith(PNG)
    assert len(_images(inspect.plot_weights(dense, most=2))) == 2
    conv = _cnn().layers[0]
    pictures = _images(inspect.plot_weights(_cnn()))
    assert [p.shape for p in pictures] == [(3, 3)] * 4
    assert np.allclose(_images(inspect.plot_weights(conv))[2], conv.kernel.numpy()[:, :, 0, 2])
    wide = layers.Dense(4)
    wide.build((None, 6))
    assert [p.shape for p in _images(inspect.plot_weights(wide))] == [(6, 4)]
    with pytest.raises(ValueError, match="has no kernel"):
        inspect.plot_weights(layers.Flatten())


def test_activations_are_the_layers_outputs(tmp_path: Path) -> None:
    model, x = _cnn(), RNG.normal(size=(3, 8, 8, 1)).astype("float32")
    every = dict(inspect.outputs_of(model, x))
    assert list(every) == ["maps", "flatten", "out"]
    assert np.allclose(every["maps"], model.layers[0](x), atol=1e-6)
    assert np.allclose(every["out"], model(x), atol=1e-6)
    pictures = _images(inspect.plot_activations(model, x, "maps", tmp_path / "a.png"))
    assert all(np.allclose(p, every["maps"][0, ..., i], atol=1e-6) for i, p in enumerate(pictures))
    single = _images(inspect.plot_activations(model, x[0, :, :, 0], model.layers[0], most=2))
    assert np.allclose(single, pictures[:2], atol=1e-6)
    assert len(inspect.plot_activations(model, x[0]).subfigs) == 3
    with pytest.raises(ValueError, match="Did you mean 'maps'"):
        inspect.plot_activations(model, x, "map")


def test_activations_of_what_is_no_graph_are_refused() -> None:
    class Own(narae.Model):
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(ValueError, match="no graph of layers"):
        inspect.outputs_of(Own(name="own"), np.ones((2, 3)))


@pytest.mark.parametrize("seed", range(3))
def test_principal_components_keep_a_plane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane, _ = np.linalg.qr(rng.normal(size=(9, 2)))
    flat = rng.normal(size=(40, 2)) * [3, 1]
    found = inspect.embed(None, flat @ plane.T + rng.normal(size=9))
    between = np.linalg.norm(flat[:, None] - flat, axis=-1)
    assert np.allclose(np.linalg.norm(found[:, None] - found, axis=-1), between)
    assert found[:, 0].std() > found[:, 1].std()
    turned = inspect.embed(None, -(flat @ plane.T))
    assert np.allclose(np.abs(turned), np.abs(found))


def test_the_layer_before_the_last_is_embedded() -> None:
    model, x = _cnn(), RNG.normal(size=(6, 8, 8, 1)).astype("float32")
    outputs = dict(inspect.outputs_of(model, x))
    assert np.allclose(inspect.embed(model, x), inspect.embed(None, outputs["flatten"]))
    assert np.allclose(inspect.embed(model, x, "out"), inspect.embed(None, outputs["out"]))
    with pytest.raises(ValueError, match="Unknown method of embed: 'pcs'"):
        inspect.embed(model, x, method="pcs")


def test_neighbours_stay_neighbours() -> None:
    groups = np.repeat(np.eye(4, 10) * 20, 30, axis=0) + RNG.normal(size=(120, 10))
    points = inspect.embed(None, groups, method="tsne")
    assert np.array_equal(points, inspect.embed(None, groups, method="tsne"))
    far = np.linalg.norm(points[:, None] - points, axis=-1)
    np.fill_diagonal(far, np.inf)
    assert (far.argmin(axis=1) // 30 == np.arange(120) // 30).all()
    assert np.isfinite(points).all()
    with pytest.raises(ValueError, match="at most 1,000"):
        inspect.embed(None, np.zeros((1001, 3)), method="tsne")


def test_an_embedding_is_drawn_by_class(tmp_path: Path) -> None:
    points, y = RNG.normal(size=(9, 2)), np.arange(9) % 3
    figure = inspect.plot_embedding(points, y, tmp_path / "e.png", names=["a", "b", "c"])
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["a", "b", "c"]
    assert np.allclose(axes.collections[1].get_offsets(), points[y == 1])
    assert (tmp_path / "e.png").read_bytes().startswith(PNG)
    assert len(inspect.plot_embedding(points).axes[0].collections) == 1
    with pytest.raises(ShapeError, match="takes points"):
        inspect.plot_embedding(points, y[:3])
