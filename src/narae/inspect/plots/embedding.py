"""A layer's output in two dimensions: what lies near what, for the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.errors import ShapeError, unknown_name
from narae.base.files import PathLike
from narae.base.types import TensorLike, Tensors
from narae.drawing.figures import finished, new_figure, palette
from narae.inspect.plots.tsne import STEPS, Descent
from narae.inspect.plots.weights import outputs_of

if TYPE_CHECKING:
    from narae.layers.base import Layer
    from narae.models.model import Model

_MOST = 1000  # samples of an exact t-SNE: its work grows with their square


def embed(
    model: Model | None, x: Tensors, layer: Layer | str | None = None, method: str = "pca"
) -> np.ndarray:
    """A layer's output for each sample, in two dimensions: (n, 2).

    Both methods give the same points for the same data each time.

    Args:
        model: a model; None to embed the array x itself.
        x: a batch, (n, ...).
        layer: a layer of the model, or its name; None for the one before the last.
        method: "pca", the two directions in which the outputs vary most, each so turned that its largest part is
            positive; "tsne", neighbours beside each other, distances without meaning (exact, for at most 1000
            samples).

    Returns: points, (n, 2).

    Raises:
        ValueError: the method or layer is not known, or there are too many samples for "tsne".

    Source: van der Maaten and Hinton 2008, for t-SNE.

    >>> found = embed(None, np.array([[0.0, 0.0], [0.0, 4.0], [1.0, 2.0], [-1.0, 2.0]]))
    >>> np.abs(found).round(3).tolist()
    [[2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    if method not in _METHODS:
        raise unknown_name("method of embed", method, _METHODS)
    rows = np.asarray(x) if model is None else _outputs(model, x, layer)
    rows = rows.reshape(len(rows), -1).astype(np.float64)
    return _METHODS[method](rows)


def plot_embedding(
    points: TensorLike,
    y: TensorLike | None = None,
    path: PathLike | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """Points coloured by their classes.

    Args:
        points: (n, 2), as `embed` gives them.
        y: classes, (n,); None for one colour.
        path: a file to write it to, whose ending names the format; None for none.
        names: of the classes; None for their numbers.

    Returns: the matplotlib Figure.

    Raises:
        ShapeError: the lengths differ.

    >>> figure = plot_embedding(np.eye(2), [0, 1])
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['0', '1']
    """
    points = np.asarray(points)
    labels = None if y is None else np.asarray(y).reshape(-1)
    wrong = labels is not None and len(labels) != len(points)
    if points.ndim != 2 or points.shape[1] != 2 or wrong:
        raise ShapeError(
            f"plot_embedding takes points (n, 2) and n classes, got {points.shape} and "
            f"{'none' if labels is None else len(labels)}"
        )
    figure = new_figure(6.4, 5.4)
    axes = figure.subplots()
    if labels is None:
        axes.scatter(points[:, 0], points[:, 1], s=9, alpha=0.7)
    else:
        colours = palette("tab10" if len(np.unique(labels)) <= 10 else "tab20")
        for i, label in enumerate(np.unique(labels)):
            of = points[labels == label]
            name = str(label) if names is None else names[int(label)]
            colour = colours(i % 20)
            axes.scatter(of[:, 0], of[:, 1], s=9, alpha=0.7, color=colour, label=name)
        axes.legend(markerscale=2, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{len(points):,} samples")
    return finished(figure, path)


def _outputs(model: Model, x: Tensors, layer: Layer | str | None) -> np.ndarray:
    if layer is None:
        every = outputs_of(model, x)
        return every[-2 if len(every) > 1 else -1][1]
    return outputs_of(model, x, [layer])[0][1]


@dataclass(frozen=True)
class Principal:
    """The first two principal components of rows: their middle, the two directions (2, d), and which share of all
    variance lies along each."""

    middle: np.ndarray
    directions: np.ndarray
    shares: tuple[float, float]

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Where rows (n, d) lie, those of the data or new ones: (n, 2)."""
        found = (rows - self.middle) @ self.directions.T
        return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def principal(rows: np.ndarray) -> Principal:
    """The two directions in which rows (n, d) vary most, each so turned that its largest part is positive: the
    covariances' eigenvectors, by way of the products of rows where these are fewer.

    >>> found = principal(np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 1.0], [-1.0, 1.0]]))
    >>> [round(share, 3) for share in found.shares], found.middle.tolist()
    ([0.5, 0.5], [0.0, 1.0])
    """
    middle = rows.mean(axis=0)
    centred = rows - middle
    wide = rows.shape[1] > len(rows)
    values, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    first = vectors[:, :-3:-1]
    two = (centred.T @ first if wide else first).T
    sizes = np.linalg.norm(two, axis=1, keepdims=True)
    two = np.divide(two, sizes, out=np.zeros_like(two), where=sizes > 1e-9 * sizes.max(initial=0))
    largest = np.abs(two).argmax(axis=1)
    # a direction and its opposite are the same: the sign is a choice
    two = two * np.where(two[np.arange(len(two)), largest] < 0, -1, 1)[:, None]
    values = np.maximum(values, 0)
    variance = np.pad(values[::-1], (0, 2)) / max(float(values.sum()), 1e-300)
    return Principal(middle, two, (float(variance[0]), float(variance[1])))


def _pca(rows: np.ndarray) -> np.ndarray:
    return principal(rows).place(rows)


def _tsne(rows: np.ndarray) -> np.ndarray:
    """Exact t-SNE from the first two principal components."""
    if len(rows) > _MOST:
        raise ValueError(
            f"an exact t-SNE of {len(rows):,} samples: take at most {_MOST:,}, or method='pca'"
        )
    if len(rows) < 4:
        return _pca(rows)
    descent = Descent(rows, _pca(rows))
    descent.advance(STEPS)
    return descent.points


_METHODS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"pca": _pca, "tsne": _tsne}
