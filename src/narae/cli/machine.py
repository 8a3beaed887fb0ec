"""`narae machine`: the model of this machine, and what it decides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from narae.base import machine
from narae.base.machine import Machine, processor_name
from narae.config import flush_subnormals, num_threads
from narae.engine.compiled import Compiled
from narae.engine.trace import trace
from narae.executors.native import tuning
from narae.executors.native.jit import cache
from narae.executors.native.jit.target import host
from narae.executors.native.run import measuring
from narae.executors.native.run.program import NativeProgram
from narae.graph.ir import Spec
from narae.ops import matmul

_NAMES = ("first", "second", "third", "fourth", "fifth")
# (m, k, n): the first layer of the first network of every course, a deep one, a large one
_EXAMPLES = ((128, 784, 512), (256, 1024, 1024), (2048, 2048, 2048))


def print_machine(again: bool, as_json: bool) -> None:
    """Print the model; its rates are measured where they are not known, or `again` says so."""
    cache.adopt()
    known = machine.here().measured and machine.here().rates.memory
    busy = (again or not known) and not measuring.learn_now()
    found = machine.here()
    if as_json:
        print(json.dumps(facts(found), indent=2))
        return
    console = Console()
    console.print(_heading(found, busy), highlight=False)
    console.print(_memory(found))
    for line in _rates(found):
        console.print(line, highlight=False)
    console.print("\n[bold]What narae makes of it[/bold]")
    for line in _decisions():
        console.print(f"- {line}", highlight=False)
    console.print(_products(found))


def facts(found: Machine) -> dict[str, Any]:
    """All of it, by name: bytes, nanoseconds, and what is done in one."""
    target = host()
    return {
        "processor": processor_name(),
        "measured": found.measured,
        "cores": found.cores,
        "threads": min(num_threads(), found.cores),
        "vector_bytes": target.width,
        "registers": target.registers,
        "caches": [asdict(one) for one in found.caches],
        "rates": asdict(found.rates),
        "flush_subnormals": flush_subnormals(),
        "stretch_bytes": tuning.stretch(),
        "copied_columns_bytes": tuning.columns_bytes(),
        "near_bytes": tuning.near(),
        "multiplications": {
            "copy": tuning.copy_b(found.second.size),
            "call": tuning.call(),
            "meet": tuning.meet(),
        },
        "looks_before_sleep": tuning.spins(),
        "products": [asdict(limit(found, *shape)) for shape in _EXAMPLES],
    }


@dataclass(frozen=True)
class Limit:
    """A product (m, k) times (k, n) of float32 on all threads: its tiles, and what it takes at least."""

    shape: tuple[int, int, int]
    tiles: int
    least_ms: float
    bound: str


def limit(found: Machine, m: int, k: int, n: int) -> Limit:
    """Of one product: at least its multiplications, and each operand once from where it lies."""
    program = Compiled(
        trace(matmul, Spec((m, k), "float32"), Spec((k, n), "float32")), "native"
    ).program
    assert isinstance(program, NativeProgram)
    threads = min(num_threads(), found.cores)
    sums = (
        m
        * k
        * n
        / (threads * (found.rates.together if threads > 1 else found.rates.multiplications))
    )
    size = 4 * (m * k + k * n + m * n)
    last = found.caches[-1].size
    reading = found.rates.shared if threads > 1 else found.rates.reads[-1]
    moved = size / reading if size > last else 0.0
    bound = "multiplications" if sums >= moved else "memory"
    return Limit((m, k, n), program.tables.most, max(sums, moved) / 1e6, bound)


def _kept() -> str:
    """Where the rates are, or why the next process measures again."""
    folder = cache.folder()
    if folder is None:
        return "Measured; there is no folder to keep it in (NARAE_CACHE names one)."
    if cache.read_rates() is None:
        return (
            f"Measured, but {folder} does not keep it: it has to be a folder that this user owns and may write, and "
            "nobody else may."
        )
    return f"Measured; kept in {folder}."


def _heading(found: Machine, busy: bool) -> str:
    target = host()
    name = processor_name() or "This processor"
    cores = "1 core" if found.cores == 1 else f"{found.cores} cores"
    lines = [
        f"[bold]{name}[/bold]: {cores} for this process, {target.registers} registers of {target.width} bytes, "
        f"{target.width // 4} numbers of float32 each"
    ]
    if found.measured:
        lines.append(_kept())
    elif busy:
        lines.append(
            "Not measured, since others keep the cores busy (or there is too little memory): rates are those of a "
            "usual processor. Try again when it is quiet."
        )
    return "\n".join(lines)


def _memory(found: Machine) -> Table:
    table = Table()
    table.add_column("")
    for title in ("size", "cores that share it", "one thread reads"):
        table.add_column(title, justify="right")
    for one, rate in zip(found.caches, found.rates.reads, strict=False):
        name = f"{_NAMES[one.level - 1] if one.level <= 5 else one.level} cache"
        table.add_row(name, size_of(one.size), str(one.cores), f"{rate:.0f} GB/s")
    table.add_row("memory", "", "", f"{found.rates.reads[-1]:.0f} GB/s")
    return table


def _rates(found: Machine) -> list[str]:
    rates, cores = found.rates, found.cores
    lines = [
        f"Multiplications with additions: {2 * rates.multiplications:.0f} GFLOP/s on one thread"
        + (f", {2 * cores * rates.together:.0f} on {cores}" if cores > 1 else "")
    ]
    if cores > 1:
        lines.append(f"All threads together read {rates.shared:.0f} GB/s from memory.")
        lines.append(
            f"Threads that meet lose {rates.meet:.0f} ns; to call a tile takes {rates.call:.0f} ns."
        )
    return lines


def size_of(size: int) -> str:
    """Bytes for people.

    >>> size_of(49152), size_of(1 << 21)
    ('48 kB', '2 MB')
    """
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} kB"


def _decisions() -> list[str]:
    target, lanes = host(), host().lanes(4)
    rows, vectors = tuning.register_tile(target.registers, "in turn")
    here = machine.here()
    threads = min(num_threads(), here.cores)
    zeros = "taken for zeros: they would take the processor many times as long"
    return [
        f"Products C = A B: a thread keeps {rows} rows by {vectors * lanes} columns of C in registers, "
        f"{rows * vectors} of {target.registers}, while it adds up.",
        f"B is copied {size_of(tuning.stretch())} at a time, so that it stays in the second cache while rows of A "
        f"go by; where A has up to {tuning.direct_rows(vectors * target.width)} rows, or B is small, it is read "
        "where it lies, if it comes soon enough. To copy a number takes as long as "
        f"{tuning.copy_b(here.second.size):.0f} multiplications.",
        f"Results are cut in tiles for {_threads(tuning.workers())}: one more tile costs {tuning.call():,} "
        f"multiplications, and that threads meet {tuning.meet():,}.",
        f"Programs run on {_threads(threads)}, never more than there are cores; one that finds no tile looks "
        f"{tuning.spins():,} times for another ({tuning.SPIN / 1000:.0f} microseconds), then sleeps.",
        f"Subnormal numbers (nearer to 0 than 1e-38) are {zeros if flush_subnormals() else 'computed with'}.",
    ]


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"


def _products(found: Machine) -> Table:
    table = Table(title="Products (m, k) times (k, n) of float32, at least")
    for title in ("m, k, n", "tiles", "milliseconds", "GFLOP/s", "bound by"):
        table.add_column(title, justify="left" if title in ("m, k, n", "bound by") else "right")
    for shape in _EXAMPLES:
        one = limit(found, *shape)
        m, k, n = shape
        table.add_row(
            f"{m}, {k}, {n}",
            str(one.tiles),
            f"{one.least_ms:.3g}",
            f"{2 * m * k * n / one.least_ms / 1e6:.0f}",
            one.bound,
        )
    return table
