"""The formulas that only losses use: overlaps of regions, distances of pairs, sequences."""

from __future__ import annotations

from narae import ops
from narae.base.dtypes import as_float
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.settings import epsilon
from narae.base.types import Axis, TensorLike
from narae.ops.objectives.crossentropy import clipped
from narae.ops.objectives.ctc import check_sequences, ctc_loss
from narae.ops.objectives.pairs import check_labels, class_indices, pair
from narae.tensor.masks import set_keras_mask
from narae.tensor.tensor import Tensor


@builtin("keras.losses")
def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """1 − 2 Σ t p / (Σ t + Σ p): how little two regions overlap; t the targets, p the predictions.

    Args:
        y_true: the true regions: 0 and 1 for each element, of y_pred's shape.
        y_pred: the predicted regions: probabilities from 0 to 1.
        axis: the axes that are summed over; None: all, and the result is a scalar.

    Returns: the shape of y_pred without `axis`.

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Dice 1945; Sørensen 1948.

    >>> round(dice([[0.0, 1.0]], [[0.0, 1.0]]).item(), 4)
    0.0
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    each = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (each + epsilon())


@builtin("keras.losses")
def tversky(
    y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> Tensor:
    """1 − TP / (TP + alpha FP + beta FN): `dice` with weights for the two kinds of error.

    Args:
        y_true: the true regions: 0 and 1 for each element, of y_pred's shape.
        y_pred: the predicted regions: probabilities from 0 to 1.
        alpha: the weight of false positives.
        beta: the weight of false negatives; 1/2 for both gives `dice`.
        axis: the axes that are summed over; None: all, and the result is a scalar.

    Returns: the shape of y_pred without `axis`.

    Raises:
        ShapeError: the shapes do not broadcast.

    Source: Salehi et al. 2017, eq. 3.

    >>> round(tversky([[0.0, 1.0]], [[0.0, 1.0]]).item(), 4)
    0.0
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    wrong = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    return 1.0 - both / (both + alpha * wrong + beta * missed + epsilon())


@builtin("keras.losses")
def categorical_generalized_cross_entropy(
    y_true: TensorLike, y_pred: TensorLike, q: float
) -> Tensor:
    """(1 − p^q) / q, p the probability of the true class: (n,), (n, classes) -> (n,).

    Args:
        y_true: the targets, class indices (n,) or (n, 1).
        y_pred: the predicted probabilities, (n, classes).
        q: in (0, 1): towards 0 the crossentropy, towards 1 the absolute error, which wrong labels disturb less.

    Returns: one number per sample, (n,).

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: a known label is not a whole number, or out of range.

    Source: Zhang & Sabuncu 2018, eq. 6.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], 0.5).numpy().round(4).tolist()
    [1.0]
    """
    name = "categorical_generalized_cross_entropy"
    y_pred = ops.convert_to_tensor(y_pred)
    y_pred = ops.cast(y_pred, as_float(y_pred.dtype))
    labels = class_indices(name, ops.convert_to_tensor(y_true), y_pred.shape)
    check_labels(name, labels, y_pred.shape[-1])
    index = ops.expand_dims(ops.cast(labels, "int32"), -1)
    p = ops.squeeze(ops.take_along_axis(y_pred, index, axis=-1), -1)
    return (1.0 - ops.power(clipped(p), q)) / q


@builtin("keras.losses")
def circle(
    y_true: TensorLike,
    y_pred: TensorLike,
    ref_labels: TensorLike | None = None,
    ref_embeddings: TensorLike | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Circle loss of each sample, in distances 1 − cos: labels (batch,), unit vectors (batch, d) -> (batch,).

    log(1 + Σ exp(gamma max(m + s, 0) (s − m)) Σ exp(gamma max(1 + m − u, 0) (1 − m − u))), m the margin,
    s the distances to samples of the same label, u those to others. Samples with loss 0 are masked out.

    Args:
        y_true: the labels, whole numbers (batch,) or (batch, 1).
        y_pred: the embeddings, vectors of length 1, (batch, d).
        ref_labels: labels (n,) of other vectors to compare with; None: the batch's own.
        ref_embeddings: other vectors (n, d) to compare with; None: the batch's own.
        remove_diagonal: whether a sample is left out among those of its label; False where the references are others.
        gamma: the scale of the distances.
        margin: how much nearer than others samples of one label are to be, in distances.

    Returns: one number per sample, (batch,).

    Raises:
        ShapeError: the predictions are not (batch, d).

    Source: Sun et al. 2020, "Circle loss", eq. 6.

    >>> circle([0, 1], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [0.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_pred = ops.cast(y_pred, as_float(y_pred.dtype))
    if len(y_pred.shape) != 2:
        fix = ". Is a Flatten() missing before the last layer?" if len(y_pred.shape) > 2 else ""
        raise ShapeError(
            f"circle takes a vector for each sample, (batch, d), got predictions of shape {y_pred.shape}{fix}"
        )
    labels = ops.reshape(ops.cast(ops.convert_to_tensor(y_true), "int32"), (-1, 1))
    others = y_pred if ref_embeddings is None else ops.cast(ref_embeddings, y_pred.dtype)
    other_labels = labels if ref_labels is None else ops.cast(ref_labels, "int32")
    distance = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(others)), 0.0)
    same = ops.equal(labels, ops.reshape(other_labels, (1, -1)))
    positive, negative = same, ops.logical_not(same)
    if remove_diagonal:
        positive = ops.logical_and(same, ops.logical_not(ops.eye(*same.shape, dtype="bool")))
    pull = gamma * ops.maximum(margin + distance, 0.0) * (distance - margin)
    push = gamma * ops.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    loss = ops.softplus(_log_sum_exp(pull, positive) + _log_sum_exp(push, negative))
    if isinstance(loss, Tensor):
        set_keras_mask(loss, ops.greater(loss, 0))
    return loss


def _log_sum_exp(x: Tensor, mask: Tensor) -> Tensor:
    """log Σ exp(x) over the masked part of the last axis."""
    # finite, so that gradients are too: exp() of it is 0, and float16 holds it
    nothing = -6e4 if x.dtype == "float16" else -1e9
    return ops.logsumexp(ops.where(mask, x, nothing), axis=-1)


@builtin("keras.losses")
def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Connectionist temporal classification: −log p of each label sequence, whatever its alignment.

    Args:
        y_true: the label sequences, class indices (batch, labels), padded by 0, which is the blank.
        y_pred: the scores of the classes at each time, (batch, time, classes), to be put through a softmax.

    Returns: one number per sequence, (batch,), in float32 or wider.

    Raises:
        ShapeError: labels and scores have other ranks, or differ in number.

    Source: Graves et al. 2006, section 4.1.

    >>> f"{ctc([[1]], [[[0.0, 0.0]]])[0]:.4f}"
    '0.6931'
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
    check_sequences(labels.shape, y_pred.shape)
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    times = ops.full(labels.shape[:1], y_pred.shape[1], dtype="int32")
    return ctc_loss(labels, y_pred, lengths, times, mask_index=0)
