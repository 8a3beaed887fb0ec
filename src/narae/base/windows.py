"""Lengths and places of axes that windows slide over: whole numbers alone."""

from __future__ import annotations

from collections.abc import Sequence


def dilated(length: int, dilation: int) -> int:
    """The length of an axis after `dilation - 1` gaps between its elements."""
    return (length - 1) * dilation + 1 if length else 0


def laid_out(
    lengths: Sequence[int], padding: Sequence[tuple[int, int]], dilation: Sequence[int]
) -> tuple[list[int], list[slice], list[slice]]:
    """Axes with gaps between their elements and a border around them, cropped where a width of
    `padding` is negative: their lengths then, where their elements go, and which of them do.

    >>> laid_out([3], [(1, -1)], [2])
    ([5], [slice(1, 4, 2)], [slice(0, 2, None)])
    """
    total, into, taken = [], [], []
    for n, (lo, hi), d in zip(lengths, padding, dilation, strict=True):
        length = max(0, lo + dilated(n, d) + hi)
        first = max(0, -(lo // d))  # the first element at or after the crop: ceil(-lo / d)
        last = min(n, max(first, -((lo - length) // d)))  # elements i with lo + i d < length
        stop = lo + dilated(last, d)
        into.append(slice(lo + first * d, stop, d) if last > first else slice(0, 0))
        taken.append(slice(first, last))
        total.append(length)
    return total, into, taken
