"""What can be wrong with a table. The words are the page's, in `strings.json`, in both languages."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STRINGS = Path(__file__).parent.parent / "static" / "strings-plane.json"
CODES = (
    "empty",
    "large",
    "bytes",
    "ragged",
    "columns",
    "long",
    "text",
    "huge",
    "constant",
    "one_class",
    "classes",
    "few",
    "same",
    # what is told, and the table taken all the same
    "missing",
    "words",
    "sampled",
    "far",
)


@dataclass(frozen=True)
class Problem:
    """A row of the page's words, and what stands in its gaps.

    >>> str(Problem("constant", {"column": "age", "value": "3"}))
    "Column 'age' is 3 in every row: choose another one."
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _words()[f"csv.{self.code}"]["en"].format(**self.values)

    def described(self) -> dict[str, Any]:
        """JSON for the page."""
        return {"code": self.code, "values": self.values}


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    return json.loads(_STRINGS.read_text("utf-8"))


class BadTable(ValueError):
    """A table that points cannot be made of; `problem` says why."""

    def __init__(self, code: str, **values: Any) -> None:
        self.problem = Problem(code, values)
        super().__init__(str(self.problem))


def lines_of(numbers: list[int]) -> str:
    """Line numbers for a message: the first five.

    >>> lines_of([2, 5]), lines_of([1, 2, 3, 4, 5, 6])
    ('2, 5', '1, 2, 3, 4, 5, …')
    """
    return ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
