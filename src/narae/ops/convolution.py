"""Convolution over space, in both data formats."""

from __future__ import annotations

import math

import numpy as np

from narae.base.errors import ShapeError
from narae.base.types import Ints, TensorLike
from narae.ops.repeating import flip
from narae.ops.shapes import reshape, transpose
from narae.ops.spatial import Padding, channels_as_given, channels_last, padding_of, per_axis
from narae.primitives.records.conv import conv as conv_record
from narae.tensor.promote import promoted
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


def _conv(
    x: Tensor, kernel: Tensor, strides: Ints, padding: Padding, dilation: Ints, groups: int
) -> Tensor:
    rank = x.ndim - 2
    steps, spread = per_axis(strides, rank, "strides"), per_axis(dilation, rank, "dilation_rate")
    pads = padding_of(padding, x.shape[1:-1], kernel.shape[:rank], steps, spread)
    return conv_record(
        x,
        kernel,
        strides=steps,
        padding=pads,
        lhs_dilation=(1,) * rank,
        rhs_dilation=spread,
        groups=groups,
    )


@public
def conv(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Ints = 1,
) -> Tensor:
    """Convolution: for each window and filter, the sum of products of the window and the filter's kernel.

    inputs: (batch, *space, channels), kernel: (*window, channels / groups, filters) -> (batch, *places, filters), of
    a float dtype, with 1 to 3 axes of space or more; with channels first (batch, channels, *space) ->
    (batch, filters, *places). A kernel of fewer input channels makes groups: each part of the filters sees its part
    of the channels. Places along an axis: ⌊(length - (window - 1) dilation - 1) / stride⌋ + 1 for 'valid',
    ⌈length / stride⌉ for 'same'.

    Args:
        inputs: images, signals or volumes.
        kernel: the weights; its layout is the same in both data formats.
        strides: elements from one window to the next, for all axes of space or one each.
        padding: 'valid': windows within the inputs; 'same': as many zeros around them as strides fit; or a pair
            (before, after) of numbers of zeros for each axis of space.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).
        dilation_rate: elements from one of a window to its next, for all axes of space or one each.

    Raises:
        ShapeError: ranks differ, or the kernel's channels do not divide the inputs', or its groups the filters.
        ValueError: strides, padding, data_format or dilation_rate is none of these.

    >>> import narae
    >>> narae.ops.conv(narae.ops.ones((1, 4, 1)), narae.ops.ones((2, 1, 1))).tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = channels_last(x, data_format)
    channels = x.shape[-1]
    if channels % w.shape[-2]:
        raise ShapeError(
            f"conv: {channels} input channels are no multiple of the kernel's {w.shape[-2]} (kernel shape {w.shape})",
            lengths=(channels, w.shape[-2]),
        )
    return channels_as_given(
        _conv(x, w, strides, padding, dilation_rate, channels // w.shape[-2]), first
    )


@public
def depthwise_conv(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Ints = 1,
) -> Tensor:
    """A convolution of each channel by itself, with kernels of its own.

    inputs: (batch, *space, channels), kernel: (*window, channels, multiplier) -> (batch, *places, channels multiplier),
    of a float dtype; with channels first the second axis has the channels. Places are those of `conv`.

    Args:
        inputs: images, signals or volumes.
        kernel: the weights, `multiplier` kernels for each channel; its layout is the same in both data formats.
        strides: elements from one window to the next, for all axes of space or one each.
        padding: 'valid': windows within the inputs; 'same': as many zeros around them as strides fit; or a pair
            (before, after) of numbers of zeros for each axis of space.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).
        dilation_rate: elements from one of a window to its next, for all axes of space or one each.

    Raises:
        ShapeError: ranks or numbers of channels differ.
        ValueError: strides, padding, data_format or dilation_rate is none of these.

    >>> import narae
    >>> narae.ops.depthwise_conv(narae.ops.ones((1, 4, 2)), narae.ops.ones((2, 2, 1))).shape
    (1, 3, 2)
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = channels_last(x, data_format)
    grouped = reshape(w, (*w.shape[:-2], 1, w.shape[-2] * w.shape[-1]))
    return channels_as_given(_conv(x, grouped, strides, padding, dilation_rate, x.shape[-1]), first)


