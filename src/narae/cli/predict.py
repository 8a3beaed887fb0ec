"""`narae predict FILE...`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from narae.base.language import tr
from narae.base.names import printable
from narae.base.types import Json
from narae.cli.evaluate import class_probabilities, load_classifier
from narae.cli.output import Pictures, complain, say
from narae.paper import network
from narae.paper.opening import open_file
from narae.paper.page import Classify, Mark, Page, read_page
from narae.paper.seen import draw_page


@dataclass(frozen=True)
class Reading:
    """What was made of one file: its page, or why there is none."""

    path: Path
    page: Page | None
    scale: float
    error: str | None


def predict_images(
    model: Path | None, files: list[Path], out: Path, plot: bool, as_json: bool
) -> bool:
    """Read each picture, print what is written on it, and draw what was seen.

    model: the file of the network that reads; None for the one that ships with narae. What cannot be read is
    reported, and the others are read. Returns whether all were read.
    """
    pictures = Pictures(out, plot)
    classify = network.classify if model is None else _classifier(model)
    readings = [_read(path, classify) for path in files]
    if as_json:
        print(json.dumps([_described(reading) for reading in readings], ensure_ascii=False))
    for reading in readings:
        if reading.error is not None:
            complain(reading.error)
        elif not as_json:
            _say_page(reading)
    taken: set[str] = set()
    for reading in readings:
        if (page := reading.page) is not None:
            name = _free_name(reading.path, taken)
            pictures.draw(name, lambda path, page=page: draw_page(page).save(path))
    if not as_json:
        pictures.report()
    return all(reading.page is not None for reading in readings)


def _classifier(path: Path) -> Classify:
    model = load_classifier(path)
    return lambda images: class_probabilities(model, images)


def _read(path: Path, classify: Classify) -> Reading:
    try:
        opened = open_file(path)
    except (OSError, ValueError) as error:  # each names its file
        return Reading(path, None, 1.0, str(error))
    try:
        page = read_page(opened.colours, classify, opened.said)
    except ValueError as error:
        return Reading(path, None, 1.0, f"{path}: {error}")
    return Reading(path, page, opened.scale, None)


def _say_page(reading: Reading) -> None:
    """The rows as they are written; below, each digit that is not sure, and what else it may be."""
    page = reading.page
    if page is None:
        return
    marks = page.marks
    name = printable(str(reading.path))
    if len(marks) == 1:
        say(f"{name}: {_answer(marks[0])}")
    else:
        say(f"{name}:")
        for line in page.text.split("\n"):
            say(f"  {line}")
    say(f"  ({page.done})")
    for i, mark in enumerate(marks, 1):
        if mark.verdict != "sure" and len(marks) > 1:
            say("  " + tr("digit {number}: {answer}", number=i, answer=_answer(mark)))
    if any(mark.verdict == "unknown" for mark in marks):
        say("  " + tr("? is what it does not know: is it a digit, drawn large and clear?"))


def _answer(mark: Mark) -> str:
    """What a mark is.

    >>> one = np.full(10, 0.06); one[4], one[9] = 0.3, 0.22
    >>> _answer(Mark((0, 0, 9, 9), np.zeros((28, 28)), one))
    "I don't know (4 30.0%, 9 22.0%)"
    """
    order = np.argsort(-mark.probabilities)
    shown = ", ".join(f"{place} {mark.probabilities[place]:.1%}" for place in order[:2])
    if mark.verdict == "unknown":
        return tr("I don't know ({likely})", likely=shown)
    if mark.verdict == "unsure":
        return tr("{digit}, but not sure ({likely})", digit=mark.digit, likely=shown)
    return f"{mark.digit}  ({mark.confidence:.1%})"


def _described(reading: Reading) -> dict[str, Json]:
    """A reading for programs: places in the file's own pixels."""
    if reading.page is None:
        return {"file": str(reading.path), "error": reading.error}
    rows: list[Json] = [[_mark(mark, reading.scale) for mark in row] for row in reading.page.rows]
    return {
        "file": str(reading.path),
        "text": reading.page.text,
        "seen": reading.page.done,
        "rows": rows,
    }


def _mark(mark: Mark, scale: float) -> Json:
    return {
        "digit": None if mark.verdict == "unknown" else mark.digit,
        "confidence": round(mark.confidence, 4),
        "verdict": mark.verdict,
        "box": [round(n * scale) for n in mark.box],
        "probabilities": [round(float(p), 4) for p in mark.probabilities],
    }


def _free_name(path: Path, taken: set[str]) -> str:
    """A name for the picture of a file; files of other folders may have the same.

    >>> taken = set()
    >>> _free_name(Path("a/x.jpg"), taken), _free_name(Path("b/x.jpg"), taken)
    ('x-read.png', 'x-read-2.png')
    """
    stem, count = f"{path.stem}-read", 1
    while (name := f"{stem}{'' if count == 1 else f'-{count}'}.png") in taken:
        count += 1
    taken.add(name)
    return name
