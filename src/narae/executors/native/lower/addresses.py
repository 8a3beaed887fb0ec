"""Sums of products as tables of addresses: what matrix products and convolutions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.lower.tiles import Tile, offsets


@dataclass(eq=False)
class Product:
    """C[r, n] = sum of A[rows[r] + t0 + k a_step] B[t1 + k b_down + n b_across] over taps (t0, t1)
    and k < inner. Byte offsets. numbers: the rows of C that these are, from 0 on where not given."""

    a: int
    b: int
    rows: np.ndarray
    taps: np.ndarray
    inner: int
    a_step: int
    b_down: int
    b_across: int
    columns: int
    numbers: np.ndarray | None = None
    first_row: int = 0  # added to the numbers
    first_column: int = 0


@dataclass(eq=False)
class Products:
    """All products of a step, into an array seen as (rows, width)."""

    width: int
    parts: list[Product] = field(default_factory=list)
    before: list[list[Tile]] = field(default_factory=list)
    keep: list[np.ndarray] = field(default_factory=list)


def sums(axes: Sequence[tuple[int, int, int]]) -> tuple[tuple[int, int, int], np.ndarray]:
    """Summed axes (length, stride in A, stride in B) as an inner loop and a table of taps."""
    merged: list[tuple[int, int, int]] = []
    for n, sa, sb in sorted((a for a in axes if a[0] != 1), key=lambda a: (-a[1], -a[2])):
        if merged and merged[-1][1] == sa * n and merged[-1][2] == sb * n:
            merged[-1] = (merged[-1][0] * n, sa, sb)
        else:
            merged.append((n, sa, sb))
    if not merged:
        merged = [(1, 0, 0)]
    # the inner loop should be long enough, and its numbers near each other
    best = max(range(len(merged)), key=lambda i: (min(merged[i][0], 8), -abs(merged[i][1])))
    inner = merged.pop(best)
    if inner[0] > tuning.INNER:  # long sums in stretches
        size = next((d for d in tuning.INNER_STRETCH if inner[0] % d == 0), inner[0])
        merged.append((inner[0] // size, inner[1] * size, inner[2] * size))
        inner = (size, *inner[1:])
    lengths = [m[0] for m in merged]
    pair = [offsets(lengths, [m[i] for m in merged]) for i in (1, 2)]
    return inner, np.ascontiguousarray(np.stack(pair, axis=1))
