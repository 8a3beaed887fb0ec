"""Ink brought to the form of MNIST's digits: scaled into 20 x 20, in 28 x 28, centred by mass.

So LeCun, Cortes and Burges made MNIST's images from NIST's (yann.lecun.com/exdb/mnist, 1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.errors import MissingExtra

_THIN = 1.7  # strokes of MNIST are 2 to 3 pixels wide, a pen's drawn in a large picture far less


def ink_to_digit(ink: np.ndarray, floor: float = 0.05) -> np.ndarray:
    """Ink (height, width) in [0, 1], 0 where the paper is, as an image (28, 28) of MNIST's form.

    floor: less ink than this is paper. Raises ValueError when there is no ink, MissingExtra without
    pillow.

    >>> ink = np.zeros((60, 60)); ink[5:25, 40:44] = 1  # a stroke, far from the middle
    >>> image = ink_to_digit(ink)
    >>> rows, columns = np.nonzero(image > 0.5)
    >>> image.shape, int(rows.min()), int(rows.max()), round(float(columns.mean()))
    ((28, 28), 4, 23, 14)
    """
    return _centred(_scaled(_box(np.asarray(ink, np.float32), floor)))


def _box(ink: np.ndarray, floor: float) -> np.ndarray:
    """The ink cropped to where it is; what is below the floor is paper."""
    ink = np.where(ink < floor, 0, ink)
    seen = _filtered(ink, "BoxBlur", 1) if max(ink.shape) > 100 else ink  # specks are no ink
    seen = seen > max(0.05, min(floor, 0.5))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        raise ValueError("only specks are to be seen in the picture: no digit")
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageFilter
    except ImportError:
        raise MissingExtra("pillow", "plot", "scaling pictures") from None
    return Image, ImageFilter


def _filtered(image: np.ndarray, name: str, size: int) -> np.ndarray:
    Image, ImageFilter = _pillow()
    picture = Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(getattr(ImageFilter, name)(size)), np.float32) / 255


def _scaled(box: np.ndarray) -> np.ndarray:
    """The box scaled so that its longer side is 20, thin strokes made as wide as MNIST's."""
    Image, _ = _pillow()
    scale = 20 / max(box.shape)
    thicker = round((_THIN - _stroke_width(box) * scale) / scale / 2)
    if thicker > 0:
        box = _filtered(np.pad(box, thicker), "MaxFilter", 2 * thicker + 1)
        scale = 20 / max(box.shape)
    size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
    picture = Image.fromarray((box * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    small = np.asarray(picture, np.float32) / 255
    return small / max(float(small.max()), 1e-6)


def _stroke_width(box: np.ndarray) -> float:
    """Pixels across a stroke: its area is width times length, its outline two lengths."""
    padded = np.pad(box, 1)
    # pi / 4 is how much longer steps along the axes are than a line, over all directions
    outline = sum(float(np.abs(np.diff(padded, axis=axis)).sum()) for axis in (0, 1)) * np.pi / 4
    return 2 * float(box.sum()) / max(outline, 1e-6)


def _centred(small: np.ndarray) -> np.ndarray:
    """The small picture in 28 x 28, its centre of mass at (14, 14), where it is in MNIST's digits."""
    rows, columns = np.indices(small.shape)
    mass = small.sum()
    centre = (float((rows * small).sum() / mass), float((columns * small).sum() / mass))
    out = np.zeros((28, 28), np.float32)
    top, left = (
        int(np.clip(round(14 - c), 0, 28 - n)) for c, n in zip(centre, small.shape, strict=True)
    )
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out
