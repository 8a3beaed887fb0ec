"""Convolution and pooling over space, in both data formats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.settings import standardize_data_format
from narae.ops.shapes import flip, moveaxis, reshape, transpose
from narae.primitives.record import constant
from narae.primitives.records.conv import conv as conv_record
from narae.primitives.records.window import reduce_window
from narae.tensor.promote import floated, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _each(value: Any, rank: int, name: str) -> tuple[int, ...]:
    found = (value,) * rank if isinstance(value, (int, np.integer)) else tuple(value)
    found = found * rank if len(found) == 1 else found
    if len(found) != rank or any(n < 1 for n in found):
        raise ValueError(f"{name} is a positive number or {rank} of them, got {value!r}")
    return tuple(int(n) for n in found)


def same_padding(length: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and after, for as many outputs as strides fit: the odd one comes after."""
    spread = (window - 1) * dilation + 1
    total = max(0, (math.ceil(length / stride) - 1) * stride + spread - length)
    return total // 2, total - total // 2


def _padding(
    kind: Any, lengths: Any, window: Any, strides: Any, dilation: Any
) -> tuple[tuple[int, int], ...]:
    if not isinstance(kind, str):
        return tuple((int(a), int(b)) for a, b in kind)
    if kind.lower() == "valid":
        return ((0, 0),) * len(lengths)
    if kind.lower() != "same":
        raise ValueError(f"padding is 'valid' or 'same', got {kind!r}")
    return tuple(same_padding(*row) for row in zip(lengths, window, strides, dilation, strict=True))


def _last(x: Tensor, data_format: Any) -> tuple[Tensor, bool]:
    first = standardize_data_format(data_format) == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def _placed(x: Any, first: bool) -> Tensor:
    return moveaxis(x, -1, 1) if first else x


def _pool(x: Any, kind: str, size: Any, strides: Any, padding: str, data_format: Any) -> Tensor:
    x, first = _last(x, data_format)
    rank = x.ndim - 2
    window = _each(size, rank, "pool_size")
    steps = window if strides is None else _each(strides, rank, "strides")
    ones = (1,) * rank
    axes = tuple(range(1, rank + 1))
    pads = _padding(padding, x.shape[1:-1], window, steps, ones)
    made: dict[str, Any] = {
        "axes": axes,
        "window": window,
        "strides": steps,
        "padding": pads,
        "dilation": ones,
    }
    if kind == "max":
        return _placed(reduce_window(x, kind="max", **made), first)
    total = reduce_window(x, kind="sum", **made)
    if any(a or b for a, b in pads):  # what was padded does not count
        afford(math.prod(x.shape[1:-1]))
        there = constant(np.ones((1, *x.shape[1:-1], 1)), x.dtype)
        return _placed(total / reduce_window(there, kind="sum", **made), first)
    return _placed(total * (1.0 / math.prod(window)), first)


@public
def max_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Tensor:
    """The largest in each window.

    >>> import narae
    >>> narae.ops.max_pool(narae.ops.reshape([1.0, 3.0, 2.0, 4.0], (1, 4, 1)), 2).tolist()
    [[[3.0], [4.0]]]
    """
    return _pool(as_tensor(inputs), "max", pool_size, strides, padding, data_format)


@public
def average_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Tensor:
    """The mean of each window; what is padded does not count.

    >>> import narae
    >>> narae.ops.average_pool(narae.ops.reshape([1.0, 3.0, 2.0, 4.0], (1, 4, 1)), 2).tolist()
    [[[2.0], [3.0]]]
    """
    return _pool(floated(inputs), "mean", pool_size, strides, padding, data_format)


