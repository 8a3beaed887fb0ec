"""Attention: each query's mean of values, weighted by how well their keys fit."""

from __future__ import annotations

import math

import numpy as np

from narae.base.dtypes import HIDDEN
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import KnownShape, TensorLike
from narae.ops.logic import logical_and, where
from narae.ops.math import tanh
from narae.ops.repeating import repeat
from narae.ops.simplex import softmax
from narae.ops.summation import einsum
from narae.primitives.records.attention import attention, wide
from narae.primitives.records.shape import broadcast_to, reshape
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
    scale: TensorLike | None = None,
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
        bias: what is added to the scores, (B, N, T, S) or a shape that broadcasts to it; None: nothing. What does not
            may be (B, S), (B, T, S) or (B, N, S).
        mask: which scores count (True), of such a shape; None: all. A query that sees none has the
            mean of all values.
        scale: what scores are multiplied by; None: 1 / √H.
        is_causal: whether a query sees its own time and those before it alone.
        flash_attention: whether scores are computed block by block, forward and backward, so that never all of them are
            in memory; None: they are. False: a composition of other operations.
        attn_logits_soft_cap: c of c tanh(scores / c), which keeps scores within ±c; None: they stay as they are.

    Returns: the means of values, of the dtype in which query, key and value meet. Scores of halves are in float32.

    Raises:
        ShapeError: query, key or value has not four axes, or lengths differ.

    Source: Vaswani et al. 2017, eq. 1; Ainslie et al. 2023 for K < N; Dao et al. 2022 for blocks.

    >>> import narae
    >>> q = narae.ops.ones((1, 2, 1, 4))
    >>> narae.ops.dot_product_attention(q, q, q).shape
    (1, 2, 1, 4)
    """
    q, k, v = promoted(query, key, value, floating=True)
    if not q.ndim == k.ndim == v.ndim == 4:
        shapes = [x.shape for x in (q, k, v)]
        raise ShapeError(f"dot_product_attention takes (batch, time, heads, width), got {shapes}")
    if scale is not None and not isinstance(scale, (int, float, np.number)):
        q, scale = q * to(as_tensor(scale), q.dtype), 1.0  # a tensor: its gradient is wanted
    k, v = (_of_batch(x, q.shape[0]) for x in (k, v))
    full = (q.shape[0], q.shape[2], q.shape[1], k.shape[1])
    added = None if bias is None else _of_scores(to(as_tensor(bias), wide(q.dtype)), full, "bias")
    seen = None if mask is None else _of_scores(to(as_tensor(mask), "bool"), full, "mask")
    params = {
        "scale": 1 / math.sqrt(max(1, q.shape[-1])) if scale is None else float(scale),
        "causal": bool(is_causal),
        "cap": None if attn_logits_soft_cap is None else float(attn_logits_soft_cap),
    }
    if flash_attention is False or 0 in (*full, q.shape[3], v.shape[3]):
        # blocks are of something; the mean of no values is 0
        return _composed(q, k, v, added, seen, **params)
    rest = [x for x in (added, seen) if x is not None]
    given = {"biased": added is not None, "masked": seen is not None}
    return attention(q, k, v, *rest, **params, **given)[0]


def _of_batch(x: Tensor, batch: int) -> Tensor:
    """Keys or values, where one sample's are all samples'."""
    return broadcast_to(x, shape=(batch, *x.shape[1:])) if x.shape[0] == 1 != batch else x


def _of_scores(x: Tensor, full: KnownShape, what: str) -> Tensor:
    """A bias or mask with an axis for each of the scores' (B, N, T, S). Of few axes it broadcasts from the right, or,
    where that does not fit, from the batch on."""
    padded = (1,) * (4 - x.ndim) + x.shape
    ways = [padded]
    if x.ndim == 3:
        ways += [(*x.shape[:2], 1, x.shape[2]), (x.shape[0], 1, *x.shape[1:])]
    if x.ndim == 2:
        ways.append((x.shape[0], 1, 1, x.shape[1]))
    for shape in ways:
        if len(shape) == 4 and all(n in (1, m) for n, m in zip(shape, full, strict=True)):
            return reshape(x, shape=shape)
    lengths = zip(padded[-4:], full, strict=True)
    raise ShapeError(
        f"dot_product_attention has scores of (batch, heads, queries, keys) {full}; {what} of {x.shape} does not "
        "broadcast to them",
        lengths=next(((n, m) for n, m in lengths if n not in (1, m)), None),
    )


def _composed(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    scale: float,
    causal: bool,
    cap: float | None,
) -> Tensor:
    """By other operations, with all scores in memory."""
    times = q.shape[2] // max(1, k.shape[2])
    if times > 1:
        k, v = repeat(k, times, 2), repeat(v, times, 2)
    # Scores of halves overflow, and the lowest float32 is no number of theirs: both are kept in float32.
    scores = einsum("btnh,bsnh->bnts", to(q, wide(q.dtype)), to(k, wide(k.dtype))) * scale
    if cap is not None:
        scores = tanh(scores / cap) * cap
    scores = scores if bias is None else scores + bias
    if causal:
        afford(q.shape[1] * k.shape[1], 1)
        lower = as_tensor(np.tri(q.shape[1], k.shape[1], dtype=bool))
        mask = lower if mask is None else logical_and(mask, lower)
    if mask is not None:
        scores = where(mask, scores, HIDDEN)
    return einsum("bnts,bsnh->btnh", to(softmax(scores, -1), v.dtype), v)
