"""Confusion counts at thresholds: what Precision, Recall, AUC and their like are computed from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae import ops
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.settings import epsilon
from narae.base.types import TensorLike
from narae.ops.weighting import same_rank
from narae.primitives.record import broadcast_shapes
from narae.tensor.tensor import Tensor

LOWEST = -1e10  # the score of a class that is not among the k best
TP, FP, TN, FN = "true_positives", "false_positives", "true_negatives", "false_negatives"


def even_thresholds(count: int, margin: float = 0.0) -> list[float]:
    """Evenly spread thresholds from 0 to 1, the ends moved outwards by a margin."""
    afford(count, 64)
    inner = [(i + 1) / (count - 1) for i in range(count - 2)]
    return [0.0 - margin, *inner, 1.0 + margin]


def are_even(thresholds: Sequence[float]) -> bool:
    """Whether thresholds are those of `even_thresholds`, so that scores can be put in buckets."""
    count = len(thresholds)
    even = np.arange(count) / max(count - 1, 1)
    return count >= 3 and bool(np.allclose(thresholds, even, atol=epsilon()))


def checked_thresholds(
    thresholds: float | list[float] | tuple[float, ...] | None, default: float = 0.5
) -> list[float]:
    """Thresholds as a list. Raises ValueError for one outside of [0, 1]."""
    if thresholds is None:
        return [default]
    several = isinstance(thresholds, (list, tuple, np.ndarray))
    listed: list[float] = list(thresholds) if several else [thresholds]
    bad = [t for t in listed if t is None or not 0 <= t <= 1]
    if bad:
        raise ValueError(f"thresholds are between 0 and 1, got {bad}")
    return listed


def best_of(y_pred: Tensor, k: int) -> Tensor:
    """Scores where they are among the k best of the last axis, the lowest elsewhere."""
    _, index = ops.top_k(y_pred, k, sorted=False)
    chosen = ops.sum(ops.one_hot(index, y_pred.shape[-1], axis=-1, dtype=y_pred.dtype), axis=-2)
    return y_pred * chosen + LOWEST * (1.0 - chosen)


def broadcast_weight(weight: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A weight for each element, from one for each sample or of any shape that fits.

    Raises ShapeError when it does not fit.
    """
    given = weight.shape
    if len(given) == len(shape) + 1 and given[-1] == 1:
        weight = ops.squeeze(weight, -1)
    missing = len(shape) - len(weight.shape)
    weight = ops.reshape(weight, (*weight.shape, *(1,) * missing)) if missing > 0 else weight
    try:
        fits = broadcast_shapes(weight.shape, shape) == shape
    except ShapeError:
        fits = False
    if not fits:
        raise ShapeError(
            f"sample_weight of shape {given} does not fit predictions of shape {shape}: "
            "give one weight per sample, or one per prediction"
        )
    return ops.broadcast_to(weight, shape)


def confusion(
    wanted: Sequence[str],
    y_true: TensorLike,
    y_pred: TensorLike,
    thresholds: Sequence[float],
    dtype: str,
    *,
    weight: TensorLike | None = None,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: TensorLike | None = None,
    by_label: bool = False,
) -> dict[str, Tensor]:
    """The wanted counts at each threshold: (thresholds,), or (thresholds, labels) with by_label.

    A prediction is positive where it is above the threshold. Raises ShapeError when shapes do not
    fit.
    """
    truth, scores, sizes = _prepared(y_true, y_pred, dtype, weight, top_k, class_id)
    if label_weights is not None and not by_label:
        sizes = sizes * ops.convert_to_tensor(label_weights, dtype)
    labels = scores.shape[-1] if by_label else 1
    truth, scores, sizes = (ops.reshape(x, (-1, labels)) for x in (truth, scores, sizes))
    positive, negative = truth * sizes, (1.0 - truth) * sizes
    count = _bucketed if are_even(thresholds) else _compared
    above = {TP: (positive, FN), FP: (negative, TN)}
    out: dict[str, Tensor] = {}
    for name, (weights, rest) in above.items():
        if name in wanted or rest in wanted:
            out[name] = count(scores, weights, thresholds)
            if rest in wanted:
                # the sums are rounded apart: a count is not to fall below 0
                out[rest] = ops.maximum(ops.sum(weights, axis=0) - out[name], 0.0)
    return {name: out[name] if by_label else out[name][:, 0] for name in wanted}


def _prepared(
    y_true: TensorLike,
    y_pred: TensorLike,
    dtype: str,
    weight: TensorLike | None,
    top_k: int | None,
    class_id: int | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Labels 0 and 1, scores and weights of one shape."""
    scores = ops.cast(ops.convert_to_tensor(y_pred), dtype)
    labels = ops.cast(ops.convert_to_tensor(y_true), dtype)
    scores, labels = same_rank(scores, labels)
    if scores.shape != labels.shape:
        raise ShapeError(
            f"y_true and y_pred must be of one shape, got {labels.shape} and {scores.shape}: "
            "a label, 0 or 1, for each prediction"
        )
    scores = scores if top_k is None else best_of(scores, top_k)
    weights = ops.convert_to_tensor(1.0 if weight is None else weight, dtype)
    weights = broadcast_weight(weights, scores.shape)
    if class_id is not None:
        if len(scores.shape) < 2:
            raise ShapeError(
                f"class_id needs predictions of shape (samples, classes), got {scores.shape}"
            )
        chosen = slice(class_id, class_id + 1)
        labels, scores, weights = (x[..., chosen] for x in (labels, scores, weights))
    return ops.cast(ops.not_equal(labels, 0), dtype), scores, weights


def _compared(y_pred: Tensor, weights: Tensor, thresholds: Sequence[float]) -> Tensor:
    """Σ weights of the scores above each threshold: (n, labels) -> (thresholds, labels)."""
    levels = np.asarray(thresholds, y_pred.dtype).reshape(-1, 1, 1)
    above = ops.cast(ops.greater(ops.expand_dims(y_pred, 0), levels), weights.dtype)
    return ops.einsum("tnl,nl->tl", above, weights)


def _bucketed(y_pred: Tensor, weights: Tensor, thresholds: Sequence[float]) -> Tensor:
    """The same for evenly spread thresholds: a sum per bucket, then running sums from the top."""
    count, labels = len(thresholds), y_pred.shape[-1]
    # a score on a threshold belongs to the bucket below it
    bucket = ops.ceil(ops.clip(y_pred, 0.0, 1.0) * (count - 1)) - 1.0
    index = ops.cast(ops.maximum(bucket, 0.0), "int32") * labels + np.arange(labels, dtype="int32")
    flat = ops.segment_sum(ops.reshape(weights, (-1,)), ops.reshape(index, (-1,)), count * labels)
    sums = ops.reshape(flat, (count, labels))
    return ops.flip(ops.cumsum(ops.flip(sums, axis=0), axis=0), axis=0)
