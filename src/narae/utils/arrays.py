"""NumPy arrays prepared for training."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.base.settings import floatx


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Labels as rows with a 1 at the label's place: (...,) -> (..., num_classes).

    Raises ValueError for labels out of range.

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        raise ValueError("to_categorical takes whole numbers, got fractions")
    labels = labels.astype(np.int64)
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else int(num_classes)
    if labels.size and not (labels.min() >= 0 and labels.max() < count):
        raise ValueError(
            f"labels must be in [0, {count}), got some from {labels.min()} to {labels.max()}"
        )
    return (labels[..., None] == np.arange(count)).astype(np_dtype(floatx()))


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """Vectors along an axis divided by their length.

    >>> normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    array = np.asarray(x)
    length = np.atleast_1d(np.linalg.norm(array, order, axis))
    length[length == 0] = 1
    return array / np.expand_dims(length, axis)
