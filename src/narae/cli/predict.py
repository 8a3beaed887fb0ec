"""`narae predict MODEL.keras FILE.png...`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from narae.cli.digits import read_digit
from narae.cli.evaluate import class_probabilities, load_classifier
from narae.cli.output import Pictures, bar, say
from narae.inspect import plot_samples


def predict_images(model_path: Path, files: list[Path], out: Path, plot: bool) -> None:
    """Read each picture, say what was done to it, print and draw the probabilities."""
    model = load_classifier(model_path)
    digits = [read_digit(path) for path in files]
    images = np.stack([digit.image for digit in digits])
    probabilities = class_probabilities(model, images)
    for path, digit, row in zip(files, digits, probabilities, strict=True):
        order = np.argsort(-row)
        say(f"{path}: {order[0]}  ({row[order[0]]:.1%})")
        say(f"  {digit.done}")
        for place in order[:3]:
            say(f"  {place} {bar(row[place])} {row[place]:6.1%}")
        if row[order[0]] < 0.6:
            say("  the model is not sure: is it one digit, drawn large and clear?")
    pictures = Pictures(out, plot)
    names = [path.name for path in files]
    pictures.draw(
        "predictions.png", lambda path: plot_samples(images, probabilities, None, path, 4, names)
    )
    pictures.report()
