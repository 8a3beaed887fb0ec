"""Sheets of paper with digits, as telephones and scanners see them: eleven styles of one digit, and sheets of several.

`python -m tools.paper_table` reads them and prints the table of docs/paper.md. The same seed gives the same sheets:
those below 10,000 are for tuning, from there on for reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from tools.paper_hands import Split, written

Rng = np.random.Generator
Bounds = tuple[float, float]
Style = Callable[[Rng, int, Split], Image.Image]
REPORTED = 10_000  # the first seed of reports


@dataclass
class Sheet:
    """Paper, lines and ink, and the light on them; all (height, width, 3) or (height, width) in [0, 1]."""

    paper: np.ndarray
    ink: np.ndarray
    light: np.ndarray
    colour: np.ndarray
    box: tuple[int, int, int, int]  # around the digits: left, top, right, bottom


def _blank(rng: Rng, height: int, width: int) -> Sheet:
    shade = np.array([1.0, 1.0, 1.0]) * rng.uniform(0.86, 1) - rng.uniform(0, 0.05, 3)
    dark = rng.choice(["black", "blue", "pencil"], p=[0.5, 0.35, 0.15])
    colour = {"black": (0.08, 0.08, 0.1), "blue": (0.1, 0.14, 0.5), "pencil": (0.35, 0.35, 0.36)}
    return Sheet(
        np.broadcast_to(shade, (height, width, 3)).copy(),
        np.zeros((height, width)),
        np.ones((height, width)),
        np.array(colour[dark]),
        (0, 0, width, height),
    )


def _put(sheet: Sheet, ink: np.ndarray, left: float, top: float, height: float) -> int:
    """Write a digit of this height; returns where it ends at the right."""
    size = (max(2, round(height * ink.shape[1] / ink.shape[0])), round(height))
    small = np.asarray(
        Image.fromarray(np.uint8(ink * 255)).resize(size, Image.Resampling.BOX), "f4"
    )
    y, x = round(top), round(left)
    part = sheet.ink[y : y + size[1], x : x + size[0]]
    np.maximum(part, small[: part.shape[0], : part.shape[1]] / 255, out=part)
    return x + size[0]


def _one(rng: Rng, digit: int, split: Split, pen: float | None = None) -> Sheet:
    """A sheet with one digit, somewhere, of some size."""
    width, height = (int(n) for n in rng.integers(240, 620, 2))
    sheet = _blank(rng, height, width)
    ink = written(rng, digit, rng.uniform(0.07, 0.14) if pen is None else pen, split)
    ratio = ink.shape[1] / ink.shape[0]
    tall = rng.uniform(0.3, 0.7) * min(height, width / max(ratio, 0.5))
    left = rng.uniform(0.1, 0.9) * (width - tall * ratio)
    top = rng.uniform(0.1, 0.9) * (height - tall)
    right = _put(sheet, ink, left, top, tall)
    sheet.box = (round(left), round(top), right, round(top + tall))
    return sheet


def _lines(
    rng: Rng, sheet: Sheet, draw: Callable[[ImageDraw.ImageDraw, int], None], darkest: float = 0.7
) -> None:
    """Lines that are printed on the paper, in grey, blue or reddish."""
    height, width = sheet.ink.shape
    layer = Image.new("L", (width * 2, height * 2))
    draw(ImageDraw.Draw(layer), int(rng.integers(2, 6)))
    share = np.asarray(layer.resize((width, height), Image.Resampling.BOX), "f4")[..., None] / 255
    tints = np.array(
        [[0.5, 0.5, 0.5], [0.8, 0.5, 0.2], [0.25, 0.6, 0.6]]
    )  # how much of red, green, blue is lost
    loss = tints[rng.integers(3)] * rng.uniform(0.4, darkest / 0.5)
    sheet.paper = sheet.paper * (1 - share * np.clip(loss, 0, 0.95))


def _ruled(rng: Rng, sheet: Sheet) -> None:
    height, width = sheet.ink.shape
    step, first = rng.uniform(28, 90), rng.uniform(0, 60)

    def draw(page: ImageDraw.ImageDraw, pen: int) -> None:
        for y in np.arange(first, height, step):
            page.line((0, 2 * y, 2 * width, 2 * y), 255, pen)
        if rng.random() < 0.3:
            page.line((width * 0.16, 0, width * 0.16, 2 * height), 255, pen)

    _lines(rng, sheet, draw)


def _squared(rng: Rng, sheet: Sheet) -> None:
    height, width = sheet.ink.shape
    step, (top, left) = rng.uniform(16, 60), rng.uniform(0, 40, 2)

    def draw(page: ImageDraw.ImageDraw, pen: int) -> None:
        for y in np.arange(top, height, step):
            page.line((0, 2 * y, 2 * width, 2 * y), 255, pen)
        for x in np.arange(left, width, step):
            page.line((2 * x, 0, 2 * x, 2 * height), 255, pen)

    _lines(rng, sheet, draw)


def _boxed(rng: Rng, sheet: Sheet) -> None:
    height, width = sheet.ink.shape
    left, top, right, bottom = sheet.box
    room = (bottom - top) * rng.uniform(0.08, 0.35, 4)
    x0, y0 = max(3, left - room[0]), max(3, top - room[1])
    x1, y1 = min(width - 4, right + room[2]), min(height - 4, bottom + room[3])

    def draw(page: ImageDraw.ImageDraw, pen: int) -> None:
        wide = round(pen * rng.uniform(1, 2))
        page.rectangle((2 * x0, 2 * y0, 2 * x1, 2 * y1), outline=255, width=wide)

    _lines(rng, sheet, draw, 0.95)


def _soft_shadow(rng: Rng, sheet: Sheet) -> None:
    y, x = (n / max(n.shape) for n in np.indices(sheet.ink.shape))
    angle = rng.uniform(0, 2 * np.pi)
    far = (np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.3, 0.6)) * rng.uniform(3, 8)
    sheet.light = sheet.light * (1 - rng.uniform(0.3, 0.65) / (1 + np.exp(-far)))


def _hard_shadow(rng: Rng, sheet: Sheet) -> None:
    """The edge of a hand or a telephone across the digit."""
    y, x = np.indices(sheet.ink.shape)
    left, top, right, bottom = sheet.box
    angle = rng.uniform(0, 2 * np.pi)
    at = rng.uniform(0.2, 0.8, 2)
    edge = np.cos(angle) * (x - left - at[0] * (right - left)) + np.sin(angle) * (
        y - top - at[1] * (bottom - top)
    )
    edge = edge + rng.uniform(-20, 20) * np.sin(x / 90 + rng.uniform(0, 6))
    sheet.light = sheet.light * (
        1 - rng.uniform(0.3, 0.65) * np.clip(edge / rng.uniform(1, 8) + 0.5, 0, 1)
    )


def _coloured(rng: Rng, sheet: Sheet) -> None:
    pairs = [
        ((0.98, 0.94, 0.72), (0.75, 0.1, 0.12)),
        ((0.8, 0.92, 0.8), (0.1, 0.3, 0.15)),
        ((0.98, 0.8, 0.84), (0.3, 0.1, 0.45)),
        ((0.75, 0.87, 0.98), (0.6, 0.2, 0.05)),
        ((0.82, 0.7, 0.55), (0.15, 0.1, 0.1)),
        ((0.12, 0.25, 0.2), (0.92, 0.94, 0.9)),
        ((0.1, 0.1, 0.12), (0.98, 0.9, 0.3)),
        ((1.0, 0.92, 0.3), (0.1, 0.45, 0.65)),
    ]
    paper, colour = pairs[rng.integers(len(pairs))]
    sheet.paper = np.broadcast_to(np.array(paper), sheet.paper.shape).copy()
    sheet.colour = np.array(colour)


def shot(
    rng: Rng, sheet: Sheet, noise: float = 0.012, blur: float = 0.6, turn: float = 0.0
) -> Image.Image:
    """The sheet as a camera takes it."""
    share = sheet.ink[..., None] * 0.95
    seen = (
        sheet.paper * (1 - share) + sheet.colour * sheet.paper.clip(0.6, 1) * share
    ) * sheet.light[..., None]
    picture = Image.fromarray(np.uint8(np.clip(seen, 0, 1) * 255))
    if turn:
        room = round(
            0.13 * max(picture.size)
        )  # a photograph of more than what it shows: no corner is empty
        wide = Image.fromarray(
            np.pad(np.asarray(picture), ((room, room), (room, room), (0, 0)), mode="reflect")
        )
        turned = wide.rotate(turn, Image.Resampling.BICUBIC)
        picture = turned.crop((room, room, room + picture.width, room + picture.height))
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    values = np.asarray(picture, "f4") / 255
    values = values + rng.normal(0, noise, values.shape)
    return Image.fromarray(np.uint8(np.clip(values, 0, 1) * 255))


def _styled(
    *marks: Callable[[Rng, Sheet], None], pen: Bounds = (0.07, 0.14), **camera: Bounds
) -> Style:
    """A style: what is printed on the paper or lies on it, the pen's width, and the bounds of what the camera does."""

    def make(rng: Rng, digit: int, split: Split) -> Image.Image:
        sheet = _one(rng, digit, split, rng.uniform(*pen))
        for mark in marks:
            mark(rng, sheet)
        taken = {name: rng.uniform(*bounds) for name, bounds in camera.items()}
        if "turn" not in taken:
            taken["turn"] = rng.normal(0, 0.7) * (rng.random() < 0.5)
        return shot(rng, sheet, **taken)

    return make


