"""What all pictures share: a figure without a window, colours, and writing it whole."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from narae.base.errors import MissingExtra
from narae.base.files import PathLike, atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAIN, VALIDATION, RIGHT, WRONG, QUIET = "#1f6feb", "#d9480f", "#2b8a3e", "#c92a2a", "#adb5bd"


def new_figure(width: float, height: float) -> Any:
    """A matplotlib Figure of inches, with no window behind it. Raises MissingExtra without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "plot", "drawing pictures") from None
    return Figure(figsize=(width, height), layout="constrained")


def shapes() -> tuple[ModuleType, ModuleType]:
    """matplotlib's patches and paths."""
    from matplotlib import patches, path

    return patches, path


def palette(name: str) -> Any:
    """One of matplotlib's lists of colours: a function of a number."""
    from matplotlib import colormaps

    return colormaps[name]


def finished(figure: Figure, path: PathLike | None, dpi: int = 120) -> Any:
    """The figure, written to a PNG file first when a path is given."""
    if path is not None:
        with atomic_write(path) as file:
            figure.savefig(file, format="png", dpi=dpi)
    return figure
