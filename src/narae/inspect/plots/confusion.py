"""The confusion matrix: which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.files import PathLike
from narae.base.types import TensorLike
from narae.drawing.figures import finished, new_figure


def confusion_matrix(
    y_true: TensorLike, y_pred: TensorLike, classes: int | None = None
) -> np.ndarray:
    """Counts by true class (rows) and predicted class (columns).

    Args:
        y_true: labels (n,), whole numbers from 0.
        y_pred: labels (n,), or probabilities (n, classes).
        classes: the number of classes; None for the largest label and one more.

    Returns: counts, (classes, classes).

    Raises:
        ShapeError: the lengths differ.
        ValueError: labels are out of range, or there are none.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0]).tolist()
    [[1, 0], [1, 1]]
    """
    true, pred = np.asarray(y_true).reshape(-1), np.asarray(y_pred)
    pred = pred.argmax(axis=1) if pred.ndim == 2 else pred.reshape(-1)
    if len(true) != len(pred):
        raise ShapeError(f"{len(true)} labels and {len(pred)} predictions: the lengths must agree")
    if not len(true):
        raise ValueError("a confusion matrix of nothing: there are no labels")
    true, pred = true.astype(np.int64), pred.astype(np.int64)
    needed = int(max(true.max(), pred.max())) + 1
    count = needed if classes is None else classes
    if min(true.min(), pred.min()) < 0 or needed > count:
        raise ValueError(
            f"labels must be in [0, {count}), got some from {true.min()} to {needed - 1}"
        )
    return np.bincount(true * count + pred, minlength=count * count).reshape(count, count)


def plot_confusion(
    matrix: np.ndarray, path: PathLike | None = None, names: Sequence[str] | None = None
) -> Any:
    """A confusion matrix as a picture: rows are true classes, shades are shares of a row.

    Args:
        matrix: counts, (classes, classes), as `confusion_matrix` gives them.
        path: a file to write it to, whose ending names the format; None for none.
        names: of the classes; None for their numbers.

    Returns: the matplotlib Figure.

    >>> plot_confusion(np.eye(3, dtype=int)).axes[0].get_ylabel()
    'true class'
    """
    count = len(matrix)
    names = [str(i) for i in range(count)] if names is None else list(names)
    figure = new_figure(max(4.0, 0.62 * count), max(3.6, 0.58 * count))
    ax = figure.subplots()
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    # the square root lets rare mistakes be seen beside the diagonal
    ax.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(matrix):
        if n:
            ax.text(
                j,
                i,
                f"{n}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share[i, j] > 0.4 else "#222",
            )
    ax.set_xticks(range(count), names)
    ax.set_yticks(range(count), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    right = np.trace(matrix) / max(matrix.sum(), 1)
    ax.set_title(f"{right:.2%} right of {matrix.sum():,}")
    return finished(figure, path)
