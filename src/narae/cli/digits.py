"""A picture of a digit, brought to the form of MNIST's: 28 x 28, light on dark, centred by mass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from narae.base.errors import MissingExtra

_MOST_PIXELS = 64_000_000  # a photograph of a phone; more is refused before it is unpacked


@dataclass(frozen=True)
class Digit:
    """An image (28, 28) of floats in [0, 1], and what was done to get it."""

    image: np.ndarray
    done: str


def read_digit(path: Path) -> Digit:
    """Read a picture of one digit. Raises ValueError for what is no picture, or an empty one."""
    grey, said = _grey(path)
    return to_mnist(grey, said)


def _grey(path: Path) -> tuple[np.ndarray, str]:
    """The picture as floats in [0, 1], transparent parts white; and its description."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingExtra("pillow", "plot", "reading pictures") from None
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if width * height > _MOST_PIXELS:
                raise ValueError(
                    f"{path} has {width} x {height} pixels, more than {_MOST_PIXELS:,}: scale it down"
                )
            said = f"{width} x {height}, {'grey' if picture.mode in ('L', '1', 'LA', 'I;16') else 'colour'}"
            if "A" in picture.getbands() or "transparency" in picture.info:
                layer = picture.convert("RGBA")
                paper = Image.new("RGBA", layer.size, "white")
                picture = Image.alpha_composite(paper, layer)
                said += ", transparent"
            return np.asarray(picture.convert("L"), np.float32) / 255, said
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} is no picture that can be read (or is damaged): {error}"
        ) from None


def to_mnist(grey: np.ndarray, said: str = "") -> Digit:
    """A grey picture in [0, 1] as a digit of MNIST, and what was done."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    steps = [said] if said else []
    if np.median(border) > 0.5:
        grey = 1 - grey
        steps.append("dark on light: inverted")
    else:
        steps.append("light on dark")
    if grey.shape == (28, 28):
        return Digit(grey, "; ".join([*steps, "28 x 28 already: used as it is"]))
    low, high = (
        float(np.median(border if np.median(border) <= 0.5 else 1 - border)),
        float(grey.max()),
    )
    if high - low < 0.1:
        raise ValueError("the picture is of one shade: no digit is to be seen in it")
    ink = np.clip((grey - low) / (high - low), 0, 1)
    ink[ink < 0.2] = 0  # paper and shadows
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    steps.append("cropped, scaled into 20 x 20 and centred by mass as MNIST's digits were")
    return Digit(_centred(_scaled(box)), "; ".join(steps))


def _scaled(box: np.ndarray) -> np.ndarray:
    """The box scaled so that its longer side is 20."""
    from PIL import Image

    scale = 20 / max(box.shape)
    size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
    picture = Image.fromarray((box * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    small = np.asarray(picture, np.float32) / 255
    return small / max(float(small.max()), 1e-6)


def _centred(small: np.ndarray) -> np.ndarray:
    """The small picture in 28 x 28, its centre of mass in the middle."""
    rows, columns = np.indices(small.shape)
    mass = small.sum()
    centre = (float((rows * small).sum() / mass), float((columns * small).sum() / mass))
    out = np.zeros((28, 28), np.float32)
    top, left = (
        int(np.clip(round(13.5 - c), 0, 28 - n)) for c, n in zip(centre, small.shape, strict=True)
    )
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out
