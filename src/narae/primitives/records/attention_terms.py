"""Attention as a composition of other operations, with all scores there: what gradients of its gradient are made of."""

from __future__ import annotations

import numpy as np

from narae.base.dtypes import HIDDEN
from narae.graph.ir import Value
from narae.primitives.record import constant
from narae.primitives.records.arithmetic import exp, tanh
from narae.primitives.records.attention_blocks import Terms
from narae.primitives.records.contract import dot
from narae.primitives.records.logic import select
from narae.primitives.records.reduce import reduce_max, reduce_sum
from narae.primitives.records.shape import reshape, transpose


def _groups(x: Value, shared: int) -> Value:
    """(B, T, N, H) as (B, T, K, N / K, H)."""
    batch, times, heads, width = x.shape
    return reshape(x, shape=(batch, times, shared, heads // max(1, shared), width))


def _weights(p: Value, shared: int) -> Value:
    """(B, N, T, S) as (B, K, N / K, T, S)."""
    batch, heads, rows, keys = p.shape
    return reshape(p, shape=(batch, shared, heads // max(1, shared), rows, keys))


def _products(x: Value, y: Value) -> Value:
    """Each row of x (B, T, N, H) times each of y (B, S, K, H): (B, N, T, S)."""
    out = dot(_groups(x, y.shape[2]), y, contract=((4,), (3,)), batch=((0, 2), (0, 2)))
    out = transpose(out, axes=(0, 1, 3, 2, 4))  # from (B, K, T, N / K, S)
    return reshape(out, shape=(x.shape[0], x.shape[2], x.shape[1], y.shape[1]))


def _means(p: Value, y: Value) -> Value:
    """Sums of y (B, S, K, H) with weights p (B, N, T, S): (B, T, N, H)."""
    out = dot(_weights(p, y.shape[2]), y, contract=((4,), (1,)), batch=((0, 1), (0, 2)))
    out = transpose(out, axes=(0, 3, 1, 2, 4))  # from (B, K, N / K, T, H)
    return reshape(out, shape=(p.shape[0], p.shape[2], p.shape[1], y.shape[3]))


def _collected(p: Value, x: Value, shared: int) -> Value:
    """Sums of x (B, T, N, H) with weights p (B, N, T, S), over heads that share keys: (B, S, K, H)."""
    out = dot(
        _weights(p, shared), _groups(x, shared), contract=((2, 3), (3, 1)), batch=((0, 1), (0, 2))
    )
    return transpose(out, axes=(0, 2, 1, 3))  # from (B, K, S, H)


def _scores(q: Value, k: Value, terms: Terms[Value]) -> tuple[Value, Value, list[Value]]:
    """Scores (B, N, T, S); those before bias and mask; all that says which of them count."""
    bias, mask, scale, causal, cap = terms
    plain = _products(q, k) * scale
    if cap is not None:
        plain = tanh(plain / cap) * cap
    full = plain if bias is None else plain + bias
    hides = [] if mask is None else [mask]
    if causal:
        hides.append(constant(np.tri(q.shape[1], k.shape[1]), "bool"))
    for seen in hides:
        full = select(seen, full, constant(HIDDEN, full.dtype))
    return full, plain, hides


def _kept(x: Value) -> Value:
    return reshape(x, shape=(*x.shape, 1))


def attended(q: Value, k: Value, v: Value, terms: Terms[Value]) -> list[Value]:
    """What the record `attention` gives."""
    scores, _, _ = _scores(q, k, terms)
    peak = reduce_max(scores, axes=(3,))
    weights = exp(scores - _kept(peak))
    total = reduce_sum(weights, axes=(3,))
    return [_means(weights / _kept(total), v), peak + total * 0.0, total]


def pulled(
    ct: Value,
    kept: tuple[Value, Value, Value],
    given: tuple[Value, Value, Value],
    terms: Terms[Value],
    with_bias: bool,
) -> list[Value]:
    """What the record `attention_gradient` gives; the formulas are in `attention_blocks.backward`."""
    (out, peak, total), (q, k, v) = kept, given
    scores, plain, hides = _scores(q, k, terms)
    shares = exp(scores - _kept(peak)) / _kept(total)
    delta = _kept(transpose(reduce_sum(ct * out, axes=(3,)), axes=(0, 2, 1)))
    before = shares * (_products(ct, v) - delta)
    for seen in hides:
        before = select(seen, before, constant(0, before.dtype))
    of_scores = before
    if terms.cap is not None:
        bent = plain / terms.cap
        of_scores = before * (1 - bent * bent)
    of_scores = of_scores * terms.scale
    shared = k.shape[2]
    found = [_means(of_scores, k), _collected(of_scores, q, shared), _collected(shares, ct, shared)]
    return [*found, before] if with_bias else found
