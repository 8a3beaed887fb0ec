"""Attention as arrays compute it: some rows of queries at a time, so that never all scores are there.

q: (B, T, N, H), k: (B, S, K, H), v: (B, S, K, W); head n of the queries reads head n // (N / K) of keys and values.
bias, mask: (B or 1, N or 1, T or 1, S or 1), or None.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from narae.base.dtypes import HIDDEN
from narae.base.types import Namespace

SCORES = 1 << 18  # scores that are there at a time
COMPILED = 16  # blocks of rows, at most, for XLA, which compiles each


Array = TypeVar("Array")  # of numbers, or a value of a graph


class Terms(NamedTuple, Generic[Array]):
    """What scores are made of but queries and keys. causal: a query sees its own time and those before it; cap: c of
    c tanh(score / c)."""

    bias: Array | None
    mask: Array | None
    scale: float
    causal: bool
    cap: float | None


class _Rows(NamedTuple):
    """Rows `first` to `end` of the queries, which see the first `keys` keys at most."""

    first: int
    end: int
    keys: int


def _blocks(xp: Namespace, q: np.ndarray, k: np.ndarray, terms: Terms[np.ndarray]) -> list[_Rows]:
    (batch, rows, heads, _), keys = q.shape, k.shape[1]
    size = max(1, SCORES // max(1, batch * heads * keys))
    size = size if xp is np else max(size, -(-rows // COMPILED))
    skips = terms.causal and terms.mask is None  # a row that a mask hides whole is the mean of all
    return [
        _Rows(i, min(rows, i + size), min(keys, i + size) if skips else keys)
        for i in range(0, rows, size)
    ]


def _part(x: np.ndarray | None, rows: _Rows) -> np.ndarray | None:
    """The part of a bias or mask that is the rows'."""
    if x is None:
        return None
    down = slice(rows.first, rows.end) if x.shape[2] > 1 else slice(None)
    return x[:, :, down, : rows.keys]


