"""Pictures of any kind opened as numbers: bounded before they are unpacked, turned upright, on white paper."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from narae.base.errors import MissingExtra
from narae.base.language import tr

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000  # a photograph of a phone; more is refused before it is unpacked
_WORKING_SIZE = 1000  # of the longer side: a digit of a sheet has 50 pixels, and MNIST's 20
_FLAT = 0.1  # the darkest ink differs by less: one shade
_DEEP = {"I;16", "I;16L", "I;16B", "I", "F"}
_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # of floats, and of 8 to 16 bits


@dataclass(frozen=True)
class Opened:
    """Colours (height, width, 3) in [0, 1], what kind of picture it was, and how many of its pixels went into one."""

    colours: np.ndarray
    said: str
    scale: float


def pillow() -> tuple[ModuleType, ModuleType, ModuleType]:
    """Image, ImageDraw and ImageOps of pillow. Raises MissingExtra without it."""
    try:
        from PIL import Image, ImageDraw, ImageOps
    except ImportError:
        raise MissingExtra("pillow", "plot", "reading pictures") from None
    return Image, ImageDraw, ImageOps


def open_file(path: Path) -> Opened:
    """Open a picture's file. Raises OSError where there is none, ValueError for what is no picture."""
    if not path.exists():
        raise FileNotFoundError(tr("there is no file {path}", path=path))
    if path.is_dir():
        raise IsADirectoryError(tr("{path} is a folder; a picture is expected", path=path))
    if not path.is_file():  # reading a pipe or a device may never end
        raise ValueError(
            tr("{path} is a pipe or a device; a picture's file is expected", path=path)
        )
    return open_picture(path, str(path))


def open_picture(
    source: Path | BytesIO,
    name: str = "this",
    most_pixels: int = MOST_PIXELS,
    formats: Sequence[str] | None = None,
) -> Opened:
    """Open a picture.

    Args:
        source: a file, or the bytes of one.
        name: what errors call it.
        most_pixels: larger pictures are refused, before memory is taken for them.
        formats: pillow's names of the only formats to try; None for all.

    Returns: the picture, its longer side at most 1,000 pixels.

    Raises:
        ValueError: it is no picture, damaged, or too large; the message begins with its name.
        MissingExtra: pillow is not installed.
    """
    Image, _, _ = pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and odd metadata
            with Image.open(source, formats=formats) as picture:
                size = picture.size
                if size[0] * size[1] <= most_pixels:
                    return _opened(picture)
    except Image.DecompressionBombError:
        pass
    # Damaged files make pillow's decoders raise whatever their parsing ran into.
    except Exception as error:
        raise ValueError(
            tr(
                "{path} is no picture that can be read (or is damaged): {error}",
                path=name,
                error=error,
            )
        ) from None
    raise ValueError(
        tr("{path} has more than {most:,} pixels: scale it down", path=name, most=most_pixels)
    )


def _opened(picture: Image) -> Opened:
    Image, _, ImageOps = pillow()
    size = picture.size
    kind = "grey" if picture.mode in {"L", "1", "LA", *_DEEP} else "colour"
    said = f"{size[0]} x {size[1]}, " + (tr("grey") if kind == "grey" else tr("colour"))
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        said += ", " + tr("the first of {count} pictures", count=frames)
    if kind == "colour":  # of JPEG files an eighth can be unpacked alone
        picture.draft("RGB", (2 * _WORKING_SIZE, 2 * _WORKING_SIZE))
    turned = ImageOps.exif_transpose(picture)  # phones turn pictures by a note beside them
    if turned.mode in _DEEP:
        turned = Image.fromarray(_shades(np.asarray(turned, np.float64)))
    if "A" in turned.getbands() or "transparency" in turned.info:
        said += ", " + tr("transparent")
        turned = _on_paper(turned.convert("RGBA"))
    turned = turned.convert("RGB")
    turned.thumbnail((_WORKING_SIZE, _WORKING_SIZE), Image.Resampling.BOX, reducing_gap=None)
    colours = np.asarray(turned, np.float32) / 255
    return Opened(colours, said, max(size) / max(colours.shape[:2]))


def _shades(values: np.ndarray) -> np.ndarray:
    """Grey values of any depth as bytes. Files of more than 8 bits do not say what is white: it is the
    smallest of the usual ones that no value exceeds, else the largest value."""
    if not np.isfinite(values).all():
        raise ValueError(tr("its grey values are not all numbers"))
    low, high = min(float(values.min()), 0.0), float(values.max())
    usual = [white for white in _WHITES if high <= white]
    white = usual[0] if usual and low == 0 else high
    return ((values - low) / max(white - low, 1e-12) * 255).clip(0, 255).astype(np.uint8)


def _on_paper(layer: Image) -> Image:
    """A transparent picture on white; on black when white shows nothing of it."""
    Image, _, _ = pillow()
    white, black = (
        Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer).convert("RGB")
        for paper in ("white", "black")
    )
    shades = np.asarray(white)
    seen = bool((np.ptp(shades, axis=(0, 1)) > 255 * _FLAT).any())
    return white if seen else black
