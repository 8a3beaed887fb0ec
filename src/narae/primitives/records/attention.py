"""Attention as one operation, and its gradient as another: neither keeps all scores.

The gradient computes them anew from q, k and two numbers of each row, the largest score and the sum of the others'
e^(score - largest) (Milakov and Gimelshein 2018; Dao et al. 2022). Those two are kept, not the logarithm of the sum of
exponentials: where a mask hides a whole row, all its scores are the lowest number there is, beside which the logarithm
of how many there are is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import HALVES
from narae.base.errors import DtypeError, ShapeError, differing
from narae.base.types import KnownShape, Namespace
from narae.graph.graph import substitute
from narae.graph.ir import Node, Spec, Value
from narae.primitives import rows
from narae.primitives.record import check_kind, record, sum_to
from narae.primitives.records import attention_terms
from narae.primitives.records.attention_blocks import Array, Terms, backward, forward
from narae.primitives.records.body import (
    gradient_graph,
    known_zero,
    spread_out,
    trace_graph,
)
from narae.primitives.records.logic import cast


def wide(dtype: str) -> str:
    """The dtype of scores: float32 at least."""
    return "float32" if dtype in HALVES else dtype


def _rule(
    q: Spec,
    k: Spec,
    v: Spec,
    *rest: Spec,
    scale: float,
    causal: bool,
    cap: float | None,
    biased: bool,
    masked: bool,
) -> tuple[Spec, ...]:
    check_kind("attention", q.dtype, "float")
    if not q.dtype == k.dtype == v.dtype:
        raise DtypeError(
            f"attention takes q, k and v of one dtype, got {[x.dtype for x in (q, k, v)]}"
        )
    shapes = [x.shape for x in (q, k, v)]
    if any(len(shape) != 4 for shape in shapes):
        raise ShapeError(f"attention takes q, k and v of (batch, time, heads, width), got {shapes}")
    batch, rows, heads, width = q.shape
    keys, shared = k.shape[1:3]
    wanted = ((batch, keys, shared, width), (batch, keys, shared, v.shape[3]))
    if (k.shape, v.shape) != wanted:
        raise ShapeError(
            f"attention with queries of {q.shape} takes keys and values of one batch, length and number of heads, "
            f"and keys as wide as queries, got {k.shape} and {v.shape}",
            lengths=differing((*k.shape, *v.shape), (*wanted[0], *wanted[1])),
        )
    if heads % max(1, shared) or (heads and not shared):
        raise ShapeError(
            f"attention shares {shared} heads of keys among {heads} of queries: no whole number of them each",
            divisor=shared,
        )
    _check_rest(rest, biased, masked, wide(q.dtype), (batch, heads, rows, keys))
    stats = Spec((batch, heads, rows), wide(q.dtype))
    return Spec((batch, rows, heads, v.shape[3]), q.dtype), stats, stats


def _check_rest(
    rest: Sequence[Spec], biased: bool, masked: bool, dtype: str, full: KnownShape
) -> None:
    dtypes = [dtype] * biased + ["bool"] * masked
    if [x.dtype for x in rest] != dtypes:
        raise DtypeError(
            f"attention takes a bias of {dtype} and a mask of bool, got {[x.dtype for x in rest]}"
        )
    for x in rest:
        pairs = list(zip(x.shape, full, strict=False))
        if len(x.shape) != 4 or any(n not in (1, m) for n, m in pairs):
            raise ShapeError(
                f"a bias or mask of attention has the shape of the scores, {full}, or 1 in place of a length, "
                f"got {x.shape}",
                lengths=next(((n, m) for n, m in pairs if n not in (1, m)), None),
            )


def _split(
    rest: Sequence[Array],
    scale: float,
    causal: bool,
    cap: float | None,
    biased: bool,
    masked: bool,
) -> Terms[Array]:
    bias = rest[0] if biased else None
    return Terms(bias, rest[-1] if masked else None, scale, causal, cap)


def _widened(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [x.astype(np.float32) if str(x.dtype) in HALVES else x for x in arrays]


def _forward(
    xp: Namespace,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    *rest: np.ndarray,
    **params: Any,
) -> tuple[Any, ...]:
    wide_q, wide_k, wide_v = _widened((q, k, v))
    out, peak, total = forward(xp, wide_q, wide_k, wide_v, _split(rest, **params))
    return out.astype(q.dtype), peak, total


def _joint(
    wanted: set[int],
    ct: Sequence[Value],
    out: Sequence[Value],
    *inputs: Value,
    **params: Any,
) -> list[Value | None]:
    """By `attention_gradient` where the means alone have a cotangent; where what is kept for that has one too (in
    gradients of gradients), by a composition."""
    if not all(map(known_zero, ct[1:])):
        return _composed(_attended, ct, inputs, wanted, params)
    with_bias = params["biased"] and 3 in wanted
    found = list(attention_gradient(ct[0], *out, *inputs, **params, with_bias=with_bias))
    if with_bias:
        found[3] = sum_to(found[3], inputs[3].shape)
    return found + [None] * (len(inputs) - len(found))


def _attended(*inputs: Value, **params: Any) -> list[Value]:
    q, k, v, *rest = inputs
    low = q.dtype
    q, k, v = (cast(x, dtype=wide(low)) for x in (q, k, v))
    out, *stats = attention_terms.attended(q, k, v, _split(rest, **params))
    return [cast(out, dtype=low), *stats]


def _composed(
    function: Callable[..., list[Value]],
    ct: Sequence[Value],
    inputs: Sequence[Value],
    wanted: set[int],
    params: dict[str, Any],
) -> list[Value | None]:
    """The cotangents of the wanted inputs of a composition."""
    graph, _ = trace_graph(lambda *xs: function(*xs, **params), [x.spec for x in inputs])
    seeded = [i for i, one in enumerate(ct) if not known_zero(one)]
    sources = sorted(wanted)
    pulled = substitute(gradient_graph(graph, seeded, sources), [*inputs, *(ct[i] for i in seeded)])
    return spread_out(pulled, sources, len(inputs))


def _cost(products: int) -> Callable[[Node], int]:
    """Two operations for each number of each product of queries by keys, of which a causal one needs half."""

    def cost(node: Node) -> int:
        q, k, v = (x.shape for x in node.inputs[-3 - node_rest(node) :][:3])
        scores = q[0] * q[2] * q[1] * k[1] // (2 if node.params["causal"] else 1)
        return products * scores * (q[3] + v[3]) + 5 * scores

    return cost


def node_rest(node: Node) -> int:
    """How many inputs a node has after q, k and v."""
    return int(node.params["biased"]) + int(node.params["masked"])


_PLAIN: dict[str, Any] = {
    "scale": 0.5,
    "causal": False,
    "cap": None,
    "biased": False,
    "masked": False,
}


def _draw(rng: np.random.Generator) -> list[Any]:
    """q, k, v, bias and mask: heads apart, shared, wider values, lengths that differ. No row sees nothing: its largest
    score is so large that beside it no difference quotient is left."""

    def of(*shape: int) -> np.ndarray:
        return np.asarray(rng.normal(size=shape))

    one = np.array([[1, 0, 1, 1], [0, 1, 0, 0], [0, 1, 1, 0]], bool).reshape(1, 1, 3, 4)
    apart = (of(2, 3, 2, 5), of(2, 4, 2, 5), of(2, 4, 2, 5))
    shared = (of(1, 3, 4, 2), of(1, 4, 2, 2), of(1, 4, 2, 3))
    long = (of(1, 5, 1, 2), of(1, 3, 1, 2), of(1, 3, 1, 2))
    both = {"biased": True, "masked": True}
    return [
        (apart, _PLAIN),
        (shared, {**_PLAIN, "causal": True}),
        ((*apart, one), {**_PLAIN, "masked": True}),
        ((*shared, of(1, 4, 3, 4), one), {**_PLAIN, **both, "cap": 1.5}),
        ((*apart, of(1, 2, 1, 4), one), {**_PLAIN, **both, "causal": True}),
        (long, {**_PLAIN, "causal": True, "scale": 1.0}),
    ]


# The means of values (B, T, N, W) with the weights softmax(c tanh(scale q kᵀ / c) + bias, where the mask is True and,
# if causal, the key not later than the query); of each row the largest score and Σ e^(score - largest), (B, N, T).
attention = record(
    "attention",
    _rule,
    _forward,
    joint=_joint,
    samples=_draw,
    cost=_cost(2),
    rows=rows.attention,
)


def _gradient_rule(
    ct: Spec,
    out: Spec,
    peak: Spec,
    total: Spec,
    q: Spec,
    k: Spec,
    v: Spec,
    *rest: Spec,
    with_bias: bool,
    **params: Any,
) -> tuple[Spec, ...]:
    wanted = _rule(q, k, v, *rest, **params)
    if (ct, out, peak, total) != (wanted[0], *wanted):
        found = [x.dtype for x in (ct, out, peak, total)]
        error = ShapeError if found == [x.dtype for x in (wanted[0], *wanted)] else DtypeError
        raise error(
            f"the gradient of attention takes its results, {wanted}, got {(ct, out, peak, total)}"
        )
    of_scores = Spec((*peak.shape, k.shape[1]), peak.dtype)
    return (q, k, v, of_scores) if with_bias else (q, k, v)


def _backward(
    xp: Namespace,
    ct: np.ndarray,
    out: np.ndarray,
    peak: np.ndarray,
    total: np.ndarray,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    *rest: np.ndarray,
    with_bias: bool,
    **params: Any,
) -> tuple[Any, ...]:
    ct, out, wide_q, wide_k, wide_v = _widened((ct, out, q, k, v))
    found = backward(
        xp, ct, (out, peak, total), (wide_q, wide_k, wide_v), _split(rest, **params), with_bias
    )
    return (*(x.astype(q.dtype) for x in found[:3]), *found[3:])


def _pulled(*inputs: Value, with_bias: bool, **params: Any) -> list[Value]:
    ct, out, peak, total, q, k, v, *rest = inputs
    low = q.dtype
    ct, out, q, k, v = (cast(x, dtype=wide(low)) for x in (ct, out, q, k, v))
    found = attention_terms.pulled(
        ct, (out, peak, total), (q, k, v), _split(rest, **params), with_bias
    )
    return [*(cast(x, dtype=low) for x in found[:3]), *found[3:]]


def _gradient_joint(
    wanted: set[int], ct: Sequence[Value], out: Sequence[Value], *inputs: Value, **params: Any
) -> list[Value | None]:
    return _composed(_pulled, ct, inputs, wanted, params)


def _gradient_samples(rng: np.random.Generator) -> list[Any]:
    rows = []
    for arrays, params in _draw(rng):
        kept = _forward(np, *arrays, **params)
        ct = rng.normal(size=kept[0].shape)
        rows.append(((ct, *kept, *arrays), {**params, "with_bias": params["biased"]}))
    return rows


# The cotangents of q, k and v for one of the means, and where a bias wants it that of the scores (B, N, T, S).
attention_gradient = record(
    "attention_gradient",
    _gradient_rule,
    _backward,
    joint=_gradient_joint,
    samples=_gradient_samples,
    cost=_cost(5),
    rows=rows.attention,
)
