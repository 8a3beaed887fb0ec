"""The network that ships with narae: a small convolutional one, trained by tools/train_digits.py."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from narae.saving import load_model

if TYPE_CHECKING:
    from narae.models.model import Model

SHIPPED = Path(__file__).parent / "data" / "digits.keras"
TEMPERATURE = 1.0
_BATCH = 256
_reading = threading.Lock()


def shipped_model() -> Model:
    """A new copy of the shipped network: images (n, 28, 28, 1) in [0, 1] -> probabilities (n, 10)."""
    return load_model(SHIPPED)


@functools.cache
def _model() -> Model:
    return shipped_model()


def tempered(probabilities: np.ndarray, temperature: float = TEMPERATURE) -> np.ndarray:
    """Probabilities (n, 10) as softmax gives them for logits divided by a temperature (Guo et al. 2017).

    >>> tempered(np.array([[0.9, 0.1]]), 2.0).round(2).tolist()
    [[0.75, 0.25]]
    """
    powers = np.maximum(np.asarray(probabilities, np.float64), 1e-12) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def classify(images: np.ndarray, temperature: float = TEMPERATURE) -> np.ndarray:
    """Calibrated probabilities (n, 10) of images (n, 28, 28) of MNIST's form; any thread may ask."""
    with _reading:
        model, out = _model(), []
        for i in range(0, len(images), _BATCH):
            part = images[i : i + _BATCH, ..., None]
            # few sizes, since each is compiled once: the smallest power of four that holds them
            size = next(n for n in (1, 4, 16, 64, _BATCH) if n >= len(part))
            padded = np.pad(part, ((0, size - len(part)), (0, 0), (0, 0), (0, 0)))
            out.append(np.asarray(model.predict_on_batch(padded))[: len(part)])
    return tempered(np.concatenate(out), temperature)
