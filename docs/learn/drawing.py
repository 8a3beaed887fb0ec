"""What the hidden drawings of the chapters share: colours, axes without ticks, and a font for Hangul.

Hidden blocks of a page (`<!-- hidden`) use it. Code that a reader sees needs narae and matplotlib alone.
"""

from __future__ import annotations

from typing import Any

BLUE, ORANGE, GREEN, RED, GREY = "#1f6feb", "#d9480f", "#2b8a3e", "#c92a2a", "#868e96"
# Fonts with Hangul, of Linux, Windows and macOS; the first that is there is taken.
HANGUL = (
    "NanumGothic",
    "NanumBarunGothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Malgun Gothic",
    "AppleGothic",
    "Apple SD Gothic Neo",
    "UnDotum",
    "Baekmuk Gulim",
)


class MissingFont(RuntimeError):
    """No font on this machine has Hangul."""


def hangul() -> str:
    """The name of a font with Hangul. Raises MissingFont, which says how to get one."""
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    if not there.intersection(HANGUL):  # matplotlib's list may be older than a font
        for file in font_manager.findSystemFonts():
            if "Nanum" in file or "CJK" in file:
                font_manager.fontManager.addfont(file)
        there = set(font_manager.get_font_names())
    for name in HANGUL:
        if name in there:
            return name
    raise MissingFont(
        "no font with Hangul was found, so the Korean figures cannot be drawn. "
        "Debian, Ubuntu: apt install fonts-nanum; Fedora: dnf install google-noto-sans-cjk-fonts; "
        f"else any of {', '.join(HANGUL)}"
    )


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> Any:
    """(figure, axes) of inches; axes is an array of them when there are several.

    options go to matplotlib's `Figure.subplots`.
    """
    from matplotlib import pyplot

    made = pyplot.figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, **options)


def bare(axes: Any, title: str = "", **options: Any) -> None:
    """Axes without ticks or frame, for pictures."""
    axes.set(xticks=[], yticks=[], title=title, **options)
    axes.set_frame_on(False)


def image(axes: Any, pixels: Any, title: str = "", **options: Any) -> None:
    """An array of numbers as an image: dark where they are large."""
    axes.imshow(pixels, **{"cmap": "gray_r", **options})
    bare(axes, title)


def cell(axes: Any, x: float, y: float, text: str, colour: str) -> None:
    """One number in a coloured square."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", alpha=0.8))
    axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", color="white")


def grid(
    axes: Any, x: float, y: float, numbers: Any, colour: str, ghost: tuple[int, ...] = ()
) -> None:
    """A matrix as squares, its upper left corner at (x, y); rows in `ghost` are pale."""
    import numpy as np
    from matplotlib.patches import Rectangle

    for (i, j), number in np.ndenumerate(numbers):
        alpha = 0.25 if i in ghost else 0.85
        corner = (x + j, y - i - 1)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor="white", alpha=alpha))
        axes.text(
            x + j + 0.5,
            y - i - 0.5,
            f"{number:g}",
            ha="center",
            va="center",
            color="black" if i in ghost else "white",
            fontsize=9,
        )


def arrow(axes: Any, start: Any, end: Any, colour: str, text: str = "") -> None:
    """An arrow between two points, with words at its middle."""
    style = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "lw": 2}
    axes.annotate("", end, start, arrowprops=style)
    x, y = ((first + last) / 2 for first, last in zip(start, end))
    axes.text(x + 0.05, y - 0.13, text, color=colour)


def box(axes: Any, x: float, y: float, title: str, forward: str, backward: str) -> None:
    """A node of a graph: its name, its value in blue, the loss's gradient in red."""
    style = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": GREY}
    axes.text(x, y, f"{title}\n\n", ha="center", va="center", bbox=style)
    axes.text(x, y, f"{forward}\n", ha="center", va="center", color=BLUE, linespacing=0.2)
    axes.text(x, y - 0.32, backward, ha="center", va="center", color=RED)


def strip(axes: Any, numbers: Any, place: float, up: float, colours: str, both_ways: bool) -> None:
    """Numbers as a row of coloured cells, 4 wide, from `place` on; white is 0 in the middle if both_ways."""
    import numpy as np

    numbers = np.atleast_1d(numbers)
    rows = 8 if len(numbers) > 100 else 1
    most = np.abs(numbers).max()
    axes.imshow(
        numbers.reshape(rows, -1),
        cmap=colours,
        vmin=-most if both_ways else 0,
        vmax=most,
        extent=(place, place + 4, up - 0.3, up + 0.3),
        aspect="auto",
        interpolation="nearest",
    )
