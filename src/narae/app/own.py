"""A learner's own points of the plane: how they come from the page, and which of them test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.bounds import BadMessage, Choice, Flag, Number, shown
from narae.app.planes import EDGE, stream
from narae.base.types import Json

MOST, MOST_CLASSES = 2000, 8
KINDS = Choice(("classes", "number"))
_LONGEST = 80  # characters of a name
_PLACE = Number(-EDGE, EDGE, whole=False)
_TARGETS = {"classes": Number(0, MOST_CLASSES - 1), "number": Number(-1, 1, whole=False)}
_VALUE = Number(-1e15, 1e15, whole=False)


@dataclass(frozen=True)
class Own:
    """Points with a class or a number each: {"kind", "points": [[x, y, target]...], "names": of the classes,
    "table": the CSV file they came from, and where in it; None where they were placed by hand}."""

    def check(self, name: str, value: Json) -> dict[str, Any]:
        """The same, each field within its bounds. Raises BadMessage."""
        if not isinstance(value, dict):
            raise BadMessage(f"{name}: expected an object with points, got {shown(value)}")
        kind = KINDS.check(f"{name}.kind", value.get("kind"))
        points = value.get("points")
        if not isinstance(points, list) or len(points) > MOST:
            raise BadMessage(
                f"{name}.points: expected a list of at most {MOST:,}, got {shown(points)}"
            )
        each = (_PLACE, _PLACE, _TARGETS[kind])
        return {
            "kind": kind,
            "points": [_row(f"{name}.points[{i}]", p, each) for i, p in enumerate(points)],
            "names": _names(f"{name}.names", value.get("names", [])),
            "table": _table(f"{name}.table", value.get("table")),
        }

    def described(self) -> dict[str, Any]:
        """Kind, and how many points and classes there may be."""
        return {"kind": "points", "most": MOST, "classes": MOST_CLASSES}


def _row(name: str, row: Json, each: tuple[Number, ...]) -> list[float]:
    if not isinstance(row, list) or len(row) != len(each):
        raise BadMessage(f"{name}: expected [x, y, target], got {shown(row)}")
    return [bound.check(name, v) for bound, v in zip(each, row, strict=True)]


def _names(name: str, value: Json) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_CLASSES:
        raise BadMessage(f"{name}: expected at most {MOST_CLASSES} names, got {shown(value)}")
    return [_text(f"{name}[{i}]", v) for i, v in enumerate(value)]


def _text(name: str, value: Json) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise BadMessage(
            f"{name}: expected a text of at most {_LONGEST} characters, got {shown(value)}"
        )
    return value


def _table(name: str, value: Json) -> dict[str, Any] | None:
    """Where points of a file came from: its name and form, and of x, y and the target the column's place and
    name, with the values that lie at -1 and 1 of the plane."""
    if value is None:
        return None
    columns = value.get("columns") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(columns, list):
        raise BadMessage(f"{name}: expected an object with columns, got {shown(value)}")
    found_columns = [c for c in columns if isinstance(c, dict)]
    if len(found_columns) != 3 or len(columns) != 3:
        raise BadMessage(f"{name}.columns: expected three objects, got {shown(columns)}")
    found = {
        field: _text(f"{name}.{field}", value.get(field))
        for field in ("file", "separator", "decimal", "encoding")
    }
    return {
        **found,
        "header": Flag().check(f"{name}.header", value.get("header")),
        "columns": [_column(f"{name}.columns[{i}]", c) for i, c in enumerate(found_columns)],
    }


def _column(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "place": Number(0, 999).check(f"{name}.place", value.get("place")),
        "name": _text(f"{name}.name", value.get("name")),
        "low": _VALUE.check(f"{name}.low", value.get("low")),
        "high": _VALUE.check(f"{name}.high", value.get("high")),
    }


def split(own: Mapping[str, Any], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the points that train, and of those that test: `share` of each class, so that a class of few
    points does not vanish; one point of each class trains at least. Raises BadMessage where there is nothing
    to learn.

    >>> own = {"kind": "classes", "points": [[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]]}
    >>> [len(part) for part in split(own, 0.5, seed=1)]
    [2, 2]
    """
    rows = np.array(own["points"], np.float64).reshape(-1, 3)
    groups = rows[:, 2] if own["kind"] == "classes" else np.zeros(len(rows))
    if own["kind"] == "classes" and len(np.unique(groups)) < 2:
        raise BadMessage("own points: place points of at least two classes, or choose a CSV file")
    if len(rows) < 2:
        raise BadMessage("own points: place at least two points, or choose a CSV file")
    order = stream(seed, 3).permutation(len(rows))
    training, testing = [], []
    for group in np.unique(groups):
        of = order[groups[order] == group]
        count = min(round(share * len(of)), len(of) - 1)
        testing.append(of[:count])
        training.append(of[count:])
    return np.sort(np.concatenate(training)), np.sort(np.concatenate(testing))
