"""Patches of images as columns and back, and pooling to a given number of windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.errors import ShapeError, differing
from narae.base.limits import afford
from narae.base.settings import standardize_data_format
from narae.base.types import Ints, TensorLike
from narae.primitives.record import constant
from narae.primitives.records import index as I
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.conv import positions
from narae.primitives.records.window import fold_windows, windows
from narae.tensor.promote import floated
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


def _pair(value: Ints, name: str, least: int = 1) -> tuple[int, int]:
    found = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(found) != 2 or any(n < least for n in found):
        raise ValueError(f"{name} is a number of {least} or more, or two of them, got {value!r}")
    return int(found[0]), int(found[1])


def _grid(kernel_size: Ints, dilation: Ints, stride: Ints) -> dict[str, Any]:
    return {
        "axes": (2, 3),
        "window": _pair(kernel_size, "kernel_size"),
        "strides": _pair(stride, "stride"),
        "dilation": _pair(dilation, "dilation"),
    }


@public
def unfold(
    x: TensorLike, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
) -> Tensor:
    """The patches of images as columns.

    x: (N, C, H, W) -> (N, C kh kw, L): N images of C channels, L patches of kh kw pixels, row by row.

    Args:
        x: images, channels first.
        kernel_size: rows and columns of a patch, in pixels: one number for both, or (kh, kw).
        dilation: pixels from one of a patch to its next.
        padding: rows above and below, and columns left and right, of zeros that are put around images first.
        stride: pixels from one patch to the next.

    Raises:
        ShapeError: x has not four axes.
        ValueError: a pair is not of two numbers of at least 1 (padding: 0).

    >>> import narae
    >>> narae.ops.unfold(narae.ops.ones((1, 3, 4, 5)), 2).shape
    (1, 12, 12)
    """
    x = as_tensor(x)
    if x.ndim != 4:
        raise ShapeError(f"unfold takes images (N, C, H, W), got shape {x.shape}")
    down, right = _pair(padding, "padding", 0)
    padded = S.pad_zeros(x, [(0, 0), (0, 0), (down, down), (right, right)])
    found = windows(padded, **_grid(kernel_size, dilation, stride))
    batch, channels, rows, columns, high, wide = found.shape
    taps_first = S.transpose(found, axes=(0, 1, 4, 5, 2, 3))
    return S.reshape(taps_first, shape=(batch, channels * high * wide, rows * columns))


@public
def fold(
    x: TensorLike,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Tensor:
    """Patches as `unfold` makes them, put in their places and added up where they overlap.

    x: (N, C kh kw, L) -> (N, C, H, W): L patches of kh kw pixels, in N images of C channels.

    Args:
        x: patches as columns.
        output_size: rows and columns of the images: one number for both, or (H, W).
        kernel_size: rows and columns of a patch, in pixels: one number for both, or (kh, kw).
        dilation: pixels from one of a patch to its next.
        padding: rows above and below, and columns left and right, that are cut off in the end.
        stride: pixels from one patch to the next.

    Raises:
        ShapeError: x has not three axes, or other numbers of pixels or of patches than the sizes give.
        ValueError: a pair is not of two numbers of at least 1 (padding: 0).

    >>> import narae
    >>> narae.ops.fold(narae.ops.ones((1, 4, 4)), 3, 2).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    x = as_tensor(x)
    grid = _grid(kernel_size, dilation, stride)
    pads = _pair(padding, "padding", 0)
    size = tuple(n + 2 * p for n, p in zip(_pair(output_size, "output_size"), pads, strict=True))
    counts = tuple(
        positions(n, k, s, d)
        for n, k, s, d in zip(size, grid["window"], grid["strides"], grid["dilation"], strict=True)
    )
    taps, places = math.prod(grid["window"]), math.prod(counts)
    if x.ndim != 3 or x.shape[1] % taps or x.shape[2] != places:
        raise ShapeError(
            f"fold takes patches (N, C * {taps}, {places}) for output_size={output_size}, "
            f"got shape {x.shape}",
            lengths=differing(x.shape[2:], (places,)) if x.ndim == 3 else None,
            divisor=taps if x.ndim == 3 and x.shape[1] % taps else None,
        )
    batch, channels = x.shape[0], x.shape[1] // taps
    apart = S.reshape(x, shape=(batch, channels, *grid["window"], *counts))
    places_first = S.transpose(apart, axes=(0, 1, 4, 5, 2, 3))
    whole = fold_windows(places_first, shape=(batch, channels, *size), **grid)
    stop = (batch, channels, *(n - p for n, p in zip(size, pads, strict=True)))
    return S.slice_(whole, start=(0, 0, *pads), stop=stop, step=(1, 1, 1, 1))


