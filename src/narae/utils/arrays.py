"""Arrays prepared for training."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae import ops
from narae.base.arguments import whole
from narae.base.arrays import native
from narae.base.settings import floatx
from narae.base.types import TensorLike
from narae.tensor.tensor import Tensor, as_tensor


def to_categorical(x: TensorLike, num_classes: int | None = None) -> Any:
    """Labels as rows with a 1 at the label's place: (...,) or (..., 1) -> (..., num_classes).

    Args:
        x: labels, whole numbers from 0.
        num_classes: the length of a row; None for the largest label and one more.

    Returns: a NumPy array of float64, as Keras's; of a tensor, a tensor of floatx.

    Raises:
        ValueError: labels are out of range, or fractions.

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


def normalize(x: TensorLike, axis: int = -1, order: int = 2) -> Any:
    """Vectors along an axis divided by their length (Σ|x|^order)^(1/order); those of length 0 stay.

    Args:
        x: numbers of any shape.
        axis: the axis along which the vectors lie.
        order: the order of the norm, a whole number of at least 1.

    Returns: an array of x's shape: NumPy's for one of NumPy's, a tensor for everything else.

    Raises:
        ValueError: order is no whole number of at least 1.

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


def _is_tensor(x: object) -> bool:
    return isinstance(x, Tensor) or hasattr(x, "__narae_tensor__")