STYLES: dict[str, Style] = {
    "clean": _styled(),
    "thin pen": _styled(pen=(0.025, 0.05)),
    "thick pen": _styled(pen=(0.16, 0.22)),
    "ruled": _styled(_ruled),
    "squared": _styled(_squared),
    "boxed": _styled(_boxed),
    "soft shadow": _styled(_soft_shadow),
    "hard shadow": _styled(_hard_shadow),
    "coloured": _styled(_coloured),
    "tilted": _styled(turn=(-14, 14)),
    "noisy": _styled(_soft_shadow, noise=(0.04, 0.08), blur=(1, 2)),
}
BARS = {
    "clean": 0.95,
    "ruled": 0.85,
    "squared": 0.85,
    "boxed": 0.85,
    "soft shadow": 0.85,
    "hard shadow": 0.85,
}


def several(rng: Rng, split: Split) -> tuple[Image.Image, list[str]]:
    """A sheet of one to three rows of two to six digits, on plain or lined paper, sometimes in shadow; and its rows."""
    rows = [
        "".join(str(d) for d in rng.integers(0, 10, rng.integers(2, 7)))
        for _ in range(rng.integers(1, 4))
    ]
    tall, pen = rng.uniform(50, 110), rng.uniform(0.06, 0.13)
    step = tall * rng.uniform(1.35, 1.9)
    inks = [[written(rng, int(d), pen, split) for d in row] for row in rows]
    heights = [[tall * rng.uniform(0.88, 1.1) for _ in row] for row in rows]
    gaps = [[tall * rng.uniform(0.12, 0.4) for _ in row] for row in rows]
    widths = [
        sum(h * i.shape[1] / i.shape[0] + g for i, h, g in zip(*each))
        for each in zip(inks, heights, gaps)
    ]
    margin = rng.uniform(25, 70)
    sheet = _blank(rng, int(2 * margin + step * len(rows)), int(2 * margin + max(widths) + tall))
    for r, each in enumerate(zip(inks, heights, gaps)):
        left = margin + rng.uniform(0, tall)
        for ink, height, gap in zip(*each):
            top = margin + r * step + (tall - height) / 2 + rng.normal(0, 0.04) * tall
            left = _put(sheet, ink, left, max(2, top), height) + gap
    for mark, share in ((_ruled, 0.2), (_squared, 0.2), (_soft_shadow, 0.25)):
        if rng.random() < share:
            mark(rng, sheet)
    return shot(rng, sheet, turn=rng.normal(0, 1.2)), rows


def samples(style: str, count: int, split: Split) -> Iterator[tuple[Image.Image, str]]:
    """Sheets of a style, each digit as often as another, and what is written on them."""
    place = list(STYLES).index(style)
    for i in range(count):
        seed = (REPORTED if split == "report" else 0) + i
        rng = np.random.default_rng([seed, place])
        yield STYLES[style](rng, i % 10, split), str(i % 10)


def sheets(count: int, split: Split) -> Iterator[tuple[Image.Image, list[str]]]:
    """Sheets of several digits, and their rows."""
    for i in range(count):
        yield several(
            np.random.default_rng([(REPORTED if split == "report" else 0) + i, 99]), split
        )
