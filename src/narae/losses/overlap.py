"""Losses of regions, of pairs and of sequences, as classes."""

from __future__ import annotations

from typing import Any

from narae.base.registry import builtin
from narae.losses.base import FunctionLoss, PlainLoss
from narae.losses.functions import Axes, circle, ctc, dice, tversky

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class Dice(FunctionLoss, function=dice):
    """1 − the overlap of regions: segmentation. See `dice`.

    >>> f"{Dice()([[0.0, 1.0]], [[0.0, 1.0]]):.4f}"
    '0.0000'
    """

    def __init__(
        self,
        reduction: str | None = MEAN,
        name: str | None = "dice",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=_listed(axis))


@builtin("keras.losses")
class Tversky(FunctionLoss, function=tversky):
    """Dice that weighs what was wrongly found by alpha and what was missed by beta. See `tversky`.

    >>> f"{Tversky(alpha=0.3, beta=0.7)([[0.0, 1.0]], [[0.0, 1.0]]):.4f}"
    '0.0000'
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = "tversky",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=_listed(axis))


def _listed(axis: Axes) -> Axes:
    """Axes from a file come as a list."""
    return tuple(axis) if isinstance(axis, list) else axis


@builtin("keras.losses")
class Circle(FunctionLoss, function=circle):
    """Embeddings of one class drawn together, others pushed apart (Sun et al. 2020). See `circle`.

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
        dtype: Any = None,
    ) -> None:
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CTC(PlainLoss, function=ctc):
    """Labels of a sequence without their places in time (Graves et al. 2006). See `ctc`.

    >>> f"{CTC()([[1]], [[[0.0, 0.0]]]):.4f}"
    '0.6931'
    """
