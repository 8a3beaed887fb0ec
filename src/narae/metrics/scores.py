"""F-scores and R²."""

from __future__ import annotations

import numpy as np

from narae import ops
from narae.base.errors import ShapeError, entry, warn_user
from narae.base.settings import epsilon
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.metrics.counting import broadcast_weight
from narae.ops.weighting import same_rank
from narae.tensor.tensor import Tensor


def _matrix_pair(
    name: str, y_true: TensorLike, y_pred: TensorLike, dtype: str
) -> tuple[Tensor, Tensor]:
    y_true, y_pred = (ops.cast(ops.convert_to_tensor(y), dtype) for y in (y_true, y_pred))
    if len(y_pred.shape) != 2 or y_true.shape != y_pred.shape:
        raise ShapeError(
            f"{name} takes targets and predictions of one shape (samples, outputs), got "
            f"{y_true.shape} and {y_pred.shape}; a reshape to (-1, 1), or one-hot targets?"
        )
    return y_true, y_pred


class FBetaScore(Metric):
    """(1 + β²) P R / (β² P + R) of precision P and recall R.

    y_true, y_pred: (batch, classes), labels 0 and 1 and probabilities; sample_weight: (batch,).

    Args:
        average: None (the result is a vector, a score per class), "micro" (all counts together), "macro" (the mean over
            classes) or "weighted" (a mean by the classes' numbers of labels).
        beta: β, above 0: how many times as much as precision recall counts; a float.
        threshold: above it a prediction is positive, in (0, 1]; None: the most probable class is.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: an argument is none of these.

    Source: van Rijsbergen 1979.

    >>> score = FBetaScore(average="micro")
    >>> f"{score([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]):.3f}"
    '0.500'
    """

    _direction = "up"
    _COUNTED = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"average is None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"beta is a float above 0, got {beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"threshold is None or a float in (0, 1], got {threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.axis = None if average == "micro" else 0

    def _build(self, classes: int) -> None:
        shape = () if self.axis is None else (classes,)
        for name in self._COUNTED:
            setattr(self, name, self.add_weight(shape, name=name, dtype=self.dtype))

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_true, y_pred = _matrix_pair(type(self).__name__, y_true, y_pred, self.dtype)
        if not self.variables:
            self._build(y_true.shape[1])
        if self.threshold is None:
            best = ops.max(y_pred, axis=-1, keepdims=True)
            chosen = ops.logical_and(y_pred >= best, ops.abs(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        y_pred = ops.cast(chosen, self.dtype)
        weight = 1.0
        if sample_weight is not None:
            weight = broadcast_weight(
                ops.convert_to_tensor(sample_weight, self.dtype), y_true.shape
            )
        parts = (y_pred * y_true, y_pred * (1.0 - y_true), (1.0 - y_pred) * y_true, y_true)
        for name, part in zip(self._COUNTED, parts, strict=True):
            getattr(self, name).assign_add(ops.sum(part * weight, axis=self.axis))

    def result(self) -> Tensor:
        """The score: a vector (classes,) for average None, else a scalar.

        Raises:
            ValueError: no batch has been added.
        """
        if not self.variables:
            raise ValueError(f"{self.name} has counted nothing yet: update_state() comes first")
        tp, fp, fn, weights = (getattr(self, name).value for name in self._COUNTED)
        precision, recall = tp / (tp + fp + epsilon()), tp / (tp + fn + epsilon())
        square = self.beta**2
        score = (1.0 + square) * precision * recall / (square * precision + recall + epsilon())
        if self.average == "weighted":
            return ops.sum(score * (weights / (ops.sum(weights) + epsilon())))
        return ops.mean(score) if self.average == "macro" else score

    def get_config(self) -> Config:
        options = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **options}


class F1Score(FBetaScore):
    """2 P R / (P + R) of precision P and recall R.

    y_true, y_pred: (batch, classes), labels 0 and 1 and probabilities; sample_weight: (batch,).

    Args:
        average: None (the result is a vector, a score per class), "micro" (all counts together), "macro" (the mean over
            classes) or "weighted" (a mean by the classes' numbers of labels).
        threshold: above it a prediction is positive, in (0, 1]; None: the most probable class is.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: an argument is none of these.

    >>> score = F1Score(average="micro")
    >>> f"{score([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]):.3f}"
    '0.500'
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> Config:
        return {k: v for k, v in super().get_config().items() if k != "beta"}


class R2Score(Metric):
    """R² = 1 − Σ(t − p)² / Σ(t − mean t)² of each output: the share of the targets' variance that is predicted.

    y_true, y_pred: (batch, outputs), or one of them (batch,); sample_weight: (batch,). An output whose targets are all
    equal has R² 1 where they are predicted exactly, otherwise 0. Warns where num_regressors is too large for the
    samples.

    Args:
        class_aggregation: None (the result is a vector, a score per output), "uniform_average" or
            "variance_weighted_average".
        num_regressors: k, above 0 for the adjusted R², 1 − (1 − R²)(n − 1) / (n − k − 1) of n samples.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: an argument is none of these.

    >>> f"{R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]):.4f}"
    '0.5714'
    """

    _direction = "up"
    _SUMS = ("squared_sum", "sum", "total_mse", "count")

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "class_aggregation is None, 'uniform_average' or 'variance_weighted_average', got "
                f"{class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"num_regressors is at least 0, got {num_regressors}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_weight(name="num_samples")

    def _build(self, outputs: int) -> None:
        names = ("squared_sum", "sum", "residual", "count")
        for attribute, name in zip(self._SUMS, names, strict=True):
            setattr(self, attribute, self.add_weight((outputs,), name=name))

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_true, y_pred = same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
        y_true, y_pred = _matrix_pair("R2Score", y_true, y_pred, self.dtype)
        if len(self.variables) == 1:
            self._build(y_true.shape[1])
        weight = ops.convert_to_tensor(1.0 if sample_weight is None else sample_weight, self.dtype)
        weight = broadcast_weight(weight, y_true.shape)
        parts = (y_true * y_true, y_true, ops.square(y_true - y_pred), ops.ones_like(y_true))
        for name, part in zip(self._SUMS, parts, strict=True):
            getattr(self, name).assign_add(ops.sum(part * weight, axis=0))
        self.num_samples.assign_add(float(y_true.shape[0]))

    def result(self) -> Tensor:
        """R²: a vector (outputs,) for class_aggregation None, else a scalar.

        Raises:
            ValueError: no batch has been added.
        """
        if len(self.variables) == 1:
            raise ValueError(f"{self.name} has counted nothing yet: update_state() comes first")
        squares, total, residual, count = (getattr(self, name).value for name in self._SUMS)
        variation = squares - total * (total / count)
        # what lies within the rounding of the sums is no variation: targets are all the same
        constant = variation <= np.finfo("float32").eps * squares
        variation = ops.where(constant, 0.0, variation)
        constant_score = ops.where(ops.equal(residual, 0.0), 1.0, 0.0)
        raw = 1.0 - residual / ops.where(constant, 1.0, variation)
        raw = ops.where(constant, constant_score, raw)
        if self.class_aggregation == "uniform_average":
            raw = ops.mean(raw)
        elif self.class_aggregation == "variance_weighted_average":
            every = ops.sum(variation)
            weighted = ops.sum(variation * raw) / ops.where(every > 0, every, 1.0)
            raw = ops.where(every > 0, weighted, ops.mean(raw))
        return raw if self.num_regressors == 0 else self._adjusted(raw)

    def _adjusted(self, raw: Tensor) -> Tensor:
        n = self.num_samples.value
        freedom = n - float(self.num_regressors) - 1.0
        enough = freedom > 0
        if isinstance(enough.data, np.ndarray) and not enough.item():
            warn_user(
                f"R2Score is not adjusted: {self.num_regressors} regressors take at least "
                f"{self.num_regressors + 2} samples, and there are {n.item():.0f}"
            )
        return ops.where(
            enough, 1.0 - (1.0 - raw) * (n - 1.0) / ops.where(enough, freedom, 1.0), raw
        )

    def get_config(self) -> Config:
        options = {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
        return {**super().get_config(), **options}
