"""What a page is told of a training, and how often: twenty times a second, pictures less."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.app.networks import Network
from narae.app.tasks import Task

# Seconds between two of a kind: numbers; pictures, which are tens of kilobytes; validation, which
# costs as much as some steps.
EVERY = {"numbers": 0.05, "pictures": 0.15, "validation": 0.2}


class Progress:
    """Gathers the steps of one network, and tells of them in time.

    tell: called with the numbers since it was called before; inside: gives what the page looks at of the
    network's inside, with each picture.
    """

    def __init__(
        self,
        network: Network,
        data: Task,
        tell: Callable[[dict[str, Any]], None],
        inside: Callable[[], dict[str, Any]],
    ) -> None:
        self._network, self._data, self._tell, self._inside = network, data, tell, inside
        self._score = network.target.score
        self._last = dict.fromkeys(EVERY, -math.inf)
        self._began, self.steps, self.epochs = time.monotonic(), 0, 0
        self._since: list[tuple[float, float]] = []
        self._gradients: list[float] = []

    def step(self, logs: dict[str, float], at_once: bool) -> bool:
        """Count a step; whether its loss is no number any more."""
        self.steps += 1
        self._since.append((logs["loss"], logs[self._score]))
        self._gradients = [logs[f"gradient_{i}"] for i in range(self._network.depth)]
        diverged = not math.isfinite(logs["loss"])
        if at_once or diverged or self._due("numbers"):
            self.report(whole=diverged or at_once)
        return diverged

    def epoch(self) -> None:
        """Count an epoch."""
        self.epochs += 1
        if self._since and self._due("numbers"):
            self.report()

    def end(self) -> None:
        """The training is over; the weights are those that stay."""

    def report(self, whole: bool = False) -> None:
        """Tell what is new; whole: pictures and validation even when it is not their time."""
        found: dict[str, Any] = {"step": self.steps, "epoch": self.epochs}
        if self._since:
            loss, score = np.mean(self._since, axis=0)
            found |= {"loss": float(loss), self._score: float(score)}
            found["gradients"] = self._gradients
            self._since = []
        if self._due("pictures") or whole:
            self._done("pictures")
            found |= self._data.pictures(self._network)
            found["inside"] = self._inside()
        if self._due("validation") or whole:
            self._done("validation")
            found |= self._validation()
        self._done("numbers")
        self._tell(found)

    def _validation(self) -> dict[str, float]:
        found = self._network.judged(self._data.validation_x, self._data.validation_y)
        return {f"val_{name}": value for name, value in found.items()}

    def _due(self, kind: str) -> bool:
        return time.monotonic() - self._last[kind] >= EVERY[kind]

    def _done(self, kind: str) -> None:
        self._last[kind] = time.monotonic()
