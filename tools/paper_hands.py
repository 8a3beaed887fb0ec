"""Hands that write digits: MNIST's writers, a pen that follows strokes of ours, and fonts.

None of these was trained on: `tools/train_digits.py` learns from MNIST's first 55,000 training images and from other
fonts. What is tuned (thresholds, the temperature) is tuned with the writers of the last 5,000 ("tune"); figures come from
those of the test images ("report"), who are other people.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from narae.datasets import mnist

Split = Literal["tune", "report"]
Point = tuple[float, float]

# Strokes as (x, y) in a square, y down; a smooth curve goes through the points, a doubled point is a corner.
STROKES: dict[int, list[list[list[Point]]]] = {
    0: [
        [[(0.5, 0.02), (0.2, 0.2), (0.14, 0.55), (0.3, 0.93), (0.6, 0.96), (0.82, 0.6), (0.78, 0.2), (0.5, 0.02)]],
        [[(0.55, 0.05), (0.25, 0.1), (0.1, 0.5), (0.25, 0.9), (0.55, 0.97), (0.85, 0.75), (0.88, 0.35), (0.7, 0.08), (0.45, 0.04)]],
    ],
    1: [[[(0.5, 0.0), (0.5, 1.0)]], [[(0.3, 0.25), (0.55, 0.02), (0.55, 0.02), (0.53, 1.0)]]],
    2: [
        [[(0.18, 0.25), (0.35, 0.03), (0.68, 0.05), (0.78, 0.3), (0.5, 0.65), (0.12, 0.97), (0.12, 0.97), (0.85, 0.95)]],
        [[(0.15, 0.2), (0.5, 0.0), (0.8, 0.2), (0.6, 0.6), (0.2, 0.9), (0.15, 0.8), (0.35, 0.82), (0.6, 0.95), (0.88, 0.88)]],
    ],
    3: [
        [[(0.2, 0.12), (0.5, 0.0), (0.76, 0.18), (0.68, 0.4), (0.42, 0.47), (0.42, 0.47), (0.75, 0.58), (0.78, 0.85), (0.48, 1.0), (0.16, 0.88)]],
        [[(0.2, 0.03), (0.2, 0.03), (0.78, 0.03), (0.78, 0.03), (0.45, 0.4), (0.45, 0.4), (0.78, 0.55), (0.75, 0.88), (0.45, 1.0), (0.15, 0.9)]],
    ],
    4: [
        [[(0.38, 0.0), (0.12, 0.58), (0.12, 0.58), (0.88, 0.58)], [(0.62, 0.3), (0.6, 1.0)]],
        [[(0.66, 1.0), (0.66, 0.0), (0.66, 0.0), (0.1, 0.65), (0.1, 0.65), (0.9, 0.66)]],
    ],
    5: [
        [[(0.75, 0.02), (0.28, 0.02), (0.28, 0.02), (0.24, 0.42), (0.24, 0.42), (0.55, 0.36), (0.8, 0.6), (0.65, 0.93), (0.38, 1.0), (0.16, 0.88)]],
        [[(0.3, 0.05), (0.25, 0.45), (0.25, 0.45), (0.6, 0.4), (0.78, 0.68), (0.6, 0.97), (0.2, 0.94)], [(0.28, 0.05), (0.82, 0.02)]],
    ],
    6: [
        [[(0.68, 0.02), (0.36, 0.22), (0.2, 0.62), (0.32, 0.95), (0.62, 0.98), (0.78, 0.75), (0.62, 0.55), (0.36, 0.6), (0.22, 0.78)]],
        [[(0.45, 0.0), (0.22, 0.4), (0.2, 0.8), (0.45, 1.0), (0.75, 0.88), (0.72, 0.6), (0.45, 0.52), (0.22, 0.72)]],
    ],
    7: [
        [[(0.15, 0.05), (0.15, 0.05), (0.82, 0.03), (0.82, 0.03), (0.55, 0.5), (0.42, 1.0)]],
        [[(0.15, 0.06), (0.82, 0.04), (0.82, 0.04), (0.4, 1.0)], [(0.3, 0.52), (0.78, 0.48)]],
    ],
    8: [
        [[(0.72, 0.14), (0.48, 0.0), (0.26, 0.18), (0.48, 0.45), (0.76, 0.72), (0.52, 1.0), (0.24, 0.78), (0.5, 0.46), (0.74, 0.24), (0.68, 0.1)]],
        [[(0.5, 0.46), (0.28, 0.24), (0.5, 0.02), (0.73, 0.24), (0.5, 0.46), (0.2, 0.74), (0.5, 0.99), (0.8, 0.74), (0.5, 0.46)]],
    ],
    9: [
        [[(0.75, 0.25), (0.5, 0.03), (0.24, 0.2), (0.3, 0.45), (0.58, 0.46), (0.76, 0.24), (0.76, 0.24), (0.7, 0.65), (0.58, 1.0)]],
        [[(0.74, 0.2), (0.45, 0.02), (0.22, 0.28), (0.48, 0.5), (0.74, 0.22), (0.74, 0.22), (0.76, 0.7), (0.55, 0.98), (0.25, 0.92)]],
    ],
}  # fmt: skip
FONTS = ("STIXGeneralItalic", "cmss10", "cmtt10", "STIXGeneralBol")
SIDE = 320  # of the square that a digit is drawn in; it is 240 high


@functools.cache
def _written(split: Split) -> tuple[np.ndarray, np.ndarray]:
    (x, y), (test_x, test_y) = mnist.load_data()
    return (x[55_000:], y[55_000:]) if split == "tune" else (test_x, test_y)


def _curve(points: list[Point], steps: int = 12) -> list[Point]:
    """Through the points, smoothly (Catmull and Rom 1974)."""
    p = np.array([points[0], *points, points[-1]])
    t = np.linspace(0, 1, steps)[:, None]
    parts = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:]):
        parts.append(
            b
            + t * (c - a) / 2
            + t**2 * (a - 2.5 * b + 2 * c - d / 2)
            + t**3 * (1.5 * (b - c) + (d - a) / 2)
        )
    return [(float(x), float(y)) for x, y in np.concatenate(parts)]


def stroked(rng: np.random.Generator, digit: int, pen: float) -> np.ndarray:
    """A digit of strokes, each point moved a little, leant and stretched; pen: its width over the height."""
    page = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(page)
    wide, lean = rng.uniform(0.55, 0.85), rng.normal(0, 0.12)
    forms = STROKES[digit]
    radius = pen * 120
    for stroke in forms[rng.integers(len(forms))]:
        moved: dict[Point, Point] = {}
        for x, y in stroke:
            dx, dy = rng.normal(0, 0.022, 2)
            moved.setdefault((x, y), (x + dx, y + dy))
        points = [
            (160 + 240 * ((x - 0.5) * wide + lean * (0.5 - y)), 40 + 240 * y)
            for x, y in _curve([moved[p] for p in stroke])
        ]
        draw.line(points, 255, max(1, round(2 * radius)), "curve")
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return np.asarray(page.filter(ImageFilter.GaussianBlur(1)), "f4") / 255


def _handwritten(rng: np.random.Generator, digit: int, pen: float, split: Split) -> np.ndarray:
    """A digit of MNIST, large, its edge sharp as a pen's, thinner or thicker by how far out the edge is."""
    images, labels = _written(split)
    image = images[rng.choice(np.flatnonzero(labels == digit))]
    page = Image.fromarray(np.pad(image, 2)).resize((SIDE + 64,) * 2, Image.Resampling.BICUBIC)
    soft = np.asarray(page.filter(ImageFilter.GaussianBlur(4)), "f4")[32:-32, 32:-32] / 255
    edge = np.clip(0.5 - (pen - 0.11) * 3, 0.25, 0.62)
    return np.clip((soft - edge) * 6 + 0.5, 0, 1)


def _printed(rng: np.random.Generator, digit: int) -> np.ndarray:
    name = FONTS[rng.integers(len(FONTS))]
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")
    page = Image.new("L", (SIDE, SIDE))
    font = ImageFont.truetype(str(path), 340)
    ImageDraw.Draw(page).text((160, 160), str(digit), 255, font, anchor="mm")
    return np.asarray(page, "f4") / 255


def written(rng: np.random.Generator, digit: int, pen: float, split: Split) -> np.ndarray:
    """Ink (height, width) in [0, 1] of a digit, cropped: of six, three of MNIST's, two of strokes, one printed."""
    kind = rng.integers(6)
    if kind < 3:
        ink = _handwritten(rng, digit, pen, split)
    elif kind < 5:
        ink = stroked(rng, digit, pen)
    else:
        ink = _printed(rng, digit)
    rows, columns = (np.flatnonzero(ink.max(axis) > 0.3) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
