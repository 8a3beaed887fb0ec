"""Training curves, and what the gap between them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from narae.base.files import PathLike
from narae.callbacks import History


def plot_history(
    history: History | Mapping[str, Sequence[float]], path: PathLike | None = None
) -> Any:
    """Each metric over the epochs, training against validation.

    Args:
        history: what `fit` gives, or its `.history` dict.
        path: a file to write it to, whose ending names the format; None for none.

    Returns: the matplotlib Figure.

    Raises:
        ValueError: the history is empty.

    >>> figure = plot_history({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
    >>> [ax.get_title() for ax in figure.axes]
    ['loss']
    """
    if not isinstance(history, History):
        curves, history = history, History()
        history.history = {name: list(values) for name, values in curves.items()}
    return history.plot(path)


def overfitting_sentence(train: float, test: float) -> str:
    """What the gap between two accuracies says.

    Args:
        train: accuracy on the training data, a share in [0, 1].
        test: accuracy on the test data.

    Returns: a sentence.

    >>> overfitting_sentence(0.99, 0.979)
    'training accuracy is 1.1 points above test accuracy: some overfitting, as is usual; more epochs would widen it.'
    """
    gap = 100 * (train - test)
    if gap < 0.2:
        return (
            f"training and test accuracy differ by {abs(gap):.1f} points: no overfitting; a larger model or more "
            "epochs may learn more."
        )
    head = f"training accuracy is {gap:.1f} points above test accuracy"
    if gap < 2:
        return f"{head}: some overfitting, as is usual; more epochs would widen it."
    return f"{head}: overfitting. Fewer epochs, Dropout, weight regularization or more data would help."
