"""The playground says what is wrong with a training, with knobs that mend it, and nothing of a healthy one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.app.conftest import Session

from narae.app.knobs import DEFAULTS, check_knobs

WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "too_high": ("digits", {"optimizer": "rmsprop", "learning_rate": 1.0, "samples": 1000}),
    "vanishing": ("digits", {"units": [32] * 6, "activation": "sigmoid", "samples": 1000}),
    "stuck": ("plane", {"initial": "zeros", "points": 100, "epochs": 8}),
    "overfitting": (
        "digits",
        {"samples": 100, "units": [256], "shuffled": 1.0, "epochs": 60, "learning_rate": 0.003},
    ),
}
HEALTHY: list[tuple[str, dict[str, Any]]] = [
    ("plane", {"epochs": 60}),
    ("plane", {"data": "circles", "units": [4], "epochs": 40}),
    ("plane", {"data": "moons", "units": [8], "optimizer": "sgd", "learning_rate": 0.3, "epochs": 40}),
    ("digits", {"samples": 5000, "epochs": 6}),
    ("digits", {"samples": 5000, "epochs": 4, "optimizer": "rmsprop", "dropout": 0.3}),
    ("digits", {"samples": 1000, "epochs": 5, "optimizer": "sgd", "learning_rate": 0.1}),
]  # fmt: skip


def findings(
    session: Session, task: str, knobs: dict[str, Any], first: bool
) -> list[dict[str, Any]]:
    """What is found in a training; first: until something is."""
    session.send("train", task=task, knobs=knobs)
    session.wait("begun", task=task)
    found: list[dict[str, Any]] = []
    while not (first and found):
        message = session.next()
        if message["type"] == "finding":
            found.append(message)
        if message["type"] == "status" and message["state"] in ("done", "diverged", "failed"):
            break
    return found


@pytest.mark.parametrize("symptom", WRONG)
def test_what_is_wrong_is_said_and_its_mend_helps(session: Session, symptom: str) -> None:
    task, knobs = WRONG[symptom]
    epochs = knobs.get("epochs", 12)
    (found, *_) = findings(session, task, {**knobs, "epochs": epochs}, first=True)
    assert found["symptom"] == symptom
    assert all(isinstance(figure, (int, float)) for figure in found["figures"].values())
    mended = {**DEFAULTS[task], **knobs, "epochs": epochs, **found["fix"]}
    assert check_knobs(task, mended) != check_knobs(task, {**knobs, "epochs": epochs})


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        pytest.param(*case, marks=[] if case in HEALTHY[::5] else pytest.mark.slow)
        for case in HEALTHY
    ],
)
def test_a_healthy_training_is_left_in_peace(session: Session, task: str, knobs: Any) -> None:
    assert findings(session, task, knobs, first=False) == []
