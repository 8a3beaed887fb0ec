"""`narae ops`: operation by executor."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

import narae.ops  # noqa: F401  (fills the table of records)
from narae.base.language import tr
from narae.executors import EXECUTORS, coverage
from narae.primitives.record import RECORDS


def print_coverage() -> None:
    """Print how each executor runs each operation, and how many run in which way."""
    ways, missing = {}, []
    for name in EXECUTORS:
        try:
            ways[name] = coverage(name, RECORDS)
        except ImportError as error:  # of an extra
            missing.append(f"{name}: {error}")
    table = Table(title=tr("{count} operations", count=len(RECORDS)))
    for title in (tr("operation"), tr("gradient"), *ways):
        table.add_column(title)
    for name, op in sorted(RECORDS.items()):
        gradient = tr("yes") if op.vjp is not None or op.joint is not None else tr("none")
        table.add_row(name, gradient, *(way[name] for way in ways.values()))
    console = Console()
    console.print(table)
    for name, way in ways.items():
        counts = ", ".join(f"{count} {kind}" for kind, count in Counter(way.values()).most_common())
        console.print(f"{name}: {counts}", highlight=False)
    for line in missing:
        console.print(line, highlight=False, markup=False)
