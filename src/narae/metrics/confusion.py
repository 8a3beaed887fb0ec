"""Counts of right and wrong decisions, precision, recall, and the best of one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from narae import ops
from narae.metrics.base import Metric
from narae.metrics.counting import (
    FN,
    FP,
    LOWEST,
    TN,
    TP,
    checked_thresholds,
    confusion,
    spread_thresholds,
)
from narae.ops.weighting import divide_no_nan

Thresholds = float | Sequence[float] | None


class _Counts(Metric):
    """Base of metrics that count decisions at thresholds, in variables named by what they count."""

    counted: ClassVar[tuple[str, ...]]

    def _build(self, thresholds: Sequence[float]) -> None:
        self.thresholds = list(thresholds)
        for name in self.counted:
            setattr(self, name, self.add_weight((len(self.thresholds),), name=name))

    def _count(self, y_true: Any, y_pred: Any, weight: Any, **options: Any) -> None:
        found = confusion(
            self.counted, y_true, y_pred, self.thresholds, self._kept(), weight=weight, **options
        )
        for name, value in found.items():
            getattr(self, name).assign_add(value)

    def _kept(self) -> str:
        """The dtype of the counts: half precision would stop counting at 2048."""
        return self.variables[0].dtype

    def _counts(self) -> list[Any]:
        return [getattr(self, name).value for name in self.counted]

    def _shaped(self, values: Any) -> Any:
        """A number for one threshold, a vector for several."""
        return values[0] if len(self.thresholds) == 1 else values


class _Counter(_Counts):
    """Base of the four plain counts. Keras names their variable 'accumulator'."""

    kind: ClassVar[str]

    def __init__(
        self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = checked_thresholds(thresholds)
        self.accumulator = self.add_weight((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: labels 0 and 1, probabilities of the same shape."""
        counts = confusion(
            (self.kind,), y_true, y_pred, self.thresholds, self._kept(), weight=sample_weight
        )
        self.accumulator.assign_add(counts[self.kind])

    def result(self) -> Any:
        """The count: a scalar, or a vector for several thresholds."""
        return self._shaped(self.accumulator.value)

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Counter):
    """The (weighted) number of predictions above the threshold whose label is 1.

    >>> TruePositives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = TP


class FalsePositives(_Counter):
    """The (weighted) number of predictions above the threshold whose label is 0.

    >>> FalsePositives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = FP


class TrueNegatives(_Counter):
    """The (weighted) number of predictions not above the threshold whose label is 0.

    >>> TrueNegatives()([1, 1, 0], [0.9, 0.2, 0.3]).item()
    1.0
    """

    kind = TN


class FalseNegatives(_Counter):
    """The (weighted) number of predictions not above the threshold whose label is 1.

    >>> FalseNegatives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = FN


class _Share(_Counts):
    """Base of Precision and Recall: the first count by the sum of both."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self._build(checked_thresholds(thresholds, 0.5 if top_k is None else LOWEST))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: labels 0 and 1, probabilities of the same shape."""
        self._count(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Any:
        """The share, 0 of none: a scalar, or a vector for several thresholds."""
        right, wrong = self._counts()
        return self._shaped(divide_no_nan(right, right + wrong))

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again."""
        options = {
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }
        return {**super().get_config(), **options}


class Precision(_Share):
    """Of the predictions above the threshold, the share whose label is 1.

    top_k: the k best classes of a sample are its positive predictions. class_id: count that class
    alone. Raises ValueError for a threshold outside of [0, 1].

    >>> Precision()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    0.5
    """

    counted = (TP, FP)


class Recall(_Share):
    """Of the labels 1, the share whose prediction is above the threshold.

    top_k: the k best classes of a sample are its positive predictions. class_id: count that class
    alone. Raises ValueError for a threshold outside of [0, 1].

    >>> Recall()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    0.5
    """

    counted = (TP, FN)


_RATES = {
    "sensitivity": (TP, FN),
    "recall": (TP, FN),
    "specificity": (TN, FP),
    "precision": (TP, FP),
}


class _BestUnder(_Counts):
    """Base of metrics that give the best of one rate where another is at least a value."""

    _direction = "up"
    counted = (TP, FP, TN, FN)
    best: ClassVar[str]
    under: ClassVar[str]

    def _start(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any
    ) -> None:
        Metric.__init__(self, name=name, dtype=dtype)
        if not 0 <= value <= 1:
            raise ValueError(f"{self.under} is between 0 and 1, got {value}")
        if num_thresholds <= 0:
            raise ValueError(f"num_thresholds is at least 1, got {num_thresholds}")
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self.under, value)
        self._build([0.5] if num_thresholds == 1 else spread_thresholds(num_thresholds))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: labels 0 and 1, probabilities of the same shape."""
        self._count(y_true, y_pred, sample_weight, class_id=self.class_id)

    def result(self) -> Any:
        """The best rate over the thresholds that qualify, 0 when none does."""
        best, under = self._rate(self.best), self._rate(self.under)
        return ops.max(ops.where(under >= self.value, best, 0.0))

    def _rate(self, name: str) -> Any:
        right, wrong = (getattr(self, count).value for count in _RATES[name])
        return divide_no_nan(right, right + wrong)

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again."""
        options = {"num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **options, self.under: self.value}


class SensitivityAtSpecificity(_BestUnder):
    """The best TP / (TP + FN) where TN / (TN + FP) is at least `specificity`.

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
        dtype: Any = None,
    ) -> None:
        self._start(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestUnder):
    """The best TN / (TN + FP) where TP / (TP + FN) is at least `sensitivity`.

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
        dtype: Any = None,
    ) -> None:
        self._start(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestUnder):
    """The best TP / (TP + FP) where TP / (TP + FN) is at least `recall`.

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
        dtype: Any = None,
    ) -> None:
        self._start(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestUnder):
    """The best TP / (TP + FN) where TP / (TP + FP) is at least `precision`.

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
        dtype: Any = None,
    ) -> None:
        self._start(precision, num_thresholds, class_id, name, dtype)
