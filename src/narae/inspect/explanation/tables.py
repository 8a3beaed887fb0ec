"""An explanation as tables: for the terminal and for the page."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.language import mark, tr
from narae.base.names import printable

if TYPE_CHECKING:
    from narae.inspect.explanation.report import Explanation, Layer, Step

_WIDTH = 150  # of a table that is printed into text
_LINE, _LINES = 48, 3  # characters and lines of a formula in a terminal's table
_ON_PAGE = frozenset({"result", "bytes", "runs as"})  # columns that a terminal has no room for
# Those that leave a narrow terminal's table, the first first: what is cut cannot be read.
_LEAVE = ("kind", "change / norm", "zeros", "dead", "cost", "gradient", "mean ± std", "phase")
_KINDS = (mark("train"), mark("predict"))  # of steps
_BUSY = 1.5  # a whole step takes this much longer than its steps alone only when something is in its way
_FORMULA = 24  # characters of a formula's column, at least


@dataclass(frozen=True)
class Column:
    """title: in English, by which columns are known; it is translated where it is shown. right: numbers, which are
    lined up at their right."""

    title: str
    right: bool = False


@dataclass(frozen=True)
class Table:
    """A table of text."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


def facts(found: Explanation) -> list[tuple[str, str]]:
    """What stands above the tables: (name, value)."""
    rate = found.flops / found.seconds if found.seconds else 0.0
    alone = sum(step.seconds for step in found.steps)
    return [
        *((name, f"{dtype}{list(shape)}") for name, shape, dtype in found.inputs),
        *((name, number(value)) for name, value in found.results.items()),
        (tr("steps"), str(len(found.steps))),
        (tr("executor"), found.executor),
        (tr("time"), _whole_time(found.seconds, alone)),
        (tr("cost"), flops(found.flops)),
        (
            tr("rate"),
            f"{_scaled(rate, 1000, ('FLOP/s', 'kFLOP/s', 'MFLOP/s', 'GFLOP/s', 'TFLOP/s'))}",
        ),
        (tr("memory beside inputs and state"), size(found.arena)),
    ]


def _whole_time(whole: float, alone: float) -> str:
    """The whole step's time beside the sum of its steps', so that the two are not taken for one."""
    if not alone or not whole:
        return seconds(whole)
    if whole > _BUSY * alone:
        return tr(
            "{whole} (its steps alone take {alone}: the cores are busy, or it is too short to be shared out)",
            whole=seconds(whole),
            alone=seconds(alone),
        )
    return tr("{whole} (its steps one by one: {alone})", whole=seconds(whole), alone=seconds(alone))


def tables(found: Explanation) -> list[Table]:
    """Layers, weights, steps."""
    layers = [
        column(mark("layer")),
        column(mark("kind")),
        column(mark("output")),
        *map(_right, _LAYER_NUMBERS),
    ]
    steps = [
        column(mark("step"), True),
        column(mark("phase")),
        column("layer"),
        column(mark("formula")),
    ]
    steps += [column(mark("result")), *map(_right, _STEP_NUMBERS), column(mark("runs as"))]
    weights = [column(mark("weight")), column(mark("shape")), *map(_right, _WEIGHT_NUMBERS)]
    every = [
        Table(tr("Layers"), layers, [_layer_row(layer) for layer in found.layers]),
        Table(tr("Weights"), weights, _weight_rows(found)),
        Table(
            tr("Steps, in the order of the run"), steps, [_step_row(step) for step in found.steps]
        ),
    ]
    return [table for table in every if table.rows]


_LAYER_NUMBERS = [
    *(mark("params"), mark("mean ± std"), mark("zeros"), mark("dead")),
    *(mark("gradient"), mark("cost"), mark("time")),
]
_STEP_NUMBERS = ["mean ± std", "zeros", "gradient", "cost", mark("bytes"), "time"]
_WEIGHT_NUMBERS = ["mean ± std", mark("norm"), "gradient", mark("change"), mark("change / norm")]


def column(title: str, right: bool = False) -> Column:
    """A column by its title."""
    return Column(title, right)


def _right(title: str) -> Column:
    return Column(title, True)


def _layer_row(layer: Layer) -> list[str]:
    s = layer.statistics
    return [
        layer.path,
        layer.kind,
        f"{layer.dtype}{list(layer.shape)}" if layer.dtype else "",
        f"{layer.parameters:,}" if layer.weights else "",
        "" if s is None else f"{number(s.mean)} ± {number(s.std)}",
        "" if s is None else share(s.zero_share),
        share(layer.dead),
        number(layer.gradient_norm),
        flops(sum(layer.flops.values())),
        seconds(sum(layer.seconds.values())),
    ]


def _step_row(step: Step) -> list[str]:
    s = step.statistics
    broken = "" if s.sound else f" ({s.nans} NaN, {s.infs} inf)"
    phases = dict.fromkeys([step.phase, *(o.phase for o in step.operations)])
    return [
        str(step.number),
        "\n+ ".join(map(tr, phases)),
        step.layer,
        step.formula,
        f"{step.dtype}{list(step.shape)}",
        f"{number(s.mean)} ± {number(s.std)}{broken}",
        share(s.zero_share),
        number(step.gradient_norm),
        flops(step.flops),
        size(step.read + step.written),
        _taken(step),
        step.how + (f": {step.why}" if step.why else ""),
    ]


