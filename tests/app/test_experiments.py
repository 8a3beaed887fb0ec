"""Every guided experiment shows what it claims, and has all its words in both languages."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest
from tests.app.conftest import PATIENCE

from narae.app.experiments import EXPERIMENTS, OUTCOMES, Experiment
from narae.app.messages import Compare
from narae.app.pair import Pair

QUICK = ("rate", "zeros", "seeds")  # the others take seconds each
CASES = [
    pytest.param(name, seed, marks=[] if seed == 1 and name in QUICK else pytest.mark.slow)
    for name in EXPERIMENTS
    for seed in range(1, 6)
]


def compared(message: Compare) -> dict[str, Any]:
    """The outcome of a comparison, without a server; "a" and "b" have their curves as "points" as well."""
    curves: dict[str, dict[int, Any]] = {"a": {}, "b": {}}
    found: dict[str, Any] = {}
    over = threading.Event()

    def send(said: dict[str, Any]) -> None:
        if said["type"] == "measured":
            curves[said["side"]] |= dict(enumerate(said["points"], said["first"]))
        if said["type"] == "outcome":
            found.update(said)
        if said["type"] == "outcome" or said.get("state") == "failed":
            over.set()

    pair = Pair(send)
    pair.ask(message)
    assert over.wait(PATIENCE)
    pair.close()
    assert pair.join(PATIENCE)
    for side in ("a", "b"):
        found[side] = {**found[side], "points": [curves[side][i] for i in range(len(curves[side]))]}
    return found


@pytest.mark.filterwarnings("ignore:The loss became NaN:RuntimeWarning")
@pytest.mark.parametrize(("name", "seed"), CASES)
def test_an_experiment_shows_what_it_claims(name: str, seed: int) -> None:
    experiment = EXPERIMENTS[name]
    found = compared(Compare(experiment.task, experiment.knobs(seed), False, name))
    assert found["outcome"] == experiment.expected, (found["a"], found["b"])
    assert [p["epoch"] for p in found["a"]["points"]] == list(range(found["a"]["epoch"] + 1))


def test_there_are_enough_and_each_differs_in_what_it_says() -> None:
    assert len(EXPERIMENTS) >= 12
    for name, experiment in EXPERIMENTS.items():
        a, b = experiment.knobs(1)
        differing = {knob for knob in a if a[knob] != b[knob]}
        assert differing == {*experiment.a, *experiment.b}, name
        assert experiment.expected in OUTCOMES


def test_the_larger_number_wins_by_the_margin_and_what_is_no_number_is_larger() -> None:
    row = Experiment("plane", {}, {}, {}, "val_loss", 0.1, "a")
    losses = [(0.5, 0.1), (0.1, 0.5), (0.1, 0.15), (math.nan, 0.1), (math.nan, math.nan)]
    outcomes = [row.outcome({"val_loss": a}, {"val_loss": b}) for a, b in losses]
    assert outcomes == ["a", "b", "same", "a", "same"]
