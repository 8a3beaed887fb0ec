"""A drawing, as a network sees it, and what each layer makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.app.messages import packed
from narae.datasets.digit_form import ink_to_digit

Layers = Callable[[np.ndarray], list[np.ndarray]]
_FAINT = 0.1  # less ink than this anywhere is an empty page


def read_drawing(image: np.ndarray, network: str, layers: Layers) -> dict[str, Any]:
    """The message for a drawing (size, size) of bytes: probabilities, and pictures of all layers.

    layers: gives every layer's output for images (1, 28, 28).
    """
    began = time.perf_counter()
    seen = seen_by_network(image)
    if seen is None:
        return {"type": "prediction", "network": network, "empty": True}
    outputs = layers(seen[np.newaxis])
    probabilities = outputs[-1][0]
    return {
        "type": "prediction",
        "network": network,
        "empty": False,
        "digit": int(probabilities.argmax()),
        "probabilities": np.round(probabilities.astype(float), 4).tolist(),
        "seen": packed(seen),
        "layers": [layer_picture(out[0]) for out in outputs[:-1]],
        "ms": round((time.perf_counter() - began) * 1e3, 2),
    }


def seen_by_network(image: np.ndarray) -> np.ndarray | None:
    """A drawing (size, size) of bytes as a digit (28, 28) in [0, 1]; None of an empty page."""
    ink = image.astype(np.float32) / 255
    return None if ink.max() < _FAINT else ink_to_digit(ink / ink.max())


def layer_picture(output: np.ndarray) -> dict[str, Any]:
    """A layer's output for one image: (units,), or (height, width, channels) as one map per channel.
    Bytes around 128 for 0.

    >>> layer_picture(np.zeros((5, 4, 3)))["shape"]
    [3, 5, 4]
    """
    maps = np.moveaxis(output, -1, 0) if output.ndim == 3 else output
    largest = float(np.abs(maps).max())
    return {
        "shape": list(maps.shape),
        "values": packed(maps, -largest, largest),
        "active": int((output != 0).sum()),
    }
