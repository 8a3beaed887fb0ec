"""What became of a model's compiled steps: a table of the plan, step by step."""

from __future__ import annotations

import html
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from narae.engine.compiled import Compiled
from narae.executors import explain, plan_options
from narae.executors.shared.how import How
from narae.graph.cost import flops
from narae.graph.fuse import Step, fuse
from narae.graph.graph import Again, Inside
from narae.graph.ir import Node, Spec
from narae.graph.plan import Plan
from narae.graph.rewrite import simplify
from narae.inspect.explanation import tables

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

TITLES = ("step", "operations", "result", "how", "tiles", "bytes")
_INDENT = "  "


@dataclass(frozen=True)
class InsideStep:
    """A step of a graph that an operation runs: of a loop's body, or of a branch. Attributes as in `PlanRow`.
    flops: of the step once. inside: where it runs graphs itself."""

    operations: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    results: int
    flops: int
    inside: tuple[PlanInside, ...]


@dataclass(frozen=True)
class PlanInside:
    """A graph that a step's operation runs. title: which one, and when. times: how often, None where that is known
    when it runs. flops: of one time. The whole step's `how` is that of all these."""

    title: str
    times: int | None
    flops: int
    steps: tuple[InsideStep, ...]


@dataclass(frozen=True)
class PlanRow:
    """One step of one program.

    program: which one, by its place in the report. step: from 1. operations: their names in the
    order of computation; the first may be a product, whose tiles the others are computed on.
    shape, dtype: of the first result (there may be more of its shape, or none that is stored).
    how: 'native' or 'NumPy' on the native executor; 'own', 'generic' or 'falls back' on NumPy's;
    'xla' on the xla executor, which compiles all steps as one.
    why: what keeps it from a better way. tiles: calls of native kernels. bytes: of all results.
    inside: the graphs that its operation runs, a loop's body for one.
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
    inside: tuple[PlanInside, ...] = ()


@dataclass(frozen=True)
class PlanProgram:
    """A compiled step. kind: 'train', 'test' or 'predict'. inputs: shapes and dtypes of what it is
    fed. arena: bytes of memory beside inputs and state; less than all results, since most are gone when
    later ones come. copies: of state and results, before and after the steps. laid_out: bytes of weights that are kept
    in another order too, as products read them, until they change. again: what is computed a second time."""

    kind: str
    executor: str
    inputs: tuple[Spec, ...]
    arena: int
    copies: int
    rows: tuple[PlanRow, ...]
    laid_out: int = 0
    again: Again = field(default_factory=Again)

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
        laid = f"; {self.laid_out:,} bytes of weights laid out for products" * bool(self.laid_out)
        made = sum(row.bytes for row in self.rows)
        again = self.again
        twice = (
            f"; {len(again.nodes)} operations done again late, so that {again.spared:,} bytes are not kept"
            if again.nodes
            else ""
        )
        return (
            f"{len(self.rows)} steps: {counts}{tiles if self.executor == 'native' else ''}"
            f"; {made:,} bytes of results, {self.arena:,} of memory beside inputs and state{copies}{laid}{twice}"
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
            for cells in _lines(program):
                table.add_row(*map(escape, cells))
            yield table
            yield escape(program.totals)

    def _repr_html_(self) -> str:
        parts = []
        for program in self.programs:
            lines = [_html_row("th", TITLES), *(_html_row("td", c) for c in _lines(program))]
            parts += [
                f"<p><b>{html.escape(program.title)}</b></p>",
                f"<table>{''.join(lines)}</table>",
                f"<p>{html.escape(program.totals)}</p>",
            ]
        return "\n".join(parts)


def _program(place: int, kind: str, compiled: Compiled) -> PlanProgram:
    plan = compiled.program.plan
    heads, _ = plan_options(compiled.executor)
    rows = [
        _row(place, number, how, plan, heads)
        for number, how in enumerate(explain(compiled.executor, compiled.program), 1)
    ]
    return PlanProgram(
        kind,
        compiled.executor,
        tuple(v.spec for v in plan.inputs),
        plan.arena,
        len(plan.before) + len(plan.after),
        tuple(rows),
        compiled.program.laid_out,
        plan.graph.again,
    )


def _row(place: int, number: int, how: How, plan: Plan, heads: bool) -> PlanRow:
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
        inside=_insides(step, heads),
    )


def _insides(step: Step, heads: bool) -> tuple[PlanInside, ...]:
    """What the nodes of a step run, in steps as they would be fused alone."""
    return tuple(
        _inside(one, heads)
        for node in step.nodes
        if node.op.inside is not None
        for one in node.op.inside(node)
    )


def _inside(one: Inside, heads: bool) -> PlanInside:
    fused = fuse(simplify(one.graph), heads)
    steps = tuple(_inside_step(step, heads) for step in fused.steps)
    return PlanInside(one.title, one.times, sum(step.flops for step in steps), steps)


def _inside_step(step: Step, heads: bool) -> InsideStep:
    specs = {u: s for node in step.nodes for u, s in zip(node.uids, node.specs, strict=True)}
    first = specs[step.outputs[0]] if step.outputs else step.nodes[-1].specs[0]
    return InsideStep(
        operations=tuple(map(_name, step.nodes)),
        shape=first.shape,
        dtype=first.dtype,
        results=len(step.outputs),
        flops=sum(map(flops, step.nodes)),
        inside=_insides(step, heads),
    )


def _name(node: Node) -> str:
    return f"rounded to {node.params['dtype']}" if node.op.name == "rounded" else node.op.name


Cells: TypeAlias = tuple[str, ...]


def _lines(program: PlanProgram) -> Iterator[Cells]:
    """The lines of a program's table."""
    for row in program.rows:
        yield _cells(row)
        yield from _inside_lines(row.inside, _INDENT)


def _cells(row: PlanRow) -> Cells:
    how = f"{row.how}: {row.why}" if row.why else row.how
    tiles = str(row.tiles) if row.tiles else ""
    return (str(row.step), _names(row), _result(row), how, tiles, f"{row.bytes:,}")


def _inside_lines(insides: Sequence[PlanInside], indent: str) -> Iterator[Cells]:
    """Lines below a step: when a graph runs and what it costs, then its own steps."""
    for one in insides:
        yield ("", f"{indent}{one.title}", f"{tables.flops(one.flops)} each", "", "", "")
        for step in one.steps:
            yield ("", f"{indent}· {_names(step)}", _result(step), tables.flops(step.flops), "", "")
            yield from _inside_lines(step.inside, indent + _INDENT)


def _names(row: PlanRow | InsideStep) -> str:
    counts = Counter(row.operations)
    return " ".join(name if count == 1 else f"{name}×{count}" for name, count in counts.items())


def _result(row: PlanRow | InsideStep) -> str:
    more = f" and {row.results - 1} more" if row.results > 1 else ""
    return _shown(Spec(row.shape, row.dtype)) + more


def _shown(spec: Spec) -> str:
    return f"{spec.dtype}[{', '.join(map(str, spec.shape))}]"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