@public
def separable_conv(
    inputs: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: Ints = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Ints = 1,
) -> Tensor:
    """A depthwise convolution, then one over channels alone: fewer products than one `conv` of both.

    inputs: (batch, *space, channels) -> (batch, *places, filters), of a float dtype; with channels first the second
    axis has channels and filters. Places are those of `conv`.

    Args:
        inputs: images, signals or volumes.
        depthwise_kernel: (*window, channels, multiplier), the weights over space.
        pointwise_kernel: (*ones, channels multiplier, filters), the weights over channels; a one per axis of space.
        strides: elements from one window to the next, for all axes of space or one each.
        padding: 'valid': windows within the inputs; 'same': as many zeros around them as strides fit; or a pair
            (before, after) of numbers of zeros for each axis of space.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).
        dilation_rate: elements from one of a window to its next, for all axes of space or one each.

    Raises:
        ShapeError: ranks or numbers of channels differ.
        ValueError: strides, padding, data_format or dilation_rate is none of these.

    >>> import narae
    >>> o = narae.ops
    >>> o.separable_conv(o.ones((1, 4, 2)), o.ones((2, 2, 1)), o.ones((1, 2, 3))).shape
    (1, 3, 3)
    """
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


@public
def conv_transpose(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Ints = 1,
    padding: str = "valid",
    output_padding: Ints | None = None,
    data_format: str | None = None,
    dilation_rate: Ints = 1,
) -> Tensor:
    """The transpose of a convolution: each input is spread over a window, and what meets is added up.

    inputs: (batch, *space, channels), kernel: (*window, filters, channels) -> (batch, *places, filters), of a float
    dtype; with channels first the second axis has channels and filters. Places along an axis, s the window's length
    (window - 1) dilation + 1: (length - 1) stride + max(s, stride) for 'valid', length stride for 'same'.

    Args:
        inputs: images, signals or volumes.
        kernel: the weights; filters come before channels, in both data formats.
        strides: elements of the result from one input's window to the next's, for all axes of space or one each.
        padding: 'valid': all that windows reach; 'same': its middle.
        output_padding: elements more at the end of an axis, for all axes of space or one each, less than the stride;
            None: as many as the lengths above need.
        data_format: 'channels_last' or 'channels_first' (default: narae.config.image_data_format()).
        dilation_rate: elements from one of a window to its next, for all axes of space or one each.

    Raises:
        ShapeError: ranks or numbers of channels differ.
        ValueError: strides, padding, data_format or dilation_rate is none of these.

    >>> import narae
    >>> narae.ops.conv_transpose(narae.ops.ones((1, 2, 1)), narae.ops.ones((2, 1, 1)), 2).tolist()
    [[[1.0], [1.0], [1.0], [1.0]]]
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = channels_last(x, data_format)
    rank = x.ndim - 2
    steps, spread = (
        per_axis(strides, rank, "strides"),
        per_axis(dilation_rate, rank, "dilation_rate"),
    )
    extra = [None] * rank if output_padding is None else list(np.broadcast_to(output_padding, rank))
    if padding.lower() not in ("valid", "same"):
        raise ValueError(f"conv_transpose takes a padding of 'valid' or 'same', got {padding!r}")
    rows = zip(w.shape[:rank], steps, spread, extra, strict=True)
    pads = tuple(_transpose_padding(padding.lower(), *row) for row in rows)
    turned = flip(w, tuple(range(rank)))
    turned = transpose(turned, (*range(rank), rank + 1, rank))
    out = conv_record(
        x,
        turned,
        strides=(1,) * rank,
        padding=pads,
        lhs_dilation=steps,
        rhs_dilation=spread,
        groups=1,
    )
    return channels_as_given(out, first)


def _transpose_padding(
    kind: str, window: int, stride: int, dilation: int, extra: int | None
) -> tuple[int, int]:
    """How far the spread inputs are padded so that the output has Keras's length."""
    spread = (window - 1) * dilation + 1
    if kind == "same":
        total = spread + stride - 2 if extra is None else spread + spread % 2 - 2 + int(extra)
        # more before the first input than its window reaches would be zeros
        before = min(math.ceil(total / 2), spread - 1)
        return before, total - before
    after = max(stride - spread, 0) if extra is None else int(extra)
    return spread - 1, spread - 1 + after
