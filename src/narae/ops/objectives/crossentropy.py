"""Distances between distributions."""

from __future__ import annotations

from narae.base.dtypes import as_float, result_type
from narae.base.errors import warn_user
from narae.base.registry import builtin
from narae.base.settings import epsilon
from narae.base.types import TensorLike
from narae.ops.arithmetic import power
from narae.ops.casting import cast, convert_to_tensor
from narae.ops.indexing import take_along_axis
from narae.ops.logic import not_equal, stop_gradient, where
from narae.ops.math import exp, log
from narae.ops.nn import log_sigmoid, sigmoid
from narae.ops.objectives.pairs import (
    check_axis,
    check_labels,
    check_one_hot,
    check_same_shape,
    class_indices,
    pair,
)
from narae.ops.reductions import max, mean, sum
from narae.ops.rounding import clip
from narae.ops.shapes import expand_dims, squeeze
from narae.ops.simplex import log_softmax, softmax
from narae.tensor.masks import set_keras_mask
from narae.tensor.tensor import Tensor


def clipped(x: Tensor) -> Tensor:
    """Probabilities kept off 0 and 1 by epsilon, so that logarithms stay finite."""
    return clip(x, epsilon(), 1.0 - epsilon())


def smoothed(y_true: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Targets moved towards the uniform distribution (Szegedy et al. 2016, section 7)."""
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


@builtin("keras.losses")
def binary_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−mean(t log p + (1 − t) log(1 − p)) over an axis, t the labels and p the probabilities of label 1.

    Args:
        y_true: the labels, 0 and 1, of y_pred's shape; a last axis of length 1 may be left out.
        y_pred: the predicted probabilities of label 1, or scores (see from_logits), of any shape.
        from_logits: whether y_pred are scores, to be put through a sigmoid first.
        label_smoothing: in [0, 1]; labels are moved this part of the way towards 1/2.
        axis: the axis over which the mean is taken.

    Returns: one number per sample: the shape of y_pred without `axis`.

    Raises:
        ShapeError: y_true has not y_pred's shape, but for a last axis of length 1.

    >>> f"{binary_crossentropy([0.0, 1.0], [0.5, 0.5]):.4f}"
    '0.6931'
    """
    y_true, y_pred = _binary_pair("binary_crossentropy", y_true, y_pred)
    y_true = smoothed(y_true, label_smoothing, 2)
    return mean(binary_terms(y_true, y_pred, from_logits), axis=axis)


def _binary_pair(name: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    y_true, y_pred = pair(name, y_true, y_pred)
    check_same_shape(name, y_true.shape, y_pred.shape)
    return y_true, y_pred


def binary_terms(y_true: Tensor, y_pred: Tensor, from_logits: bool) -> Tensor:
    """−(t log p + (1 − t) log(1 − p)) for each element."""
    if from_logits:
        yes, no = log_sigmoid(y_pred), log_sigmoid(-y_pred)
    else:
        y_pred = clipped(y_pred)
        yes, no = log(y_pred), log(1.0 - y_pred)
    return -(y_true * yes + (1.0 - y_true) * no)


@builtin("keras.losses")
def binary_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """mean(−(1 − r)^gamma log r) over an axis, r the probability that is given to the true label.

    Samples that are predicted well count less than in binary_crossentropy.

    Args:
        y_true: the labels, 0 and 1, of y_pred's shape; a last axis of length 1 may be left out.
        y_pred: the predicted probabilities of label 1, or scores (see from_logits), of any shape.
        apply_class_balancing: whether label 1 is weighted by alpha and label 0 by 1 - alpha.
        alpha: the weight of label 1, in [0, 1]; used with apply_class_balancing.
        gamma: how strongly samples that are predicted well are weighted down; 0: not at all.
        from_logits: whether y_pred are scores, to be put through a sigmoid first.
        label_smoothing: in [0, 1]; labels are moved this part of the way towards 1/2.
        axis: the axis over which the mean is taken.

    Returns: one number per sample: the shape of y_pred without `axis`.

    Raises:
        ShapeError: y_true has not y_pred's shape, but for a last axis of length 1.

    Source: Lin et al. 2017, "Focal loss", eq. 4; eq. 5 with apply_class_balancing.

    >>> f"{binary_focal_crossentropy([0.0, 1.0], [0.5, 0.5]):.4f}"
    '0.1733'
    """
    y_true, y_pred = _binary_pair("binary_focal_crossentropy", y_true, y_pred)
    y_true = smoothed(y_true, label_smoothing, 2)
    y_pred = sigmoid(y_pred) if from_logits else y_pred
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    loss = power(1.0 - right, gamma) * binary_terms(y_true, y_pred, False)
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return mean(loss, axis=axis)


def _one_hot_pair(
    name: str, y_true: TensorLike, y_pred: TensorLike, smoothing: float, axis: int
) -> tuple[Tensor, Tensor]:
    y_pred = convert_to_tensor(y_pred)
    y_pred = cast(y_pred, as_float(y_pred.dtype))
    y_true = cast(convert_to_tensor(y_true), y_pred.dtype)
    check_axis(name, axis, y_pred.shape)
    if y_pred.shape and y_pred.shape[axis] == 1:
        warn_user(
            f"{name} of one class is 0 whatever is predicted (predictions of shape {y_pred.shape}): "
            "binary_crossentropy is for one output, or give the last layer a unit per class",
            SyntaxWarning,
        )
    check_one_hot(name, y_true.shape, y_pred.shape)
    return smoothed(y_true, smoothing, y_true.shape[axis]), y_pred


@builtin("keras.losses")
def categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−Σ t log p along the classes' axis: (..., classes) -> (...); t the targets, p the probabilities.

    Warns (SyntaxWarning) of a single class, whose loss is always 0.

    Args:
        y_true: the targets, one-hot or probabilities of the classes, of y_pred's shape.
        y_pred: the predicted probabilities of the classes, or scores (see from_logits).
        from_logits: whether y_pred are scores, to be put through a softmax first; otherwise y_pred is divided by its
            sum.
        label_smoothing: in [0, 1]; targets are moved this part of the way towards the uniform distribution.
        axis: the classes' axis.

    Returns: one number per sample: the shape of y_pred without `axis`.

    Raises:
        ShapeError: y_true has not y_pred's shape, or y_pred has no such axis.
        ValueError: the axis is not a whole number.

    >>> f"{categorical_crossentropy([0.0, 1.0], [0.5, 0.5]):.4f}"
    '0.6931'
    """
    name = "categorical_crossentropy"
    y_true, y_pred = _one_hot_pair(name, y_true, y_pred, label_smoothing, axis)
    if from_logits:
        log_p = log_softmax(y_pred, axis=axis)
    else:
        log_p = log(clipped(y_pred / sum(y_pred, axis=axis, keepdims=True)))
    return -sum(y_true * log_p, axis=axis)


@builtin("keras.losses")
def categorical_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: TensorLike = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−Σ alpha (1 − p)^gamma t log p along the classes' axis: (..., classes) -> (...).

    Samples that are predicted well count less than in categorical_crossentropy. Warns (SyntaxWarning) of a single
    class.

    Args:
        y_true: the targets, one-hot or probabilities of the classes, of y_pred's shape.
        y_pred: the predicted probabilities of the classes, or scores (see from_logits).
        alpha: the weight of the classes: a number, or one per class.
        gamma: how strongly samples that are predicted well are weighted down; 0: not at all.
        from_logits: whether y_pred are scores, to be put through a softmax first; otherwise y_pred is divided by its
            sum.
        label_smoothing: in [0, 1]; targets are moved this part of the way towards the uniform distribution.
        axis: the classes' axis.

    Returns: one number per sample: the shape of y_pred without `axis`.

    Raises:
        ShapeError: y_true has not y_pred's shape, or y_pred has no such axis.
        ValueError: the axis is not a whole number.

    Source: Lin et al. 2017, "Focal loss", eq. 5.

    >>> f"{categorical_focal_crossentropy([0.0, 1.0], [0.5, 0.5]):.4f}"
    '0.0433'
    """
    name = "categorical_focal_crossentropy"
    y_true, y_pred = _one_hot_pair(name, y_true, y_pred, label_smoothing, axis)
    y_pred = softmax(y_pred, axis=axis) if from_logits else y_pred
    y_pred = clipped(y_pred / sum(y_pred, axis=axis, keepdims=True))
    weight = power(1.0 - y_pred, gamma) * alpha
    return sum(weight * (-y_true * log(y_pred)), axis=axis)


@builtin("keras.losses")
def sparse_categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """−log p of the true class: indices (...), predictions (..., classes) -> (...).

    Args:
        y_true: the targets, class indices from 0: y_pred's shape without `axis`, or with a last axis of length 1.
        y_pred: the predicted probabilities of the classes, or scores (see from_logits).
        from_logits: whether y_pred are scores, to be put through a softmax first; otherwise y_pred is divided by its
            sum.
        ignore_class: a class index whose samples have loss 0 and are masked out; None: all count.
        axis: the classes' axis.

    Returns: one number per sample, in float32 for predictions of half precision.

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: a known label is not a whole number, or out of range.

    >>> f"{sparse_categorical_crossentropy(1, [0.5, 0.5]):.4f}"
    '0.6931'
    """
    name = "sparse_categorical_crossentropy"
    y_pred = convert_to_tensor(y_pred)
    y_pred = cast(y_pred, as_float(y_pred.dtype))
    labels = class_indices(name, convert_to_tensor(y_true), y_pred.shape, axis)
    check_labels(name, labels, y_pred.shape[axis], ignore_class)
    labels = cast(labels, "int32")
    if ignore_class is None:
        return -_log_of_picked(labels, y_pred, from_logits, axis)
    valid = not_equal(labels, ignore_class)
    labels = where(valid, labels, 0)
    loss = where(valid, -_log_of_picked(labels, y_pred, from_logits, axis), 0.0)
    if isinstance(loss, Tensor):
        set_keras_mask(loss, valid)
    return loss


def _log_of_picked(labels: Tensor, y_pred: Tensor, from_logits: bool, axis: int) -> Tensor:
    """log p of the true classes: only those are divided, clipped and logged, not all of p."""
    index = expand_dims(labels, axis)
    if from_logits:
        shifted = y_pred - stop_gradient(max(y_pred, axis=axis, keepdims=True))
        picked = take_along_axis(shifted, index, axis=axis)
        log_p = picked - log(sum(exp(shifted), axis=axis, keepdims=True))
    else:
        picked = take_along_axis(y_pred, index, axis=axis)
        log_p = log(clipped(picked / sum(y_pred, axis=axis, keepdims=True)))
    return cast(squeeze(log_p, axis), result_type(log_p.dtype, "float32"))


@builtin("keras.losses")
def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Σ t log(t / p) over the last axis: (..., d) -> (...), t the targets and p the predictions.

    Args:
        y_true: the true distributions, (..., d), kept in [epsilon, 1].
        y_pred: the predicted distributions, (..., d), kept in [epsilon, 1]; the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Kullback & Leibler 1951.

    >>> kl_divergence([[0.5, 0.5]], [[0.5, 0.5]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("kl_divergence", y_true, y_pred)
    y_true, y_pred = (clip(y, epsilon(), 1.0) for y in (y_true, y_pred))
    return sum(y_true * log(y_true / y_pred), axis=-1)


@builtin("keras.losses")
def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(y_pred − y_true log(y_pred + epsilon)) over the last axis: (..., d) -> (...).

    The negative log likelihood of counts under Poisson distributions, up to a constant.

    Args:
        y_true: the counts, numbers from 0 up, (..., d).
        y_pred: their predicted means, above 0, (..., d); the result has their dtype.

    Returns: one number per sample, (...).

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> poisson([[0.0, 0.0]], [[1.0, 2.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair("poisson", y_true, y_pred)
    return mean(y_pred - y_true * log(y_pred + epsilon()), axis=-1)
