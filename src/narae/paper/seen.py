"""A picture of what was seen: each mark in a frame with its digit and its confidence, and below what was cut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narae.paper.opening import pillow
from narae.paper.page import Mark, Page, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

# Green is for what is known to be right, and nobody has said so here. Told apart by all eyes (Okabe and Ito 2008).
COLOURS: dict[Verdict, str] = {"sure": "#0072b2", "unsure": "#d55e00", "unknown": "#777777"}
_CELL = 84
_LEAST = 640  # pixels of the longer side, so that words can be read


def draw_page(page: Page) -> Image:
    """The page with its marks, as an image of pillow. Raises MissingExtra without pillow."""
    Image, ImageDraw, _ = pillow()
    height, width = page.picture.shape[:2]
    scale = max(1, round(_LEAST / max(height, width)))
    columns = max(1, min(len(page.marks), max(width * scale, 4 * _CELL) // _CELL))
    below = -(-len(page.marks) // columns) * (_CELL + 4)
    out = Image.new(
        "RGB", (max(width * scale, columns * _CELL), height * scale + below + 8), "white"
    )
    picture = Image.fromarray(np.uint8(np.clip(page.picture, 0, 1) * 255))
    out.paste(picture.resize((width * scale, height * scale), Image.Resampling.NEAREST))
    draw = ImageDraw.Draw(out)
    for mark in page.marks:
        _frame(draw, mark, scale, (width * scale, height * scale))
    for i, mark in enumerate(page.marks):
        corner = (i % columns * _CELL, height * scale + 8 + i // columns * (_CELL + 4))
        cut_out = Image.fromarray(np.uint8(255 - np.clip(mark.image, 0, 1) * 255))
        out.paste(cut_out.resize((56, 56), Image.Resampling.NEAREST), (corner[0] + 14, corner[1]))
        draw.rectangle(
            (corner[0] + 13, corner[1] - 1, corner[0] + 70, corner[1] + 56), outline="#bbbbbb"
        )
        place = (corner[0] + _CELL // 2, corner[1] + 60)
        draw.text(place, _words(mark), COLOURS[mark.verdict], font_size=16, anchor="ma")
    return out


def _words(mark: Mark) -> str:
    return f"{mark.text} {mark.confidence:.0%}"


def _frame(draw: ImageDraw, mark: Mark, scale: int, size: tuple[int, int]) -> None:
    left, top, right, bottom = (n * scale for n in mark.box)
    colour = COLOURS[mark.verdict]
    box = (
        max(0, left - 3),
        max(0, top - 3),
        min(size[0] - 1, right + 3),
        min(size[1] - 1, bottom + 3),
    )
    draw.rectangle(box, outline=colour, width=2)
    words = mark.text
    above = top >= 26
    place = (left, top - 6) if above else (left, bottom + 6)
    around = draw.textbbox(place, words, font_size=18, anchor="lb" if above else "lt")
    draw.rectangle((around[0] - 3, around[1] - 1, around[2] + 3, around[3] + 1), fill=colour)
    draw.text(place, words, "white", font_size=18, anchor="lb" if above else "lt")
