"""Losses of numbers and of margins, as classes."""

from __future__ import annotations

from typing import Any

from narae.base.registry import builtin
from narae.losses.base import FunctionLoss, PlainLoss
from narae.ops import objectives as O

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class MeanSquaredError(PlainLoss, function=O.mean_squared_error):
    """mean((y_true − y_pred)²): regression. See `mean_squared_error`.

    >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [1.0]]).item()
    0.5
    """


@builtin("keras.losses")
class MeanAbsoluteError(PlainLoss, function=O.mean_absolute_error):
    """mean(|y_true − y_pred|): regression that outliers pull less. See `mean_absolute_error`.

    >>> MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [1.0]]).item()
    1.0
    """


@builtin("keras.losses")
class MeanAbsolutePercentageError(PlainLoss, function=O.mean_absolute_percentage_error):
    """Mean error in percent of the truth. See `mean_absolute_percentage_error`.

    >>> MeanAbsolutePercentageError()([[2.0], [1.0]], [[1.0], [1.0]]).item()
    25.0
    """


@builtin("keras.losses")
class MeanSquaredLogarithmicError(PlainLoss, function=O.mean_squared_logarithmic_error):
    """Mean squared error of log(1 + y): ratios count. See `mean_squared_logarithmic_error`.

    >>> MeanSquaredLogarithmicError()([[2.0]], [[2.0]]).item()
    0.0
    """


@builtin("keras.losses")
class LogCosh(PlainLoss, function=O.log_cosh):
    """mean(log cosh(error)): a square near 0, a distance far from it. See `log_cosh`.

    >>> LogCosh()([[2.0]], [[2.0]]).item()
    0.0
    """


@builtin("keras.losses")
class Poisson(PlainLoss, function=O.poisson):
    """Negative log likelihood of counts under a Poisson distribution, to a constant. See `poisson`.

    >>> Poisson()([[0.0]], [[2.0]]).item()
    2.0
    """


@builtin("keras.losses")
class Huber(FunctionLoss, function=O.huber, quiet={"delta": 1.0}):
    """A square up to `delta`, a distance beyond (Huber 1964). See `huber`.

    >>> Huber()([[0.0]], [[3.0]]).item()
    2.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = MEAN,
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


@builtin("keras.losses")
class CosineSimilarity(FunctionLoss, function=O.cosine_similarity, quiet={"axis": -1}):
    """−cos of the angle between targets and predictions along `axis`. See `cosine_similarity`.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 3.0]]).item()
    -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class Hinge(PlainLoss, function=O.hinge):
    """mean(max(1 − y_true y_pred, 0)), labels −1 and 1 or 0 and 1. See `hinge`.

    >>> Hinge()([[1.0]], [[0.5]]).item()
    0.5
    """


@builtin("keras.losses")
class SquaredHinge(PlainLoss, function=O.squared_hinge):
    """mean(max(1 − y_true y_pred, 0)²), labels −1 and 1 or 0 and 1. See `squared_hinge`.

    >>> SquaredHinge()([[1.0]], [[0.5]]).item()
    0.25
    """


@builtin("keras.losses")
class CategoricalHinge(PlainLoss, function=O.categorical_hinge):
    """max(best wrong score − right score + 1, 0), one-hot targets. See `categorical_hinge`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """
