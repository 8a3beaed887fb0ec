"""Losses of probabilities, as classes."""

from __future__ import annotations

from narae.base.registry import builtin
from narae.base.types import DTypePolicyLike, TensorLike
from narae.losses.base import FunctionLoss, PlainLoss
from narae.losses.functions import categorical_generalized_cross_entropy
from narae.ops import objectives as O

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class KLDivergence(PlainLoss, function=O.kl_divergence):
    """Σ t log(t / p) over the last axis, the distance of a distribution from the true one.

    y_true, y_pred: (batch, ..., d), both kept in [epsilon, 1].

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Kullback & Leibler 1951.

    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """


@builtin("keras.losses")
class BinaryCrossentropy(FunctionLoss, function=O.binary_crossentropy):
    """−mean(t log p + (1 − t) log(1 − p)), t labels 0 and 1, p their probabilities.

    y_true, y_pred: (batch, ..., d).

    Args:
        from_logits: whether predictions are scores, to be put through a sigmoid first.
        label_smoothing: in [0, 1]; labels are moved this part of the way towards 1/2.
        axis: the axis over which a sample's mean is taken.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> f"{BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_crossentropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class BinaryFocalCrossentropy(FunctionLoss, function=O.binary_focal_crossentropy):
    """mean(−(1 − r)^gamma log r), r the probability of the true label: well predicted samples count less.

    y_true, y_pred: (batch, ..., d), labels 0 and 1 and their probabilities.

    Args:
        apply_class_balancing: whether label 1 is weighted by alpha and label 0 by 1 - alpha.
        alpha: the weight of label 1, in [0, 1]; used with apply_class_balancing.
        gamma: how strongly samples that are predicted well are weighted down; 0: not at all.
        from_logits: whether predictions are scores, to be put through a sigmoid first.
        label_smoothing: in [0, 1]; labels are moved this part of the way towards 1/2.
        axis: the axis over which a sample's mean is taken.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Lin et al. 2017, "Focal loss", eq. 4; eq. 5 with apply_class_balancing.

    >>> f"{BinaryFocalCrossentropy()([[1.0]], [[0.5]]):.4f}"
    '0.1733'
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_focal_crossentropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        balance = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        super().__init__(reduction, name, dtype, **options, **balance)


@builtin("keras.losses")
class CategoricalCrossentropy(FunctionLoss, function=O.categorical_crossentropy):
    """−Σ t log p over the classes, t one-hot targets, p the probabilities.

    y_true, y_pred: (batch, ..., classes).

    Args:
        from_logits: whether predictions are scores, to be put through a softmax first; otherwise they are divided by
            their sum.
        label_smoothing: in [0, 1]; targets are moved this part of the way towards the uniform distribution.
        axis: the classes' axis.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> f"{CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_crossentropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CategoricalFocalCrossentropy(FunctionLoss, function=O.categorical_focal_crossentropy):
    """−Σ alpha (1 − p)^gamma t log p over the classes: well predicted samples count less.

    y_true, y_pred: (batch, ..., classes), one-hot targets and probabilities.

    Args:
        alpha: the weight of the classes: a number, or one per class.
        gamma: how strongly samples that are predicted well are weighted down; 0: not at all.
        from_logits: whether predictions are scores, to be put through a softmax first; otherwise they are divided by
            their sum.
        label_smoothing: in [0, 1]; targets are moved this part of the way towards the uniform distribution.
        axis: the classes' axis.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    Source: Lin et al. 2017, "Focal loss", eq. 5.

    >>> f"{CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.0433'
    """

    def __init__(
        self,
        alpha: TensorLike = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_focal_crossentropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options, alpha=alpha, gamma=gamma)


@builtin("keras.losses")
class SparseCategoricalCrossentropy(
    FunctionLoss, function=O.sparse_categorical_crossentropy, quiet={"axis": -1}
):
    """−log p of the true class.

    y_true: class indices from 0, (batch, ...) or (batch, ..., 1); y_pred: (batch, ..., classes).

    Args:
        from_logits: whether predictions are scores, to be put through a softmax first; otherwise they are divided by
            their sum.
        ignore_class: a class index whose samples have loss 0 and are masked out; None: all count.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        axis: the classes' axis.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> f"{SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CategoricalGeneralizedCrossEntropy(
    FunctionLoss, function=categorical_generalized_cross_entropy
):
    """(1 − p^q) / q, p the probability of the true class: a crossentropy that wrong labels disturb less.

    y_true: class indices (batch,); y_pred: probabilities (batch, classes).

    Args:
        q: in (0, 1): towards 0 the crossentropy, towards 1 the absolute error.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: q is not in (0, 1), or the reduction is none of these.

    Source: Zhang & Sabuncu 2018, eq. 6.

    >>> f"{CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"q is between 0 and 1 (both excluded), got {q}")
        super().__init__(reduction, name, dtype, q=q)
