"""Convolutions as products: a row for each place of the result, a tap for each place of the kernel.

Places are put together by which taps meet the image there. Borders and gaps are then not numbers
that are zero but taps that are left out: no image is copied, nothing is multiplied by zero.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from narae.base.windows import laid_out
from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.partition import Product, Products, sums
from narae.executors.native.lower.tiles import Tile, address
from narae.executors.shared.params import Params
from narae.graph.ir import Node


@dataclass(frozen=True)
class Kind:
    """Places along one axis where the same taps meet the image. places: in the result; first: where
    each one's first tap lies in the image; taps: their numbers; steps: how far each is from the
    first, in the image."""

    places: tuple[int, ...]
    first: tuple[int, ...]
    taps: tuple[int, ...]
    steps: tuple[int, ...]


def convolution(node: Node, ins: Sequence[np.ndarray]) -> Products:
    """The products of a `conv`."""
    x, w = ins
    p = node.params
    space = node.specs[0].shape[1:-1]
    if p["groups"] > tuning.GROUPS:
        raise Unlowered(f"conv in {p['groups']} groups")
    before: list[list[Tile]] = []
    w = _rows_along(w, before)
    out = Products(w.shape[-1], before=before, keep=[x, w])
    axes = axes_of(x, w, space, p)
    products = list(itertools.product(*axes))
    fewest = min(_count(kind) for kind in products) * x.shape[0]
    if len(products) > 1 and fewest < tuning.FEW_PLACES:
        x = _with_borders(x, p["padding"], p["lhs_dilation"], before)
        out.keep.append(x)
        ones = (1,) * len(space)
        products = [
            tuple(
                kinds(n, w.shape[i], x.shape[i + 1], s, 0, d, r)[0]
                for i, (n, s, d, r) in enumerate(
                    zip(space, p["strides"], ones, p["rhs_dilation"], strict=True)
                )
            )
        ]
    for kind in products:
        _add(out, x, w, space, kind, p["groups"])
    return out


def axes_of(x: np.ndarray, w: np.ndarray, space: Sequence[int], params: Params) -> list[list[Kind]]:
    """The kinds of places along each axis of space. space: of the result."""
    names = ("strides", "padding", "lhs_dilation", "rhs_dilation")
    rows = zip(space, w.shape, x.shape[1:-1], *(params[name] for name in names), strict=False)
    return [
        kinds(n, window, length, stride, pads[0], gap, dilation)
        for n, window, length, stride, pads, gap, dilation in rows
    ]


def _rows_along(w: np.ndarray, before: list[list[Tile]]) -> np.ndarray:
    """A kernel whose filters lie along memory, or its taps: copied where neither does."""
    if w.itemsize in (w.strides[-1], w.strides[-2]) or w.size < tuning.KERNEL_COPY:
        return w
    copied = np.empty(w.shape, w.dtype)
    before.append(copy_tiles(w, copied))
    return copied


def kinds(
    places: int, window: int, length: int, stride: int, before: int, gap: int, dilation: int
) -> list[Kind]:
    """The kinds of places along an axis of an image of `length`, with `before` zeros before it and
    `gap` - 1 between its numbers; `dilation`: between taps.

    >>> [(k.places, k.taps) for k in kinds(4, 3, 4, 1, 1, 1, 1)]
    [((0,), (1, 2)), ((1, 2), (0, 1, 2)), ((3,), (0, 1))]
    """
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[int, int]]] = {}
    for place in range(places):
        hits = []
        for tap in range(window):
            at, off = divmod(place * stride + tap * dilation - before, gap)
            if off == 0 and 0 <= at < length:
                hits.append((tap, at))
        first = hits[0][1] if hits else 0
        key = (tuple(t for t, _ in hits), tuple(at - first for _, at in hits))
        found.setdefault(key, []).append((place, first))
    return [
        Kind(tuple(p for p, _ in rows), tuple(f for _, f in rows), taps, steps)
        for (taps, steps), rows in found.items()
    ]


def _count(kind: Sequence[Kind]) -> int:
    """How many places there are, for one image."""
    return int(np.prod([len(k.places) for k in kind]))


def _add(
    out: Products,
    x: np.ndarray,
    w: np.ndarray,
    space: Sequence[int],
    kind: tuple[Kind, ...],
    groups: int,
) -> None:
    """The products of places of one kind, one for each group."""
    rows = np.arange(x.shape[0]) * x.strides[0]
    numbers = np.arange(x.shape[0])
    for k, stride, n in zip(kind, x.strides[1:-1], space, strict=True):
        rows = (rows[:, None] + np.array(k.first) * stride).reshape(-1)
        numbers = (numbers[:, None] * n + np.array(k.places)).reshape(-1)
    channels, filters = w.shape[-2], w.shape[-1] // groups
    if not all(k.taps for k in kind):  # nothing is met: the sum of nothing
        nothing = np.zeros(max(channels, 16), x.dtype)
        empty = np.zeros((1, 2), np.int64)
        out.keep.append(nothing)
        for g in range(groups):
            b = address(w) + g * filters * w.strides[-1]
            part = Product(address(nothing), b, rows * 0, empty, 1, 0, 0, w.strides[-1], filters)
            part.numbers, part.first_column = numbers, g * filters
            out.parts.append(part)
        return
    a_taps, b_taps, inner = _taps(x, w, kind)
    taps = np.ascontiguousarray(np.stack([a_taps, b_taps], axis=1))
    for g in range(groups):
        a = address(x) + g * channels * x.strides[-1]
        b = address(w) + g * filters * w.strides[-1]
        part = Product(a, b, rows, taps, *inner, w.strides[-1], filters)
        part.numbers, part.first_column = numbers, g * filters
        out.parts.append(part)


def _taps(
    x: np.ndarray, w: np.ndarray, kind: tuple[Kind, ...]
) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int]]:
    """Byte offsets of the taps in image and kernel, and the inner loop.

    Even taps are axes like the channels, so that the longest of them can be the inner loop.
    """
    axes = [(w.shape[-2], x.strides[-1], w.strides[-2])]
    a_taps, b_taps = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for k, stride, step in zip(kind, x.strides[1:-1], w.strides[:-2], strict=True):
        gaps = {b - a for a, b in itertools.pairwise(k.taps)}
        moves = {b - a for a, b in itertools.pairwise(k.steps)}
        first = np.array(k.taps[:1]) * step
        if len(gaps) <= 1 and len(moves) <= 1:
            b_taps = b_taps + first
            if len(k.taps) > 1:
                axes.append((len(k.taps), moves.pop() * stride, gaps.pop() * step))
        else:
            a_taps = (a_taps[:, None] + np.array(k.steps) * stride).reshape(-1)
            b_taps = (b_taps[:, None] + np.array(k.taps) * step).reshape(-1)
    inner, table = sums(axes)
    a_all = (a_taps[:, None] + table[:, 0]).reshape(-1)
    b_all = (b_taps[:, None] + table[:, 1]).reshape(-1)
    return a_all, b_all, inner


def _with_borders(
    x: np.ndarray,
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    before: list[list[Tile]],
) -> np.ndarray:
    """x with gaps and borders of zeros, which are written once."""
    total, into, taken = laid_out(x.shape[1:-1], padding, dilation)
    out = np.zeros((x.shape[0], *total, x.shape[-1]), x.dtype)
    source = x[(slice(None), *taken)]
    if source.size:
        before.append(copy_tiles(source, out[(slice(None), *into)]))
    return out
