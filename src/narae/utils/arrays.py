"""Arrays prepared for training."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae import ops
from narae.base.arguments import whole
from narae.base.arrays import native
from narae.base.settings import floatx
from narae.tensor.tensor import Tensor, as_tensor


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Labels as rows with a 1 at the label's place: (...,) or (..., 1) -> (..., num_classes).

    A NumPy array of float64, as Keras's; of a tensor, a tensor of floatx. num_classes: the largest label
    and one more when None. Raises ValueError for labels out of range, and for fractions.

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = native(x) if isinstance(x, np.ndarray) else np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        raise ValueError("to_categorical takes whole numbers, got fractions")
    labels = labels.astype(np.int64)
    if num_classes is None:
        count = int(labels.max(initial=-1)) + 1
    else:
        count = whole("to_categorical", "num_classes", num_classes)
    if labels.size and not (labels.min() >= 0 and labels.max() < count):
        raise ValueError(
            f"labels must be in [0, {count}), got some from {labels.min()} to {labels.max()}"
        )
    rows = (labels[..., None] == np.arange(count)).astype(np.float64)
    return as_tensor(rows, floatx()) if _is_tensor(x) else rows


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Vectors along an axis divided by their length (Σ|x|^order)^(1/order); those of length 0 stay.

    An array gives a NumPy array, everything else a tensor. Raises ValueError for an order that is no
    whole number of at least 1.

    >>> normalize([[3.0, 4.0]]).numpy().round(2).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"order is a whole number of at least 1, got {order!r}")
    if not isinstance(x, np.ndarray):
        return ops.normalize(x, axis, order)
    x = native(x)
    length = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(length == 0, 1, length)


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor) or hasattr(x, "__narae_tensor__")
