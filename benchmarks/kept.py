"""The last figures of each kind of machine: a page shows those of the machines that a run did not have.

A file for each kind in `machines/`, as `run.py --json` writes it, the rounds' medians for the rounds.
`when` says of which version the figures are, where that is known.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median

from narae.base.files import atomic_write
from results import Data
from rows import Figures

FOLDER = Path(__file__).parent / "machines"


def keep(data: Data) -> Path:
    """Write a run's figures over those of its rows that the same kind of machine had before."""
    path = FOLDER / f"{re.sub(r'[^a-z0-9]+', '-', data['kind'].lower()).strip('-')}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    new = data | {key: before.get(key, {}) | data[key] for key in ("figures", "installed_mb")}
    new["figures"] |= {row: [middle(data["figures"][row])] for row in data["figures"]}
    with atomic_write(path, "w") as file:
        json.dump(new, file, indent=1)
        file.write("\n")
    return path


def middle(rounds: list[dict[str, Figures]]) -> dict[str, Figures]:
    """The medians of a row's rounds, to four digits."""
    found: dict[str, Figures] = {}
    for peer in rounds[0]:
        turns = [turn[peer] for turn in rounds if peer in turn]
        found[peer] = {key: float(f"{median(t[key] for t in turns):.4g}") for key in turns[0]}
    return found


def others(kind: str) -> list[Data]:
    """What is kept of other kinds of machine."""
    found = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    return [data for data in found if data["kind"] != kind]
