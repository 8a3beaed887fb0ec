"""What is wrong with a training of the playground, and the knobs that mend it: the questions of narae.diagnose,
asked once an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from narae.app.bounds import Number
from narae.app.knobs import KNOBS
from narae.app.networks import Network
from narae.app.tasks import Task
from narae.base.types import Json
from narae.diagnose.rates import constant_loss, too_high
from narae.diagnose.training import dead_units, exploding, overfitting, stuck, vanishing

Fix = Mapping[str, Json]  # knobs, and what they are set to
PATIENCE = 4  # epochs until a loss that does not move, or overfitting, is named
TWICE = 2  # epochs in a row in which a symptom has to be there: one may be chance
_RISE = 0.1  # of a constant answer's loss: a validation loss that rises by less is still small
_PROBE = 256  # samples whose answers show which units live
_BENT = ("sigmoid", "tanh")  # activations whose slopes are far below 1 at their ends


class Doctor:
    """Follows one training. Each symptom is told once.

    knobs: of the training, by which mends are chosen.
    """

    def __init__(self, knobs: Mapping[str, Any], data: Task, network: Network) -> None:
        self._knobs, self._data, self._network = knobs, data, network
        self._losses: list[float] = []
        self._validation: list[float] = []
        self._since: list[float] = []
        self._gradients: list[float] = []
        self._seen: dict[str, int] = {}
        self._told: set[str] = set()
        self._classes = data.target.classes > 0
        self._constant = constant_loss(data.y, data.target.loss)

    def step(self, logs: Mapping[str, float]) -> Iterator[dict[str, Any]]:
        """Look at a step."""
        self._since.append(logs["loss"])
        self._gradients = [logs[f"gradient_{i}"] for i in range(self._network.depth)]
        if not math.isfinite(logs["loss"]):
            yield from self._found("not_a_number", self._slower())

    def epoch(self) -> Iterator[dict[str, Any]]:
        """Look at an epoch: the symptoms that are new, as messages for the page."""
        if not self._since:
            return
        self._losses.append(float(np.mean(self._since)))
        self._since = []
        validation = self._network.judged(self._data.validation_x, self._data.validation_y)
        if validation:
            self._validation.append(validation["loss"])
        figures = {"loss": self._losses[-1], "constant": self._constant}
        if self._twice("too_high", too_high(self._losses, self._constant, self._classes)):
            yield from self._found("too_high", self._slower(), **figures)
        weights = self._weights()
        if self._twice("exploding", exploding(weights)):
            length = math.sqrt(sum(g * g for _, _, g in weights.values()))
            yield from self._found("exploding", self._slower(), norm=length)
        # Units that are all the same are told as a loss that is stuck.
        if self._knobs["initial"] != "zeros":
            yield from self._units(weights)
        if not self._told and stuck(self._losses, PATIENCE):
            yield from self._found("stuck", self._moving(), **figures, epochs=len(self._losses))
        if overfitting(self._losses, self._validation, PATIENCE):
            best = int(np.argmin(self._validation))
            lowest, now = self._validation[best], self._validation[-1]
            if now - lowest > _RISE * (self._constant or 0.0):
                fix = self._plainer(best + 1)
                yield from self._found("overfitting", fix, lowest=lowest, now=now, epoch=best + 1)

    def _units(self, weights: Mapping[str, tuple[int, float, float]]) -> Iterator[dict[str, Any]]:
        share = self._dead()
        if self._twice("dead", next(dead_units({"": share}, _PROBE), None)):
            yield from self._found("dead", self._livelier(), share=share)
        if self._twice("vanishing", vanishing(weights)):
            first, *_, last = (g for _, _, g in weights.values())
            yield from self._found("vanishing", self._straighter(), first=first, last=last)

    def _twice(self, name: str, found: object) -> bool:
        self._seen[name] = self._seen.get(name, 0) + 1 if found else 0
        return self._seen[name] >= TWICE

    def _found(self, symptom: str, fix: Fix, **figures: float | None) -> Iterator[dict[str, Any]]:
        if symptom not in self._told:
            self._told.add(symptom)
            yield {"symptom": symptom, "figures": figures, "fix": dict(fix)}

    # -- what is looked at -------------------------------------------------------------------

    def _weights(self) -> dict[str, tuple[int, float, float]]:
        kernels = [w for w in self._network.model.trainable_weights if len(w.shape) > 1]
        arrays = [np.asarray(w.numpy(), np.float64) for w in kernels]
        return {
            f"{i}/kernel": (a.size, float(np.linalg.norm(a)), g)
            for i, (a, g) in enumerate(zip(arrays, self._gradients, strict=False))
        }

    def _dead(self) -> float:
        """The largest share, over hidden layers, of units that are 0 for every sample."""
        if self._network.depth == 1:
            return 0.0
        outs = self._network.view.predict_on_batch(self._data.x[:_PROBE])[:-1]
        return max(float((np.asarray(out) == 0).all(axis=0).mean()) for out in outs)

    # -- what mends it ------------------------------------------------------------------------

    def _rate(self) -> float:
        return float(np.asarray(self._network.model.optimizer.learning_rate))

    def _slower(self) -> Fix:
        # a tenth, or at once what the optimizer usually takes, if that is far below
        usual = 0.1 if self._knobs["optimizer"] in ("sgd", "adagrad") else 0.003
        return {"learning_rate": mark("learning_rate", min(self._rate() / 10, usual))}

    def _livelier(self) -> Fix:
        usual = 0.5 if self._knobs["optimizer"] == "sgd" else 0.03
        return self._slower() if self._rate() >= usual else {"activation": "leaky_relu"}

    def _straighter(self) -> Fix:
        if self._knobs["activation"] in _BENT:
            return {"activation": "relu", "initial": "he"}
        units = list(self._knobs["units"])
        return {"units": units[: max(1, len(units) // 2)], "initial": "he"}

    def _moving(self) -> Fix:
        knobs = self._knobs
        if knobs["initial"] == "zeros":
            return {"initial": "glorot"}
        if knobs["shuffled"]:
            return {"shuffled": 0.0}
        if knobs["scale"] == "bytes":
            return {"scale": "one"}
        if not knobs["units"]:
            return {"units": [16, 16]}
        if knobs["activation"] == "linear":
            return {"activation": "relu"}
        return {"learning_rate": mark("learning_rate", self._rate() * 10)}

    def _plainer(self, best: int) -> Fix:
        size = "samples" if "samples" in self._knobs else "points"
        if size in self._knobs and self._knobs[size] < 1000:
            return {size: mark(size, self._knobs[size] * 10)}
        if not self._knobs["dropout"]:
            return {"dropout": 0.3}
        return {"epochs": best}


def mark(name: str, value: float) -> float:
    """The value of those that a knob's page offers that is nearest, by its ratio.

    >>> mark("learning_rate", 0.0099)
    0.01
    """
    bound = KNOBS[name]
    assert isinstance(bound, Number)
    marks = [m for m in bound.marks if m > 0]
    return min(marks, key=lambda m: abs(math.log(m / max(value, 1e-12))))
