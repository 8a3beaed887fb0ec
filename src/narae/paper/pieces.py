"""Ink cut into pieces, each a digit or a part of one, in rows from left to right."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from narae.base.language import tr
from narae.paper.ink import stroke_width
from narae.paper.windows import boxes, labelled, largest

_SPECK = 0.22  # of a digit's height: what is smaller both ways is none, nor a part of one


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink (height, width) that belongs together, and where its left upper corner is."""

    ink: np.ndarray
    left: int
    top: int

    @property
    def right(self) -> int:
        """Where it ends."""
        return self.left + self.ink.shape[1]

    @property
    def bottom(self) -> int:
        """Where it ends."""
        return self.top + self.ink.shape[0]

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.ink.shape[0]

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.ink.shape[1]

    @cached_property
    def mass(self) -> float:
        """All its ink."""
        return float(self.ink.sum())


def together(pieces: list[Piece]) -> Piece:
    """Pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    left, top = min(p.left for p in pieces), min(p.top for p in pieces)
    right, bottom = max(p.right for p in pieces), max(p.bottom for p in pieces)
    ink = np.zeros((bottom - top, right - left), np.float32)
    for p in pieces:
        part = ink[p.top - top : p.bottom - top, p.left - left : p.right - left]
        np.maximum(part, p.ink, out=part)
    return Piece(ink, left, top)


def regions(ink: np.ndarray, mask: np.ndarray) -> list[Piece]:
    """The regions of a mask, those together that are nearer than half a stroke's width; specks and what is
    much fainter than the rest left out. Raises ValueError when nothing is left."""
    width = stroke_width(mask.astype(np.float32))
    reach = 2 * max(1, round(0.45 * width)) + 1
    near = largest(mask.astype(np.float32), reach) > 0
    labels, count = labelled(near)
    labels = np.where(mask, labels, 0)
    found = []
    for name, (left, top, right, bottom) in enumerate(boxes(labels, count), 1):
        if right > left:
            own = labels[top:bottom, left:right] == name
            found.append(Piece(np.where(own, ink[top:bottom, left:right], 0), int(left), int(top)))
    found = [p for p in found if p.mass > 4]
    if not found:
        raise ValueError(tr("only specks are to be seen in the picture: no digit"))
    strength = np.array([np.quantile(p.ink[p.ink > 0], 0.8) for p in found])
    weight = np.array([p.mass for p in found])
    usual = strength[weight > 0.25 * weight.max()].max()
    found = [p for p, s in zip(found, strength, strict=True) if s > 0.4 * usual]
    tall = digit_height(found)
    return [p for p in found if max(p.height, p.width) > _SPECK * tall]


def digit_height(pieces: list[Piece]) -> float:
    """How tall digits are on this sheet: the middle of the heights, of those that are not far smaller."""
    heights = np.array([p.height for p in pieces], float)
    return float(np.median(heights[heights > 0.45 * heights.max()]))


def rows(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces in rows from the top, each from the left. A piece belongs to the row whose last ones it lies beside, so
    that a row may slope."""
    tall = digit_height(pieces)
    found: list[list[Piece]] = []
    large = [p for p in pieces if p.height > 0.5 * tall]
    small = [p for p in pieces if p.height <= 0.5 * tall]
    for piece in sorted(large, key=lambda p: p.left):
        beside = [(_beside(piece, row), i) for i, row in enumerate(found)]
        best = max(beside, default=(0.0, 0))
        if best[0] > 0.35:
            found[best[1]].append(piece)
        else:
            found.append([piece])
    for piece in small:
        if found:
            max(found, key=lambda row: _beside(piece, row)).append(piece)
        else:
            found.append([piece])
    found.sort(key=lambda row: sum(p.top + p.bottom for p in row) / len(row))
    return [sorted(row, key=lambda p: p.left + p.right) for row in found]


def _beside(piece: Piece, row: list[Piece]) -> float:
    """How much of a piece's height lies beside the nearest one of a row; less than 0 when it is above or below."""
    nearest = min(row, key=lambda p: abs(p.left + p.right - piece.left - piece.right))
    over = min(piece.bottom, nearest.bottom) - max(piece.top, nearest.top)
    return over / min(piece.height, nearest.height)


def cut(piece: Piece, tall: float) -> list[Piece]:
    """A piece cut where digits may touch: along the ways from top to bottom that meet the least ink."""
    if piece.width < 0.5 * max(tall, piece.height):
        return [piece]
    ways = list(_ways(piece.ink, max(3, round(0.2 * tall))))
    columns = np.arange(piece.width)
    edges = [np.zeros(piece.height, int), *ways, np.full(piece.height, piece.width)]
    parts = []
    for first, last in itertools.pairwise(edges):
        own = (columns >= first[:, None]) & (columns < last[:, None])
        ink = np.where(own, piece.ink, 0)
        seen = np.argwhere(ink > 0)
        if len(seen):
            (top, left), (bottom, right) = seen.min(axis=0), seen.max(axis=0) + 1
            parts.append(
                Piece(ink[top:bottom, left:right], piece.left + int(left), piece.top + int(top))
            )
    return parts


def _ways(ink: np.ndarray, apart: int) -> Iterator[np.ndarray]:
    """Ways from top to bottom, a column for each row, at most four; no two nearer than `apart` in the middle."""
    height, width = ink.shape
    cost = ink + 0.015
    total, came = cost[0].copy(), np.zeros((height, width), np.int64)
    for row in range(1, height):
        around = np.pad(total, 1, constant_values=np.inf)
        # a step aside is longer than one straight down
        choice = np.stack([around[:-2] + 0.01, around[1:-1], around[2:] + 0.01])
        came[row] = choice.argmin(axis=0) - 1
        total = choice.min(axis=0) + cost[row]
    found: list[np.ndarray] = []
    most = 0.4 * height  # a cut along a stroke is none
    for column in np.argsort(total):
        if total[column] > most or len(found) == 4:
            break
        way = np.empty(height, np.int64)
        at = int(column)
        for row in range(height - 1, -1, -1):
            way[row] = at
            at += int(came[row, at])
        middle = float(way.mean())
        if not apart <= middle <= width - apart:
            continue
        if all(abs(middle - float(other.mean())) >= apart for other in found):
            found.append(way)
    yield from sorted(found, key=lambda way: float(way.mean()))
