"""What became of a model's compiled steps: a table of the plan, step by step."""

from __future__ import annotations

import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narae.engine.compiled import Compiled
from narae.executors import explain
from narae.executors.shared.how import How
from narae.graph.ir import Node, Spec
from narae.graph.plan import Plan

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

TITLES = ("step", "operations", "result", "how", "tiles", "bytes")


@dataclass(frozen=True)
class PlanRow:
    """One step of one program.

    program: which one, by its place in the report. step: from 1. operations: their names in the
    order of computation; the first may be a product, whose tiles the others are computed on.
    shape, dtype: of the first result (there may be more of its shape, or none that is stored).
    how: 'native' or 'NumPy' on the native executor; 'own', 'generic' or 'falls back' on NumPy's;
    'xla' on the xla executor, which compiles all steps as one.
    why: what keeps it from a better way. tiles: calls of native kernels. bytes: of all results.
    """

    program: int
    step: int
    operations: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    results: int
    how: str
    why: str
    tiles: int
    bytes: int


@dataclass(frozen=True)
class PlanProgram:
    """A compiled step. kind: 'train', 'test' or 'predict'. inputs: shapes and dtypes of what it is
    fed. arena: bytes of memory beside inputs and state; less than all results, since most are gone when
    later ones come. copies: of state and results, before and after the steps."""

    kind: str
    executor: str
    inputs: tuple[Spec, ...]
    arena: int
    copies: int
    rows: tuple[PlanRow, ...]

    @property
    def title(self) -> str:
        """Kind, inputs and executor."""
        return f"{self.kind} on {', '.join(map(_shown, self.inputs))}: {self.executor} executor"

    @property
    def totals(self) -> str:
        """Steps by how they run, tiles and bytes, in a sentence."""
        ways = Counter(row.how for row in self.rows)
        counts = ", ".join(f"{count} {way}" for way, count in ways.most_common())
        tiles = f"; {sum(row.tiles for row in self.rows):,} tiles"
        copies = f"; {self.copies} copies of state or results" if self.copies else ""
        made = sum(row.bytes for row in self.rows)
        return (
            f"{len(self.rows)} steps: {counts}{tiles if self.executor == 'native' else ''}"
            f"; {made:,} bytes of results, {self.arena:,} of memory beside inputs and state{copies}"
        )


class PlanReport:
    """What became of compiled steps, by `Model.explain_plan`: prints as tables, one per program; `rows` are all of them
    as data.

    Args:
        programs: (kind, compiled step) of each.

    >>> import narae, numpy as np
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3)])
    >>> report = model.explain_plan(np.ones((8, 4)))
    >>> type(report).__name__, len(report.rows) > 0
    ('PlanReport', True)
    """

    def __init__(self, programs: Sequence[tuple[str, Compiled]]) -> None:
        self.programs = tuple(
            _program(place, kind, compiled) for place, (kind, compiled) in enumerate(programs)
        )

    @property
    def rows(self) -> list[PlanRow]:
        """Every step of every program."""
        return [row for program in self.programs for row in program.rows]

    def __str__(self) -> str:
        from rich.console import Console

        buffer = io.StringIO()
        console = Console(file=buffer, width=100, color_system=None)
        console.print(self)
        return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Any:
        from rich.markup import escape
        from rich.table import Table

        for program in self.programs:
            table = Table(title=escape(program.title), title_justify="left", header_style="bold")
            for title in TITLES:
                right = title in ("step", "tiles", "bytes")
                table.add_column(
                    title, justify="right" if right else "left", overflow="fold", no_wrap=right
                )
            for row in program.rows:
                table.add_row(*map(escape, _cells(row)))
            yield table
            yield escape(program.totals)

    def _repr_html_(self) -> str:
        parts = []
        for program in self.programs:
            lines = [_html_row("th", TITLES), *(_html_row("td", _cells(r)) for r in program.rows)]
            parts += [
                f"<p><b>{html.escape(program.title)}</b></p>",
                f"<table>{''.join(lines)}</table>",
                f"<p>{html.escape(program.totals)}</p>",
            ]
        return "\n".join(parts)


def _program(place: int, kind: str, compiled: Compiled) -> PlanProgram:
    plan = compiled.program.plan
    rows = [
        _row(place, number, how, plan)
        for number, how in enumerate(explain(compiled.executor, compiled.program), 1)
    ]
    return PlanProgram(
        kind,
        compiled.executor,
        tuple(v.spec for v in plan.inputs),
        plan.arena,
        len(plan.before) + len(plan.after),
        tuple(rows),
    )


def _row(place: int, number: int, how: How, plan: Plan) -> PlanRow:
    step = how.step
    specs = [plan.values[uid].spec for uid in step.outputs]
    first = specs[0] if specs else step.nodes[-1].specs[0]
    return PlanRow(
        program=place,
        step=number,
        operations=tuple(map(_name, step.nodes)),
        shape=first.shape,
        dtype=first.dtype,
        results=len(specs),
        how=how.way,
        why=how.why,
        tiles=how.tiles,
        bytes=sum(spec.nbytes for spec in specs),
    )


def _name(node: Node) -> str:
    return f"rounded to {node.params['dtype']}" if node.op.name == "rounded" else node.op.name


def _cells(row: PlanRow) -> tuple[str, ...]:
    counts = Counter(row.operations)
    names = " ".join(name if count == 1 else f"{name}×{count}" for name, count in counts.items())
    more = f" and {row.results - 1} more" if row.results > 1 else ""
    how = f"{row.how}: {row.why}" if row.why else row.how
    result = _shown(Spec(row.shape, row.dtype)) + more
    tiles = str(row.tiles) if row.tiles else ""
    return (str(row.step), names, result, how, tiles, f"{row.bytes:,}")


def _shown(spec: Spec) -> str:
    return f"{spec.dtype}[{', '.join(map(str, spec.shape))}]"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
