"""A page read: where its digits are, what they are, and how sure that is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from narae.base.language import tr
from narae.datasets.digit_form import ink_to_digit
from narae.paper.ink import find_ink, ink_of_image
from narae.paper.lines import without_lines
from narae.paper.pieces import Piece, cut, digit_height, regions, rows, together
from narae.paper.windows import labelled

Classify = Callable[[np.ndarray], np.ndarray]  # images (n, 28, 28) -> probabilities (n, 10)
Verdict = Literal["sure", "unsure", "unknown"]
SURE, KNOWN = 0.9, 0.5  # from these probabilities on
_MOST = 400  # digits of one page
_PARTS = 4  # pieces that may be one digit


@dataclass(frozen=True)
class Mark:
    """Something on a page: its place (left, top, right, bottom) in the picture that was read, its image in MNIST's
    form (28, 28), and the probability of each digit."""

    box: tuple[int, int, int, int]
    image: np.ndarray
    probabilities: np.ndarray

    @property
    def digit(self) -> int:
        """The likeliest digit."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """How often an answer with such a probability is right."""
        return float(self.probabilities.max())

    @property
    def verdict(self) -> Verdict:
        """Sure from 90 % on; unknown where a guess would be wrong as often as right."""
        if self.confidence >= SURE:
            return "sure"
        return "unsure" if self.confidence >= KNOWN else "unknown"

    @property
    def text(self) -> str:
        """The digit, or ? for what is not known."""
        return "?" if self.verdict == "unknown" else str(self.digit)


@dataclass(frozen=True)
class Page:
    """The marks of a page in rows, from the top and from the left; the picture that their boxes are in (height,
    width, 3) in [0, 1]; and what was seen of it."""

    rows: list[list[Mark]]
    picture: np.ndarray
    done: str

    @property
    def marks(self) -> list[Mark]:
        """All of them."""
        return [mark for row in self.rows for mark in row]

    @property
    def text(self) -> str:
        """What is written on it, a line for each row; where a row has a wide gap, a space."""
        return "\n".join(_line(row) for row in self.rows)


def _line(row: list[Mark]) -> str:
    tall = float(np.median([m.box[3] - m.box[1] for m in row]))
    out = row[0].text
    for before, mark in itertools.pairwise(row):
        out += (" " if mark.box[0] - before.box[2] > 1.2 * tall else "") + mark.text
    return out


def read_page(picture: np.ndarray, classify: Classify, said: str = "") -> Page:
    """Find and read the digits of a picture.

    Args:
        picture: (height, width) or (height, width, channels) in [0, 1].
        classify: gives the probabilities (n, 10) of images (n, 28, 28) of MNIST's form.
        said: what is known of the picture; begins the page's `done`.

    Returns: the page; it has at least one mark.

    Raises:
        ValueError: nothing is to be seen in it, or far too much.

    >>> paper = np.ones((60, 90)); paper[10:50, 20:26] = 0; paper[10:50, 60:66] = 0
    >>> page = read_page(paper, lambda images: np.eye(10)[[1] * len(images)])
    >>> page.text, page.marks[0].box, page.done
    ('11', (19, 9, 27, 51), 'dark on light')
    """
    colours = np.asarray(picture, np.float32).reshape(*picture.shape[:2], -1)
    if colours.shape[:2] == (28, 28):
        image = ink_of_image(colours)
        mark = Mark((0, 0, 28, 28), image, classify(image[None])[0])
        steps = [said] if said else []
        steps.append(tr("28 x 28 already: not scaled or moved"))
        return Page([[mark]], _coloured(colours), "; ".join(steps))
    ink, mask, done = clean_ink(colours, said)
    pieces = regions(ink, mask)
    if len(pieces) > _MOST:
        raise ValueError(
            tr(
                "{count} things are to be seen in the picture, and at most {most} are read: is it a sheet of digits?",
                count=len(pieces),
                most=_MOST,
            )
        )
    tall = digit_height(pieces)
    found = [_read_row(row, tall, classify) for row in rows(pieces)]
    return Page(found, _coloured(colours), done)


def clean_ink(colours: np.ndarray, said: str = "") -> tuple[np.ndarray, np.ndarray, str]:
    """Ink (height, width) without noise and lines, where it is, and what was seen."""
    found = find_ink(colours)
    steps = [said] if said else []
    steps.append(tr("dark on light") if found.light else tr("light on dark"))
    peak = float(np.quantile(found.ink[found.ink > 5 * found.noise], 0.9))
    mask = found.ink > np.maximum(5 * found.noise, 0.16 * peak)
    kept = without_lines(mask)
    if kept.sum() < 0.97 * mask.sum():
        steps.append(tr("printed lines taken out"))
    kept = _without_corners(found.ink, kept)
    return np.where(kept, found.ink, 0), kept, "; ".join(steps)


def _without_corners(ink: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """At the edge of a picture the corner of a shadow is as narrow as a stroke; but it is not as dark."""
    labels, _ = labelled(mask)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    at_edge = np.isin(labels, edge[edge > 0])
    if not at_edge.any():
        return mask
    return mask & ~(at_edge & (ink < 0.75 * np.quantile(ink[mask], 0.9)))


def _coloured(colours: np.ndarray) -> np.ndarray:
    return colours[..., :3] if colours.shape[2] >= 3 else np.repeat(colours[..., :1], 3, axis=2)


def _read_row(row: list[Piece], tall: float, classify: Classify) -> list[Mark]:
    """Of all ways to make digits of a row's pieces the likeliest one (Burges et al. 1992: cut too often, then let the
    reader choose)."""
    parts = sorted(
        (part for piece in row for part in cut(piece, tall)), key=lambda p: p.left + p.right
    )
    groups = {
        (first, last): together(parts[first:last])
        for first in range(len(parts))
        for last in range(first + 1, min(first + _PARTS, len(parts)) + 1)
        if last == first + 1 or _may_be_one(parts[first:last], tall)
    }
    images = np.stack([_image(piece) for piece in groups.values()])
    marks = {
        place: Mark((p.left, p.top, p.right, p.bottom), image, probabilities)
        for (place, p), image, probabilities in zip(
            groups.items(), images, classify(images), strict=True
        )
    }
    best: list[tuple[float, list[Mark]]] = [(0.0, [])]
    for last in range(1, len(parts) + 1):
        ways = [
            (best[first][0] + _cost(marks[first, last], groups[first, last], tall), first)
            for first in range(last)
            if (first, last) in marks
        ]
        cost, first = min(ways)
        best.append((cost, [*best[first][1], marks[first, last]]))
    return [m for m in best[-1][1] if m.box[3] - m.box[1] > 0.3 * tall] or best[-1][1]


def _may_be_one(parts: list[Piece], tall: float) -> bool:
    """Whether pieces are near enough to be one digit."""
    width = max(p.right for p in parts) - min(p.left for p in parts)
    gaps = [b.left - a.right for a, b in itertools.pairwise(parts)]
    height = max(p.bottom for p in parts) - min(p.top for p in parts)
    return width < 1.5 * max(tall, height) and max(gaps) < 0.12 * tall


def _cost(mark: Mark, piece: Piece, tall: float) -> float:
    """How unlikely it is that this is one digit."""
    small = max(0.0, 0.55 - piece.height / tall) * 10
    wide = max(0.0, piece.width / max(piece.height, 0.8 * tall) - 1.3) * 4
    return -float(np.log(max(mark.confidence, 1e-3))) + small + wide + 0.25


def _image(piece: Piece) -> np.ndarray:
    peak = float(np.quantile(piece.ink[piece.ink > 0], 0.9))
    return ink_to_digit(np.minimum(piece.ink / peak, 1.0), 0.05)
