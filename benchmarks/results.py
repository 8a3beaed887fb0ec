"""From the figures of all rounds to tables: peers, bars met or not, and shares of the limits."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from groups import GROUPS
from groups.networks import COLUMNS
from rows import FRESH, MKL, NARAE, PEERS, PRODUCTS, Bar, Group, Round
from work import WORKS, Work

Data = dict[str, Any]  # what `run.py --json` writes


class Table(NamedTuple):
    """A title, the heads of the columns, and lines of cells. The first column is of names."""

    title: str
    heads: tuple[str, ...]
    lines: list[tuple[str, ...]]


def digits(value: float | None, unit: str = "") -> str:
    """A number with three digits, empty for None."""
    if value is None:
        return ""
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")
    return f"{shown} {unit}".rstrip()


def over_rounds(data: Data, row: str, value: Callable[[Round], float]) -> float | None:
    """The median of a value over a row's rounds, None where what it needs was not measured."""
    values = []
    for found in data["figures"].get(row, []):
        try:
            values.append(value(found))
        except KeyError:
            continue
    return median(values) if values else None


def figure(data: Data, row: str, peer: str, key: str) -> float | None:
    return over_rounds(data, row, lambda found: found[peer][key])


def tables(data: Data) -> dict[str, Table]:
    """All tables, those of rows that were not run left out."""
    makers = (peers, short, starts, busy, sizes)
    made = {maker.__name__: maker(data) for maker in makers}
    for name, group in GROUPS.items():
        made[name] = of_lines(data, group)
        made[f"{name}_bars"] = of_bars(data, name, group)
    made |= {maker.__name__: maker(data) for maker in (limits, machine)}
    return {name: table for name, table in made.items() if table.lines}


def of_lines(data: Data, group: Group) -> Table:
    """A group's own table: lines without a figure are left out, and columns."""
    lines = []
    for line in group.lines:
        cells = [
            over_rounds(
                data, line.row, lambda found, line=line, column=column: column.value(found, line)
            )
            for column in group.columns
        ]
        if any(cell is not None for cell in cells):
            lines.append((line.what, *map(digits, cells)))
    heads = ("", *(column.head for column in group.columns))
    return _used(Table(group.title, heads, lines))


def _used(table: Table) -> Table:
    """A table without its empty columns."""
    used = [i for i in range(len(table.heads)) if not i or any(line[i] for line in table.lines)]
    lines = [tuple(line[i] for i in used) for line in table.lines]
    return Table(table.title, tuple(table.heads[i] for i in used), lines)


def of_bars(data: Data, name: str, group: Group) -> Table:
    """The bars of a group's rows that were run: what was measured, and whether it is met."""
    lines = []
    for bar in group.bars:
        if bar.row in data["figures"]:
            value = over_rounds(data, bar.row, bar.value)
            shown = "not measured" if value is None else digits(value, bar.unit)
            sign = {"<=": "≤", ">=": "≥"}[bar.sense]
            limit = f"{sign} {bar.limit:g} {bar.unit}".rstrip()
            lines.append((bar.what, limit, shown, met(bar, value)))
    return Table(f"Bars of {name}", ("", "bar", "measured", ""), lines)


def peers(data: Data) -> Table:
    """Every peer's figures, and its epoch as a multiple of narae's."""
    return _of_peers(data, COLUMNS, [peer for peer in PEERS if peer not in (FRESH, "machine")])


def short(data: Data) -> Table:
    """The table of peers for a README: what a reader chooses by."""
    wanted = {"import, s", "epoch, s", "script, s", "tiny step, ms", "CNN step, ms", "predict, ms"}
    columns = [column for column in COLUMNS if column[0] in wanted | {"peak, MB"}]
    return _of_peers(data, columns, [peer for peer in PEERS if peer not in (FRESH, "machine")])


def _of_peers(data: Data, columns: Any, names: list[str]) -> Table:
    lines = []
    epoch = figure(data, "seed", NARAE, "epoch_s")
    for peer in names:
        cells = [figure(data, row, peer, key) for _, row, key in columns]
        if peer in (PRODUCTS, MKL):  # a loop of products: only its times mean anything
            cells = [
                cell if title in ("epoch, s", "deep step, ms") else None
                for cell, (title, *_) in zip(cells, columns, strict=True)
            ]
        if all(cell is None for cell in cells):
            continue
        own = figure(data, "seed", peer, "epoch_s")
        ratio = own / epoch if own and epoch else None
        size = data["installed_mb"].get(peer)
        shown = (*cells, None if peer in (PRODUCTS, MKL) else size, ratio)
        lines.append((peer, *map(digits, shown)))
    heads = ("", *(title for title, *_ in columns), "installed, MB", "epoch / narae's")
    return _used(Table("784-512-10, batch 128, RMSprop, MNIST, beside other work", heads, lines))


