"""The metrics that are the mean of a loss function."""

from __future__ import annotations

from narae import ops
from narae.base.errors import entry
from narae.base.settings import epsilon
from narae.base.types import DTypePolicyLike, TensorLike
from narae.metrics.reduction import FunctionMetric, Mean, PlainMetric
from narae.ops import objectives as O
from narae.ops.objectives.pairs import pair
from narae.ops.objectives.regression import cosine, unit
from narae.tensor.tensor import Tensor


class MeanSquaredError(PlainMetric, function=O.mean_squared_error):
    """mean((y_true − y_pred)²).

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [1.0]]).item()
    0.5
    """


class RootMeanSquaredError(Mean):
    """√mean((y_true − y_pred)²).

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> RootMeanSquaredError()([[0.0], [1.0]], [[2.0], [3.0]]).item()
    2.0
    """

    _direction = "down"

    def __init__(
        self, name: str = "root_mean_squared_error", dtype: DTypePolicyLike | None = None
    ) -> None:
        super().__init__(name, dtype)

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_true, y_pred = (ops.convert_to_tensor(y, self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = pair("root_mean_squared_error", y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Tensor:
        return ops.sqrt(super().result())


class MeanAbsoluteError(PlainMetric, function=O.mean_absolute_error):
    """mean(|y_true − y_pred|).

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [1.0]]).item()
    1.0
    """


class MeanAbsolutePercentageError(PlainMetric, function=O.mean_absolute_percentage_error):
    """100 mean(|(y_true − y_pred) / y_true|), in percent of the targets.

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> MeanAbsolutePercentageError()([[2.0], [1.0]], [[1.0], [1.0]]).item()
    25.0
    """


class MeanSquaredLogarithmicError(PlainMetric, function=O.mean_squared_logarithmic_error):
    """mean((log(1 + y_true) − log(1 + y_pred))²).

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> MeanSquaredLogarithmicError()([[2.0]], [[2.0]]).item()
    0.0
    """


class LogCoshError(PlainMetric, function=O.log_cosh, label="logcosh"):
    """mean(log cosh(y_pred − y_true)).

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

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

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        axis: the axis along which the vectors lie.

    >>> CosineSimilarity()([[0.0, 1.0]], [[0.0, 3.0]]).item()
    1.0
    """

    def __init__(
        self, name: str = "cosine_similarity", dtype: DTypePolicyLike | None = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype, axis=axis)


class Hinge(PlainMetric, function=O.hinge):
    """mean(max(1 − y_true y_pred, 0)).

    y_true, y_pred: (batch, ..., d), labels −1 and 1, or 0 and 1, and scores; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> Hinge()([[1.0]], [[0.5]]).item()
    0.5
    """


class SquaredHinge(PlainMetric, function=O.squared_hinge):
    """mean(max(1 − y_true y_pred, 0)²).

    y_true, y_pred: (batch, ..., d), labels −1 and 1, or 0 and 1, and scores; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> SquaredHinge()([[1.0]], [[0.5]]).item()
    0.25
    """


class CategoricalHinge(PlainMetric, function=O.categorical_hinge):
    """mean(max(best wrong score − right score + 1, 0)).

    y_true, y_pred: (batch, ..., classes), one-hot targets and scores; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]).item()
    0.5
    """


class KLDivergence(PlainMetric, function=O.kl_divergence):
    """The mean of Σ t log(t / p), t the true distributions and p the predicted ones.

    y_true, y_pred: (batch, ..., d), both kept in [epsilon, 1]; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Source: Kullback & Leibler 1951.

    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """


class Poisson(PlainMetric, function=O.poisson):
    """mean(y_pred − y_true log y_pred): counts and their predicted means.

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> Poisson()([[0.0]], [[2.0]]).item()
    2.0
    """


def _centred(
    name: str, y_true: TensorLike, y_pred: TensorLike, axis: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Targets and predictions minus their means along an axis, and the means."""
    y_true, y_pred = pair(name, y_true, y_pred)
    first, second = (ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred))
    return y_true - first, y_pred - second, first, second


def pearson_correlation(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """cov(t, p) / (σ_t σ_p) along an axis: (..., d) -> (...), in [−1, 1].

    Args:
        y_true: the targets, numbers (..., d).
        y_pred: the predictions, (..., d); the result has their dtype.
        axis: the axis along which they are correlated.

    Returns: the shape of y_pred without `axis`.

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Pearson 1896.

    >>> pearson_correlation([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]]).numpy().round(4).tolist()
    [1.0]
    """
    true, pred, *_ = _centred("pearson_correlation", y_true, y_pred, axis)
    return ops.sum(unit(true, axis) * unit(pred, axis), axis=axis)


def concordance_correlation(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """2 cov(t, p) / (var t + var p + (mean t − mean p)²) along an axis: (..., d) -> (...).

    Args:
        y_true: the targets, numbers (..., d).
        y_pred: the predictions, (..., d); the result has their dtype.
        axis: the axis along which they are correlated.

    Returns: the shape of y_pred without `axis`.

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Lin 1989.

    >>> concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]).numpy().round(4).tolist()
    [1.0]
    """
    true, pred, mean_true, mean_pred = _centred("concordance_correlation", y_true, y_pred, axis)
    covariance = ops.mean(true * pred, axis=axis)
    spread = ops.mean(ops.square(true), axis=axis) + ops.mean(ops.square(pred), axis=axis)
    offset = ops.squeeze(ops.square(mean_true - mean_pred), axis)
    return 2.0 * covariance / (spread + offset + epsilon())


class PearsonCorrelation(FunctionMetric, function=pearson_correlation, direction="up"):
    """The mean of cov(t, p) / (σ_t σ_p), targets and predictions along `axis`.

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        axis: the axis along which targets and predictions are correlated; -1: within each sample, 0: over the batch.

    Source: Pearson 1896.

    >>> f"{PearsonCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        name: str = "pearson_correlation",
        dtype: DTypePolicyLike | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, axis=axis)


class ConcordanceCorrelation(FunctionMetric, function=concordance_correlation, direction="up"):
    """The mean of 2 cov(t, p) / (var t + var p + (mean t − mean p)²) along `axis`.

    y_true, y_pred: (batch, ..., d), numbers; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        axis: the axis along which targets and predictions are correlated; -1: within each sample, 0: over the batch.

    Source: Lin 1989.

    >>> f"{ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        name: str = "concordance_correlation",
        dtype: DTypePolicyLike | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, axis=axis)
