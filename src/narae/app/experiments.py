"""Guided experiments: what two networks differ in, what is measured of them, and which is expected to win.

The words (question, predictions, answers) are in static/strings-experiments.json, by the names here. Which answer is
given is decided by what was measured; `expected` is held by tests, and tells the page whether its reason is to
the point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from narae.app.knobs import check_knobs

OUTCOMES = ("a", "b", "same")


@dataclass(frozen=True)
class Experiment:
    """Two sets of knobs, and a number to compare.

    both: knobs that differ from the task's own; a, b: what each network has of its own; measure: a number of
    `measured.summary`; margin: the least difference that is one; expected: which of OUTCOMES the table claims;
    chapter: where the book treats it, 0 where it does not.
    """

    task: str
    both: Mapping[str, Any]
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    measure: str
    margin: float
    expected: str
    chapter: int = 0

    def knobs(self, seed: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """All knobs of both networks; a seed that an experiment sets itself is counted from the given one."""
        first, second = (
            {"seed": seed, **self.both, **own, **_seed(own, seed)} for own in (self.a, self.b)
        )
        return check_knobs(self.task, first), check_knobs(self.task, second)

    def outcome(self, a: Mapping[str, float], b: Mapping[str, float]) -> str:
        """The side whose number is larger by the margin, or "same". What is no number is larger than all."""
        first, second = (_comparable(found[self.measure]) for found in (a, b))
        if first == second or abs(first - second) < self.margin:
            return "same"
        return "a" if first > second else "b"

    def described(self) -> dict[str, Any]:
        """JSON for the page, without what is expected."""
        a, b = self.knobs(1)
        kept = {k: v for k, v in asdict(self).items() if k in ("task", "measure", "chapter")}
        return {**kept, "a": a, "b": b}


def _seed(own: Mapping[str, Any], seed: int) -> dict[str, int]:
    return {"seed": seed + own["seed"]} if "seed" in own else {}


def _comparable(value: float) -> float:
    return value if math.isfinite(value) else math.inf


_CIRCLES = {"data": "circles", "points": 200, "noise": 0.05, "units": [8], "batch_size": 20}
_SPIRALS = {"data": "spirals", "points": 300, "noise": 0.02, "units": [16, 16], "batch_size": 30}
_FEW = {"data": "moons", "points": 40, "noise": 0.3, "units": [128, 128], "batch_size": 20}
_DIGITS = {"samples": 500, "units": [32], "batch_size": 50}

EXPERIMENTS: dict[str, Experiment] = {
    "hidden": Experiment(
        "plane", {**_SPIRALS, "epochs": 80}, {"units": []}, {"units": [16, 16]},
        "val_accuracy", 0.1, "b", 3,
    ),
    "bends": Experiment(
        "plane", {**_CIRCLES, "epochs": 40}, {"activation": "linear"}, {"activation": "relu"},
        "val_accuracy", 0.1, "b", 3,
    ),
    "rate": Experiment(
        "plane", {**_SPIRALS, "epochs": 60}, {"learning_rate": 0.03}, {"learning_rate": 0.3},
        "val_accuracy", 0.05, "a", 4,
    ),
    "momentum": Experiment(
        "plane", {**_CIRCLES, "optimizer": "sgd", "learning_rate": 0.03, "epochs": 60},
        {"momentum": 0.0}, {"momentum": 0.9}, "val_loss", 0.05, "a", 4,
    ),
    "batch": Experiment(
        "plane", {**_CIRCLES, "optimizer": "sgd", "learning_rate": 0.03, "epochs": 10},
        {"batch_size": 1}, {"batch_size": 200}, "val_accuracy", 0.1, "a", 4,
    ),
    "zeros": Experiment(
        "plane", {**_CIRCLES, "epochs": 40}, {"initial": "glorot"}, {"initial": "zeros"},
        "val_accuracy", 0.1, "a", 5,
    ),
    "large": Experiment(
        "digits", {**_DIGITS, "units": [32, 32], "epochs": 12}, {"initial": "glorot"},
        {"initial": "large"}, "val_accuracy", 0.05, "a", 5,
    ),
    "scale": Experiment(
        "digits", {**_DIGITS, "optimizer": "sgd", "learning_rate": 0.1, "epochs": 10},
        {"scale": "one"}, {"scale": "bytes"}, "val_accuracy", 0.1, "a", 2,
    ),
    "sigmoid": Experiment(
        "plane", {**_CIRCLES, "units": [8, 8, 8, 8, 8, 8], "epochs": 30}, {"activation": "relu"},
        {"activation": "sigmoid"}, "val_accuracy", 0.1, "a", 4,
    ),
    "overfit": Experiment(
        "plane", {**_FEW, "epochs": 60}, {"points": 40}, {"points": 500, "epochs": 10},
        "gap", 0.05, "a", 1,
    ),
    "size": Experiment(
        "plane", {**_FEW, "epochs": 100}, {"units": [4]}, {"units": [128, 128]},
        "val_loss", 0.3, "b", 1,
    ),
    "dropout": Experiment(
        "plane", {**_FEW, "epochs": 100}, {"dropout": 0.0}, {"dropout": 0.5}, "val_loss", 0.1, "a", 1,
    ),
    "stopping": Experiment(
        "plane", {**_FEW, "epochs": 120}, {"patience": 0}, {"patience": 10}, "val_loss", 0.1, "a", 1,
    ),
    "shuffled": Experiment(
        "digits", {"samples": 300, "units": [128], "batch_size": 50, "learning_rate": 0.003, "epochs": 20},
        {"shuffled": 0.0}, {"shuffled": 1.0},
        "val_accuracy", 0.2, "a", 1,
    ),
    "noise": Experiment(
        "plane", {**_CIRCLES, "epochs": 40}, {"noise": 0.0}, {"noise": 0.3},
        "val_accuracy", 0.1, "a", 1,
    ),
    "seeds": Experiment(
        "plane", {**_CIRCLES, "data": "moons", "units": [16, 16], "epochs": 60}, {"seed": 0}, {"seed": 1},
        "val_accuracy", 0.05, "same", 5,
    ),
    "depth": Experiment(
        "plane", {**_SPIRALS, "epochs": 80}, {"units": [64]}, {"units": [14, 14]},
        "val_accuracy", 0.05, "b", 3,
    ),
}  # fmt: skip
