"""Messages of tables: a file comes in parts, as a message is bounded; then columns of it are chosen."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from narae.app.bounds import BadMessage, Number, shown
from narae.app.own import KINDS
from narae.app.tables.points import Chosen, points_of
from narae.app.tables.problems import BadTable
from narae.app.tables.reading import LARGEST, MOST_COLUMNS, Table, read_table

PART = 45_000  # bytes of a part: 60,000 characters in base64
_PARTS = LARGEST // PART + 2  # a file that is too large gets an answer that says so


@dataclass(frozen=True)
class Upload:
    """A part of a file, the first is 0."""

    part: int
    parts: int
    data: bytes


@dataclass(frozen=True)
class Columns:
    """Which columns of the file become points."""

    chosen: Chosen


def read_upload(given: dict[str, Any]) -> Upload:
    """An `upload` message. Raises BadMessage."""
    parts = Number(1, _PARTS).check("parts", given.get("parts"))
    part = Number(0, parts - 1).check("part", given.get("part"))
    text = given.get("data")
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None or len(data) > PART:
        raise BadMessage(f"data: expected at most {PART:,} bytes in base64, got {shown(text)}")
    return Upload(part, parts, data)


def read_columns(given: dict[str, Any]) -> Columns:
    """A `columns` message. Raises BadMessage."""
    place = Number(0, MOST_COLUMNS - 1)
    x, y, target = (place.check(name, given.get(name)) for name in ("x", "y", "target"))
    return Columns(Chosen(x, y, target, KINDS.check("targets", given.get("targets"))))


@dataclass
class Desk:
    """A session's table: the parts that have come, and the last file that was whole."""

    parts: list[bytes] = field(default_factory=list)
    table: Table | None = None

    def add(self, message: Upload) -> bool:
        """Keep a part; whether the file is whole. Raises BadMessage for a part out of turn."""
        if message.part == 0:
            self.parts = []
        if message.part != len(self.parts):
            self.parts = []
            raise BadMessage(f"part: expected {len(self.parts)}, got {message.part}")
        self.parts.append(message.data)
        return message.part == message.parts - 1

    def read(self) -> dict[str, Any]:
        """The message for the file that has come."""
        raw, self.parts, self.table = b"".join(self.parts), [], None
        try:
            self.table = read_table(raw)
        except BadTable as error:
            return {"type": "table", "problem": error.problem.described()}
        return {"type": "table", **self.table.described()}

    def choose(self, chosen: Chosen) -> dict[str, Any]:
        """The message for columns. Raises BadMessage where there is no file, or no such column."""
        if self.table is None:
            raise BadMessage("there is no table: choose the file again")
        for place in (chosen.x, chosen.y, chosen.target):
            Number(0, len(self.table.columns) - 1).check("column", place)
        try:
            return {"type": "points", **points_of(self.table, chosen)}
        except BadTable as error:
            return {"type": "points", "problem": error.problem.described()}
