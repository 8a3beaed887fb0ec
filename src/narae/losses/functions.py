"""The formulas that only losses use: overlaps of regions, distances of pairs, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narae import ops
from narae.base.dtypes import as_float
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.settings import epsilon
from narae.ops.objectives.crossentropy import clipped
from narae.ops.objectives.ctc import check_sequences, ctc_loss
from narae.ops.objectives.pairs import check_labels, class_indices, pair
from narae.tensor.tensor import Tensor

Axes = int | Sequence[int] | None


@builtin("keras.losses")
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """1 − 2 Σ t p / (Σ t + Σ p) over some axes, all of them by default (Sørensen 1948, Dice 1945).

    Raises ShapeError when the shapes do not broadcast.

    >>> round(dice([[0.0, 1.0]], [[0.0, 1.0]]).item(), 4)
    0.0
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    each = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (each + epsilon())


@builtin("keras.losses")
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None
) -> Tensor:
    """1 − TP / (TP + alpha FP + beta FN) over some axes, all by default (Salehi et al. 2017, eq. 3).

    alpha weighs what was wrongly found, beta what was missed. Raises ShapeError when the shapes do
    not broadcast.

    >>> round(tversky([[0.0, 1.0]], [[0.0, 1.0]]).item(), 4)
    0.0
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    wrong = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    return 1.0 - both / (both + alpha * wrong + beta * missed + epsilon())


@builtin("keras.losses")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """(1 − p^q) / q, p of the true class: indices (n,), predictions (n, classes) -> (n,).

    Between crossentropy (q to 0) and the absolute error (q to 1); Zhang & Sabuncu 2018, eq. 6.
    Raises ShapeError when the shapes do not fit, ValueError for known labels out of range.

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
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Circle loss of each sample: labels (batch,), unit vectors (batch, d) -> (batch,).

    Samples are compared with each other, or with reference vectors; eq. 6 of Sun et al. 2020
    ("Circle Loss"), in distances 1 − cos. Samples with loss 0 are masked out.

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
        loss._keras_mask = ops.greater(loss, 0)
    return loss


def _log_sum_exp(x: Any, mask: Any) -> Any:
    """log Σ exp(x) over the masked part of the last axis."""
    # finite, so that gradients are too: exp() of it is 0, and float16 holds it
    nothing = -6e4 if x.dtype == "float16" else -1e9
    return ops.logsumexp(ops.where(mask, x, nothing), axis=-1)


@builtin("keras.losses")
def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """Connectionist temporal classification (Graves et al. 2006) of each sequence.

    y_true: (batch, labels), class indices padded by 0, which is the blank; y_pred: (batch, time,
    classes), scores. Result (batch,). Raises ShapeError for other ranks.

    >>> f"{ctc([[1]], [[[0.0, 0.0]]])[0]:.4f}"
    '0.6931'
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
    check_sequences(labels.shape, y_pred.shape)
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    times = ops.full(labels.shape[:1], y_pred.shape[1], dtype="int32")
    return ctc_loss(labels, y_pred, lengths, times, mask_index=0)
