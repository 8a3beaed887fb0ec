"""Ink on paper: what is darker than the paper around it, whatever light lies on both.

Paper is what is left when all that is narrower than a stroke is closed (Serra 1982): a shadow is wider than a pen, so
it stays, with its edge where it is, and is divided away. Light ink on dark paper is turned round first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narae.base.language import tr
from narae.paper.windows import closed, mean, smallest

_SOFT = 0.6  # of the noise is left when each pixel is the mean of its neighbours, and the worst channel counts
_FLAT = 0.06  # ink that takes away less of the light than this is none


@dataclass(frozen=True)
class Ink:
    """What ink takes of the paper's light, (height, width) in [0, 1]; how much of that is noise, at each place; and
    whether the paper is lighter than the ink."""

    ink: np.ndarray
    noise: np.ndarray
    light: bool


def find_ink(colours: np.ndarray) -> Ink:
    """Ink of a picture (height, width, channels) in [0, 1]. Raises ValueError when all is of one shade.

    >>> page = np.ones((60, 60, 1)); page[:, 30:] = 0.5  # half in shadow
    >>> page[10:50, 28:34] *= 0.2  # and a stroke across
    >>> found = find_ink(page).ink > 0.3
    >>> bool(found[11:49, 29:33].all()), bool(found[:, :27].any() or found[:, 35:].any())
    (True, False)
    """
    light = _is_light(colours)
    shades = np.asarray(colours if light else 1 - colours, np.float32)
    grain = _grain(shades)
    shades = _softened(shades)
    short = min(shades.shape[:2])
    widest = max(3, round(short / 3.5))
    ink, paper = _against(shades, widest)
    # Once more with windows not much wider than the strokes: round shadows fit in better.
    width = _widest_stroke(ink > 0.3 * ink.max(), widest)
    ink, paper = _against(shades, min(max(5, widest), round(1.5 * width) + 6))
    noise = _SOFT * grain / paper + 0.004
    ink = np.clip(ink - _level(ink, noise, max(15, 4 * width)), 0, 1)
    found = ink > np.maximum(_FLAT, 5 * noise)
    if not found.any():
        raise ValueError(tr("the picture is of one shade: no digit is to be seen in it"))
    return Ink(ink, noise, light)


def _softened(shades: np.ndarray) -> np.ndarray:
    """Means of 3 pixels each way, the middle one twice: the noise of single pixels is less than half as large."""
    for axis in (0, 1):
        edge = [(1, 1) if axis == a else (0, 0) for a in range(3)]
        padded = np.moveaxis(np.pad(shades, edge, mode="edge"), axis, 0)
        shades = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
    return shades


def _grain(shades: np.ndarray) -> float:
    """The noise of single pixels: how far neighbours differ, in the middle; lines and strokes are few."""
    steps = np.abs(np.diff(shades, axis=1))
    if not steps.size:
        return 0.0
    return 1.4826 * float(np.median(steps[steps > 0])) / 2**0.5 if (steps > 0).mean() > 0.3 else 0.0


def ink_of_image(colours: np.ndarray) -> np.ndarray:
    """Ink of a picture that is an image of MNIST's form already, as it is: how far each pixel is from the border."""
    border = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    ink = np.abs(colours - np.median(border, axis=0)).max(axis=2)
    if ink.max() < _FLAT:
        raise ValueError(tr("the picture is of one shade: no digit is to be seen in it"))
    return ink / ink.max()


def _widest_stroke(mask: np.ndarray, most: int) -> int:
    """How wide the widest strokes are, where thin lines may be more than they: the last width at which something is
    left of them when it is taken off."""
    width, whole = 3, float(mask.sum())
    inside = mask.astype(np.float32)
    while width < most and float(smallest(inside, width + 2).sum()) > 0.01 * whole:
        width = max(width + 2, width * 5 // 4) | 1
    return width


def _against(shades: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """How much of the paper's light is missing, in the channel where most is; and the paper's light."""
    paper = closed(shades, size) + 0.04  # what the darkest black still gives back
    return (1 - (shades + 0.04) / paper).max(axis=2), paper.mean(axis=2)


def _level(ink: np.ndarray, noise: np.ndarray, size: int) -> np.ndarray:
    """What the paper itself seems to miss, around each pixel: closing takes the lightest grains for the paper."""
    paper = (ink < 8 * noise).astype(np.float32)
    return mean(ink * paper, size) / np.maximum(mean(paper, size), 1e-3)


def _is_light(colours: np.ndarray) -> bool:
    """Whether the paper is lighter than the ink. Ink is the lesser part of every neighbourhood: what lies furthest from
    the median around it, on the dark side or the light one, is ink. In logarithms: a shadow takes a half of the light,
    ink most of it."""
    step = max(
        1, min(max(colours.shape[:2]) // 120, min(colours.shape[:2]))
    )  # of a strip, all of its breadth
    height, width = (n // step * step for n in colours.shape[:2])
    small = colours[:height, :width].mean(axis=2)
    small = small.reshape(height // step, step, width // step, step).mean(axis=(1, 3))
    small = np.log(small + 0.03)
    half = min(small.shape) // 4  # wider than two strokes
    padded = np.pad(small, half, mode="reflect") if half else small
    around = np.lib.stride_tricks.sliding_window_view(padded, (2 * half + 1, 2 * half + 1))
    away = small - np.median(around[:, :, ::4, ::4], axis=(2, 3))
    narrow = max(3, round(min(small.shape) / 3.5))  # a shadow, or the light beside one, is wider
    dark, light = (
        float(
            np.square(
                np.minimum(np.maximum(-sign * away, 0), closed(sign * small, narrow) - sign * small)
            ).sum()
        )
        for sign in (1, -1)
    )
    return dark >= light


def stroke_width(ink: np.ndarray) -> float:
    """Pixels across a stroke: its area is width times length, its outline two lengths.

    >>> page = np.zeros((40, 40)); page[5:35, 10:14] = 1
    >>> round(stroke_width(page), 1)
    4.5
    """
    padded = np.pad(ink, 1)
    # pi / 4 is how much longer steps along the axes are than a line, over all directions
    outline = sum(float(np.abs(np.diff(padded, axis=axis)).sum()) for axis in (0, 1)) * np.pi / 4
    return 2 * float(ink.sum()) / max(outline, 1e-6)