def starts(data: Data) -> Table:
    """narae with an empty kernel cache, and again."""
    rows = {"script, s": ("script", "script_s")}
    firsts = ("784-512-10", "first_seed"), ("CNN", "first_cnn"), ("LSTM(32)", "first_lstm")
    for name, row in firsts:
        rows[f"first step, {name}, s"] = (row, "first_step_s")
    lines = []
    for peer in (FRESH, NARAE):
        cells = [figure(data, row, peer, key) for row, key in rows.values()]
        if any(cell is not None for cell in cells):
            lines.append((peer, *map(digits, cells)))
    return Table("Compiled kernels: the first process, and the second", ("", *rows), lines)


def busy(data: Data) -> Table:
    """The epoch alone, and beside another process."""
    lines = []
    for peer in PEERS:
        cells = [figure(data, "busy", peer, key) for key in ("quiet_s", "busy_s")]
        if None not in cells:
            ratio = over_rounds(
                data, "busy", lambda found, p=peer: found[p]["busy_s"] / found[p]["quiet_s"]
            )
            lines.append((peer, *map(digits, (*cells, ratio))))
    heads = ("", "alone, s", "beside a busy process, s", "times slower")
    return Table("784-512-10, epoch, with one other process busy", heads, lines)


def sizes(data: Data) -> Table:
    """GFLOP/s of predict, batch size down and width across."""
    cells = {}
    for key in data["figures"].get("sizes", [{}])[0].get(NARAE, {}):
        if " x " in key:
            batch, width = map(int, key.split(" x "))
            cells[batch, width] = figure(data, "sizes", NARAE, key)
    widths = sorted({width for _, width in cells})
    lines = [
        (str(batch), *(digits(cells.get((batch, width))) for width in widths))
        for batch in sorted({batch for batch, _ in cells})
    ]
    heads = ("batch \\ width", *map(str, widths))
    return Table("predict of two Dense layers, GFLOP/s", heads, lines)


def met(bar: Bar, value: float | None) -> str:
    """Whether a value meets a bar."""
    if value is None:
        return ""
    good = value <= bar.limit if bar.sense == "<=" else value >= bar.limit
    return "met" if good else "not met"


RATES = {
    "fma_1_gflops": "fused multiply-adds, one thread, GFLOP/s",
    "fma_all_gflops": "fused multiply-adds, all threads, GFLOP/s",
    "cache_gbs": "reading 1.6 MB from the caches, all threads, GB/s",
    "copy_gbs": "copying 256 MB, read and written, all threads, GB/s",
}


def highest(data: Data) -> dict[str, float]:
    """The machine's rates: a limit is the most that was seen in any round."""
    rounds = [turn["machine"] for turn in data["figures"].get("limits", []) if turn]
    measured = [key for key in RATES if rounds and all(key in found for found in rounds)]
    return {key: max(found[key] for found in rounds) for key in measured}


def machine(data: Data) -> Table:
    """What the machine was measured to do."""
    lines = [(RATES[key], digits(value)) for key, value in highest(data).items()]
    return Table("The machine", ("", "measured"), lines)


def limits(data: Data) -> Table:
    """narae's figures as shares of the limits that bind them."""
    lines = []
    found = highest(data)
    for work in WORKS:
        taken = figure(data, work.row, NARAE, work.figure)
        if taken is not None and found:
            name, least = binding(work, found, data)
            share = 100 * least / (taken * work.unit)
            times = [digits(1e3 * value) for value in (least, taken * work.unit)]
            lines.append((work.what, name, *times, digits(share, "%")))
    heads = ("", "the limit that binds", "least, ms", "measured, ms", "share of the limit")
    return Table("Beside what the machine can do", heads, lines)


def binding(work: Work, rate: dict[str, float], data: Data) -> tuple[str, float]:
    """The limit that binds some work, and the seconds that it takes at least."""
    count = work.count(data["rows"], data["script_epochs"])
    needs = {
        "FMA, all threads": (work.operations, "fma_all_gflops"),
        "memory": (work.memory, "copy_gbs"),
        "cache": (work.cached, "cache_gbs"),
    }
    times = {limit: need / rate[key] for limit, (need, key) in needs.items() if key in rate}
    name = max(times, key=lambda limit: times[limit])
    return name, count * times[name] / 1e9
