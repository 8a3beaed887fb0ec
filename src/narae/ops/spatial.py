"""What pooling and convolution share: numbers for each axis of space, padding, data formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from narae.base.settings import standardize_data_format
from narae.base.types import Ints, KnownShape
from narae.ops.shapes import moveaxis
from narae.tensor.public_names import exported
from narae.tensor.tensor import Tensor

Padding: TypeAlias = "str | Sequence[tuple[int, int]]"  # 'valid', 'same', or (before, after) each


def per_axis(value: Ints, rank: int, name: str) -> KnownShape:
    """A positive number for each axis of space. Raises ValueError for other values.

    >>> per_axis(2, 3, "strides")
    (2, 2, 2)
    """
    found = (value,) * rank if isinstance(value, (int, np.integer)) else tuple(value)
    found = found * rank if len(found) == 1 else found
    if len(found) != rank or any(n < 1 for n in found):
        raise ValueError(f"{name} is a positive number or {rank} of them, got {value!r}")
    return tuple(int(n) for n in found)


@exported
def same_padding(length: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and after an axis, for as many windows as strides fit: ⌈length / stride⌉.

    Args:
        length: elements of the axis.
        window: elements of a window.
        stride: elements from one window to the next.
        dilation: elements from one of a window to its next.

    Returns: the zeros before and those after; of an odd number one more comes after.

    >>> import narae
    >>> narae.ops.same_padding(length=5, window=3, stride=2, dilation=1)
    (1, 1)
    """
    spread = (window - 1) * dilation + 1
    total = max(0, (math.ceil(length / stride) - 1) * stride + spread - length)
    return total // 2, total - total // 2


def padding_of(
    kind: Padding,
    lengths: KnownShape,
    window: KnownShape,
    strides: KnownShape,
    dilation: KnownShape,
) -> tuple[tuple[int, int], ...]:
    """Zeros before and after each axis of space. Raises ValueError for other kinds."""
    if not isinstance(kind, str):
        return tuple((int(a), int(b)) for a, b in kind)
    if kind.lower() == "valid":
        return ((0, 0),) * len(lengths)
    if kind.lower() != "same":
        raise ValueError(f"padding is 'valid' or 'same', got {kind!r}")
    return tuple(same_padding(*row) for row in zip(lengths, window, strides, dilation, strict=True))


def channels_last(x: Tensor, data_format: str | None) -> tuple[Tensor, bool]:
    """x with its channels in the last axis, and whether they came first."""
    first = standardize_data_format(data_format) == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def channels_as_given(x: Tensor, first: bool) -> Tensor:
    """x with its channels back in their place."""
    return moveaxis(x, -1, 1) if first else x
