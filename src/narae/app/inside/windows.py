"""A window on a map: a convolution's products and their sum, a pooling's maximum, a kernel's gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.app.bounds import BadMessage
from narae.app.inside.pictures import floats
from narae.app.inside.walk import Stage

_TERMS = 12


def _pads(stage: Stage, window: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of zeros before the first ones of the input, of padding 'same'."""
    if stage.layer.padding == "valid":
        return 0, 0
    sizes = zip(stage.output.shape, stage.input.shape, window, stage.layer.strides, strict=False)
    top, left = (max((out - 1) * step + k - n, 0) // 2 for out, n, k, step in sizes)
    return top, left


def _origin(
    stage: Stage, window: tuple[int, int], place: tuple[int, int] | None, unit: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The place of the output that is looked at (the largest one when none is asked for), and where its window
    begins in the input."""
    rows, columns = stage.output.shape[:2]
    if place is None:
        largest = int(stage.output[..., unit].argmax())
        place = largest // columns, largest % columns
    if place[0] >= rows or place[1] >= columns:
        raise BadMessage(f"place: this map has {rows} x {columns}, got {place[0]}, {place[1]}")
    top, left = _pads(stage, window)
    steps = stage.layer.strides
    return place, (place[0] * steps[0] - top, place[1] * steps[1] - left)


def _cut(x: np.ndarray, origin: tuple[int, int], window: tuple[int, int]) -> np.ndarray:
    """The part of maps (rows, columns, channels) under a window; 0 beyond their ends."""
    rows, columns = (np.arange(n) + start for n, start in zip(window, origin, strict=True))
    inside = np.zeros((*window, x.shape[-1]), x.dtype)
    r, c = (rows >= 0) & (rows < x.shape[0]), (columns >= 0) & (columns < x.shape[1])
    inside[np.ix_(r, c)] = x[np.ix_(rows[r], columns[c])]
    return inside


def convolved(stage: Stage, unit: int, place: tuple[int, int] | None) -> dict[str, Any]:
    """One place of a map: of each channel the products under the window (channels, rows, columns) and their
    sum; the bias, the sum of all, and what the activation makes of it."""
    layer = stage.layer
    window = tuple(layer.kernel_size)
    place, origin = _origin(stage, window, place, unit)
    under = np.moveaxis(_cut(stage.input, origin, window), -1, 0)
    kernel = np.moveaxis(layer.kernel.numpy()[..., unit], -1, 0)
    products = under * kernel
    return {
        "place": place,
        "origin": origin,
        "under": floats(under),
        "kernel": floats(kernel),
        "products": floats(products),
        "sums": products.sum(axis=(1, 2), dtype=np.float64).tolist(),
        "bias": 0.0 if layer.bias is None else float(layer.bias.numpy()[unit]),
        "z": float(stage.sums[(*place, unit)]),
        "output": float(stage.output[(*place, unit)]),
    }


def pooled(stage: Stage, unit: int, place: tuple[int, int] | None) -> dict[str, Any]:
    """One place of a pooled map: the numbers under its window, and the largest."""
    window = tuple(stage.layer.pool_size)
    place, origin = _origin(stage, window, place, unit)
    under = _cut(stage.input, origin, window)[..., unit]
    return {
        "place": place,
        "origin": origin,
        "under": floats(under),
        "output": float(stage.output[(*place, unit)]),
    }


def gradient_terms(stage: Stage, where: tuple[int, ...]) -> dict[str, Any]:
    """The gradient of one element (row, column, channel, unit) of a kernel: at each place of the map the input
    under that element times the place's delta. [row, column, x, delta, product], the largest first."""
    row, column, channel, unit = where
    window = tuple(stage.layer.kernel_size)
    deltas = stage.delta[..., unit]
    (top, left), steps = _pads(stage, window), stage.layer.strides
    rows = np.arange(deltas.shape[0]) * steps[0] + row - top
    columns = np.arange(deltas.shape[1]) * steps[1] + column - left
    spread = np.zeros_like(deltas)
    r = (rows >= 0) & (rows < stage.input.shape[0])
    c = (columns >= 0) & (columns < stage.input.shape[1])
    spread[np.ix_(r, c)] = stage.input[np.ix_(rows[r], columns[c])][..., channel]
    products = spread * deltas
    order = np.argsort(-np.abs(products).ravel(), kind="stable")
    order = order[products.ravel()[order] != 0]
    first = [np.unravel_index(i, products.shape) for i in order[:_TERMS]]
    return {
        "element": [row, column, channel],
        "terms": [
            [int(i), int(j), float(spread[i, j]), float(deltas[i, j]), float(products[i, j])]
            for i, j in first
        ],
        "others": max(0, len(order) - _TERMS),
        "rest": float(products.ravel()[order[_TERMS:]].sum(dtype=np.float64)),
        "count": products.size,
        "total": float(products.sum(dtype=np.float64)),
    }
