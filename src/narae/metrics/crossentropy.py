"""The mean crossentropy of predictions."""

from __future__ import annotations

from typing import Any

from narae.metrics.accuracy import target_kind
from narae.metrics.reduction import FunctionMetric
from narae.ops.objectives import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)


class BinaryCrossentropy(FunctionMetric, function=binary_crossentropy):
    """The mean crossentropy of labels 0 and 1. See `narae.losses.binary_crossentropy`.

    >>> f"{BinaryCrossentropy()([[1.0]], [[0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FunctionMetric, function=categorical_crossentropy):
    """The mean crossentropy of one-hot targets. See `narae.losses.categorical_crossentropy`.

    >>> f"{CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(name, dtype, **options)


class SparseCategoricalCrossentropy(FunctionMetric, function=sparse_categorical_crossentropy):
    """The mean crossentropy of class indices. See `narae.losses.sparse_categorical_crossentropy`.

    >>> f"{SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(name, dtype, **options)


_CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}


def crossentropy_for(
    y_true_shape: tuple[Any, ...], y_pred_shape: tuple[Any, ...]
) -> type[FunctionMetric]:
    """The class that "crossentropy" means for targets and predictions of these shapes.

    >>> crossentropy_for((32, 10), (32, 10)).__name__
    'CategoricalCrossentropy'
    """
    return _CROSSENTROPIES[target_kind(y_true_shape, y_pred_shape)]
