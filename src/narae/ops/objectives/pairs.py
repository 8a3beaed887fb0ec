"""Targets and predictions, made comparable, with errors that say what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import as_float
from narae.base.errors import ShapeError
from narae.base.language import mark, tr, trn
from narae.base.types import Shape, TensorLike
from narae.ops.casting import cast, convert_to_tensor
from narae.ops.shapes import squeeze
from narae.ops.weighting import same_rank
from narae.primitives.record import broadcast_shapes
from narae.tensor.tensor import Tensor

_UNITS = mark("the units of the last layer must match the targets' last axis")


def pair(name: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as tensors of the prediction's float dtype, a last axis of length 1 matched.

    Raises ShapeError when the shapes do not broadcast.
    """
    y_pred = convert_to_tensor(y_pred)
    dtype = as_float(y_pred.dtype)
    y_pred = cast(y_pred, dtype)
    y_true = cast(convert_to_tensor(y_true), dtype)
    given = y_true.shape, y_pred.shape
    y_true, y_pred = same_rank(y_true, y_pred)
    try:
        if None not in (*given[0], *given[1]):
            broadcast_shapes(y_true.shape, y_pred.shape)
    except ShapeError:
        raise ShapeError(
            tr(
                "{name} compares y_true with y_pred element by element, got shapes {given} and {given2}: "
                "{misfit}",
                name=name,
                given=given[0],
                given2=given[1],
                misfit=_misfit(*given, tr(_UNITS)),
            )
        ) from None
    return y_true, y_pred


def check_same_shape(name: str, true: Shape, pred: Shape) -> None:
    """Raise ShapeError unless there is a target for each prediction."""
    if not _alike(tuple(true), tuple(pred)):
        hint = tr("a label, 0 or 1, for each unit of the last layer")
        raise ShapeError(
            tr(
                "{name} takes targets of the predictions' shape {pred}, got {true}: {misfit}",
                name=name,
                pred=tuple(pred),
                true=tuple(true),
                misfit=_misfit(true, pred, hint),
            )
        )


def check_axis(name: str, axis: int, shape: Shape) -> None:
    """Raise ValueError unless an axis is a whole number, ShapeError unless there is one so numbered."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(
            tr("{name} takes `axis` as a whole number, got {axis!r}", name=name, axis=axis)
        )
    if shape and not -len(shape) <= axis < len(shape):
        raise ShapeError(
            tr(
                "{name}: axis {axis} is out of range for predictions of shape {shape}",
                name=name,
                axis=axis,
                shape=shape,
            )
        )


def check_one_hot(name: str, true: Shape, pred: Shape) -> None:
    """Raise ShapeError unless targets have a probability for each class, as the predictions do."""
    if not pred:
        raise ShapeError(
            tr("{name} takes predictions of shape (..., classes), got a scalar", name=name)
        )
    if _alike(true, pred):
        return
    hint = _misfit(true, pred, "")
    hint = hint and f": {hint}"
    if _alike(true, pred[:-1]) or _alike(true, (*pred[:-1], 1)):
        hint = tr(
            ": one integer per sample? That is sparse_{name} (or narae.utils.to_categorical on the targets)",
            name=name,
        )
    raise ShapeError(
        tr(
            "{name} takes targets of the predictions' shape {pred}, got {true}{hint}",
            name=name,
            pred=pred,
            true=true,
            hint=hint,
        )
    )


def class_indices(name: str, y_true: Tensor | np.ndarray, pred_shape: Shape, axis: int = -1) -> Any:
    """Integer targets without a last axis of length 1. Raises ShapeError when they do not fit."""
    true, pred = tuple(y_true.shape), tuple(pred_shape)
    if not pred:
        raise ShapeError(
            tr("{name} takes predictions of shape (..., classes), got a scalar", name=name)
        )
    if len(true) == len(pred) and true[-1] == 1:
        y_true = y_true[..., 0] if isinstance(y_true, np.ndarray) else squeeze(y_true, -1)
    axis = axis % len(pred)
    expected = pred[:axis] + pred[axis + 1 :]
    if _alike(tuple(y_true.shape), expected):
        return y_true
    hint = tr("the targets and predictions of a batch must match but for the classes' axis")
    hint = _misfit((*tuple(y_true.shape), 1), pred, hint)
    if _alike(true, pred):
        dense = name.removeprefix("sparse_")
        hint = tr(
            "labels of shape {true} look one-hot: {dense} takes those", true=true, dense=dense
        )
    raise ShapeError(
        tr(
            "{name} takes one class index per sample, targets of shape {expected} for predictions of "
            "shape {pred}, got {true}: {hint}",
            name=name,
            expected=expected,
            pred=pred,
            true=true,
            hint=hint,
        )
    )


def _misfit(true: Shape, pred: Shape, otherwise: str) -> str:
    """The likely reason why shapes do not fit: axes that nothing has reduced, or what is said otherwise."""
    more = len(pred) - len(true)
    if more < 1:
        return otherwise
    return trn(
        "the predictions have an axis more than the targets. Is a Flatten() missing before the last layer (or a "
        "GlobalAveragePooling)?",
        "the predictions have {count} axes more than the targets. Is a Flatten() missing before the last layer (or a "
        "GlobalAveragePooling)?",
        more,
    )


def _alike(a: Shape, b: Shape) -> bool:
    """Whether two shapes are one, as far as their lengths are known."""
    return len(a) == len(b) and all(n == m or None in (n, m) for n, m in zip(a, b, strict=True))


_REMEDY = mark("more units in the last layer, or labels counted from 0?")
_REMEDY_OF_PADDING = mark("for padding, a loss with ignore_class=-1; else, labels counted from 0?")


def check_labels(
    name: str, labels: Tensor | np.ndarray, classes: int, ignore_class: int | None = None
) -> None:
    """Raise ValueError unless known labels are whole numbers in [0, classes), or `ignore_class`."""
    data = labels.data if isinstance(labels, Tensor) else labels
    if not isinstance(data, np.ndarray) or not data.size:
        return
    if data.dtype.kind == "f" and not np.array_equal(data, np.trunc(data)):
        bad = data[data != np.trunc(data)].flat[0]
        raise ValueError(
            tr(
                "{name} takes class indices, got labels that are not whole numbers (such as {bad}): a "
                "regression loss (mean_squared_error), or categorical_crossentropy for probabilities?",
                name=name,
                bad=bad,
            )
        )
    low, high = data.min(), data.max()
    if low >= 0 and high < classes:
        return
    if ignore_class is not None:
        data = data[data != ignore_class]
        low, high = (data.min(), data.max()) if data.size else (0, 0)
    if low < 0 or high >= classes:
        bad = int(low if low < 0 else high)
        raise ValueError(
            tr(
                "{name}: label {bad} is out of range for {classes} classes (valid: 0 to {classes2}); "
                "{value}",
                name=name,
                bad=bad,
                classes=classes,
                classes2=classes - 1,
                value=tr(_REMEDY_OF_PADDING if bad == -1 else _REMEDY),
            )
        )
