"""How good a network of digits is: confusion, worst mistakes, and what it bears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.app.messages import packed
from narae.app.targets import cross_entropy
from narae.inspect import confusion_matrix

Predict = Callable[[np.ndarray], np.ndarray]
_WORST, _AT_ONCE = 15, 1000
_TRIED = 1000  # images of a robustness curve: it is right to about a percent


def evaluate(predict: Predict, images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """The report on images (n, 28, 28) in [0, 1] with labels (n,).

    predict: probabilities (n, 10) for images; it is asked for at most 1,000 at once, so that others
    get their turn.
    """
    probabilities = _all(predict, images)
    guesses = probabilities.argmax(axis=1)
    return {
        "type": "evaluation",
        "loss": cross_entropy(probabilities, labels),
        "accuracy": float((guesses == labels).mean()),
        "count": len(labels),
        "matrix": confusion_matrix(labels, probabilities, 10).tolist(),
        "mistakes": _mistakes(images, labels, probabilities),
        "curves": {
            name: {"x": list(amounts), "y": _curve(predict, change, amounts, images, labels)}
            for name, (change, amounts) in CHANGES.items()
        },
    }


def _all(predict: Predict, images: np.ndarray) -> np.ndarray:
    starts = range(0, len(images), _AT_ONCE)
    return np.concatenate([predict(images[i : i + _AT_ONCE]) for i in starts])


def _mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> list[dict[str, Any]]:
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    surest = wrong[np.argsort(-probabilities[wrong, guesses[wrong]], kind="stable")]
    return [
        {
            "image": packed(images[i]),
            "index": int(i),
            "true": int(labels[i]),
            "guess": int(guesses[i]),
            "probability": round(float(probabilities[i, guesses[i]]), 4),
        }
        for i in surest[:_WORST]
    ]


def _curve(
    predict: Predict,
    change: Callable[[np.ndarray, float], np.ndarray],
    amounts: Sequence[float],
    images: np.ndarray,
    labels: np.ndarray,
) -> list[float]:
    some, true = images[:_TRIED], labels[:_TRIED]
    guesses = (predict(change(some, amount)).argmax(axis=1) for amount in amounts)
    return [float((guess == true).mean()) for guess in guesses]


def noisy(images: np.ndarray, deviation: float) -> np.ndarray:
    """Images with normal noise added, back in [0, 1]; the same noise each time."""
    noise = np.random.Generator(np.random.Philox(key=1)).normal(size=images.shape)
    return np.clip(images + deviation * noise, 0, 1).astype(np.float32)


def rotated(images: np.ndarray, degrees: float) -> np.ndarray:
    """Images turned counter-clockwise about their middle, by bilinear interpolation; 0 comes in from
    outside.

    >>> image = np.zeros((1, 28, 28), np.float32); image[0, 4, 13:15] = 1
    >>> np.argwhere(rotated(image, 90)[0] > 0.5).tolist()
    [[13, 4], [14, 4]]
    """
    size = images.shape[1]
    middle, angle = (size - 1) / 2, np.deg2rad(degrees)
    rows, columns = np.indices((size, size)) - middle
    # where each pixel comes from: turned back by the angle, rows counted downwards
    source_rows = middle + rows * np.cos(angle) + columns * np.sin(angle)
    source_columns = middle - rows * np.sin(angle) + columns * np.cos(angle)
    top, left = np.floor(source_rows).astype(int), np.floor(source_columns).astype(int)
    down, right = source_rows - top, source_columns - left
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros(images.shape, np.float32)
    for r, c, share in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        inside = padded[:, np.clip(r + 1, 0, size + 1), np.clip(c + 1, 0, size + 1)]
        out += share.astype(np.float32) * inside
    return out


def shifted(images: np.ndarray, pixels: float) -> np.ndarray:
    """Images moved to the right by whole pixels; what leaves is lost.

    >>> shifted(np.eye(3, dtype=np.float32)[None], 1)[0].tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    out, by = np.zeros_like(images), int(pixels)
    if by >= 0:
        out[:, :, by:] = images[:, :, : images.shape[2] - by]
    else:
        out[:, :, :by] = images[:, :, -by:]
    return out


CHANGES: dict[str, tuple[Callable[[np.ndarray, float], np.ndarray], tuple[float, ...]]] = {
    "noise": (noisy, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)),
    "rotation": (rotated, (-60, -45, -30, -15, 0, 15, 30, 45, 60)),
    "shift": (shifted, (-8, -6, -4, -2, 0, 2, 4, 6, 8)),
}
