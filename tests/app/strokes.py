"""Strokes of a pen that would have drawn an image: its dark pixels thinned to a line, and followed."""

from __future__ import annotations

import numpy as np

Stroke = list[tuple[float, float]]


def thinned(dark: np.ndarray) -> np.ndarray:
    """The middle line of dark pixels (height, width), one pixel wide (Zhang and Suen 1984)."""
    dark = np.pad(dark, 1).astype(np.uint8)
    while True:
        before = dark.copy()
        for corner in (0, 1):
            # the eight neighbours, clockwise from the one above
            around = [
                np.roll(dark, (-dy, -dx), (0, 1))
                for dy, dx in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
            ]
            count = sum(n.astype(int) for n in around)
            turns = sum(
                (a == 0) & (b == 1) for a, b in zip(around, around[1:] + around[:1], strict=True)
            )
            up, right, down, left = around[::2]
            sides = (right & down & (up | left)) if corner == 0 else (up & left & (right | down))
            gone = (dark == 1) & (count >= 2) & (count <= 6) & (turns == 1) & (sides == 0)
            dark = np.where(gone, 0, dark).astype(np.uint8)
        if (dark == before).all():
            return dark[1:-1, 1:-1].astype(bool)


def strokes_of(image: np.ndarray) -> list[Stroke]:
    """Strokes, as points (x, y) in [0, 1], along the dark pixels of an image (28, 28) in [0, 1]."""
    left = {(int(r), int(c)) for r, c in np.argwhere(thinned(image > 0.4))}
    seen: set[tuple[int, int]] = set()
    strokes = []
    while left:
        # an end of a line, where there is one; else wherever a loop may be opened
        at = min(left, key=lambda p: (len(_near(p, left)), p))
        touching = sorted(_near(at, seen))
        path = [*touching[:1], at]
        left.discard(at)
        while near := sorted(_near(at, left), key=lambda p: abs(p[0] - at[0]) + abs(p[1] - at[1])):
            at = near[0]
            left.discard(at)
            path.append(at)
        path += [p for p in sorted(_near(at, seen)) if p not in path][:1]  # join what it meets
        seen.update(path)
        strokes.append([((c + 0.5) / 28, (r + 0.5) / 28) for r, c in path])
    return strokes


def _near(point: tuple[int, int], among: set[tuple[int, int]]) -> list[tuple[int, int]]:
    r, c = point
    around = ((r + dr, c + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc)
    return [p for p in around if p in among]
