"""The grid: the same call on narae and on real Keras, for every option of every public callable.

A module `cases_<family>.py` of this folder has `CASES`, a list of `Case`. A case's code is given narae or
Keras and returns what is compared: tensors, symbolic tensors, strings, numbers, dicts and lists of them. Both
must give equal structures, shapes and dtypes, numbers within a tolerance, or refuse with errors of the
same class; and both must warn, or neither.

    def _loss(name, **options):
        return Case(
            f"losses.{name}({shown(options)})",
            lambda k: getattr(k.losses, name)(**options)(TRUTH, GUESS),
        )

    CASES = [_loss("Huber", delta=0.5), _loss("Huber", reduction="sum")]

Rules of the table of cases:
- Generate rows from tables of options and inputs. Keep shapes few and equal: Keras on JAX compiles
  each operation anew for each shape and dtype, and that is most of a case's time.
- A case is deterministic and makes its objects inside its code, from the module that it is given.
- `terms`: how many numbers are added up for one of the result, at most, where that is more than 64.
- `slow=True`: only `make test-all` runs it.

Where narae differs on purpose, a row of a table of `docs/differences.md` says why, and names the ids of its cases
(`*` stands for anything). Such a case has to differ: when it does not, the row is out of date and the test fails.
"""

from __future__ import annotations

import functools
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.alike import Code, compared, outcome

import narae

_HERE = Path(__file__).parent
_DIFFERENCES = _HERE.parents[1] / "docs" / "differences.md"


@dataclass(frozen=True)
class Case:
    """One call: `id` (`family.Name(option=value)`), and code to run on both."""

    id: str
    code: Code
    terms: int = 64
    warnings: bool = True  # whether both must warn, or neither
    slow: bool = False


def shown(options: dict[str, Any]) -> str:
    """Options as they stand in an id: `axis=1, keepdims=True`."""

    def one(value: Any) -> str:
        if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type):
            return f"{value.dtype}{tuple(value.shape)}"
        return getattr(value, "__name__", None) or repr(value)

    return ", ".join(f"{key}={one(value)}" for key, value in options.items())


def families() -> list[str]:
    """The families that have a module of cases."""
    return sorted(path.stem.removeprefix("cases_") for path in _HERE.glob("cases_*.py"))


def cases_of(family: str) -> list[Case]:
    """A family's cases."""
    return list(importlib.import_module(f"tests.grid.cases_{family}").CASES)


@functools.cache
def patterns() -> dict[str, re.Pattern[str]]:
    """The patterns of ids in the last column of the tables of docs/differences.md."""
    found: dict[str, re.Pattern[str]] = {}
    for line in _DIFFERENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            last = line.replace(r"\|", "\0").rstrip().rstrip("|").rsplit("|", 1)[-1]
            for pattern in re.findall(r"`([^`]+)`", last.replace("\0", "|")):
                parts = (re.escape(part) for part in pattern.split("*"))
                found[pattern] = re.compile(".*".join(parts))
    return found


def excepted(case: Case) -> bool:
    """Whether docs/differences.md lists the case."""
    return any(pattern.fullmatch(case.id) for pattern in patterns().values())


def found(case: Case, keras: Any) -> list[str]:
    """How narae and Keras differ in a case."""
    theirs, ours = outcome(case.code, keras), outcome(case.code, narae)
    differs = compared(ours, theirs, case.terms)
    if not differs and case.warnings and bool(ours.warned) != bool(theirs.warned):
        differs = [f"warnings: narae {ours.warned}, Keras {theirs.warned}"]
    return differs
