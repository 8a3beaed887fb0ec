"""What there is to learn: digits or points of the plane, and the pictures that a network gives of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.digits import digits
from narae.app.messages import packed
from narae.app.networks import Network
from narae.app.planes import EDGE, grid, make_points

WEIGHT_IMAGES = 32
MAP_SIDE = 60


@dataclass(frozen=True)
class Task:
    """Data to train on and to validate with, the number of classes, what the page is told first, and
    the pictures it is sent while the network learns."""

    x: np.ndarray
    y: np.ndarray
    validation_x: np.ndarray
    validation_y: np.ndarray
    classes: int
    opening: dict[str, Any]
    pictures: Callable[[Network], dict[str, Any]]


def _digits(knobs: Mapping[str, Any]) -> Task:
    data, count = digits(), knobs["samples"]
    return Task(
        data.x[:count],
        data.y[:count],
        data.validation_x,
        data.validation_y,
        10,
        {},
        weight_images,
    )


def weight_images(network: Network) -> dict[str, Any]:
    """What each of the first units looks for: its weights, 28 x 28, as bytes around 128 for 0."""
    weights = network.first_weights()
    shown = weights[:WEIGHT_IMAGES]
    largest = float(np.abs(shown).max())
    return {
        "weights": {
            "count": len(shown),
            "of": len(weights),
            "values": packed(shown, -largest, largest),
            "largest": largest,
        }
    }


def _plane(knobs: Mapping[str, Any]) -> Task:
    count = knobs["points"]
    # as many again for validation
    points, labels = make_points(knobs["data"], 2 * count, knobs["noise"], knobs["seed"])
    opening = {
        "edge": EDGE,
        "points": np.round(points, 3).tolist(),
        "labels": labels.tolist(),
        "training": count,
    }
    parts = points[:count], labels[:count], points[count:], labels[count:]
    return Task(*parts, 2, opening, plane_maps)


_CELLS = grid(MAP_SIDE)


def plane_maps(network: Network) -> dict[str, Any]:
    """The probability of class 1 in every cell of the plane."""
    surface = np.asarray(network.model.predict_on_batch(_CELLS))[:, 1]
    return {"boundary": {"side": MAP_SIDE, "values": packed(surface)}}


TASKS: dict[str, Callable[[Mapping[str, Any]], Task]] = {"digits": _digits, "plane": _plane}
