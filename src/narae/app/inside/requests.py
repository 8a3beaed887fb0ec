"""What the page asks of the inside of a network: to look, to edit, and to carry a sample through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from narae.app.bounds import BadMessage, Bound, Choice, Flag, Number
from narae.base.types import Json

Fields = dict[str, Json]
Check = Callable[[Fields, str, Bound], Json]
T = TypeVar("T")

LAYER, UNIT = Number(0, 6), Number(0, 1023)
MOST_SHOWN = 64
ACTIONS = ("off", "on", "weight", "bias", "undo", "restore", "all_on")
SOURCES = ("dense", "conv", "mine", "plane")


@dataclass(frozen=True)
class Look:
    """What the page wants to see of a task's network with each picture: the diagram, up to `most` units of a
    layer; and one unit whole."""

    task: str
    open: bool
    most: int
    unit: tuple[int, int] | None


@dataclass(frozen=True)
class Edit:
    """A change of one unit by hand; layers are those with weights, counted from 0. source: of the weight."""

    task: str
    action: str
    layer: int
    unit: int
    source: int
    value: float


@dataclass(frozen=True)
class Sample:
    """One sample to be carried through: a point of the plane, a test image, or a drawing (size, size) of bytes.

    target: its class or value, None for what the network says itself. focus: the layer of the model that is
    looked at, its unit or map, the weight's source, and the place in its map.
    """

    network: str
    point: tuple[float, float] | None
    index: int | None
    image: np.ndarray | None
    target: float | None
    layer: int | None
    unit: int | None
    source: int | None
    place: tuple[int, int] | None


def read_look(given: Fields, task: Bound) -> Look:
    """The message `look`. Raises BadMessage."""
    unit = given.get("unit")
    if unit is not None:
        unit = _pair(unit, "unit", LAYER, UNIT)
    return Look(
        task.check("task", given.get("task")),
        Flag().check("open", given.get("open")),
        Number(2, MOST_SHOWN).check("most", given.get("most", 16)),
        unit,
    )


def read_edit(given: Fields, task: Bound) -> Edit:
    """The message `edit`. Raises BadMessage."""
    return Edit(
        task.check("task", given.get("task")),
        Choice(ACTIONS).check("action", given.get("action")),
        LAYER.check("layer", given.get("layer", 0)),
        UNIT.check("unit", given.get("unit", 0)),
        UNIT.check("source", given.get("source", 0)),
        Number(-1000, 1000, whole=False).check("value", given.get("value", 0)),
    )


def read_sample(given: Fields, picture: Callable[[Json, int], np.ndarray]) -> Sample:
    """The message `sample`; picture: reads a drawing. Raises BadMessage."""
    network = Choice(SOURCES).check("network", given.get("network"))
    sources = [name for name in ("point", "index", "image") if given.get(name) is not None]
    wanted = ["point"] if network == "plane" else ["index", "image"]
    if len(sources) != 1 or sources[0] not in wanted:
        raise BadMessage(f"sample: expected {' or '.join(wanted)} of {network}, got {sources}")
    coordinate = Number(-100, 100, whole=False)
    image = None
    if "image" in sources:
        image = picture(given["image"], Number(8, 128).check("size", given.get("size")))
    return Sample(
        network,
        _optional(given, "point", lambda v: _pair(v, "point", coordinate, coordinate)),
        _optional(given, "index", lambda v: Number(0, 9999).check("index", v)),
        image,
        _optional(given, "target", lambda v: Number(-1e6, 1e6, whole=False).check("target", v)),
        _optional(given, "layer", lambda v: Number(0, 40).check("layer", v)),
        _optional(given, "unit", lambda v: UNIT.check("unit", v)),
        _optional(given, "source", lambda v: Number(0, 10000).check("source", v)),
        _optional(given, "place", lambda v: _pair(v, "place", Number(0, 27), Number(0, 27))),
    )


def _optional(given: Fields, name: str, read: Callable[[Json], T]) -> T | None:
    value = given.get(name)
    return None if value is None else read(value)


def _pair(value: Json, name: str, *bounds: Bound) -> tuple:
    if not isinstance(value, list) or len(value) != 2:
        raise BadMessage(f"{name}: expected two numbers")
    return tuple(b.check(f"{name}[{i}]", v) for i, (b, v) in enumerate(zip(bounds, value)))
