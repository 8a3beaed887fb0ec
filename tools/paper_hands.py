"""Hands that write digits: MNIST's writers, a pen that follows strokes of ours, and fonts.

None of these was trained on: `tools/train_digits.py` learns from MNIST's first 55,000 training images and from other
fonts. Thresholds and the temperature are chosen with the writers of the last 5,000 ("tune"); figures come from those
of the test images ("report"), who are other people.
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

# Strokes of each digit's forms: points x,y in hundredths of a square, y down; a semicolon lifts the pen. A smooth curve
# goes through the points, and a doubled point is a corner.
_FORMS = {
    0: (
        "50,2 20,20 14,55 30,93 60,96 82,60 78,20 50,2",
        "55,5 25,10 10,50 25,90 55,97 85,75 88,35 70,8 45,4",
    ),
    1: (
        "50,0 50,100",
        "30,25 55,2 55,2 53,100",
    ),
    2: (
        "18,25 35,3 68,5 78,30 50,65 12,97 12,97 85,95",
        "15,20 50,0 80,20 60,60 20,90 15,80 35,82 60,95 88,88",
    ),
    3: (
        "20,12 50,0 76,18 68,40 42,47 42,47 75,58 78,85 48,100 16,88",
        "20,3 20,3 78,3 78,3 45,40 45,40 78,55 75,88 45,100 15,90",
    ),
    4: (
        "38,0 12,58 12,58 88,58; 62,30 60,100",
        "66,100 66,0 66,0 10,65 10,65 90,66",
    ),
    5: (
        "75,2 28,2 28,2 24,42 24,42 55,36 80,60 65,93 38,100 16,88",
        "30,5 25,45 25,45 60,40 78,68 60,97 20,94; 28,5 82,2",
    ),
    6: (
        "68,2 36,22 20,62 32,95 62,98 78,75 62,55 36,60 22,78",
        "45,0 22,40 20,80 45,100 75,88 72,60 45,52 22,72",
    ),
    7: (
        "15,5 15,5 82,3 82,3 55,50 42,100",
        "15,6 82,4 82,4 40,100; 30,52 78,48",
    ),
    8: (
        "72,14 48,0 26,18 48,45 76,72 52,100 24,78 50,46 74,24 68,10",
        "50,46 28,24 50,2 73,24 50,46 20,74 50,99 80,74 50,46",
    ),
    9: (
        "75,25 50,3 24,20 30,45 58,46 76,24 76,24 70,65 58,100",
        "74,20 45,2 22,28 48,50 74,22 74,22 76,70 55,98 25,92",
    ),
}
FONTS = ("STIXGeneralItalic", "cmss10", "cmtt10", "STIXGeneralBol")
SIDE = 320  # of the square that a digit is drawn in; it is 240 high


def _strokes(form: str) -> list[list[Point]]:
    """The strokes of a form, as points in a square of side 1."""
    pairs = [[point.split(",") for point in stroke.split()] for stroke in form.split(";")]
    return [[(int(x) / 100, int(y) / 100) for x, y in stroke] for stroke in pairs]


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
    forms = _FORMS[digit]
    radius = pen * 120
    for stroke in _strokes(forms[rng.integers(len(forms))]):
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
