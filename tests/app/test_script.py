"""A training leaves the playground as a script that runs as it stands, and as a file that Keras opens."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.app.conftest import Session

import narae
from narae.app.digits import digits
from narae.app.knobs import check_knobs
from narae.app.script import script

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "digits": ("digits", {"samples": 1000, "epochs": 4}),
    "digits with all": (
        "digits",
        {"units": [32, 16], "dropout": 0.2, "scale": "bytes", "initial": "he", "samples": 1000, "epochs": 3,
         "shuffled": 0.2, "patience": 3, "optimizer": "rmsprop", "momentum": 0.5, "l2": 0.0001},
    ),
    "no hidden layer": (
        "plane",
        {"units": [], "data": "moons", "epochs": 20, "optimizer": "sgd", "learning_rate": 0.3},
    ),
    "spirals": ("plane", {"epochs": 60, "initial": "large", "features": ["x", "y", "xy"]}),
}  # fmt: skip


def trained(session: Session, task: str, knobs: dict[str, Any]) -> float:
    """The validation loss of a training in the playground."""
    session.send("train", task=task, knobs=knobs)
    last = float("nan")
    while True:
        message = session.next()
        last = message.get("val_loss", last) if message["type"] == "progress" else last
        if message["type"] == "status" and message["state"] in ("done", "stopped"):
            return last
        assert message.get("state") != "failed", message


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in ("digits", "spirals") else []) for n in CASES],
)
def test_the_script_runs_and_trains_to_about_the_same(
    session: Session, name: str, tmp_path: Path
) -> None:
    task, knobs = CASES[name]
    here = trained(session, task, knobs)
    text = script(task, check_knobs(task, knobs))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    file = tmp_path / "script.py"
    file.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("["))
    there = float(line.strip("[]").split(",")[0])
    # the same weights to begin with, and another order of the batches
    assert there == pytest.approx(here, rel=0.35, abs=0.06)
    assert (tmp_path / "playground.keras").exists()


def test_a_saved_network_opens_in_narae_and_in_keras(session: Session, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    knobs = {"samples": 1000, "epochs": 2, "dropout": 0.1}
    trained(session, "digits", knobs)
    session.send("save", task="digits", knobs=knobs)
    path = tmp_path / "digits.keras"
    path.write_bytes(base64.b64decode(session.wait("saved")["file"]))
    x, y = digits().test_x[:500], digits().test_y[:500]
    ours = narae.models.load_model(path)
    assert ours.evaluate(x, y, verbose=0)[1] > 0.5
    theirs = keras.models.load_model(path)
    np.testing.assert_allclose(theirs.predict(x, verbose=0), ours.predict(x, verbose=0), atol=1e-5)


def test_nothing_is_saved_before_there_is_a_network(session: Session) -> None:
    session.send("save", task="plane", knobs={})
    assert session.wait("error")["code"] == "no_network"
