"""Losses of numbers and of margins, as classes."""

from __future__ import annotations

from narae.base.registry import builtin
from narae.base.types import DTypePolicyLike
from narae.losses.base import FunctionLoss, PlainLoss
from narae.ops import objectives as O

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class MeanSquaredError(PlainLoss, function=O.mean_squared_error):
    """mean((y_true − y_pred)²), for regression.

    y_true, y_pred: (batch, ..., d).

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [1.0]]).item()
    0.5
    """


@builtin("keras.losses")
class MeanAbsoluteError(PlainLoss, function=O.mean_absolute_error):
    """mean(|y_true − y_pred|), for regression with outliers.

    y_true, y_pred: (batch, ..., d).

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [1.0]]).item()
    1.0
    """


@builtin("keras.losses")
class MeanAbsolutePercentageError(PlainLoss, function=O.mean_absolute_percentage_error):
    """100 mean(|(y_true − y_pred) / y_true|), in percent of the targets.

    y_true, y_pred: (batch, ..., d).

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> MeanAbsolutePercentageError()([[2.0], [1.0]], [[1.0], [1.0]]).item()
    25.0
    """


@builtin("keras.losses")
class MeanSquaredLogarithmicError(PlainLoss, function=O.mean_squared_logarithmic_error):
    """mean((log(1 + y_true) − log(1 + y_pred))²): ratios count, not differences.

    y_true, y_pred: (batch, ..., d), above −1.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> MeanSquaredLogarithmicError()([[2.0]], [[2.0]]).item()
    0.0
    """


@builtin("keras.losses")
class LogCosh(PlainLoss, function=O.log_cosh):
    """mean(log cosh(y_pred − y_true)): e² / 2 near 0, |e| − log 2 far from it.

    y_true, y_pred: (batch, ..., d).

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> LogCosh()([[2.0]], [[2.0]]).item()
    0.0
    """


@builtin("keras.losses")
class Poisson(PlainLoss, function=O.poisson):
    """mean(y_pred − y_true log y_pred): counts and their predicted means.

    y_true, y_pred: (batch, ..., d), from 0 up and above 0.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> Poisson()([[0.0]], [[2.0]]).item()
    2.0
    """


@builtin("keras.losses")
class Huber(FunctionLoss, function=O.huber, quiet={"delta": 1.0}):
    """mean(e² / 2 where |e| ≤ delta, delta |e| − delta² / 2 beyond), e = y_pred − y_true.

    y_true, y_pred: (batch, ..., d).

    Args:
        delta: where the square goes over into the distance, in the targets' unit.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Huber 1964.

    >>> Huber()([[0.0]], [[3.0]]).item()
    2.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = MEAN,
        name: str | None = "huber_loss",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


@builtin("keras.losses")
class CosineSimilarity(FunctionLoss, function=O.cosine_similarity, quiet={"axis": -1}):
    """−cos of the angle between targets and predictions: −1 for one direction, 1 for opposite ones.

    y_true, y_pred: (batch, ..., d).

    Args:
        axis: the axis along which the vectors lie.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 3.0]]).item()
    -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "cosine_similarity",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class Hinge(PlainLoss, function=O.hinge):
    """mean(max(1 − y_true y_pred, 0)).

    y_true, y_pred: (batch, ..., d), labels −1 and 1, or 0 and 1, and scores.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> Hinge()([[1.0]], [[0.5]]).item()
    0.5
    """


@builtin("keras.losses")
class SquaredHinge(PlainLoss, function=O.squared_hinge):
    """mean(max(1 − y_true y_pred, 0)²).

    y_true, y_pred: (batch, ..., d), labels −1 and 1, or 0 and 1, and scores.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> SquaredHinge()([[1.0]], [[0.5]]).item()
    0.25
    """


@builtin("keras.losses")
class CategoricalHinge(PlainLoss, function=O.categorical_hinge):
    """max(best wrong score − right score + 1, 0).

    y_true, y_pred: (batch, ..., classes), one-hot targets and scores.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """
