"""Pictures to train a reader of digits on: MNIST's and fonts' digits, distorted as pens and paper distort
them, and what is no digit. All are (n, 28, 28) in [0, 1], in the form of MNIST's digits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE = 28
FONTS = (
    "DejaVuSans",
    "DejaVuSerif",
    "DejaVuSansMono",
    "DejaVuSans-Oblique",
    "cmr10",
    "STIXGeneral",
)
# Letters that no hand writes like a digit.
LETTERS = "AEFHKMNRTWXYaehkmnrtwxy?#&%@=+*"
_CHUNK = 2000


def _bases() -> np.ndarray:
    """How far each of 4 x 4 handles moves each pixel: (784, 16), bilinear."""
    place = np.linspace(0, 3, SIDE)
    hat = np.clip(1 - np.abs(place[:, None] - np.arange(4)), 0, None)
    return np.einsum("ai,bj->abij", hat, hat).reshape(SIDE * SIDE, 16).astype("f4")


BASES = _bases()


def warped(images: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Images turned, leant, scaled, shifted and bent, each in its own way."""
    n = len(images)
    y, x = (a.reshape(1, -1).astype("f4") - 13.5 for a in np.indices((SIDE, SIDE)))
    angle = rng.normal(0, 0.13 * strength, (n, 1))
    lean = rng.normal(0, 0.15 * strength, (n, 1))
    high, wide = (np.exp(rng.normal(0, s * strength, (n, 1))) for s in (0.12, 0.17))
    size = np.exp(rng.normal(0.02, 0.05 * strength, (n, 1)))
    shift = rng.normal(0, 0.8 * strength, (2, n, 1))
    bend = rng.normal(0, 1.1 * strength, (2, n, 16)).astype("f4") @ BASES.T
    cos, sin = np.cos(angle), np.sin(angle)
    leant = x + lean * y
    rows = (cos * y + sin * leant) * high * size + shift[0] + bend[0] + 13.5
    columns = (cos * leant - sin * y) * wide * size + shift[1] + bend[1] + 13.5
    return _sampled(images, rows.astype("f4"), columns.astype("f4"))


def _sampled(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear: images (n, 28, 28) at places (n, 784); 0 outside."""
    n, wide = len(images), SIDE + 2
    flat = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(n, -1)
    rows, columns = np.clip(rows + 1, 0, SIDE), np.clip(columns + 1, 0, SIDE)
    top, left = rows.astype("i4"), columns.astype("i4")
    down, right = rows - top, columns - left
    at = top * wide + left

    def take(offset: int) -> np.ndarray:
        return np.take_along_axis(flat, at + offset, axis=1)

    upper = take(0) * (1 - right) + take(1) * right
    lower = take(wide) * (1 - right) + take(wide + 1) * right
    return (upper * (1 - down) + lower * down).reshape(n, SIDE, SIDE)


def _shifted(images: np.ndarray) -> list[np.ndarray]:
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    at = ((0, 1), (2, 1), (1, 0), (1, 2))
    return [padded[:, r : r + SIDE, c : c + SIDE] for r, c in at]


def penned(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strokes thicker, thinner, softer or harder, by as much as it falls out."""
    n = (len(images), 1, 1)
    around = _shifted(images)
    widest, narrowest = (np.stack([images, *around]).max(0), np.stack([images, *around]).min(0))
    thick = np.clip(rng.normal(0, 0.45, n), -0.6, 1).astype("f4")
    out = np.where(
        thick > 0, images + thick * (widest - images), images - thick * (narrowest - images)
    )
    mean = (4 * out + sum(_shifted(out))) / 8
    soft = np.clip(rng.normal(0, 0.6, n), 0, 1).astype("f4")
    out = out + soft * (mean - out)
    hard = np.exp(np.abs(rng.normal(0, 0.5, n))).astype("f4")
    return np.clip((out - 0.5) * hard + 0.5, 0, 1) * (out > 0.02)


def marked(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tenth with what is left of a line, a tenth with a gap where one was taken out, a tenth with specks."""
    out = images.copy()
    for i in np.flatnonzero(rng.random(len(out)) < 0.3):
        kind, at = rng.integers(3), rng.integers(2, 26)
        view = out[i] if rng.random() < 0.5 else out[i].T
        if kind == 0:
            first, last = np.sort(rng.integers(0, SIDE, 2))
            view[at, first:last] = np.maximum(view[at, first:last], rng.uniform(0.2, 0.9))
        elif kind == 1:
            view[at, :] *= rng.uniform(0, 0.7)
        else:
            where = rng.integers(1, 27, (rng.integers(1, 6), 2))
            out[i][where[:, 0], where[:, 1]] = rng.uniform(0.2, 0.9)
    return out


def typed(
    rng: np.random.Generator, count: int, text: str = "0123456789"
) -> tuple[np.ndarray, np.ndarray]:
    """Characters of matplotlib's fonts as digits of MNIST's form, and which of `text` each is."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    from narae.datasets.digit_form import ink_to_digit

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [ImageFont.truetype(str(folder / f"{name}.ttf"), 90) for name in FONTS]
    pictures = np.zeros((len(fonts), len(text), SIDE, SIDE), "f4")
    for i, font in enumerate(fonts):
        for j, character in enumerate(text):
            page = Image.new("L", (160, 160))
            ImageDraw.Draw(page).text((40, 20), character, 255, font)
            pictures[i, j] = ink_to_digit(np.asarray(page, "f4") / 255)
    chosen = rng.integers(0, len(text), count)
    return pictures[rng.integers(0, len(fonts), count), chosen], chosen


def _pairs(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator, n: int) -> np.ndarray:
    """Two digits that touch, brought to 20 x 20 as one; a third of them with a 1, which is the easiest to miss."""
    from narae.datasets.digit_form import ink_to_digit

    chosen = rng.integers(0, len(images), (2, n))
    ones = np.flatnonzero(labels == 1)
    chosen[rng.integers(2), : n // 3] = rng.choice(ones, n // 3)
    out = np.empty((n, SIDE, SIDE), "f4")
    for i, (left, right) in enumerate(images[chosen].swapaxes(0, 1)):
        ends = np.flatnonzero(left.max(axis=0) > 0.3)[-1]
        begins = np.flatnonzero(right.max(axis=0) > 0.3)[0]
        at = max(0, ends + 1 - begins + int(rng.integers(-3, 1)))
        both = np.zeros((SIDE, at + SIDE), "f4")
        both[:, : min(SIDE, at + SIDE)] = left
        drop = int(rng.integers(-2, 3))
        both[:, at:] = np.maximum(both[:, at:], np.roll(right, drop, axis=0))
        out[i] = ink_to_digit(both)
    return out


def nothing(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator, count: int
) -> np.ndarray:
    """What is no digit: two digits in one, a half of one, letters, lines, blots."""
    n = -(-count // 4)
    pairs = _pairs(images, labels, rng, n)
    round_ = images[np.isin(labels, (0, 2, 3, 5, 6, 8))]  # half of another may be a digit
    halves = round_[rng.integers(0, len(round_), n)].copy()
    for half in halves:
        view = half if rng.random() < 0.5 else half[:, ::-1]
        view[:, : rng.integers(12, 16)] = 0
        view[:] = np.roll(view, -5, 1)
    letters, _ = typed(rng, n, LETTERS)
    lines = np.zeros((n, SIDE, SIDE), "f4")
    for line in lines:
        if rng.random() < 0.5:
            top, left = rng.integers(5, 11), rng.integers(4, 10)
            line[top : 28 - top, left : rng.integers(17, 25)] = 1
        else:
            line[rng.integers(12, 16), rng.integers(2, 8) : rng.integers(20, 27)] = 1
    return np.concatenate([pairs, halves, letters, lines])[:count]


def drawn(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One epoch: every digit once, distorted, an eighth as many of fonts, and a fifth that are no digit, whose
    target is no class more than another. (n, 28, 28, 1) and (n, 10), in random order."""
    few = len(images) // 8
    type_, which = typed(rng, few)
    one = np.eye(10, dtype="f4")
    none = nothing(images, labels, rng, len(images) // 5)
    x = np.concatenate([images, type_, none]).astype("f4")
    y = np.concatenate([one[labels], one[which], np.full((len(none), 10), 0.1, "f4")])
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    for i in range(0, len(x), _CHUNK):
        x[i : i + _CHUNK] = marked(penned(warped(x[i : i + _CHUNK], rng), rng), rng)
    return x[..., None], y
