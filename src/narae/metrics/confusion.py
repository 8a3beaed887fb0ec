"""Counts of right and wrong predictions, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from narae.base.errors import entry
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.metrics.counting import (
    FN,
    FP,
    LOWEST,
    TN,
    TP,
    checked_thresholds,
    confusion,
)
from narae.ops.weighting import divide_no_nan
from narae.tensor.tensor import Tensor

Thresholds = float | list[float] | tuple[float, ...] | None


class Counts(Metric):
    """Base of metrics that count predictions at thresholds, in variables named by what they count."""

    counted: ClassVar[tuple[str, ...]]

    def _build(self, thresholds: Sequence[float]) -> None:
        self.thresholds = list(thresholds)
        for name in self.counted:
            setattr(self, name, self.add_weight((len(self.thresholds),), name=name))

    def _count(
        self, y_true: TensorLike, y_pred: TensorLike, weight: TensorLike | None, **options: Any
    ) -> None:
        found = confusion(
            self.counted, y_true, y_pred, self.thresholds, self._kept(), weight=weight, **options
        )
        for name, value in found.items():
            getattr(self, name).assign_add(value)

    def _kept(self) -> str:
        """The dtype of the counts: half precision would stop counting at 2048."""
        return self.variables[0].dtype

    def _counts(self) -> list[Tensor]:
        return [getattr(self, name).value for name in self.counted]

    def _shaped(self, values: Tensor) -> Tensor:
        """A number for one threshold, a vector for several."""
        return values[0] if len(self.thresholds) == 1 else values


class _Counter(Counts):
    """Base of the four plain counts: a scalar, or a vector (thresholds,). Keras names their variable 'accumulator'.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].
    """

    kind: ClassVar[str]

    def __init__(
        self,
        thresholds: Thresholds = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = checked_thresholds(thresholds)
        self.accumulator = self.add_weight((len(self.thresholds),), name="accumulator")

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        counts = confusion(
            (self.kind,), y_true, y_pred, self.thresholds, self._kept(), weight=sample_weight
        )
        self.accumulator.assign_add(counts[self.kind])

    def result(self) -> Tensor:
        return self._shaped(self.accumulator.value)

    def get_config(self) -> Config:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Counter):
    """The (weighted) number of predictions above the threshold whose label is 1.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> TruePositives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = TP


class FalsePositives(_Counter):
    """The (weighted) number of predictions above the threshold whose label is 0.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> FalsePositives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = FP


class TrueNegatives(_Counter):
    """The (weighted) number of predictions not above the threshold whose label is 0.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> TrueNegatives()([1, 1, 0], [0.9, 0.2, 0.3]).item()
    1.0
    """

    kind = TN


class FalseNegatives(_Counter):
    """The (weighted) number of predictions not above the threshold whose label is 1.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> FalseNegatives()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    1.0
    """

    kind = FN


class _Share(Counts):
    """Base of Precision and Recall: the first count by the sum of both."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self._build(checked_thresholds(thresholds, 0.5 if top_k is None else LOWEST))

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        self._count(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Tensor:
        right, wrong = self._counts()
        return self._shaped(divide_no_nan(right, right + wrong))

    def get_config(self) -> Config:
        options = {
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }
        return {**super().get_config(), **options}


class Precision(_Share):
    """TP / (TP + FP): of the predictions above the threshold, the share whose label is 1; 0 of none.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5,
            or no threshold with top_k.
        top_k: the k most probable classes of a sample are its positive predictions, in place of a threshold; None: all
            count.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> Precision()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    0.5
    """

    counted = (TP, FP)


class Recall(_Share):
    """TP / (TP + FN): of the labels 1, the share whose prediction is above the threshold; 0 of none.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    The result is a scalar, or a vector for several thresholds.

    Args:
        thresholds: above it a probability counts as a positive prediction: a number in [0, 1], or several; None: 0.5,
            or no threshold with top_k.
        top_k: the k most probable classes of a sample are its positive predictions, in place of a threshold; None: all
            count.
        class_id: the class, an index of the last axis, that is counted alone; None: all classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: a threshold is not in [0, 1].

    >>> Recall()([1, 1, 0], [0.9, 0.2, 0.8]).item()
    0.5
    """

    counted = (TP, FN)
