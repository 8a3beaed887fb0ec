"""The metrics that are the mean of a loss function."""

from __future__ import annotations

from typing import Any

from narae import ops
from narae.base.settings import epsilon
from narae.metrics.reduction import FunctionMetric, Mean, PlainMetric
from narae.ops import objectives as O
from narae.ops.objectives.pairs import pair
from narae.ops.objectives.regression import cosine, unit
from narae.tensor.tensor import Tensor


class MeanSquaredError(PlainMetric, function=O.mean_squared_error):
    """mean((y_true − y_pred)²).

    >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [1.0]]).item()
    0.5
    """


class RootMeanSquaredError(Mean):
    """√mean((y_true − y_pred)²).

    >>> RootMeanSquaredError()([[0.0], [1.0]], [[2.0], [3.0]]).item()
    2.0
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the squared errors of a batch."""
        y_true, y_pred = (ops.convert_to_tensor(y, self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = pair("root_mean_squared_error", y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """The root of the mean, a scalar."""
        return ops.sqrt(super().result())


class MeanAbsoluteError(PlainMetric, function=O.mean_absolute_error):
    """mean(|y_true − y_pred|).

    >>> MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [1.0]]).item()
    1.0
    """


class MeanAbsolutePercentageError(PlainMetric, function=O.mean_absolute_percentage_error):
    """The mean error in percent of the truth.

    >>> MeanAbsolutePercentageError()([[2.0], [1.0]], [[1.0], [1.0]]).item()
    25.0
    """


class MeanSquaredLogarithmicError(PlainMetric, function=O.mean_squared_logarithmic_error):
    """mean((log(1 + y_true) − log(1 + y_pred))²).

    >>> MeanSquaredLogarithmicError()([[2.0]], [[2.0]]).item()
    0.0
    """


class LogCoshError(PlainMetric, function=O.log_cosh, label="logcosh"):
    """mean(log cosh(y_pred − y_true)).

    >>> LogCoshError()([[2.0]], [[2.0]]).item()
    0.0
    """


class CosineSimilarity(
    FunctionMetric,
    function=cosine,
    label="cosine_similarity",
    quiet={"axis": -1},
    direction="up",
):
    """The mean cosine of the angle between targets and predictions: 1 for one direction.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 3.0]]).item()
    1.0
    """

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class Hinge(PlainMetric, function=O.hinge):
    """mean(max(1 − y_true y_pred, 0)), labels −1 and 1 or 0 and 1.

    >>> Hinge()([[1.0]], [[0.5]]).item()
    0.5
    """


class SquaredHinge(PlainMetric, function=O.squared_hinge):
    """mean(max(1 − y_true y_pred, 0)²), labels −1 and 1 or 0 and 1.

    >>> SquaredHinge()([[1.0]], [[0.5]]).item()
    0.25
    """


class CategoricalHinge(PlainMetric, function=O.categorical_hinge):
    """mean(max(best wrong score − right score + 1, 0)), one-hot targets.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """


class KLDivergence(PlainMetric, function=O.kl_divergence):
    """The mean of Σ t log(t / p).

    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """


class Poisson(PlainMetric, function=O.poisson):
    """mean(y_pred − y_true log y_pred).

    >>> Poisson()([[0.0]], [[2.0]]).item()
    2.0
    """


def _centred(name: str, y_true: Any, y_pred: Any, axis: Any) -> tuple[Any, Any, Any, Any]:
    """Targets and predictions minus their means along an axis, and the means."""
    y_true, y_pred = pair(name, y_true, y_pred)
    first, second = (ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred))
    return y_true - first, y_pred - second, first, second


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """cov(t, p) / (σ_t σ_p) along an axis: (..., d) -> (...) (Pearson 1896).

    >>> pearson_correlation([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]]).numpy().round(4).tolist()
    [1.0]
    """
    true, pred, *_ = _centred("pearson_correlation", y_true, y_pred, axis)
    return ops.sum(unit(true, axis) * unit(pred, axis), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """2 cov(t, p) / (var t + var p + (mean t − mean p)²) along an axis; Lin 1989.

    >>> concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]).numpy().round(4).tolist()
    [1.0]
    """
    true, pred, mean_true, mean_pred = _centred("concordance_correlation", y_true, y_pred, axis)
    covariance = ops.mean(true * pred, axis=axis)
    spread = ops.mean(ops.square(true), axis=axis) + ops.mean(ops.square(pred), axis=axis)
    offset = ops.squeeze(ops.square(mean_true - mean_pred), axis)
    return 2.0 * covariance / (spread + offset + epsilon())


class PearsonCorrelation(FunctionMetric, function=pearson_correlation, direction="up"):
    """The mean correlation of targets and predictions along `axis`.

    >>> f"{PearsonCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]]):.4f}"
    '1.0000'
    """

    def __init__(
        self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype, axis=axis)


class ConcordanceCorrelation(FunctionMetric, function=concordance_correlation, direction="up"):
    """The mean agreement (correlation, scale and offset) along `axis`.

    >>> f"{ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]):.4f}"
    '1.0000'
    """

    def __init__(
        self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype, axis=axis)
