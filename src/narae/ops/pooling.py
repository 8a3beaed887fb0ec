"""Pooling over space, in both data formats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.limits import afford
from narae.base.types import Ints, TensorLike
from narae.ops.spatial import Padding, channels_as_given, channels_last, padding_of, per_axis
from narae.primitives.record import constant
from narae.primitives.records.window import reduce_window
from narae.tensor.promote import floated
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _pool(
    x: Tensor,
    kind: str,
    size: Ints,
    strides: Ints | None,
    padding: Padding,
    data_format: str | None,
) -> Tensor:
    x, first = channels_last(x, data_format)
    rank = x.ndim - 2
    window = per_axis(size, rank, "pool_size")
    steps = window if strides is None else per_axis(strides, rank, "strides")
    ones = (1,) * rank
    axes = tuple(range(1, rank + 1))
    pads = padding_of(padding, x.shape[1:-1], window, steps, ones)
    params: dict[str, Any] = {
        "axes": axes,
        "window": window,
        "strides": steps,
        "padding": pads,
        "dilation": ones,
    }
    if kind == "max":
        return channels_as_given(reduce_window(x, kind="max", **params), first)
    total = reduce_window(x, kind="sum", **params)
    if any(a or b for a, b in pads):  # what was padded does not count
        afford(math.prod(x.shape[1:-1]))
        there = constant(np.ones((1, *x.shape[1:-1], 1)), x.dtype)
        return channels_as_given(total / reduce_window(there, kind="sum", **params), first)
    return channels_as_given(total * (1.0 / math.prod(window)), first)


@public
def max_pool(
    inputs: TensorLike,
    pool_size: Ints,
    strides: Ints | None = None,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The largest in each window of each channel.

    inputs: (batch, *space, channels) -> (batch, *places, channels), of the same dtype; with channels first
    (batch, channels, *space) -> (batch, channels, *places). Places along an axis: ⌊(length - window) / stride⌋ + 1
    for 'valid', ⌈length / stride⌉ for 'same'.

    Args:
        inputs: images, signals or volumes.
        pool_size: elements of a window, for all axes of space or one each.
        strides: elements from one window to the next, for all axes of space or one each; None: pool_size.
        padding: 'valid': windows within the inputs; 'same': windows may reach over the edge, where nothing counts.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).

    Raises:
        ValueError: pool_size, strides, padding or data_format is none of these.

    >>> import narae
    >>> narae.ops.max_pool(narae.ops.reshape([1.0, 3.0, 2.0, 4.0], (1, 4, 1)), 2).tolist()
    [[[3.0], [4.0]]]
    """
    return _pool(as_tensor(inputs), "max", pool_size, strides, padding, data_format)


@public
def average_pool(
    inputs: TensorLike,
    pool_size: Ints,
    strides: Ints | None = None,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of each window of each channel; what is padded does not count.

    inputs: (batch, *space, channels) -> (batch, *places, channels), of a float dtype; with channels first
    (batch, channels, *space) -> (batch, channels, *places). Places along an axis: ⌊(length - window) / stride⌋ + 1
    for 'valid', ⌈length / stride⌉ for 'same'.

    Args:
        inputs: images, signals or volumes.
        pool_size: elements of a window, for all axes of space or one each.
        strides: elements from one window to the next, for all axes of space or one each; None: pool_size.
        padding: 'valid': windows within the inputs; 'same': windows may reach over the edge, where nothing counts.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).

    Raises:
        ValueError: pool_size, strides, padding or data_format is none of these.

    >>> import narae
    >>> narae.ops.average_pool(narae.ops.reshape([1.0, 3.0, 2.0, 4.0], (1, 4, 1)), 2).tolist()
    [[[2.0], [3.0]]]
    """
    return _pool(floated(inputs), "mean", pool_size, strides, padding, data_format)
