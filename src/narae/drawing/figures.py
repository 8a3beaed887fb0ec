"""What all pictures share: a figure without a window, colours, and writing it whole."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from narae.base.errors import MissingExtra
from narae.base.files import PathLike, atomic_write
from narae.base.language import tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HANGUL = (
    *("NanumGothic", "Nanum Gothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic"),
    *("Apple SD Gothic Neo", "AppleGothic", "UnDotum", "Baekmuk Dotum"),
)
TRAIN, VALIDATION, RIGHT, WRONG, QUIET = "#1f6feb", "#d9480f", "#2b8a3e", "#c92a2a", "#adb5bd"
_DENSE = 2  # dots for each pixel of a page: sharp on today's screens


def new_figure(width: float, height: float) -> Any:
    """A matplotlib Figure of inches, with no window behind it, which a notebook shows by itself. Raises MissingExtra
    without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: F401  (asked each time: the class below is kept)

        kind = _picture()
    except ImportError:
        raise MissingExtra("matplotlib", "plot", tr("drawing pictures")) from None
    return kind(figsize=(width, height), layout="constrained")


@functools.cache
def _picture() -> type[Figure]:
    """The class of our pictures. It is made when it is first wanted: matplotlib is optional, and slow to load."""
    from matplotlib.figure import Figure

    def _repr_png_(self: Figure) -> tuple[bytes, dict[str, int]]:
        """For notebooks, without `%matplotlib inline`: the picture, and its size on the page in pixels."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DENSE * self.dpi)
        width, height = (round(inches * self.dpi) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}

    return type("Picture", (Figure,), {"_repr_png_": _repr_png_, "__module__": __name__})


def __getattr__(name: str) -> Any:
    """`Picture`, by which pickle finds the class."""
    if name == "Picture":
        return _picture()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if not text.get_text().isascii():
            text.set_fontfamily(_fonts())
    if path is not None:
        with atomic_write(path) as file:
            figure.savefig(file, format="png", dpi=dpi)
    return figure


@functools.cache
def _fonts() -> list[str]:
    """matplotlib's own font, then those that are there for what it lacks: Hangul, in names of classes and files."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    there = {font.name for font in fontManager.ttflist}
    if there.isdisjoint(_HANGUL):  # installed since matplotlib looked
        for path in findSystemFonts():
            if Path(path).stem in ("NanumGothic", "malgun", "AppleGothic", "NotoSansCJK-Regular"):
                fontManager.addfont(path)
        there = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _HANGUL if name in there)]
