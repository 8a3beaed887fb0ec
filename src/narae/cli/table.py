"""A table in a CSV file: read, its columns understood, made numbers that a network takes, and back."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from narae.base.errors import nearest
from narae.base.language import tr, trn

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_ENCODINGS = ("utf-8-sig", "cp949")  # a Korean Excel writes the second one
_CATEGORIES = 50  # a column of words with more is names or sentences
_MOST = 1e15  # float32 holds the sum of the squares of many
_CLASSES = 20  # whole numbers with more values are a number to be told
CLASSIFICATION, REGRESSION = "classification", "regression"
NUMBER, CATEGORY = "number", "category"
Row = list[str]


@dataclass(frozen=True)
class Table:
    """The rows of a file, all as long as its header."""

    names: list[str]
    rows: list[Row]

    def column(self, name: str) -> Row:
        """The cells of a column, by its name."""
        place = self.names.index(name)
        return [row[place].strip() for row in self.rows]


@dataclass(frozen=True)
class Column:
    """What a column becomes: one number, (x - mean) / std in the model and `mean` where it is missing; or one place for
    each of its values, 1 or 0."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
    fill: float = 0.0

    @property
    def width(self) -> int:
        """Numbers that it becomes."""
        return 1 if self.kind == NUMBER else len(self.values)


