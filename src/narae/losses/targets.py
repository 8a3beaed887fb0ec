"""Which targets a loss is defined for, by its function: checked before a compiled step is fed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from narae.base.types import Shape
from narae.losses.functions import categorical_generalized_cross_entropy
from narae.ops import objectives as O
from narae.ops.objectives.pairs import check_labels, check_one_hot, class_indices


def check_targets(
    function: Callable[..., Any],
    y_true: np.ndarray,
    y_pred_shape: Shape,
    options: Mapping[str, Any],
) -> None:
    """Raise ValueError for targets that the loss function is not defined for. y_true: any number of samples."""
    check = _CHECKS.get(function)
    if check is not None:
        check(function.__name__, y_true, (None, *y_pred_shape[1:]), options)


def _one_hot(name: str, y_true: np.ndarray, shape: Shape, options: Mapping[str, Any]) -> None:
    check_one_hot(name, y_true.shape, shape)


def _indices(name: str, y_true: np.ndarray, shape: Shape, options: Mapping[str, Any]) -> None:
    axis = options.get("axis", -1)
    labels = class_indices(name, y_true, shape, axis)
    classes = shape[axis]
    if classes is not None:
        check_labels(name, labels, classes, options.get("ignore_class"))


_CHECKS: dict[Callable[..., Any], Callable[..., None]] = {
    O.categorical_crossentropy: _one_hot,
    O.categorical_focal_crossentropy: _one_hot,
    O.sparse_categorical_crossentropy: _indices,
    categorical_generalized_cross_entropy: _indices,
}
