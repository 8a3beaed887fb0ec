"""What is measured of a training at the end of every epoch, so that two trainings can be compared: the numbers
depend on the knobs and the seed, never on how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from narae.app.progress import Progress

MOST = 2000  # samples of the training data that are measured
OFTEN = 0.1  # seconds between two messages with points of the curves


# "epoch", and of training and ("val_...") validation the loss and the score: means over samples, in inference,
# where nothing is dropped out and no step lies between them.
Point = dict[str, float]


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
        new = self.points[self._told :]
        self._told = len(self.points)
        self._tell({"kind": "measured", "points": new, "first": self._told - len(new)})

    def _point(self) -> Point:
        training = self._network.judged(self._data.x[:MOST], self._data.y[:MOST])
        return {"epoch": self.epochs, **training, **self._validation()}


def summary(points: list[Point]) -> Mapping[str, float]:
    """The numbers that an answer may name: the last ones, and by how much training is better than validation.

    >>> found = summary([{"epoch": 0, "accuracy": 0.5}, {"epoch": 1, "accuracy": 1.0, "val_accuracy": 0.75}])
    >>> found["epoch"], found["gap"]
    (1, 0.25)
    """
    last = points[-1]
    gap = {"gap": last["accuracy"] - last["val_accuracy"]} if "val_accuracy" in last else {}
    return {**last, **gap}