def _conv(x: Tensor, kernel: Tensor, strides: Any, padding: Any, dilation: Any, groups: int) -> Any:
    rank = x.ndim - 2
    steps, spread = _each(strides, rank, "strides"), _each(dilation, rank, "dilation_rate")
    pads = _padding(padding, x.shape[1:-1], kernel.shape[:rank], steps, spread)
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
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Sums of products of windows and a kernel (*window, channels / groups, filters).

    padding: 'valid', 'same', or (before, after) for each axis of space.

    >>> import narae
    >>> narae.ops.conv(narae.ops.ones((1, 4, 1)), narae.ops.ones((2, 1, 1))).tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = _last(x, data_format)
    channels = x.shape[-1]
    if channels % w.shape[-2]:
        raise ShapeError(
            f"conv: {channels} input channels are no multiple of the kernel's {w.shape[-2]} (kernel shape {w.shape})",
            lengths=(channels, w.shape[-2]),
        )
    return _placed(_conv(x, w, strides, padding, dilation_rate, channels // w.shape[-2]), first)


@public
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Each channel with kernels of its own (*window, channels, multiplier).

    >>> import narae
    >>> narae.ops.depthwise_conv(narae.ops.ones((1, 4, 2)), narae.ops.ones((2, 2, 1))).shape
    (1, 3, 2)
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = _last(x, data_format)
    grouped = reshape(w, (*w.shape[:-2], 1, w.shape[-2] * w.shape[-1]))
    return _placed(_conv(x, grouped, strides, padding, dilation_rate, x.shape[-1]), first)


@public
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """A depthwise convolution, then one over channels alone.

    >>> import narae
    >>> o = narae.ops
    >>> o.separable_conv(o.ones((1, 4, 2)), o.ones((2, 2, 1)), o.ones((1, 2, 3))).shape
    (1, 3, 3)
    """
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


@public
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """The transpose of a convolution: each input spread over a window, kernel (*window, filters, channels).

    >>> import narae
    >>> narae.ops.conv_transpose(narae.ops.ones((1, 2, 1)), narae.ops.ones((2, 1, 1)), 2).tolist()
    [[[1.0], [1.0], [1.0], [1.0]]]
    """
    x, w = promoted(inputs, kernel, floating=True)
    x, first = _last(x, data_format)
    rank = x.ndim - 2
    steps, spread = _each(strides, rank, "strides"), _each(dilation_rate, rank, "dilation_rate")
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
    return _placed(out, first)


def _transpose_padding(
    kind: str, window: int, stride: int, dilation: int, extra: Any
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


@public
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """softmax(q kᵀ scale + bias) v per head (Vaswani et al. 2017, eq. 1).

    query: (B, T, N, H); key, value: (B, S, K, H), N a multiple of K; mask, bias: (B, N, T, S) or what
    broadcasts -> (B, T, N, H).

    >>> import narae
    >>> q = narae.ops.ones((1, 2, 1, 4))
    >>> narae.ops.dot_product_attention(q, q, q).shape
    (1, 2, 1, 4)
    """
    from narae.ops.logic import logical_and, where
    from narae.ops.products import einsum
    from narae.ops.shapes import repeat
    from narae.ops.simplex import softmax

    if flash_attention:
        raise ValueError("flash_attention is for GPUs: leave it None or False")
    q, k, v = promoted(query, key, value, floating=True)
    if q.ndim != 4:
        raise ShapeError(f"dot_product_attention takes (batch, time, heads, width), got {q.shape}")
    times = q.shape[2] // k.shape[2]
    if times > 1:
        k, v = repeat(k, times, 2), repeat(v, times, 2)
    # Scores of halves overflow, and the lowest float32 is no number of theirs: both are kept in float32.
    wide = "float64" if q.dtype == "float64" else "float32"
    scores = einsum("btnh,bsnh->bnts", to(q, wide), to(k, wide)) * (
        1 / math.sqrt(q.shape[-1]) if scale is None else scale
    )
    if attn_logits_soft_cap is not None:
        from narae.ops.math import tanh

        scores = tanh(scores / attn_logits_soft_cap) * attn_logits_soft_cap
    scores = scores if bias is None else scores + to(bias, wide)
    if is_causal:
        afford(q.shape[1] * k.shape[1], 1)
        lower = as_tensor(np.tri(q.shape[1], k.shape[1], dtype=bool))
        mask = lower if mask is None else logical_and(mask, lower)
    if mask is not None:
        scores = where(mask, scores, -0.7 * float(np.finfo(np.float32).max))
    return einsum("bnts,bsnh->btnh", to(softmax(scores, -1), v.dtype), v)
