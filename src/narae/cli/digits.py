"""A picture of a digit, brought to the form of MNIST's: 28 x 28, light on dark, centred by mass.

The border of a picture is taken for paper. What differs from the paper, in whatever colour, is ink; a
shadow that grows across the paper is paper too.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.errors import MissingExtra
from narae.datasets.digit_form import ink_to_digit

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 64_000_000  # a photograph of a phone; more is refused before it is unpacked
_WORKING_SIZE = 400  # many times a digit's 20 pixels; smaller means less noise as well
_FLAT = 0.1  # the darkest ink differs by less: one shade
_DEEP = {"I;16", "I;16L", "I;16B", "I", "F"}
_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # of floats, and of 8 to 16 bits


@dataclass(frozen=True)
class Digit:
    """An image (28, 28) of floats in [0, 1], and what was done to get it."""

    image: np.ndarray
    done: str


def read_digit(path: Path) -> Digit:
    """Read a picture of one digit. Raises ValueError for what is no picture, or an empty one."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a picture is expected")
    if not path.is_file():  # reading a pipe or a device may never end
        raise ValueError(f"{path} is a pipe or a device; a picture's file is expected")
    colours, said = _opened(path)
    try:
        return to_mnist(colours, said)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _opened(path: Path) -> tuple[np.ndarray, str]:
    """The picture as floats (height, width, channels) in [0, 1], and its description."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("pillow", "plot", "reading pictures") from None
    size = (0, 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and odd metadata
            with Image.open(path) as picture:
                size = picture.size
                if size[0] * size[1] <= _MOST_PIXELS:
                    return _colours(picture, size)
    except Image.DecompressionBombError:
        size = (_MOST_PIXELS, _MOST_PIXELS)
    # Damaged files make pillow's decoders raise whatever their parsing ran into.
    except Exception as error:
        raise ValueError(
            f"{path} is no picture that can be read (or is damaged): {error}"
        ) from None
    raise ValueError(f"{path} has more than {_MOST_PIXELS:,} pixels: scale it down")


def _colours(picture: Image, size: tuple[int, int]) -> tuple[np.ndarray, str]:
    from PIL import Image, ImageOps

    kind = "grey" if picture.mode in {"L", "1", "LA", *_DEEP} else "colour"
    said = f"{size[0]} x {size[1]}, {kind}"
    picture = ImageOps.exif_transpose(picture)  # phones turn pictures by a note beside them
    if picture.mode in _DEEP:
        picture = Image.fromarray(_shades(np.asarray(picture, np.float64)))
    if "A" in picture.getbands() or "transparency" in picture.info:
        said += ", transparent"
        picture = _on_paper(picture.convert("RGBA"))
    picture = picture.convert("RGB")
    picture.thumbnail((_WORKING_SIZE, _WORKING_SIZE), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(picture, np.float32) / 255, said


def _shades(values: np.ndarray) -> np.ndarray:
    """Grey values of any depth as bytes. Files of more than 8 bits do not say what is white: it is the
    smallest of the usual ones that no value exceeds, else the largest value."""
    if not np.isfinite(values).all():
        raise ValueError("its grey values are not all numbers")
    low, high = min(float(values.min()), 0.0), float(values.max())
    usual = [white for white in _WHITES if high <= white]
    white = usual[0] if usual and low == 0 else high
    return ((values - low) / max(white - low, 1e-12) * 255).clip(0, 255).astype(np.uint8)


def _on_paper(layer: Image) -> Any:
    """A transparent picture on white; on black when white shows nothing of it."""
    from PIL import Image

    white, black = (
        Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer).convert("RGB")
        for paper in ("white", "black")
    )
    shades = np.asarray(white)
    seen = bool((np.ptp(shades, axis=(0, 1)) > 255 * _FLAT).any())
    return white if seen else black


def to_mnist(picture: np.ndarray, said: str = "") -> Digit:
    """A picture (height, width) or (height, width, channels) in [0, 1] as a digit of MNIST, and what was
    done. Raises ValueError when nothing is to be seen in it.

    >>> page = np.ones((60, 60)); page[10:50, 28:34] = 0  # a dark stroke on white
    >>> to_mnist(page).image.shape, to_mnist(page).done.split(";")[0]
    ((28, 28), 'dark on light: inverted')
    """
    colours = picture.reshape(*picture.shape[:2], -1)
    ink, noise, light = _ink(colours)
    peak = float(ink.max())
    if peak < max(_FLAT, 3 * noise):
        raise ValueError("the picture is of one shade: no digit is to be seen in it")
    ink = ink / peak
    steps = [said] if said else []
    steps.append("dark on light: inverted" if light else "light on dark")
    if ink.shape == (28, 28):
        return Digit(ink, "; ".join([*steps, "28 x 28 already: not scaled or moved"]))
    image = ink_to_digit(ink, max(0.05, 5 * noise / peak))
    steps.append("cropped, scaled into 20 x 20 and centred by mass as MNIST's digits were")
    return Digit(image, "; ".join(steps))


def _ink(colours: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """How far each pixel is from the paper (height, width), the paper's noise, and whether it is light."""
    height, width = colours.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    forms = np.stack([np.ones_like(x), x, y, x * y], axis=-1)
    edge = max(1, min(height, width) // 40)
    border = np.ones((height, width), bool)
    border[edge:-edge, edge:-edge] = False
    known, values = forms[border], colours[border]
    # Twice: first the median, then the plane through what is near it, so that ink at the border,
    # or a thumb, does not tilt the paper.
    near = np.abs(values - np.median(values, axis=0)).max(axis=1) < 0.3
    plane = np.linalg.lstsq(known[near], values[near], rcond=None)[0]
    rest = np.abs(values - known @ plane).max(axis=1)
    near = rest <= max(0.02, 3 * float(np.median(rest)))
    plane = np.linalg.lstsq(known[near], values[near], rcond=None)[0]
    noise = float(np.abs(values[near] - known[near] @ plane).max(axis=1).mean())
    ink = np.abs(colours - forms @ plane).max(axis=2)
    return ink.astype(np.float32), noise, bool(plane[0].mean() > 0.5)
