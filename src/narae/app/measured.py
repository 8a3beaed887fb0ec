"""What is measured of a training at the end of every epoch, so that two trainings can be compared: the numbers
depend on the knobs and the seed, never on how fast the machine is."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narae.app.progress import Progress

MOST = 2000  # samples of the training data that are measured
GOOD = 0.9  # the validation accuracy that "reached" waits for
OFTEN = 0.1  # seconds between two messages with points of the curves


@dataclass(frozen=True)
class Point:
    """Means over samples, in inference: nothing is dropped out, and no step lies between them. Of targets that are
    numbers "accuracy" is R²."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


class Measured(Progress):
    """Progress that measures after each epoch, and tells of the curves in messages "measured"."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.points = [self._point()]
        self._told, self._when = 0, 0.0

    def epoch(self) -> None:
        """Count an epoch, and measure."""
        super().epoch()
        self.points.append(self._point())
        if time.monotonic() - self._when >= OFTEN:
            self._tell_points()

    def end(self) -> None:
        """Measure once more: early stopping has brought back other weights."""
        self.points[-1] = self._point()
        self._told = min(self._told, len(self.points) - 1)
        self._tell_points()

    def _tell_points(self) -> None:
        self._when = time.monotonic()
        new = [asdict(point) for point in self.points[self._told :]]
        self._told = len(self.points)
        self._tell({"kind": "measured", "points": new, "first": self._told - len(new)})

    def _point(self) -> Point:
        data = self._data
        return Point(
            self.epochs,
            *self._means(data.x[:MOST], data.y[:MOST]),
            *self._means(data.validation_x, data.validation_y),
        )

    def _means(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        if not len(x):  # own points too few to spare any
            return math.nan, math.nan
        answers = np.asarray(self._network.model.predict(x, batch_size=len(x), verbose=0))
        target = self._network.target
        found = target.report(answers, y)
        return found["loss"], found[target.score]


def summary(points: list[Point]) -> Mapping[str, float]:
    """The numbers that an answer may name: the last ones, the gap, the first epoch that was good.

    >>> found = summary([Point(0, 0.7, 0.5, 0.7, 0.5), Point(1, 0.1, 1.0, 0.3, 0.92)])
    >>> found["reached"], round(found["gap"], 2)
    (1, 0.08)
    """
    last = asdict(points[-1])
    reached = next((p.epoch for p in points if p.val_accuracy >= GOOD), points[-1].epoch)
    return {
        **last,
        "gap": last["accuracy"] - last["val_accuracy"],
        "best_val_loss": min(p.val_loss for p in points),
        "reached": reached,
    }
