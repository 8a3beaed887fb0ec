"""What a knob may be set to: the one table of bounds, which the page draws its knobs from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from narae.base.types import Json


class BadMessage(ValueError):
    """A message that the server does not take; the text says what came and what was expected."""


class Bound(Protocol):
    """What a value must be."""

    def check(self, name: str, value: Json) -> Any:
        """The value, in the form it is used in. Raises BadMessage."""
        ...

    def described(self) -> dict[str, Any]:
        """JSON for the page."""
        ...


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`; `marks`: the values that the page offers."""

    low: float
    high: float
    whole: bool = True
    marks: tuple[float, ...] = ()

    def check(self, name: str, value: Json) -> Any:
        """The number as int or float."""
        # NaN is in no range
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and self.low <= value <= self.high
            and not (self.whole and value != int(value))
        ):
            return int(value) if self.whole else float(value)
        kind = "a whole number" if self.whole else "a number"
        raise BadMessage(
            f"{name}: expected {kind} from {self.low:g} to {self.high:g}, got {shown(value)}"
        )

    def described(self) -> dict[str, Any]:
        """Kind, ends and marks."""
        return {
            "kind": "number",
            "low": self.low,
            "high": self.high,
            "whole": self.whole,
            "marks": self.marks,
        }


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def check(self, name: str, value: Json) -> Any:
        """The word."""
        if not isinstance(value, str) or value not in self.options:
            raise BadMessage(
                f"{name}: expected one of {', '.join(self.options)}; got {shown(value)}"
            )
        return value

    def described(self) -> dict[str, Any]:
        """Kind and words."""
        return {"kind": "choice", "options": self.options}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, name: str, value: Json) -> Any:
        """The truth value."""
        if not isinstance(value, bool):
            raise BadMessage(f"{name}: expected true or false, got {shown(value)}")
        return value

    def described(self) -> dict[str, Any]:
        """Kind alone."""
        return {"kind": "flag"}


@dataclass(frozen=True)
class Row:
    """Up to `most` numbers."""

    each: Number
    most: int

    def check(self, name: str, value: Json) -> Any:
        """The numbers as a tuple."""
        if not isinstance(value, list) or len(value) > self.most:
            raise BadMessage(
                f"{name}: expected a list of at most {self.most} numbers, got {shown(value)}"
            )
        return tuple(self.each.check(f"{name}[{i}]", v) for i, v in enumerate(value))

    def described(self) -> dict[str, Any]:
        """Kind, how many, and what each may be."""
        return {**self.each.described(), "kind": "row", "most": self.most}


def shown(value: object) -> str:
    """A value for an error message: its beginning, since it may be of any size."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


_RATES = (0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "linear")
OPTIMIZERS = ("sgd", "rmsprop", "adagrad", "adam", "adamw", "nadam")
INITIAL = ("glorot", "he", "zeros", "large")
SCALES = ("one", "bytes")  # inputs as they are; times 255
PLANES = ("spirals", "circles", "moons", "xor")

KNOBS: dict[str, Bound] = {
    "data": Choice(PLANES),
    "noise": Number(0, 0.5, whole=False),
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
    "epochs": Number(1, 2000),
    "seed": Number(0, 2**31 - 1),
}

_SHARED = {
    "activation": "relu",
    "initial": "glorot",
    "scale": "one",
    "optimizer": "adam",
    "momentum": 0.0,
    "dropout": 0.0,
    "shuffled": 0.0,
    "patience": 0,
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
        "noise": 0.05,
        "units": [16, 16, 8],
        **_SHARED,
        "learning_rate": 0.01,
        "batch_size": 32,
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
    narae.app.knobs.BadMessage: units[0]: expected a whole number from 1 to 1024, got 0
    """
    if not isinstance(given, dict):
        raise BadMessage(f"knobs: expected an object, got {shown(given)}")
    known = DEFAULTS[task]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise BadMessage(f"knobs: {shown(unknown[0])} is none of {', '.join(known)}")
    return {name: KNOBS[name].check(name, given.get(name, known[name])) for name in known}
