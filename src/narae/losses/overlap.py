"""Losses of regions, of pairs and of sequences, as classes."""

from __future__ import annotations

from narae.base.registry import builtin
from narae.base.types import Axis, DTypePolicyLike
from narae.losses.base import FunctionLoss, PlainLoss
from narae.losses.functions import circle, ctc, dice, tversky

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class Dice(FunctionLoss, function=dice):
    """1 − 2 Σ t p / (Σ t + Σ p): how little predicted regions overlap the true ones, for segmentation.

    y_true, y_pred: one shape, 0 and 1 and probabilities; for a loss per sample, `axis` has the axes after the first.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        axis: the axes that are summed over; None: all, and the loss is one number.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Dice 1945; Sørensen 1948.

    >>> f"{Dice()([[0.0, 1.0]], [[0.0, 1.0]]):.4f}"
    '0.0000'
    """

    def __init__(
        self,
        reduction: str | None = MEAN,
        name: str | None = "dice",
        axis: Axis = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=_listed(axis))


@builtin("keras.losses")
class Tversky(FunctionLoss, function=tversky):
    """1 − TP / (TP + alpha FP + beta FN): Dice with weights for the two kinds of error.

    y_true, y_pred: one shape, 0 and 1 and probabilities.

    Args:
        alpha: the weight of false positives.
        beta: the weight of false negatives; 1/2 for both gives Dice.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        axis: the axes that are summed over; None: all, and the loss is one number.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Salehi et al. 2017, eq. 3.

    >>> f"{Tversky(alpha=0.3, beta=0.7)([[0.0, 1.0]], [[0.0, 1.0]]):.4f}"
    '0.0000'
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=_listed(axis))


def _listed(axis: Axis) -> Axis:
    """Axes from a file come as a list."""
    return tuple(axis) if isinstance(axis, list) else axis


@builtin("keras.losses")
class Circle(FunctionLoss, function=circle):
    """Embeddings of one label drawn together, others pushed apart; the formula stands at `circle`.

    y_true: labels (batch,); y_pred: vectors of length 1, (batch, d).

    Args:
        gamma: the scale of the distances.
        margin: how much nearer than others samples of one label are to be, in distances 1 − cos.
        remove_diagonal: whether a sample is left out among those of its label.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Sun et al. 2020, "Circle loss", eq. 6.

    >>> Circle()([0, 1], [[1.0, 0.0], [0.0, 1.0]]).item()
    0.0
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = MEAN,
        name: str | None = "circle",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CTC(PlainLoss, function=ctc):
    """−log p of label sequences whose positions in time are unknown, summed over all alignments.

    y_true: class indices (batch, labels), padded by 0, the blank; y_pred: scores (batch, time, classes).

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Graves et al. 2006, section 4.1.

    >>> f"{CTC()([[1]], [[[0.0, 0.0]]]):.4f}"
    '0.6931'
    """
