"""Sliding windows for XLA: laid out, added up again, and reduced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from narae.executors.shared.params import Params
from narae.executors.xla.table import Pairs, PerAxis, Traced, lowering


@lowering("windows")
def windows(
    x: Traced, *, axes: PerAxis, window: PerAxis, strides: PerAxis, dilation: PerAxis
) -> jax.Array:
    """x's windows: the axes count them, and the windows' own axes come last."""
    out = jnp.asarray(x)
    for a, k, s, d in zip(axes, window, strides, dilation, strict=True):
        count = max(0, (out.shape[a] - (k - 1) * d - 1) // s + 1)
        places = np.arange(count)[:, None] * s + np.arange(k) * d
        out = jnp.moveaxis(jnp.take(out, places, axis=a), a + 1, -1)
    return out


@lowering("fold_windows")
def fold_windows(x: jax.Array, *, shape: PerAxis, **params: Any) -> jax.Array:
    """Overlap-add: the transpose of `windows`."""
    whole = jax.ShapeDtypeStruct(shape, x.dtype)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return _fold_numbers(x, shape, **params)
    return jax.linear_transpose(lambda image: windows(image, **params), whole)(x)[0]


def _fold_numbers(x: jax.Array, shape: PerAxis, **params: Any) -> jax.Array:
    """Whole numbers have no transpose: each goes to its place."""
    places = windows(np.arange(np.prod(shape)).reshape(shape), **params)
    return jnp.zeros(int(np.prod(shape)), x.dtype).at[places].add(x).reshape(shape)


_REDUCE = {"sum": (lax.add, 0), "max": (lax.max, -1), "min": (lax.min, 1)}


@lowering("reduce_window")
def reduce_window(
    x: jax.Array,
    *,
    kind: str,
    axes: PerAxis,
    window: PerAxis,
    strides: PerAxis,
    padding: Pairs,
    dilation: PerAxis,
) -> jax.Array:
    """The sum, max or min of each window."""
    combine, sign = _REDUCE[kind]
    lengths, steps, gaps = ([1] * x.ndim for _ in range(3))
    pads = [(0, 0)] * x.ndim
    for a, k, s, d, p in zip(axes, window, strides, dilation, padding, strict=True):
        lengths[a], steps[a], gaps[a], pads[a] = k, s, d, p
    first = np.asarray(_neutral(x.dtype, sign), x.dtype)
    return lax.reduce_window(x, first, combine, lengths, steps, pads, window_dilation=gaps)


def _neutral(dtype: np.dtype, sign: int) -> float:
    """What changes no sum (0), no min (1: the largest), no max (-1: the least)."""
    if sign == 0:
        return 0
    if jnp.issubdtype(dtype, jnp.floating):
        return sign * np.inf
    limits = jnp.iinfo(dtype)
    return limits.max if sign > 0 else limits.min


def _padded(x: jax.Array, fill: float, axes: PerAxis, padding: Pairs) -> jax.Array:
    pads = [(0, 0)] * x.ndim
    for a, p in zip(axes, padding, strict=True):
        pads[a] = p
    return jnp.pad(x, pads, constant_values=np.asarray(fill, x.dtype))


def _taps(shape: Sequence[int], params: Params) -> Iterator[tuple[slice, ...]]:
    """Where element k of every window lies in a padded array, for each k in order."""
    axes, strides, dilation = params["axes"], params["strides"], params["dilation"]
    for index in np.ndindex(*params["window"]):
        place = [slice(None)] * len(shape)
        for a, i, s, d in zip(axes, index, strides, dilation, strict=True):
            place[a] = slice(i * d, i * d + (shape[a] - 1) * s + 1 if shape[a] else 0, s)
        yield tuple(place)


def _first_hits(
    x: jax.Array, peak: jax.Array, params: Params
) -> Iterator[tuple[tuple[slice, ...], jax.Array]]:
    """For each tap: its slice, and where it is the first of its window that equals the peak."""
    free = jnp.ones(peak.shape, bool)
    fill = np.nan if jnp.issubdtype(x.dtype, jnp.floating) else 0  # NaN equals nothing
    image = _padded(x, fill, params["axes"], params["padding"])
    for tap in _taps(peak.shape, params):
        hit = (image[tap] == peak) & free
        free &= ~hit
        yield tap, hit


@lowering("place_extremes")
def place_extremes(ct: jax.Array, x: jax.Array, peak: jax.Array, **params: Any) -> jax.Array:
    """ct of each window at its first element that equals the peak."""
    shape = list(x.shape)
    inside = [slice(None)] * x.ndim
    for a, (lo, hi) in zip(params["axes"], params["padding"], strict=True):
        inside[a] = slice(lo, lo + x.shape[a])
        shape[a] += lo + hi
    out = jnp.zeros(shape, ct.dtype)
    for tap, hit in _first_hits(x, peak, params):
        out = out.at[tap].add(jnp.where(hit, ct, 0))
    return out[tuple(inside)]


@lowering("pick_extremes")
def pick_extremes(t: jax.Array, x: jax.Array, peak: jax.Array, **params: Any) -> jax.Array:
    """t at those places."""
    image = _padded(t, 0, params["axes"], params["padding"])
    out = jnp.zeros(peak.shape, t.dtype)
    for tap, hit in _first_hits(x, peak, params):
        out = out + jnp.where(hit, image[tap], 0)
    return out
