"""The mean crossentropy of predictions."""

from __future__ import annotations

from narae.base.types import DTypePolicyLike, Shape
from narae.metrics.accuracy import target_kind
from narae.metrics.reduction import FunctionMetric
from narae.ops.objectives import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)


class BinaryCrossentropy(FunctionMetric, function=binary_crossentropy):
    """The mean of −(t log p + (1 − t) log(1 − p)), t labels 0 and 1, p their probabilities.

    y_true, y_pred: (batch, ..., d); sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        from_logits: whether predictions are scores, to be put through a sigmoid first.
        label_smoothing: in [0, 1]; labels are moved this part of the way towards 1/2.

    >>> f"{BinaryCrossentropy()([[1.0]], [[0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: DTypePolicyLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FunctionMetric, function=categorical_crossentropy):
    """The mean of −Σ t log p over the classes, t one-hot targets, p the probabilities.

    y_true, y_pred: (batch, ..., classes), one-hot targets and probabilities; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        from_logits: whether predictions are scores, to be put through a softmax first; otherwise they are divided by
            their sum.
        label_smoothing: in [0, 1]; targets are moved this part of the way towards the uniform distribution.
        axis: the classes' axis.

    >>> f"{CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: DTypePolicyLike | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(name, dtype, **options)


class SparseCategoricalCrossentropy(FunctionMetric, function=sparse_categorical_crossentropy):
    """The mean of −log p of the true class.

    y_true: class indices, (batch, ...) or (batch, ..., 1); y_pred: probabilities, (batch, ..., classes).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        from_logits: whether predictions are scores, to be put through a softmax first; otherwise they are divided by
            their sum.
        ignore_class: a class index whose samples have loss 0 and are masked out; None: all count.
        axis: the classes' axis.

    >>> f"{SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: DTypePolicyLike | None = None,
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


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> type[FunctionMetric]:
    """The class that "crossentropy" means for targets and predictions of these shapes.

    Args:
        y_true_shape: the shape of the targets, (batch, ...).
        y_pred_shape: the shape of the predictions.

    Returns: BinaryCrossentropy, SparseCategoricalCrossentropy or CategoricalCrossentropy.

    >>> crossentropy_for((32, 10), (32, 10)).__name__
    'CategoricalCrossentropy'
    """
    return _CROSSENTROPIES[target_kind(y_true_shape, y_pred_shape)]