def _adaptive(
    name: str, x: Tensor, output_size: Ints, data_format: str | None, kind: str
) -> Tensor:
    rank = x.ndim - 2
    if rank not in (1, 2, 3):
        raise ShapeError(f"{name} takes a batch with 1 to 3 axes of space, got shape {x.shape}")
    sizes = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    if len(sizes) != rank or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise ValueError(f"output_size is a positive number or {rank} of them, got {output_size!r}")
    first = standardize_data_format(data_format) == "channels_first"
    out: Any = x
    for axis, size in enumerate(sizes, 2 if first else 1):
        out = _pooled(out, axis, int(size), kind)
    return out


def _pooled(x: Tensor, axis: int, size: int, kind: str) -> Any:
    """One axis in `size` windows, i from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉: a window in n dimensions
    is a product of such, and so are its mean and its largest."""
    length = x.shape[axis]
    afford(3 * size)
    starts = np.arange(size) * length // size
    stops = -(-(np.arange(size) + 1) * length // size)
    taps = np.arange((stops - starts).max())
    inside = taps < (stops - starts)[:, None]
    # beyond a window's end its last element again: the largest stays, the sum leaves it out
    places = np.minimum(starts[:, None] + taps, stops[:, None] - 1).astype(np.int32)
    found = I.take(x, tensor_of(places), axis=axis)
    if kind == "max":
        return R.reduce_max(found, axes=(axis + 1,))
    shares = inside / inside.sum(1, keepdims=True)
    weights = constant(shares.reshape(*shares.shape, *(1,) * (x.ndim - axis - 1)), x.dtype)
    return R.reduce_sum(found * weights, axes=(axis + 1,))


@public
def adaptive_average_pool(
    inputs: TensorLike, output_size: Ints, data_format: str | None = None
) -> Tensor:
    """The means of as many windows as said, which cover each axis evenly.

    inputs: (batch, *space, channels) -> (batch, *output_size, channels), of a float dtype, with 1 to 3 axes of space;
    with channels first the second axis has the channels. Window i of m along an axis of n elements goes from ⌊i n / m⌋
    to ⌈(i + 1) n / m⌉.

    Args:
        inputs: images, signals or volumes.
        output_size: windows along each axis of space: one number for all, or one each.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).

    Raises:
        ShapeError: inputs have not 1 to 3 axes of space.
        ValueError: output_size is no positive number for each of them, or data_format none of these.

    >>> import narae
    >>> narae.ops.adaptive_average_pool(narae.ops.reshape([1.0, 2.0, 3.0], (1, 3, 1)), 2).tolist()
    [[[1.5], [2.5]]]
    """
    return _adaptive("adaptive_average_pool", floated(inputs), output_size, data_format, "mean")


@public
def adaptive_max_pool(
    inputs: TensorLike, output_size: Ints, data_format: str | None = None
) -> Tensor:
    """The largest of as many windows as said, which cover each axis evenly.

    inputs: (batch, *space, channels) -> (batch, *output_size, channels), of the same dtype, with 1 to 3 axes of space;
    with channels first the second axis has the channels. Window i of m along an axis of n elements goes from ⌊i n / m⌋
    to ⌈(i + 1) n / m⌉.

    Args:
        inputs: images, signals or volumes.
        output_size: windows along each axis of space: one number for all, or one each.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).

    Raises:
        ShapeError: inputs have not 1 to 3 axes of space.
        ValueError: output_size is no positive number for each of them, or data_format none of these.

    >>> import narae
    >>> narae.ops.adaptive_max_pool(narae.ops.reshape([1.0, 2.0, 3.0], (1, 3, 1)), 2).tolist()
    [[[2.0], [3.0]]]
    """
    return _adaptive("adaptive_max_pool", as_tensor(inputs), output_size, data_format, "max")
