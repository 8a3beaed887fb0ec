"""What there is to learn: digits or points of the plane, and the pictures that a network gives of itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.digits import digits
from narae.app.features import features_of
from narae.app.messages import packed
from narae.app.networks import Network
from narae.app.own import split
from narae.app.planes import EDGE, classes_of, grid, make_points
from narae.app.targets import Target

WEIGHT_IMAGES = 32
MAP_SIDE = 60


@dataclass(frozen=True)
class Task:
    """Data to train on and to validate with, what is to be learned, what the page is told first, and
    the pictures it is sent while the network learns."""

    x: np.ndarray
    y: np.ndarray
    validation_x: np.ndarray
    validation_y: np.ndarray
    target: Target
    opening: dict[str, Any]
    pictures: Callable[[Network], dict[str, Any]]


def _digits(knobs: Mapping[str, Any]) -> Task:
    data, count = digits(), knobs["samples"]
    return Task(
        data.x[:count],
        data.y[:count],
        data.validation_x,
        data.validation_y,
        Target(10),
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
    points, targets, training, more = _own(knobs) if knobs["data"] == "own" else _made(knobs)
    number = more["targets"] == "number"
    classes = 0 if number else more["classes"]
    x = features_of(points, knobs["features"])
    y = targets.astype(np.float32)[:, np.newaxis] if number else targets.astype(np.int32)
    spread = float(y[:training].var()) if number else 1.0
    opening = {
        "edge": EDGE,
        "points": np.round(points, 4).tolist(),
        "labels": np.round(targets, 4).tolist() if number else targets.tolist(),
        "training": training,
        "features": knobs["features"],
        **more,
    }
    parts = x[:training], y[:training], x[training:], y[training:]
    return Task(*parts, Target(classes, spread), opening, plane_maps)


# Points, targets, how many of them train (the first), and what the page is told of them.
_Points = tuple[np.ndarray, np.ndarray, int, dict[str, Any]]


def _made(knobs: Mapping[str, Any]) -> _Points:
    count, share, kind = knobs["points"], knobs["test_share"], knobs["data"]
    total = count + round(count * share / (1 - share))
    made = make_points(kind, total, knobs["noise"], knobs["seed"], knobs["classes"])
    classes = classes_of(kind, knobs["classes"])
    return *made, count, {"targets": "classes" if classes else "number", "classes": classes}


def _own(knobs: Mapping[str, Any]) -> _Points:
    own = knobs["own"]
    training, testing = split(own, knobs["test_share"], knobs["seed"])
    order = np.concatenate([training, testing])
    rows = np.array(own["points"])[order]
    classes = max(len(own["names"]), int(rows[:, 2].max()) + 1) if own["kind"] == "classes" else 0
    # `order`: where the points stand in the learner's own list
    more = {"targets": own["kind"], "classes": classes, "order": order.tolist()}
    return rows[:, :2].astype(np.float32), rows[:, 2], len(training), more


_CELLS = grid(MAP_SIDE)


def plane_maps(network: Network) -> dict[str, Any]:
    """What the network gives in every cell of the plane: of classes the likeliest one, and its probability; of
    a number that, with -1 as 0 and 1 as 255."""
    answers = np.asarray(network.model.predict_on_batch(network.inputs(_CELLS)))
    if network.target.classes:
        best = answers.argmax(axis=1).astype(np.uint8)
        found = {"best": base64.b64encode(best.tobytes()).decode()}
        return {"boundary": {"side": MAP_SIDE, "values": packed(answers.max(axis=1)), **found}}
    return {"boundary": {"side": MAP_SIDE, "values": packed(answers[:, 0], -1, 1)}}


TASKS: dict[str, Callable[[Mapping[str, Any]], Task]] = {"digits": _digits, "plane": _plane}
