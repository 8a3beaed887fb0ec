"""Three columns of a table as points of the plane, scaled to it; and what was left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.own import MOST, MOST_CLASSES
from narae.app.planes import stream
from narae.app.tables.problems import BadTable, Problem, lines_of
from narae.app.tables.reading import Table, shortened

_HUGE = 1e15
_FAR = 50.0  # times the middle half's width from the median


@dataclass(frozen=True)
class Chosen:
    """The columns for x, y and the target, and whether that is one of "classes" or a "number"."""

    x: int
    y: int
    target: int
    targets: str


def points_of(table: Table, chosen: Chosen) -> dict[str, Any]:
    """JSON for the page: `own` as the knob takes it, with where the points came from; and `notes`, what is told
    of it. x, y and a target that is a number lie in [-1, 1], the column's least value at -1. Rows in which a value is
    missing are left out. Raises BadTable."""
    places = (chosen.x, chosen.y, chosen.target)
    if len(set(places)) < 3:
        twice = next(p for p in places if places.count(p) > 1)
        raise BadTable("same", column=table.named(twice))
    classes = chosen.targets == "classes"
    numbers = places[:2] if classes else places
    rows, notes = _usable(table, places, numbers)
    values = {p: np.array([table.columns[p].numbers[r] for r in rows]) for p in numbers}
    for place in numbers:
        notes += _checked(table, place, rows, values[place])
    names = _classes(table, chosen.target, rows) if classes else []
    scaled = [_scaled(values[p]) for p in numbers]
    if classes:
        texts = table.columns[chosen.target].texts
        scaled.append((np.array([names.index(texts[r]) for r in rows]), 0.0, float(len(names) - 1)))
    if len(rows) > MOST:
        keep = np.sort(stream(1, 4).permutation(len(rows))[:MOST])
        notes.append(Problem("sampled", {"count": len(rows), "kept": MOST}))
    else:
        keep = np.arange(len(rows))
    points = [[round(float(s[0][i]), 4) for s in scaled] for i in keep]
    columns = [
        {"place": p, "name": table.named(p), "low": low, "high": high}
        for p, (_, low, high) in zip(places, scaled, strict=True)
    ]
    form = {k: getattr(table, k) for k in ("separator", "decimal", "encoding", "header")}
    own = {
        "kind": chosen.targets,
        "points": points,
        "names": [name[:80] for name in names],
        "table": {"file": "", **form, "columns": columns},
    }
    return {"own": own, "notes": [note.described() for note in notes]}


def _usable(
    table: Table, places: tuple[int, ...], numbers: tuple[int, ...]
) -> tuple[list[int], list[Problem]]:
    """The rows that have a value in each column, and a number where one has to be; notes of the others."""
    missing: dict[int, list[int]] = {p: [] for p in places}
    words: dict[int, list[int]] = {p: [] for p in numbers}
    rows = []
    for row in range(len(table.lines)):
        gaps = [p for p in places if table.columns[p].missing(row)]
        texts = [p for p in numbers if p not in gaps and table.columns[p].numbers[row] is None]
        for p in gaps:
            missing[p].append(row)
        for p in texts:
            words[p].append(row)
        if not gaps and not texts:
            rows.append(row)
    notes = []
    for p, found in missing.items():
        if found:
            notes.append(_note(table, "missing", p, found))
    for p, found in words.items():
        if not found:
            continue
        first = shortened(table.columns[p].texts[found[0]])
        if not table.columns[p].numeric:
            raise BadTable("text", column=table.named(p), line=table.lines[found[0]], value=first)
        note = _note(table, "words", p, found)
        notes.append(Problem("words", {**note.values, "value": first}))
    if len(rows) < 4:
        raise BadTable("few", rows=len(rows))
    return rows, notes


def _note(table: Table, code: str, place: int, rows: list[int]) -> Problem:
    lines = lines_of([table.lines[r] for r in rows])
    return Problem(code, {"column": table.named(place), "count": len(rows), "lines": lines})


def _checked(table: Table, place: int, rows: list[int], values: np.ndarray) -> list[Problem]:
    """Numbers that can be scaled to the plane; a note where one lies so far off that the others fall together."""
    name, texts = table.named(place), table.columns[place].texts
    huge = np.flatnonzero(~(np.abs(values) <= _HUGE))
    if len(huge):
        row = rows[int(huge[0])]
        raise BadTable("huge", column=name, line=table.lines[row], value=shortened(texts[row]))
    if values.min() == values.max():
        raise BadTable("constant", column=name, value=shortened(texts[rows[0]]))
    low, middle, high = np.percentile(values, (25, 50, 75))
    off = np.flatnonzero(np.abs(values - middle) > _FAR * (high - low))
    if high > low and len(off):
        lines = lines_of([table.lines[rows[int(i)]] for i in off])
        first = shortened(texts[rows[int(off[0])]])
        return [Problem("far", {"column": name, "lines": lines, "value": first})]
    return []


def _classes(table: Table, place: int, rows: list[int]) -> list[str]:
    """The classes' names, numbers by their size, others as they first come."""
    column = table.columns[place]
    names = list(dict.fromkeys(column.texts[r] for r in rows))
    if len(names) < 2:
        raise BadTable("one_class", column=table.named(place), value=shortened(names[0]))
    if len(names) > MOST_CLASSES:
        late = next(r for r in rows if column.texts[r] == names[MOST_CLASSES])
        raise BadTable(
            "classes", column=table.named(place), found=len(names), line=table.lines[late]
        )
    if column.numeric and all(n is not None for n in column.numbers):
        value = dict(zip(column.texts, column.numbers, strict=True))
        names.sort(key=lambda name: value[name] or 0.0)
    return names


def _scaled(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    low, high = float(values.min()), float(values.max())
    half = high / 2 - low / 2
    scaled = (values - (low + half)) / half
    assert math.isfinite(half)
    return np.clip(scaled, -1, 1), low, high
