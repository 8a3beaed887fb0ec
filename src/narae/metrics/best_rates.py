"""The best of one rate over the thresholds where another rate is at least a value."""

from __future__ import annotations

from typing import ClassVar

from narae import ops
from narae.base.errors import entry
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.metrics.confusion import Counts
from narae.metrics.counting import FN, FP, TN, TP, even_thresholds
from narae.ops.weighting import divide_no_nan
from narae.tensor.tensor import Tensor

_RATES = {
    "sensitivity": (TP, FN),
    "recall": (TP, FN),
    "specificity": (TN, FP),
    "precision": (TP, FP),
}


class _BestUnder(Counts):
    """Base of metrics that give the best of one rate over the thresholds where another is at least a value."""

    _direction = "up"
    counted = (TP, FP, TN, FN)
    best: ClassVar[str]
    under: ClassVar[str]

    def _start(
        self,
        value: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: DTypePolicyLike | None,
    ) -> None:
        Metric.__init__(self, name=name, dtype=dtype)
        if not 0 <= value <= 1:
            raise ValueError(f"{self.under} is between 0 and 1, got {value}")
        if num_thresholds <= 0:
            raise ValueError(f"num_thresholds is at least 1, got {num_thresholds}")
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self.under, value)
        self._build([0.5] if num_thresholds == 1 else even_thresholds(num_thresholds))

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        self._count(y_true, y_pred, sample_weight, class_id=self.class_id)

    def result(self) -> Tensor:
        best, under = self._rate(self.best), self._rate(self.under)
        return ops.max(ops.where(under >= self.value, best, 0.0))

    def _rate(self, name: str) -> Tensor:
        right, wrong = (getattr(self, count).value for count in _RATES[name])
        return divide_no_nan(right, right + wrong)

    def get_config(self) -> Config:
        options = {"num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **options, self.under: self.value}


class SensitivityAtSpecificity(_BestUnder):
    """The best TP / (TP + FN) where TN / (TN + FP) is at least `specificity`; 0 where it never is.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        specificity: the least specificity, in [0, 1].
        num_thresholds: how many thresholds, evenly from 0 to 1, are tried.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: specificity is not in [0, 1], or num_thresholds is not positive.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]).item()
    1.0
    """

    best, under = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        self._start(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestUnder):
    """The best TN / (TN + FP) where TP / (TP + FN) is at least `sensitivity`; 0 where it never is.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        sensitivity: the least sensitivity, in [0, 1].
        num_thresholds: how many thresholds, evenly from 0 to 1, are tried.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: sensitivity is not in [0, 1], or num_thresholds is not positive.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]).item()
    1.0
    """

    best, under = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        self._start(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestUnder):
    """The best TP / (TP + FP) where TP / (TP + FN) is at least `recall`; 0 where it never is.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        recall: the least recall, in [0, 1].
        num_thresholds: how many thresholds, evenly from 0 to 1, are tried.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: recall is not in [0, 1], or num_thresholds is not positive.

    >>> PrecisionAtRecall(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]).item()
    1.0
    """

    best, under = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        self._start(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestUnder):
    """The best TP / (TP + FN) where TP / (TP + FP) is at least `precision`; 0 where it never is.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        precision: the least precision, in [0, 1].
        num_thresholds: how many thresholds, evenly from 0 to 1, are tried.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: precision is not in [0, 1], or num_thresholds is not positive.

    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]).item()
    0.5
    """

    best, under = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        self._start(precision, num_thresholds, class_id, name, dtype)
