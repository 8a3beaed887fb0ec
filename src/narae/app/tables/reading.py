"""Bytes of a CSV file to columns: encoding, separator, header and decimal comma are recognized."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from narae.app.tables.problems import BadTable

LARGEST, MOST_ROWS, MOST_COLUMNS = 1 << 20, 20_000, 100
# a comma is the last, for it may stand within numbers
_SEPARATORS = ("\t", ";", "|", ",")
BLANK = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "?", "."))
_SHOWN = 40  # characters of a value that stand in a message
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Column:
    """A column: its name (None without a header), its texts, its numbers where a text is one (else None), and
    whether it is one of numbers."""

    name: str | None
    texts: list[str]
    numbers: list[float | None]
    numeric: bool

    def missing(self, row: int) -> bool:
        """Whether nothing is said in a row."""
        return self.texts[row].lower() in BLANK


@dataclass(frozen=True)
class Table:
    """Columns, the line of each row in the file, and what the file's form was."""

    columns: list[Column]
    lines: list[int]
    separator: str
    decimal: str
    encoding: str
    header: bool

    def named(self, place: int) -> str:
        """A column's name for a message: without a header its number from 1."""
        name = self.columns[place].name
        return f"{place + 1}" if name is None else name

    def described(self) -> dict[str, Any]:
        """JSON for the page: the form, and of each column its name, kind, and first values."""
        return {
            "rows": len(self.lines),
            "separator": self.separator,
            "decimal": self.decimal,
            "encoding": self.encoding,
            "header": self.header,
            "columns": [
                {
                    "name": c.name,
                    "numeric": c.numeric,
                    "distinct": len(set(c.texts)),
                    "first": [shortened(text) for text in c.texts[:3]],
                }
                for c in self.columns
            ],
            "guess": guessed(self),
        }


def read_table(raw: bytes) -> Table:
    """The table of a CSV file's bytes. Raises BadTable that names the line.

    >>> table = read_table("키;몸무게;반\\n150,5;41;가\\n160;50,2;나\\n".encode("cp949"))
    >>> table.encoding, table.separator, table.decimal, table.header
    ('cp949', ';', ',', True)
    >>> [column.name for column in table.columns], table.columns[0].numbers
    (['키', '몸무게', '반'], [150.5, 160.0])
    """
    if len(raw) > LARGEST:
        raise BadTable("large", size=f"{len(raw) / 2**20:.1f}")
    text, encoding = decoded(raw)
    separator, rows = _split(text)
    lines, cells = [line for line, _ in rows], [row for _, row in rows]
    width = len(cells[0])
    if width > MOST_COLUMNS:
        raise BadTable("columns", found=width)
    for line, row in rows:
        if len(row) != width:
            raise BadTable("ragged", line=line, found=len(row), expected=width)
    decimal = _decimal(cells, separator)
    header = _has_header(cells, decimal)
    names = cells.pop(0) if header else [None] * width
    lines = lines[1:] if header else lines
    if not cells:
        raise BadTable("empty")
    if len(cells) > MOST_ROWS:
        raise BadTable("long", found=len(cells), most=MOST_ROWS, line=lines[MOST_ROWS])
    columns = [_column(name, [row[i] for row in cells], decimal) for i, name in enumerate(names)]
    return Table(columns, lines, separator, decimal, encoding, header)


def decoded(raw: bytes) -> tuple[str, str]:
    """Text, and what its encoding was: UTF-8 or UTF-16 (by its mark, or by its zeros), else CP949."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif raw[:200:2].count(0) > len(raw[:200]) // 4:
        encodings = ["utf-16-be"]
    elif raw[1:200:2].count(0) > len(raw[:200]) // 4:
        encodings = ["utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp949"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
        else:
            marked = encoding == "utf-8-sig" and not raw.startswith(b"\xef\xbb\xbf")
            return text.removeprefix("\ufeff"), "utf-8" if marked else encoding
    raise BadTable("bytes", line=line)


def _split(text: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """The separator by which most rows have as many fields as the first, more than one; and the rows."""
    best, most = ",", -1.0
    for separator in _SEPARATORS:
        rows = _rows(text, separator, 200)
        if not rows:
            raise BadTable("empty")
        widths = Counter(len(row) for _, row in rows)
        width, agreeing = widths.most_common(1)[0]
        score = agreeing / len(rows) if width > 1 else 0.0
        if score > most:
            best, most = separator, score
    return best, _rows(text, best)


def _rows(text: str, separator: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    """Rows with the line each begins in; empty lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    found, line = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append((line, [cell.strip() for cell in row]))
            line = reader.line_num + 1
            if most is not None and len(found) >= most:
                break
    except csv.Error:  # a field longer than any should be: a quote that is not closed
        raise BadTable("ragged", line=line, found=1, expected=2) from None
    return found


def _decimal(cells: list[list[str]], separator: str) -> str:
    """ "," where numbers are written with a comma and none with a point."""
    if separator == "," and not any("," in cell for row in cells for cell in row):
        return "."
    every = [cell for row in cells[1:] or cells for cell in row]
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in every)
    points = sum("." in cell and _number(cell, ".") is not None for cell in every)
    return "," if commas > points else "."


def _number(text: str, decimal: str) -> float | None:
    """A text as a number, None where it is none."""
    if decimal == ",":
        text = text.replace(".", "\0").replace(",", ".")  # a point is no part of a number then
    if "_" in text:  # Python's way of writing, not a table's
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _has_header(cells: list[list[str]], decimal: str) -> bool:
    """Whether the first row names the columns: no number stands in it, and below one does."""
    if any(_number(cell, decimal) is not None for cell in cells[0]):
        return False
    return any(_number(cell, decimal) is not None for row in cells[1:50] for cell in row)


def _column(name: str | None, texts: list[str], decimal: str) -> Column:
    numbers = [None if t.lower() in BLANK else _number(t, decimal) for t in texts]
    said = [n for t, n in zip(texts, numbers, strict=True) if t.lower() not in BLANK]
    numeric = sum(n is not None for n in said) > len(said) / 2
    return Column(None if name is None else name[:80], texts, numbers, numeric)


def guessed(table: Table) -> dict[str, Any]:
    """Which columns are x, y and the target, most likely, and whether that is a class: the target is the last
    column of a few texts or whole numbers, else the last one; x and y the first two of numbers beside it."""
    few = [
        i
        for i, c in enumerate(table.columns)
        if 2 <= len(set(c.texts)) <= 8 and (not c.numeric or _whole(c)) and len(c.texts) > 8
    ]
    texts = [i for i in few if not table.columns[i].numeric]
    other = [i for i, c in enumerate(table.columns) if not c.numeric]
    target = (texts or few or other or [len(table.columns) - 1])[-1]
    numbers = [i for i, c in enumerate(table.columns) if c.numeric and i != target]
    x, y = [*numbers, None, None][:2]
    column = table.columns[target]
    classes = not column.numeric or (target in few)
    return {"x": x, "y": y, "target": target, "targets": "classes" if classes else "number"}


def _whole(column: Column) -> bool:
    return all(n is None or (math.isfinite(n) and n == int(n)) for n in column.numbers)


def shortened(text: str) -> str:
    """A value as a message shows it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