def _taken(step: Step) -> str:
    """Seconds, those of each round of a loop below them."""
    whole = seconds(step.seconds)
    if not step.rounds or not whole:
        return whole
    each = tr("{time} a round", time=seconds(step.seconds / step.rounds))
    return f"{whole}\n{each}"


def _weight_rows(found: Explanation) -> list[list[str]]:
    return [
        [
            w.name,
            str(list(w.shape)),
            f"{number(w.statistics.mean)} ± {number(w.statistics.std)}",
            number(w.norm),
            number(w.gradient_norm),
            number(w.change),
            number(w.change / w.norm if w.change is not None and w.norm else None),
        ]
        for w in found.weights
    ]


def as_text(found: Explanation) -> str:
    """The tables as text without colours."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(file=buffer, width=_WIDTH, color_system=None)
    console.print(found)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def rich_parts(found: Explanation, width: int) -> Iterator[Any]:
    """What a rich console of a width prints."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    model = f"[bold]{escape(printable(found.model))}[/]"
    yield tr("{model}: one {kind} step", model=model, kind=tr(found.kind))
    yield escape(printable("; ".join(f"{name} {value}" for name, value in facts(found))))
    for table in tables(found):
        table = _stacked(table, width)
        title = f"\n{table.title}"
        shown = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        kept = _fitting(table, width)
        for c in (table.columns[i] for i in kept):
            side = "right" if c.right else "left"
            shown.add_column(tr(c.title), justify=side, no_wrap=c.title != "formula")
        for row in table.rows:
            shown.add_row(*(escape(_brief(row[i])) for i in kept))
        yield shown


def _fitting(table: Table, width: int) -> list[int]:
    """The places of the columns that a table of a width has room for."""
    needed = _needed(table)
    for title in _LEAVE:
        if _total(needed) <= width:
            break
        needed.pop(title, None)
    return [i for i, c in enumerate(table.columns) if c.title in needed]


def _total(needed: dict[str, int]) -> int:
    return sum(needed.values()) + 3 * len(needed)


def _needed(table: Table) -> dict[str, int]:
    """The cells that each column takes on a terminal, where Hangul takes two."""
    from rich.cells import cell_len

    return {
        c.title: _FORMULA
        if c.title == "formula"
        else max(
            cell_len(line)
            for row in (*table.rows, [tr(c.title)] * len(table.columns))
            for line in row[i].split("\n")
        )
        for i, c in enumerate(table.columns)
        if c.title not in _ON_PAGE
    }


def _stacked(table: Table, width: int) -> Table:
    """On a narrow terminal a step's phase stands below its layer, and a deviation below its mean: both are there."""
    if _total(_needed(table)) <= width:
        return table
    titles = [c.title for c in table.columns]
    rows = [[cell.replace(" ± ", "\n± ") for cell in row] for row in table.rows]
    if "phase" not in titles:
        return Table(table.title, table.columns, rows)
    phase, layer = titles.index("phase"), titles.index("layer")
    for row in rows:
        row[layer] = f"{row[layer]}\n{row[phase]}"
    kept = [i for i in range(len(titles)) if i != phase]
    columns = [table.columns[i] for i in kept]
    return Table(table.title, columns, [[row[i] for i in kept] for row in rows])


def _brief(text: str) -> str:
    """The first lines of a formula, each as far as it fits a terminal's table."""
    whole = map(printable, text.split("\n"))
    lines = [line if len(line) <= _LINE else line[: _LINE - 1] + "…" for line in whole]
    more = len(lines) - _LINES
    return "\n".join(lines if more <= 0 else [*lines[:_LINES], tr("… and {more} more", more=more)])


def number(value: float | np.ndarray | None) -> str:
    """A number in four digits, nothing for None.

    >>> number(0.123456), number(1234567.0), number(None)
    ('0.1235', '1.235e+06', '')
    """
    if value is None:
        return ""
    if not isinstance(value, (int, float)):
        return tr("array of {size}", size=getattr(value, "size", "?"))
    if isinstance(value, int) or math.isnan(value):
        return str(value)
    return f"{value:.4g}"


def share(value: float | None) -> str:
    """A share in [0, 1] in percent.

    >>> share(0.25), share(None)
    ('25 %', '')
    """
    return "" if value is None else f"{100 * value:.3g} %"


def flops(count: float) -> str:
    """Operations on numbers, in thousands, millions...

    >>> flops(203_100_000)
    '203 MFLOP'
    """
    return _scaled(count, 1000, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"))


def size(count: float) -> str:
    """Bytes, in thousands, millions...

    >>> size(3_211_264)
    '3.21 MB'
    """
    return _scaled(count, 1000, ("B", "kB", "MB", "GB"))


def seconds(value: float) -> str:
    """Seconds, in nanoseconds, microseconds, milliseconds...

    >>> seconds(0.00123), seconds(0.0)
    ('1.23 ms', '')
    """
    return _scaled(value * 1e9, 1000, ("ns", "µs", "ms", "s")) if value else ""


def _scaled(value: float, base: float, units: Sequence[str]) -> str:
    place = 0
    while abs(value) >= base and place < len(units) - 1:
        value, place = value / base, place + 1
    return f"{value:.3g} {units[place]}"
