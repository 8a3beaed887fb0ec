"""Attention: each query's mean of values, weighted by how well their keys fit."""

from __future__ import annotations

import math

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import TensorLike
from narae.ops.logic import logical_and, where
from narae.ops.math import tanh
from narae.ops.repeating import repeat
from narae.ops.simplex import softmax
from narae.ops.summation import einsum
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """softmax(scale q kᵀ + bias) v, for each head.

    query: (B, T, N, H), key, value: (B, S, K, H) -> (B, T, N, H): B samples, T and S times, N heads of width H. K heads
    of keys and values, N a multiple of K, are shared by N / K heads of queries each.

    Args:
        query: what is asked at each of T times.
        key: what it is compared with at each of S times.
        value: what is averaged over S times.
        bias: what is added to the scores, (B, N, T, S) or a shape that broadcasts to it; None: nothing.
        mask: which scores count (True), (B, N, T, S) or a shape that broadcasts to it; None: all.
        scale: what scores are multiplied by; None: 1 / √H.
        is_causal: whether a query sees its own time and those before it alone.
        flash_attention: True asks for a kernel of GPUs, and is refused.
        attn_logits_soft_cap: c of c tanh(scores / c), which keeps scores within ±c; None: they stay as they are.

    Returns: the means of values, of the dtype in which query, key and value meet. Scores of halves are in float32.

    Raises:
        ValueError: flash_attention is True.
        ShapeError: query has not four axes, or lengths differ.

    Source: Vaswani et al. 2017, eq. 1; Ainslie et al. 2023 for K < N.

    >>> import narae
    >>> q = narae.ops.ones((1, 2, 1, 4))
    >>> narae.ops.dot_product_attention(q, q, q).shape
    (1, 2, 1, 4)
    """
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
        scores = tanh(scores / attn_logits_soft_cap) * attn_logits_soft_cap
    scores = scores if bias is None else scores + to(bias, wide)
    if is_causal:
        afford(q.shape[1] * k.shape[1], 1)
        lower = as_tensor(np.tri(q.shape[1], k.shape[1], dtype=bool))
        mask = lower if mask is None else logical_and(mask, lower)
    if mask is not None:
        scores = where(mask, scores, -0.7 * float(np.finfo(np.float32).max))
    return einsum("bnts,bsnh->btnh", to(softmax(scores, -1), v.dtype), v)