def _by_heads(xp: Namespace, x: np.ndarray, groups: int) -> Any:
    """(B, T, N, H) as (B, K, groups T, H): the queries of a head of keys below each other."""
    batch, times, heads, width = x.shape
    x = xp.reshape(x, (batch, times, heads // groups, groups, width))
    x = xp.transpose(x, (0, 2, 3, 1, 4))
    return xp.reshape(x, (batch, heads // groups, groups * times, width))


def _by_times(xp: Namespace, x: np.ndarray, groups: int) -> Any:
    """The reverse of `_by_heads`."""
    batch, shared, rows, width = x.shape
    x = xp.reshape(x, (batch, shared, groups, rows // groups, width))
    x = xp.transpose(x, (0, 3, 1, 2, 4))
    return xp.reshape(x, (batch, rows // groups, shared * groups, width))


def _products(xp: Namespace, x: np.ndarray, y: np.ndarray) -> Any:
    """Each row of x (B, T, N, H) times each of y (B, S, K, H): (B, N, T, S)."""
    groups = x.shape[2] // max(1, y.shape[2])
    out = xp.matmul(_by_heads(xp, x, groups), xp.transpose(y, (0, 2, 3, 1)))
    return xp.reshape(out, (x.shape[0], x.shape[2], x.shape[1], y.shape[1]))


def _means(xp: Namespace, p: np.ndarray, y: np.ndarray) -> Any:
    """Sums of y (B, S, K, H) with weights p (B, N, T, S): (B, T, N, H)."""
    batch, heads, rows, keys = p.shape
    groups = heads // max(1, y.shape[2])
    p = xp.reshape(p, (batch, y.shape[2], groups * rows, keys))
    return _by_times(xp, xp.matmul(p, xp.transpose(y, (0, 2, 1, 3))), groups)


def _collected(xp: Namespace, p: np.ndarray, x: np.ndarray, shared: int, keys: int) -> Any:
    """Sums of x (B, T, N, H) with weights p (B, N, T, S), over heads that share keys: (B, keys, K, H)."""
    batch, heads, rows, seen = p.shape
    groups = heads // max(1, shared)
    p = xp.reshape(p, (batch, shared, groups * rows, seen))
    out = xp.matmul(xp.swapaxes(p, 2, 3), _by_heads(xp, x, groups))
    return xp.pad(xp.transpose(out, (0, 2, 1, 3)), ((0, 0), (0, keys - seen), (0, 0), (0, 0)))


def _scores(
    xp: Namespace, q: np.ndarray, k: np.ndarray, rows: _Rows, terms: Terms[np.ndarray]
) -> tuple[Any, Any, Any]:
    """Scores (B, N, T, S) of rows; those before bias and mask; which of them count, None for all."""
    plain = _products(xp, q[:, rows.first : rows.end], k[:, : rows.keys]) * terms.scale
    if terms.cap is not None:
        plain = xp.tanh(plain / terms.cap) * terms.cap
    bias, seen = _part(terms.bias, rows), _part(terms.mask, rows)
    full = plain if bias is None else plain + bias
    if terms.causal:
        past = np.tri(rows.end - rows.first, rows.keys, rows.first, dtype=bool)
        seen = past if seen is None else seen & past
    if seen is not None:
        # without a mask a row sees one key at least, and what comes later is not there at all
        low = HIDDEN if terms.mask is not None else -np.inf
        full = xp.where(seen, full, full.dtype.type(low))
    return full, plain, seen


def forward(
    xp: Namespace, q: np.ndarray, k: np.ndarray, v: np.ndarray, terms: Terms[np.ndarray]
) -> tuple[Any, Any, Any]:
    """The means of values (B, T, N, W); of each row the largest score and Σ e^(score - largest): (B, N, T)."""
    outs, peaks, totals = [], [], []
    for rows in _blocks(xp, q, k, terms):
        scores, _, _ = _scores(xp, q, k, rows, terms)
        peak = xp.max(scores, axis=-1, keepdims=True)
        weights = xp.exp(scores - peak)
        total = xp.sum(weights, axis=-1, keepdims=True)
        outs.append(_means(xp, weights / total, v[:, : rows.keys]))
        peaks.append((peak + 0 * total)[..., 0])  # both NaN where one is
        totals.append(total[..., 0])
    if len(outs) == 1:
        return outs[0], peaks[0], totals[0]
    return xp.concatenate(outs, 1), xp.concatenate(peaks, 2), xp.concatenate(totals, 2)


def backward(
    xp: Namespace,
    ct: np.ndarray,
    kept: tuple[np.ndarray, np.ndarray, np.ndarray],
    given: tuple[np.ndarray, np.ndarray, np.ndarray],
    terms: Terms[np.ndarray],
    with_bias: bool,
) -> tuple[Any, ...]:
    """The cotangents of q, k and v, and of the scores before the mask (B, N, T, S) where a bias wants them. ct: of the
    means. kept: what `forward` gave; given: what it was given.

    Dao et al. 2022, algorithm 4: with p the shares and δ = Σ ct · means of a row, the scores have p (ct · v - δ).
    """
    (out, peak, total), (q, k, v) = kept, given
    dq, dk, dv, ds = [], 0, 0, []
    for rows in _blocks(xp, q, k, terms):
        down = slice(rows.first, rows.end)
        scores, plain, seen = _scores(xp, q, k, rows, terms)
        shares = xp.exp(scores - peak[:, :, down, None]) / total[:, :, down, None]
        mine = ct[:, down]
        delta = xp.swapaxes(xp.sum(mine * out[:, down], axis=-1), 1, 2)[..., None]
        of_scores = shares * (_products(xp, mine, v[:, : rows.keys]) - delta)
        if seen is not None:
            of_scores = xp.where(seen, of_scores, of_scores.dtype.type(0))
        if with_bias:
            gap = k.shape[1] - rows.keys
            ds.append(xp.pad(of_scores, ((0, 0), (0, 0), (0, 0), (0, gap))))
        if terms.cap is not None:
            of_scores = of_scores * (1 - (plain / terms.cap) ** 2)
        of_scores = of_scores * terms.scale
        dq.append(_means(xp, of_scores, k[:, : rows.keys]))
        dk = dk + _collected(xp, of_scores, q[:, down], *k.shape[2:0:-1])
        dv = dv + _collected(xp, shares, mine, *v.shape[2:0:-1])
    found = (xp.concatenate(dq, 1), dk, dv)
    return (*found, xp.concatenate(ds, 2)) if with_bias else found
