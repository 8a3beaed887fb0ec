"""`narae predict MODEL.keras FILE.png...`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from narae.base.names import printable
from narae.cli.digits import Digit, read_digit
from narae.cli.evaluate import class_probabilities, load_classifier
from narae.cli.output import Pictures, bar, say
from narae.inspect import plot_samples


def predict_images(model_path: Path, files: list[Path], out: Path, plot: bool) -> bool:
    """Read each picture, say what was done to it, print and draw the probabilities.

    A picture that cannot be read is reported, and the others are read. Returns whether all were read;
    raises what `read_digit` raises when none was.
    """
    pictures = Pictures(out, plot)
    model = load_classifier(model_path)
    digits, failed = _read(files)
    images = np.stack([digit.image for digit in digits.values()])
    probabilities = class_probabilities(model, images)
    for (path, digit), row in zip(digits.items(), probabilities, strict=True):
        _describe(path, digit, row)
    names = [printable(path.name) for path in digits]
    pictures.draw(
        "predictions.png", lambda path: plot_samples(images, probabilities, None, path, 4, names)
    )
    pictures.report()
    return not failed


def _read(files: list[Path]) -> tuple[dict[Path, Digit], bool]:
    """The digits by their files, and whether one could not be read."""
    digits: dict[Path, Digit] = {}
    failed: list[Exception] = []
    for path in files:
        try:
            digits[path] = read_digit(path)
        except (OSError, ValueError) as error:
            failed.append(error)
    if not digits:
        raise failed[0]
    for error in failed:
        print("narae:", printable(str(error)), file=sys.stderr, flush=True)
    return digits, bool(failed)


def _describe(path: Path, digit: Digit, row: np.ndarray) -> None:
    order = np.argsort(-row)
    say(f"{printable(str(path))}: {order[0]}  ({row[order[0]]:.1%})")
    say(f"  {digit.done}")
    for place in order[:3]:
        say(f"  {place} {bar(float(row[place]))} {row[place]:6.1%}")
    if row[order[0]] < 0.6:
        say("  the model is not sure: is it one digit, drawn large and clear?")
