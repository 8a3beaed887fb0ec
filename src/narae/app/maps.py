"""A map of digits: test images by PCA or t-SNE of their pixels, or of what a layer makes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool

from narae.app.bounds import BadMessage, shown
from narae.app.digits import digits
from narae.app.inside.pictures import floats
from narae.app.map_requests import Map
from narae.app.messages import packed
from narae.inspect.plots.embedding import Principal, principal
from narae.inspect.plots.tsne import STEPS, Descent

COUNT = 1000  # test images: an exact t-SNE's work grows with their square
_AT_ONCE = 5  # steps between two turns of others: a tenth of a second
_MEASURED = 25  # steps between two measures of the divergence
Layers = Callable[[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class Drawn:
    """A map that is shown: where PCA places what is new, of which layer."""

    asked: Map
    found: Principal

    def place(self, image: np.ndarray, layers: Layers) -> dict[str, Any]:
        """The message for an image (28, 28) of the network's form."""
        if self.asked.method != "pca":
            raise BadMessage("only PCA places what is new: t-SNE has no formula for it")
        outputs = layers(image[np.newaxis])
        rows = _rows(image[np.newaxis], outputs, self.asked.layer)
        return {
            "type": "placed",
            "point": self.found.place(rows)[0].tolist(),
            "guess": int(outputs[-1][0].argmax()),
            "seen": packed(image),
        }


def begin(asked: Map, layers: Layers) -> tuple[dict[str, Any], Drawn, np.ndarray]:
    """The opening message, with the points by PCA, from which t-SNE begins; what places drawings; and the rows.

    layers: every layer's output for images (n, 28, 28), the last one probabilities."""
    data = digits()
    images = data.test_x[:COUNT].reshape(-1, 28, 28)
    outputs = layers(images)
    if asked.layer >= len(outputs):
        raise BadMessage(f"layer: this network has {len(outputs)}, got {shown(asked.layer)}")
    rows = _rows(images, outputs, asked.layer)
    found = principal(rows)
    points = found.place(rows)
    message = {
        "type": "map",
        "network": asked.network,
        "layer": asked.layer,
        "method": asked.method,
        "layers": [list(out.shape[1:]) for out in outputs],
        "labels": data.test_y[:COUNT].tolist(),
        "guesses": outputs[-1].argmax(axis=1).tolist(),
        "shares": found.shares,
        "points": floats(points),
        "of": STEPS if asked.method == "tsne" else 0,
    }
    if asked.images:
        message["images"] = packed(images)
    return message, Drawn(asked, found), rows


def _rows(images: np.ndarray, outputs: list[np.ndarray], layer: int) -> np.ndarray:
    chosen = images if layer < 0 else outputs[layer]
    return chosen.reshape(len(images), -1).astype(np.float64)


async def descend(
    rows: np.ndarray, start: np.ndarray, perplexity: float
) -> AsyncIterator[dict[str, Any]]:
    """Messages of a t-SNE, a few steps each, between which other sessions have their turn."""
    descent = await run_in_threadpool(Descent, rows, start, perplexity)
    loss = None
    while descent.steps < STEPS:
        await run_in_threadpool(descent.advance, _AT_ONCE)
        done = descent.steps >= STEPS
        if descent.steps % _MEASURED == 0:  # it costs as much as a step
            loss = await run_in_threadpool(descent.divergence)
        points = floats(descent.points)
        yield {"type": "moved", "points": points, "step": descent.steps, "kl": loss, "done": done}
