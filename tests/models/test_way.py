"""The way of x: calls between the files of training go down, and an epoch takes the way that fits who looks."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae.models.training import epoch_run
from narae.models.training.epoch_run import Way

ROOT = Path(__file__).parent.parent.parent

# What was passed down is called from below: a function, or a property of the model by `Trainable`.
PASSED = {
    ("epoch_run", "loops"),  # how a batch is checked
    (
        "step_programs",
        "epoch_run",
    ),  # what is kept of a result, before another thread takes the program
    ("compiled_loss", "compiling"),  # the outputs' names, once the model has them
    ("compiled_metrics", "compiling"),
    ("dependencies", "steps"),  # the model's metrics, which have settings too
}


def way_tool() -> Any:
    spec = importlib.util.spec_from_file_location("way", ROOT / "tools" / "way.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["way"] = module  # its dataclass looks for itself there
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["way"]
    return module


def floors() -> dict[str, int]:
    """The floor of each file of training, as the contract of imports has them, the lowest 0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (training,) = (c for c in contracts if c.get("containers") == ["narae.models.training"])
    return {
        name.strip(): floor
        for floor, row in enumerate(reversed(training["layers"]))
        for name in row.replace(":", "|").split("|")
    }


@pytest.mark.parametrize("validate", [False, True])
def test_calls_between_files_of_training_go_down(validate: bool) -> None:
    model = narae.Sequential([narae.layers.Dense(4, activation="relu"), narae.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((10, 3), "float32"), np.ones((10, 2), "float32")
    split = 0.3 if validate else 0.0
    way = way_tool().walked(
        lambda: model.fit(x, y, batch_size=3, verbose=0, validation_split=split)
    )
    floor, room = floors(), "models/training/"
    pairs = [
        (Path(caller).stem, Path(called).stem)
        for caller, called in way.calls
        if caller.startswith(room) and called.startswith(room)
    ]
    assert {"loops", "epoch_run", "step_programs", "steps"} <= {name for p in pairs for name in p}
    assert {(a, b) for a, b in pairs if floor[a] < floor[b]} <= PASSED


class Looks(narae.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


@pytest.mark.parametrize(
    ("kind", "looks", "size", "arrays", "way"),
    [
        ("train", False, 1, True, Way.EPOCH),
        ("train", False, 3, True, Way.EPOCH),
        ("train", True, 3, True, Way.EXECUTION),
        ("train", True, 1, True, Way.BATCH),
        ("train", False, 1, False, Way.BATCH),
        ("predict", False, 1, True, Way.EPOCH),
        ("predict", True, 3, True, Way.BATCH),  # hooks are given each batch's outputs
    ],
)
def test_an_epoch_takes_the_way_that_fits(
    kind: str, looks: bool, size: int, arrays: bool, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Way] = []
    choose = epoch_run.EpochRun._way
    monkeypatch.setattr(
        epoch_run.EpochRun, "_way", lambda self: taken.append(choose(self)) or taken[-1]
    )
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=size)
    x, y = np.ones((12, 3), "float32"), np.ones((12, 1), "float32")
    callbacks = [Looks()] if looks else []
    if kind == "predict":
        model.predict(x, batch_size=2, verbose=0, callbacks=callbacks)
    elif arrays:
        model.fit(x, y, batch_size=2, verbose=0, callbacks=callbacks)
    else:
        model.fit(iter([(x, y)]), steps_per_epoch=1, verbose=0, shuffle=False)
    assert taken == [way]