def read(path: Path) -> Table:
    """A CSV file with a header: separated by commas, semicolons or tabs, in UTF-8 or CP949.

    Raises ValueError for a file without rows, and for a row of another length than the header, with its number.
    """
    text = _decoded(path)
    rows = _rows(text, path)
    numbered = [(i, row) for i, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if len(numbered) < 2:
        raise ValueError(
            tr(
                "{path} has no rows: a table has a line of names, then a line for each sample",
                path=path,
            )
        )
    names = [cell.strip() for cell in numbered[0][1]]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(tr("{path} has more than one column {name!r}", path=path, name=twice[0]))
    for number, row in numbered[1:]:
        if len(row) != len(names):
            raise ValueError(
                tr(
                    "{path}, row {number}: {count} cells, and the header has {expected}",
                    path=path,
                    number=number,
                    count=len(row),
                    expected=len(names),
                )
            )
    return Table(names, _with_points([row for _, row in numbered[1:]]))


def _with_points(rows: list[Row]) -> list[Row]:
    """Columns with decimal commas have points: a table separated by semicolons is often written so.

    All commas of such a column stand in numbers like 1,5, and one of them at least cannot divide thousands.
    """
    columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    for place, cells in enumerate(columns):
        commas = [cell for cell in cells if "," in cell]
        decimal = commas and all(map(_COMMA.match, commas))
        if decimal and not all(map(_THOUSANDS.match, commas)):
            columns[place] = [cell.replace(",", ".") for cell in cells]
    return [list(row) for row in zip(*columns, strict=True)]


def _rows(text: str, path: Path) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    rows: list[Row] = []
    try:
        rows.extend(reader)
    except csv.Error:  # a field longer than any should be
        raise ValueError(
            tr(
                "{path}, row {number}: a cell is too long; is a quote not closed?",
                path=path,
                number=len(rows) + 1,
            )
        ) from None
    return rows


def _decoded(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(tr("there is no file {path}", path=path))
    raw = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(tr("{path} is no text: a CSV file in UTF-8 is expected", path=path))


def _separator(text: str) -> str:
    """The sign that most often stands in the header."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def number(cell: str) -> float | None:
    """A cell's number; NaN where it is missing, None where it is none.

    >>> number("1,234.5"), number("0x"), number("NA")
    (1234.5, None, nan)
    """
    if cell.lower() in MISSING:
        return math.nan
    try:
        found = float(cell.replace(",", "") if _THOUSANDS.match(cell) else cell)
    except ValueError:
        return None
    return found if math.isfinite(found) else math.nan


def numbers(cells: Sequence[str]) -> np.ndarray | None:
    """A column's numbers, None where some cell is none."""
    found = [number(cell) for cell in cells]
    return None if None in found else np.array(found, np.float64)


def understood(
    table: Table, target: str, left_out: Sequence[str], said: Callable[[str], Any]
) -> list[Column]:
    """What each column but the target's becomes; `said` is told which are left out, and why."""
    for name in left_out:
        require(table, name)
    columns = []
    for name in table.names:
        if name == target or name in left_out:
            continue
        made = _column(name, table.column(name))
        if isinstance(made, Column):
            columns.append(made)
        else:
            said(tr("column {name!r} is left out: {reason}", name=name, reason=made))
    if not columns:
        raise ValueError(tr("no column is left to learn from"))
    return columns


def require(table: Table, name: str) -> None:
    """Raise ValueError, with the nearest one, for a column that there is not."""
    if name not in table.names:
        raise ValueError(
            tr("there is no column {name!r}. {near}", name=name, near=nearest(name, table.names))
        )


def _column(name: str, cells: Row) -> Column | str:
    """A column, or why it is left out."""
    values = Counter(cell for cell in cells if cell.lower() not in MISSING)
    if not values:
        return tr("all of it is missing")
    if len(values) == 1:
        return tr("every row has the same value")
    found = numbers(cells)
    if found is not None:
        if _counts_rows(found):
            return tr("it numbers the rows")
        return Column(name, NUMBER, fill=float(np.nanmedian(found)))
    if len(values) > _CATEGORIES or (len(values) > 10 and len(values) > len(cells) / 2):
        return tr("{count} different words: names, or sentences", count=len(values))
    return Column(name, CATEGORY, tuple(sorted(values)))


def _counts_rows(found: np.ndarray) -> bool:
    return len(found) > 10 and bool((np.diff(found) == 1).all())


def encoded(table: Table, columns: Sequence[Column], said: Callable[[str], Any]) -> np.ndarray:
    """The table as numbers (rows, width of all columns); what is missing or unknown is told to `said`."""
    parts = []
    for column in columns:
        require(table, column.name)
        cells = table.column(column.name)
        parts.append(
            _filled(column, cells, said) if column.kind == NUMBER else _one_hot(column, cells, said)
        )
    return np.concatenate(parts, axis=1).astype(np.float32)


def _filled(column: Column, cells: Row, said: Callable[[str], Any]) -> np.ndarray:
    found = [number(cell) for cell in cells]
    odd = next((cell for cell, value in zip(cells, found, strict=True) if value is None), None)
    if odd is not None:
        raise ValueError(
            tr("column {name!r} holds numbers, got {cell!r}", name=column.name, cell=odd)
        )
    require_moderate(column.name, cells)
    array = np.array(found, np.float64)
    gone = np.isnan(array)
    if gone.any():
        said(
            trn(
                "column {name!r}: {count} number is missing; the middle one, {fill:.6g}, stands for it",
                "column {name!r}: {count} numbers are missing; the middle one, {fill:.6g}, stands for them",
                int(gone.sum()),
                name=column.name,
                fill=column.fill,
            )
        )
    return np.where(gone, column.fill, array)[:, None]


def require_moderate(name: str, cells: Sequence[str]) -> None:
    """Raise ValueError for a number of a column that is so large that losses would be infinite.

    >>> require_moderate("x", ["1", "1e300"])
    Traceback (most recent call last):
    ValueError: column 'x': '1e300' is too large, 1e+15 is the most: write the column in a larger unit
    """
    for cell in cells:
        if abs(number(cell) or 0.0) > _MOST:
            raise ValueError(
                tr(
                    "column {name!r}: {cell!r} is too large, {most:g} is the most: "
                    "write the column in a larger unit",
                    name=name,
                    cell=cell,
                    most=_MOST,
                )
            )


def _one_hot(column: Column, cells: Row, said: Callable[[str], Any]) -> np.ndarray:
    known = np.array(cells)[:, None] == np.array(column.values)[None, :]
    strange = Counter(cell for cell, row in zip(cells, known, strict=True) if not row.any())
    missing = sum(n for cell, n in strange.items() if cell.lower() in MISSING)
    new = [cell for cell in strange if cell.lower() not in MISSING]
    if missing:
        said(
            trn(
                "column {name!r}: {count} word is missing; none of its places is 1 there",
                "column {name!r}: {count} words are missing; none of its places is 1 there",
                missing,
                name=column.name,
            )
        )
    if new:
        said(
            tr(
                "column {name!r}: {values} did not occur in training; none of its places is 1 there",
                name=column.name,
                values=", ".join(map(repr, new[:5])),
            )
        )
    return known.astype(np.float32)


def task_of(cells: Sequence[str]) -> str:
    """Whether a target names classes, or is a number to be told: whole numbers of few values are classes."""
    found = numbers(cells)
    if found is None:
        return CLASSIFICATION
    known = np.unique(found[~np.isnan(found)])
    few = len(known) <= min(_CLASSES, max(2, len(cells) // 5))
    return CLASSIFICATION if few and (known == np.rint(known)).all() else REGRESSION


def classes_of(cells: Sequence[str]) -> list[str]:
    """The classes that a target names, numbers in their order."""
    values = sorted(set(cells))
    found = numbers(values)
    if found is None or np.isnan(found).any():
        return values
    return [value for _, value in sorted(zip(found.tolist(), values, strict=True))]


def card_of(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns for the model's file."""
    return [
        {"name": c.name, "kind": c.kind, "values": list(c.values), "fill": c.fill} for c in columns
    ]


def columns_of(card: Sequence[dict[str, Any]]) -> list[Column]:
    """The columns that a model's file tells."""
    return [Column(c["name"], c["kind"], tuple(c["values"]), float(c["fill"])) for c in card]
