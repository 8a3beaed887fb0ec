"""Training curves, and what the gap between them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from narae.base.files import PathLike
from narae.inspect.figure import QUIET, TRAIN, VALIDATION, finished, new_figure


def plot_history(history: Any, path: PathLike | None = None) -> Any:
    """Each metric over the epochs, training against validation: a matplotlib Figure.

    history: what `fit` gives, or its `.history` dict. Raises ValueError for an empty one.

    >>> figure = plot_history({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
    >>> [ax.get_title() for ax in figure.axes]
    ['loss']
    """
    curves: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = [
        n for n in curves if not n.startswith("val_") and n != "learning_rate" and len(curves[n])
    ]
    if not names:
        raise ValueError("the history is empty: fit for one epoch at least, then plot it")
    figure = new_figure(5.2 * len(names), 4.0)
    for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw(ax, name, curves[name], curves.get(f"val_{name}"))
    return finished(figure, path)


def _draw(ax: Any, name: str, train: Sequence[float], validation: Sequence[float] | None) -> None:
    epochs = range(1, len(train) + 1)
    ax.plot(epochs, train, "o-", color=TRAIN, label="training")
    if validation is not None and len(validation) == len(train):
        ax.plot(epochs, validation, "s--", color=VALIDATION, label="validation")
        ax.fill_between(epochs, train, validation, color=QUIET, alpha=0.25, label="gap")
    ax.set_title(name)
    ax.set_xlabel("epoch")
    ax.set_ylabel(name)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()


def overfitting_sentence(train: float, test: float) -> str:
    """What the gap between two accuracies (shares in [0, 1]) says.

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
