"""What a knob may be set to: the one table of bounds, which the page draws its knobs from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from narae.app.bounds import BadMessage, Bound, Choice, Number, Row, Several, shown
from narae.app.features import FEATURES
from narae.app.own import MOST_CLASSES, Own
from narae.app.planes import PLANES, SURFACES
from narae.base.types import Json

_RATES = (0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "linear")
OPTIMIZERS = ("sgd", "rmsprop", "adagrad", "adam", "adamw", "nadam")
INITIAL = ("glorot", "he", "zeros", "large")
SCALES = ("one", "bytes")  # inputs as they are; times 255
_PENALTIES = (0.0, 0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)

KNOBS: dict[str, Bound] = {
    "data": Choice((*PLANES, *SURFACES, "own")),
    "own": Own(),
    "classes": Number(2, MOST_CLASSES, marks=tuple(range(2, MOST_CLASSES + 1))),
    "noise": Number(0, 0.5, whole=False),
    "test_share": Number(0.1, 0.8, whole=False),
    "features": Several(FEATURES),
    "points": Number(20, 2000, marks=(50, 100, 200, 500, 1000, 2000)),
    "samples": Number(100, 50000, marks=(100, 500, 1000, 5000, 10000, 20000, 50000)),
    "units": Row(Number(1, 1024), most=6),
    "activation": Choice(ACTIVATIONS),
    "optimizer": Choice(OPTIMIZERS),
    "initial": Choice(INITIAL),
    "scale": Choice(SCALES),
    "learning_rate": Number(1e-6, 10, whole=False, marks=_RATES),
    "batch_size": Number(1, 1024, marks=(1, 4, 16, 32, 64, 128, 256, 512, 1024)),
    "momentum": Number(0, 0.99, whole=False),
    "dropout": Number(0, 0.9, whole=False),
    "shuffled": Number(0, 1, whole=False),
    "patience": Number(0, 100, marks=(0, 3, 5, 10, 20, 50)),
    "l1": Number(0, 1, whole=False, marks=_PENALTIES),
    "l2": Number(0, 1, whole=False, marks=_PENALTIES),
    "epochs": Number(1, 2000),
    "seed": Number(0, 2**31 - 1),
}

_SHARED = {
    "activation": "relu",
    "initial": "glorot",
    "scale": "one",
    "optimizer": "adam",
    "learning_rate": 0.01,
    "momentum": 0.0,
    "batch_size": 32,
    "dropout": 0.0,
    "shuffled": 0.0,
    "patience": 0,
    "l1": 0.0,
    "l2": 0.0,
    "seed": 1,
}
# What each task's knobs are, in the page's order, and how they stand at first.
DEFAULTS: dict[str, dict[str, Any]] = {
    "digits": {
        "units": [128],
        **_SHARED,
        "learning_rate": 0.001,
        "batch_size": 128,
        "samples": 20000,
        "epochs": 10,
    },
    "plane": {
        "data": "spirals",
        "own": {"kind": "classes", "points": [], "names": [], "table": None},
        "classes": 2,
        "noise": 0.05,
        "test_share": 0.5,
        "features": ["x", "y"],
        "units": [16, 16, 8],
        **_SHARED,
        "points": 500,
        "epochs": 200,
    },
}


def check_knobs(task: str, given: Json) -> Mapping[str, Any]:
    """All of a task's knobs, those that are not given as they stand at first. Raises BadMessage.

    >>> check_knobs("digits", {"units": [32, 16]})["units"]
    (32, 16)
    >>> check_knobs("digits", {"units": [0]})
    Traceback (most recent call last):
    narae.app.bounds.BadMessage: units[0]: expected a whole number from 1 to 1024, got 0
    """
    if not isinstance(given, dict):
        raise BadMessage(f"knobs: expected an object, got {shown(given)}")
    known = DEFAULTS[task]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise BadMessage(f"knobs: {shown(unknown[0])} is none of {', '.join(known)}")
    return {name: KNOBS[name].check(name, given.get(name, known[name])) for name in known}
