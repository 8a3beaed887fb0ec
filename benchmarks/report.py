"""The figures of a run as Markdown: printed, or put between the marks of pages.

    python benchmarks/report.py bench.json                     print all tables
    python benchmarks/report.py bench.json README.md docs/performance.md
    python benchmarks/report.py bench.json --keep              for pages written on another kind of machine
    python benchmarks/report.py bench.json docs/performance.md --only sequences sequences_bars sequences_source

A page holds `<!-- bench NAME -->` and `<!-- /bench -->`, each on a line of its own; what is between
them is replaced by the table of that name, or by the machine and the command for `source` and for a
group's, `sequences_source`. `others` stands for the tables of other kinds of machine, from `machines/`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from groups import GROUPS
from kept import keep, others
from narae.base.files import atomic_write
from results import Data, Table, tables
from rows import NARAE

MARKED = re.compile(r"(<!-- bench (\w+) -->\n).*?(<!-- /bench -->)", re.DOTALL)


def markdown(table: Table) -> str:
    """A table in Markdown, narae's line in bold letters."""
    rule = "|".join(["---"] + ["---:"] * (len(table.heads) - 1))
    lines = [f"| {' | '.join(table.heads)} |", f"|{rule}|"]
    for name, *cells in table.lines:
        shown = f"**{name}**" if name == NARAE else name
        lines.append(f"| {' | '.join([shown, *cells])} |")
    return "\n".join(lines)


def source(data: Data) -> str:
    """Where the figures come from."""
    rows = [row for row in data["figures"] if row != "limits"]
    only = next((name for name, group in GROUPS.items() if {*group.rows} == {*rows}), None)
    words = [f"--only {only}"] * (only is not None) + ["--quick"] * data["quick"]
    command = f'make bench ARGS="{" ".join(words)}"' if words else "make bench"
    rounds = max(len(found) for found in data["figures"].values())
    return f"`{command}`; medians over {rounds} round{'s' * (rounds > 1)}; {data['machine']}."


def texts(data: Data) -> dict[str, str]:
    """All that can stand between marks, by name."""
    said = source(data)
    shown = {name: markdown(table) for name, table in tables(data).items()}
    shown["others"] = "\n\n".join(map(other, others(data["kind"])))
    return {"source": said} | {f"{name}_source": said for name in GROUPS} | shown


def other(data: Data) -> str:
    """What is kept of another kind of machine: all its tables but the README's."""
    lines = [f"### {data['machine']}", data.get("when", "Kept from an earlier run.")]
    for name, table in tables(data).items():
        if name != "short":
            lines += [f"{table.title}:", markdown(table)]
    return "\n\n".join(lines)


def filled(page: str, found: dict[str, str], only: list[str] | None = None) -> str:
    """A page with its marks filled, or those of some names only. Raises ValueError for a name that the run
    has no table of."""

    def fill(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        if only is not None and name not in only:
            return match[0]
        if name not in found:
            raise ValueError(f"no table {name!r}: the run has {', '.join(found)}")
        return f"{begin}{found[name]}\n{end}"

    return MARKED.sub(fill, page)


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("json", type=Path, help="what run.py --json wrote")
    parser.add_argument("pages", type=Path, nargs="*", help="pages with marks")
    parser.add_argument(
        "--keep", action="store_true", help="write the figures to machines/, for runs elsewhere"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="marks to fill, others stay")
    args = parser.parse_args()
    data = json.loads(args.json.read_text())
    if args.keep:
        print(f"kept: {keep(data)}")
    found = texts(data)
    if not args.pages:
        for name, table in tables(data).items():
            print(f"### {table.title}\n\n{found[name]}\n")
        print(found["source"])
    try:
        new = {
            page: filled(page.read_text(encoding="utf-8"), found, args.only) for page in args.pages
        }
    except ValueError as error:
        sys.exit(str(error))
    for page, text in new.items():
        with atomic_write(page, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
