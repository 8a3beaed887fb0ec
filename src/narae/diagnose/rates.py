"""Whether a learning rate is too high, by the losses of the epochs and what a constant answer would give."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from narae.base.language import mark, tr
from narae.diagnose.data import Finding

SYMPTOM = mark("a learning rate that is too high")

# Losses as multiples of the constant answer's: nobody who learns stays above it.
_WORSE = 1.5  # above it after two epochs
_FAR = 3.0  # so far above it that one epoch shows it, where the data is scaled
_NEAR = 0.65  # near it: little was learned
_BEGAN = 1.15  # above where a network begins
_LEFT = 0.3  # a loss that small may jump by itself


def constant_loss(y: np.ndarray, loss: str) -> float | None:
    """The least loss of an answer that is the same for every sample; None for losses that are not known here.

    Args:
        y: labels, as the loss takes them.
        loss: its name.

    >>> round(constant_loss(np.array([0, 1, 0, 1]), "sparse_categorical_crossentropy"), 3)
    0.693
    >>> constant_loss(np.array([[1.0], [3.0]]), "mean_squared_error")
    1.0
    """
    if not y.size or y.dtype.kind not in "fiub":
        return None
    if loss == "sparse_categorical_crossentropy":
        shares = np.unique(y, return_counts=True)[1] / y.size
        return float(-(shares * np.log(shares)).sum())
    if loss == "categorical_crossentropy":
        shares = y.reshape(-1, y.shape[-1]).mean(axis=0, dtype=np.float64)
        return float(-sum(p * math.log(p) for p in shares if p > 0))
    if loss == "binary_crossentropy":
        shares = np.clip(y.reshape(len(y), -1).mean(axis=0, dtype=np.float64), 1e-12, 1 - 1e-12)
        return float(-(shares * np.log(shares) + (1 - shares) * np.log1p(-shares)).mean())
    if loss == "mean_squared_error":
        return float(y.reshape(len(y), -1).var(axis=0, dtype=np.float64).mean())
    if loss == "mean_absolute_error":
        rows = y.reshape(len(y), -1).astype(np.float64)
        return float(np.abs(rows - np.median(rows, axis=0)).mean())
    return None


def too_high(
    losses: Sequence[float], constant: float | None, bounded: bool, scaled: bool = True
) -> Finding | None:
    """A loss that jumps, or stays above what a constant answer gives, or comes back to it from above.

    Args:
        losses: the training loss of each epoch.
        constant: the constant answer's; None where it is not known.
        bounded: a network begins near the constant answer, as with cross-entropy; errors may begin anywhere.
        scaled: False where the data itself explains a large first loss.

    >>> too_high([14.1, 14.5], 2.3, bounded=True).symptom
    'a learning rate that is too high'
    >>> too_high([1.3, 0.6, 0.4], 2.3, bounded=True) is None
    True
    """
    if not losses or constant is None or constant <= 0 or not all(map(math.isfinite, losses)):
        return None
    last, before = losses[-1], losses[-2] if len(losses) > 1 else math.inf
    jumped = last > 2 * min(losses) and last > _LEFT * constant
    if bounded:
        above = last > _WORSE * constant and last > 0.5 * before and len(losses) > 1
        far = last > _FAR * constant and scaled
        fell = losses[0] > _BEGAN * constant and len(losses) > 2
        back = fell and min(losses) > _NEAR * constant and last > 0.95 * before
    else:
        above = far = back = False
        jumped = jumped and last > constant
    if not (jumped or above or far or back):
        return None
    said = tr(
        "the loss of the last epochs is {losses}; always the same answer would give {constant:.3g}",
        losses=", ".join(f"{loss:.3g}" for loss in losses[-3:]),
        constant=constant,
    )
    mends = (
        tr("a smaller learning rate, a tenth of it or less"),
        tr("a new model: weights that have jumped far, and units that gave up, do not come back"),
        tr("clipnorm=1.0 in the optimizer, or scaled data, if the loss still jumps"),
    )
    return Finding(SYMPTOM, said, mends)
