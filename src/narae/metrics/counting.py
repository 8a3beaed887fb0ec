"""Confusion counts at thresholds: what Precision, Recall, AUC and their like are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae import ops
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.settings import epsilon
from narae.ops.weighting import same_rank
from narae.primitives.record import broadcast_shapes

LOWEST = -1e10  # the score of a class that is not among the k best
TP, FP, TN, FN = "true_positives", "false_positives", "true_negatives", "false_negatives"


def spread_thresholds(count: int, margin: float = 0.0) -> list[float]:
    """Evenly spread thresholds from 0 to 1, the ends moved outwards by a margin."""
    afford(count, 64)
    inner = [(i + 1) / (count - 1) for i in range(count - 2)]
    return [0.0 - margin, *inner, 1.0 + margin]


def evenly_spread(thresholds: Sequence[float]) -> bool:
    """Whether thresholds are those of `spread_thresholds`, so that scores can be put in buckets."""
    count = len(thresholds)
    even = np.arange(count) / max(count - 1, 1)
    return count >= 3 and bool(np.allclose(thresholds, even, atol=epsilon()))


def checked_thresholds(thresholds: Any, default: float = 0.5) -> list[float]:
    """Thresholds as a list. Raises ValueError for one outside of [0, 1]."""
    if thresholds is None:
        return [default]
    listed = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    bad = [t for t in listed if t is None or not 0 <= t <= 1]
    if bad:
        raise ValueError(f"thresholds are between 0 and 1, got {bad}")
    return listed


def best_of(y_pred: Any, k: int) -> Any:
    """Scores where they are among the k best of the last axis, the lowest elsewhere."""
    _, index = ops.top_k(y_pred, k, sorted=False)
    chosen = ops.sum(ops.one_hot(index, y_pred.shape[-1], axis=-1, dtype=y_pred.dtype), axis=-2)
    return y_pred * chosen + LOWEST * (1.0 - chosen)


def broadcast_weight(weight: Any, shape: tuple[int, ...]) -> Any:
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
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    dtype: str,
    *,
    weight: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Any = None,
    by_label: bool = False,
) -> dict[str, Any]:
    """The wanted counts at each threshold: (thresholds,), or (thresholds, labels) with by_label.

    A prediction is positive where it is above the threshold. Raises ShapeError when shapes do not
    fit.
    """
    truth, y_pred, weight = _prepared(y_true, y_pred, dtype, weight, top_k, class_id)
    if label_weights is not None and not by_label:
        weight = weight * ops.convert_to_tensor(label_weights, dtype)
    labels = y_pred.shape[-1] if by_label else 1
    truth, y_pred, weight = (ops.reshape(x, (-1, labels)) for x in (truth, y_pred, weight))
    positive, negative = truth * weight, (1.0 - truth) * weight
    count = _bucketed if evenly_spread(thresholds) else _compared
    above = {TP: (positive, FN), FP: (negative, TN)}
    out: dict[str, Any] = {}
    for name, (weights, rest) in above.items():
        if name in wanted or rest in wanted:
            out[name] = count(y_pred, weights, thresholds)
            if rest in wanted:
                # the sums are rounded apart: a count is not to fall below 0
                out[rest] = ops.maximum(ops.sum(weights, axis=0) - out[name], 0.0)
    return {name: out[name] if by_label else out[name][:, 0] for name in wanted}


def _prepared(
    y_true: Any, y_pred: Any, dtype: str, weight: Any, top_k: int | None, class_id: int | None
) -> tuple[Any, Any, Any]:
    """Labels 0 and 1, scores and weights of one shape."""
    y_pred = ops.cast(ops.convert_to_tensor(y_pred), dtype)
    y_true = ops.cast(ops.convert_to_tensor(y_true), dtype)
    y_pred, y_true = same_rank(y_pred, y_true)
    if y_pred.shape != y_true.shape:
        raise ShapeError(
            f"y_true and y_pred must be of one shape, got {y_true.shape} and {y_pred.shape}: "
            "a label, 0 or 1, for each prediction"
        )
    y_pred = y_pred if top_k is None else best_of(y_pred, top_k)
    weight = ops.convert_to_tensor(1.0 if weight is None else weight, dtype)
    weight = broadcast_weight(weight, y_pred.shape)
    if class_id is not None:
        if len(y_pred.shape) < 2:
            raise ShapeError(
                f"class_id needs predictions of shape (samples, classes), got {y_pred.shape}"
            )
        y_true, y_pred, weight = (x[..., class_id : class_id + 1] for x in (y_true, y_pred, weight))
    return ops.cast(ops.not_equal(y_true, 0), dtype), y_pred, weight


def _compared(y_pred: Any, weights: Any, thresholds: Sequence[float]) -> Any:
    """Σ weights of the scores above each threshold: (n, labels) -> (thresholds, labels)."""
    levels = np.asarray(thresholds, y_pred.dtype).reshape(-1, 1, 1)
    above = ops.cast(ops.greater(ops.expand_dims(y_pred, 0), levels), weights.dtype)
    return ops.einsum("tnl,nl->tl", above, weights)


def _bucketed(y_pred: Any, weights: Any, thresholds: Sequence[float]) -> Any:
    """The same for evenly spread thresholds: a sum per bucket, then running sums from the top."""
    count, labels = len(thresholds), y_pred.shape[-1]
    # a score on a threshold belongs to the bucket below it
    bucket = ops.ceil(ops.clip(y_pred, 0.0, 1.0) * (count - 1)) - 1.0
    place = ops.cast(ops.maximum(bucket, 0.0), "int32") * labels + np.arange(labels, dtype="int32")
    flat = ops.segment_sum(ops.reshape(weights, (-1,)), ops.reshape(place, (-1,)), count * labels)
    sums = ops.reshape(flat, (count, labels))
    return ops.flip(ops.cumsum(ops.flip(sums, axis=0), axis=0), axis=0)
