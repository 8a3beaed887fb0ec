"""How a training went, told by its curves: it failed, learned too little, overfits, or is fine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narae.base.language import tr

FAILED, UNDERFITTING, OVERFITTING, FINE, UNKNOWN = (
    "failed",
    "underfitting",
    "overfitting",
    "fine",
    "unknown",
)
_LEARNED = 0.05  # of what there is to learn beyond the simplest answer: less is nothing
_SOME, _MUCH = 0.002, 0.02  # gaps between accuracies
_WORSE = 1.1  # validation loss above its lowest
_HIGH = 0.995  # accuracies at which there is little left to learn


@dataclass(frozen=True)
class Verdict:
    """kind: "failed", "underfitting", "overfitting", "fine"; "unknown" without an epoch. text: what is said of it."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


def verdict(
    history: Mapping[str, Sequence[float]],
    measure: str = "accuracy",
    simplest: float | None = None,
) -> Verdict:
    """How a training went.

    Args:
        history: the curves of `fit`, by name; `loss`, and with validation data `val_loss` and `val_` of the measure.
        measure: the metric that is compared, "accuracy" where more is better, else an error, where less is.
        simplest: the measure of the simplest answer, such as always the commonest class; None where it is not known.

    Returns: the verdict.

    >>> verdict({"loss": [2.3, 14.5], "accuracy": [0.1, 0.1]}, simplest=0.11).kind
    'failed'
    >>> verdict({"loss": [0.5, 0.1], "accuracy": [0.9, 0.99], "val_loss": [0.3, 0.2], "val_accuracy": [0.9, 0.98]}).kind
    'fine'
    """
    losses = list(history.get("loss", ()))
    if not losses:
        return Verdict(UNKNOWN, "")
    failed = _failed(losses, list(history.get(measure, ())), measure == "accuracy", simplest)
    if failed:
        return Verdict(FAILED, failed)
    validation = list(history.get("val_loss", ()))
    if measure != "accuracy" or not history.get(f"val_{measure}") or not history.get(measure):
        return _by_losses(losses, validation)
    return _by_accuracy(losses, validation, history[measure][-1], history[f"val_{measure}"][-1])


def _failed(
    losses: Sequence[float], measured: Sequence[float], more: bool, simplest: float | None
) -> str:
    mend = tr("a smaller learning rate, a tenth of it, usually helps; so do scaled data")
    if not all(map(math.isfinite, losses)):
        return tr("training failed: the loss is no number any more; {mend}.", mend=mend)
    if measured and simplest is not None:
        last = measured[-1]
        least = simplest + _LEARNED * (1 - simplest) if more else simplest * (1 - _LEARNED)
        if last < least if more else last > least:
            if len(losses) > 1 and losses[-1] < losses[0] and losses[-1] == min(losses):
                mend = tr("the loss still falls: more epochs, or a larger learning rate, may help")
            said = (
                tr(
                    "training failed: its accuracy, {last:.1%}, is hardly better than always to give the commonest "
                    "class ({simplest:.1%}); {mend}.",
                    last=last,
                    simplest=simplest,
                    mend=mend,
                )
                if more
                else tr(
                    "training failed: its error, {last:.4g}, is hardly better than always to give the middle value "
                    "({simplest:.4g}); {mend}.",
                    last=last,
                    simplest=simplest,
                    mend=mend,
                )
            )
            return said
    if len(losses) > 1 and losses[-1] > 2 * losses[0] and losses[-1] > 2 * min(losses):
        return tr(
            "training failed: the loss rose from {first:.4g} to {last:.4g}; {mend}.",
            first=losses[0],
            last=losses[-1],
            mend=mend,
        )
    return ""


def _by_accuracy(
    losses: Sequence[float], validation: Sequence[float], train: float, held: float
) -> Verdict:
    gap = train - held
    if gap >= _MUCH:
        return Verdict(
            OVERFITTING,
            tr(
                "overfitting: training accuracy is {gap:.1f} points above validation accuracy. Fewer epochs, Dropout, "
                "weight regularization or more data would help.",
                gap=100 * gap,
            ),
        )
    if gap >= _SOME:
        return Verdict(
            FINE,
            tr(
                "training accuracy is {gap:.1f} points above validation accuracy: some overfitting, as is usual; more "
                "epochs would widen it.",
                gap=100 * gap,
            ),
        )
    if train >= _HIGH:
        return Verdict(FINE, tr("no overfitting, and hardly anything is left to learn."))
    if gap < 0:
        return Verdict(
            UNDERFITTING,
            tr(
                "no overfitting: validation accuracy is {gap:.1f} points above training accuracy, which is a mean over "
                "an epoch in which the model still learned; a larger model or more epochs may learn more.",
                gap=-100 * gap,
            ),
        )
    return Verdict(
        UNDERFITTING,
        tr(
            "no overfitting: training and validation accuracy differ by {gap:.1f} points; a larger model or more "
            "epochs may learn more.",
            gap=100 * gap,
        ),
    )


def _by_losses(losses: Sequence[float], validation: Sequence[float]) -> Verdict:
    if not validation:
        return Verdict(UNKNOWN, "")
    best = min(range(len(validation)), key=validation.__getitem__)
    if validation[-1] > _WORSE * validation[best] and losses[-1] < losses[best]:
        return Verdict(
            OVERFITTING,
            tr(
                "overfitting: since epoch {epoch} the validation loss rose from {low:.4g} to {last:.4g}. Fewer epochs, "
                "Dropout, weight regularization or more data would help.",
                epoch=best + 1,
                low=validation[best],
                last=validation[-1],
            ),
        )
    if best == len(validation) - 1 and len(validation) > 1:
        return Verdict(
            UNDERFITTING,
            tr("the validation loss still falls: more epochs or a larger model may learn more."),
        )
    return Verdict(FINE, tr("no overfitting: the validation loss is near its lowest."))
