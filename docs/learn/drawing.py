"""What the figures of these pages share: a figure without a window, a few colours, and writing it small.

    from docs.learn.drawing import figure, save

works in a Python started in the folder of this repository. Figures go to the folder `figures` there.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from narae.base.files import atomic_write
from narae.drawing.figures import new_figure

BLUE, ORANGE, GREEN, RED, GREY = "#1f6feb", "#d9480f", "#2b8a3e", "#c92a2a", "#868e96"
folder = Path("figures")
COLOURS = 128  # of a palette: enough for these drawings, a quarter of the bytes


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> Any:
    """(figure, axes) of inches; axes is an array of them when there are several.

    options go to matplotlib's `Figure.subplots`.
    """
    made = new_figure(width, height)
    return made, made.subplots(rows, columns, **options)


def save(made: Any, name: str, dpi: int = 100) -> None:
    """Write a figure to the folder as a small PNG of a palette; `name` ends in .png."""
    from PIL import Image

    drawn = io.BytesIO()
    made.savefig(drawn, format="png", dpi=dpi)
    picture = Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / name) as file:
        picture.save(file, format="png", optimize=True)


def bare(axes: Any, title: str = "", **options: Any) -> None:
    """Axes without ticks or frame, for pictures."""
    axes.set(xticks=[], yticks=[], title=title, **options)
    axes.set_frame_on(False)


def image(axes: Any, pixels: Any, title: str = "", **options: Any) -> None:
    """An array of numbers as an image: dark where they are large."""
    axes.imshow(pixels, **{"cmap": "gray_r", **options})
    bare(axes, title)
