"""What a batch holds: x, y and sample weights."""

from __future__ import annotations

from typing import Any

from narae.base.types import Tensors


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The parts of a batch.

    Args:
        data: x, (x,), (x, y) or (x, y, sample_weight).

    Returns: (x, y, sample_weight), None for what the batch lacks.

    Raises:
        ValueError: the tuple is empty, or longer.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"a batch is x, (x,), (x, y) or (x, y, sample_weight), got a tuple of {len(data)}"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(
    x: Tensors, y: Tensors | None = None, sample_weight: Tensors | None = None
) -> Any:
    """The shortest batch that holds these.

    Args:
        x: inputs: an array, or a nest of them.
        y: targets; None for none.
        sample_weight: a weight for each sample; None for none.

    Returns: x, (x,), (x, y) or (x, y, sample_weight); a list or tuple as x comes as (x,).

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight([1]), pack_x_y_sample_weight(1, 2)
    (1, ([1],), (1, 2))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (tuple, list)) else x
