"""What more cores would bring: the schedule of real programs, simulated for 1 to 64 cores.

    python tools/core_simulation.py                          # prints the tables of docs/performance.md
    python tools/core_simulation.py docs/performance.md      # writes them there anew

A training step is planned as it would be on a machine of so many cores: products are cut for them. Each phase of its
program is then timed alone, on one thread of this machine, and its time is shared out to its tiles by their work. The
simulation has threads that take tiles in order, each the next one when it is through, from one word of memory which
they take in turns; and a meeting at each phase's end. Memory and caches are a server's (`server`).
"""

from __future__ import annotations

import functools
import heapq
import math
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import narae
from narae import layers
from narae.base import machine
from narae.executors.native.jit import cache
from narae.executors.native.lower.tiles import Lowered
from narae.executors.native.run import measuring, threads
from narae.executors.native.run.phases import Tables
from narae.executors.native.run.program import NativeProgram

CORES = (1, 2, 4, 8, 16, 32, 64)
SERVER = 300.0  # bytes in a nanosecond that twelve channels of memory give
SPAN = 2e-4  # seconds that a phase is timed for, about
LONG = 0.05  # and at most, where once is more


@dataclass(frozen=True)
class Hardware:
    """Of a machine of so many cores. memory: bytes per second that all cores read together; cache: bytes of all caches;
    meet: seconds that threads lose where they meet; turn: that a thread has the word for, to take a tile."""

    cores: int
    memory: float
    cache: float
    meet: float
    turn: float


@dataclass(frozen=True)
class Phase:
    """tiles: seconds of each on one thread; bytes: that it reads and writes."""

    tiles: tuple[float, ...]
    bytes: float


@dataclass(frozen=True)
class Cost:
    """Where the seconds of a step go. work: of all threads, if it were shared out evenly; alone: phases of one tile,
    while the others wait; uneven: threads that wait for the last tile of a phase; meet: meetings, and turns at the
    word; memory: waiting for what all read together."""

    work: float = 0.0
    alone: float = 0.0
    uneven: float = 0.0
    meet: float = 0.0
    memory: float = 0.0

    @property
    def step(self) -> float:
        """All of it."""
        return self.work + self.alone + self.uneven + self.meet + self.memory


def phase_end(tiles: Sequence[float], cores: int, turn: float) -> float:
    """When threads that take tiles in order are through; a turn at the word is one thread's alone.

    >>> phase_end([1.0, 1.0, 1.0], 2, 0.0)
    2.0
    >>> phase_end([1.0] * 64, 64, 0.5)  # the last one waits for 63 others at the word
    33.0
    """
    free = [0.0] * min(cores, len(tiles))
    word = 0.0  # when it is free again
    for seconds in tiles:
        word = max(word, free[0]) + turn
        heapq.heapreplace(free, word + seconds)
    return max(free)


def simulated(phases: Sequence[Phase], hardware: Hardware, whole: float) -> Cost:
    """A step's cost. whole: bytes of all that the program has: what fits the caches stays there."""
    work = alone = uneven = meet = memory = 0.0
    turn, met = (hardware.turn, hardware.meet) if hardware.cores > 1 else (0.0, 0.0)
    for phase in phases:
        total = sum(phase.tiles)
        if len(phase.tiles) == 1:
            alone += total
            continue
        shared = total / hardware.cores
        end = phase_end(phase.tiles, hardware.cores, 0.0)
        taken = phase_end(phase.tiles, hardware.cores, turn) + met
        least = phase.bytes / hardware.memory if whole > hardware.cache else 0.0
        work, uneven, meet = work + shared, uneven + end - shared, meet + taken - end
        memory += max(0.0, least - taken)
    return Cost(work, alone, uneven, meet, memory)


# -- programs ----------------------------------------------------------------------------------------


def seed() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """784-512-10, batch 128."""
    return _dense(784, 512, 10), (784,), (10,), 128


def deep() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """1024-1024-1024-10, batch 256."""
    return _dense(1024, 1024, 1024, 10), (1024,), (10,), 256


def tiny() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """13-64-64-1, batch 16."""
    return _dense(13, 64, 64, 1), (13,), (1,), 16


def cnn() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """Convolutions of 32, 64 and 128 channels, batch 64."""
    model = narae.Sequential(
        [
            narae.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    return model, (28, 28, 1), (10,), 64


def lstm() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """LSTM(256), 100 times of 128 numbers, batch 64."""
    model = narae.Sequential([narae.Input((100, 128)), layers.LSTM(256), layers.Dense(1)])
    return model, (100, 128), (1,), 64


def encoder() -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """Attention of 4 heads and a hidden layer, 128 wide, 64 words, batch 32."""
    x = narae.Input((64, 128))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(4, 32)(x, x))
    z = layers.Dense(128)(layers.Dense(512, "gelu")(y))
    out = layers.Dense(10)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(y + z)))
    return narae.Model(x, out), (64, 128), (10,), 32


def _dense(inputs: int, *units: int) -> Any:
    stack = [layers.Dense(n, "relu") for n in units[:-1]]
    return narae.Sequential([narae.Input((inputs,)), *stack, layers.Dense(units[-1])])


PROGRAMS = (seed, deep, cnn, lstm, encoder, tiny)


def program_of(make: Callable[[], Any]) -> tuple[NativeProgram, Callable[[], float]]:
    """A training step's program, and what measures it: seconds of a step within `fit`."""
    model, inputs, outputs, batch = make()
    model.compile("rmsprop", "mse")
    rng = np.random.default_rng(0)
    steps = min(1000, max(3, 2_000_000 // (batch * math.prod(inputs))))
    x = rng.random((batch * steps, *inputs), np.float32)
    y = rng.random((len(x), *outputs), np.float32)

    def fit() -> float:
        begin = time.perf_counter()
        model.fit(x, y, batch_size=batch, verbose=0)
        return (time.perf_counter() - begin) / (len(x) // batch)

    fit()
    program = model._step_programs().items()[-1][1].program
    assert isinstance(program, NativeProgram)
    return program, fit


def phases_of(program: NativeProgram) -> list[Phase]:
    """Each phase, timed alone on one thread. What a step reads and writes is shared out by time."""
    timed = []
    for part in program._parts:
        if part.host is not None or part.jumps:
            raise ValueError("phases of Python's, and loops of phases, are not simulated")
        timed += [(tiles, _alone(program, Lowered([tiles]))) for tiles in part.phases if tiles]
    whole = sum(seconds for _, seconds in timed)
    moved = sum(a.nbytes for s in program.stages for a in (*s.reads, *s.writes))
    found = []
    for tiles, seconds in timed:
        weights = [max(1, tile.work) for tile in tiles]
        each = tuple(seconds * weight / sum(weights) for weight in weights)
        found.append(Phase(each, moved * seconds / whole))
    return found


def _alone(program: NativeProgram, lowered: Lowered) -> float:
    """Seconds of a part, on the threads that there are: the best of some runs."""
    tables = Tables([lowered], program.tables)
    count, best, whole = 1, float("inf"), 0.0
    for _ in range(12):
        begin = time.perf_counter()
        for _ in program._many(count, tables, None):
            continue
        taken = time.perf_counter() - begin
        best, whole = min(best, taken / count), whole + taken
        if whole > LONG:
            break
        if taken < SPAN:
            count *= 2
    return best


def held(program: NativeProgram) -> float:
    """Bytes of all that a program has."""
    arrays = {id(a): a.nbytes for s in program.stages for a in (*s.reads, *s.writes)}
    return float(sum(arrays.values()))


def server(cores: int, here: machine.Machine) -> Hardware:
    """A server of such cores: what they read of memory adds up to what twelve channels give; eight cores share a third
    cache as large as the one here, and beyond them it takes twice as long to see what another wrote."""
    rates = here.rates
    memory = min(cores * rates.reads[-1], max(SERVER, rates.shared))
    cache = cores * here.second.size + -(-cores // 8) * here.caches[-1].size
    far = 1e-9 if cores <= 8 else 2e-9
    return Hardware(cores, 1e9 * memory, cache, rates.meet * far, turn() * far)


@functools.cache
def turn() -> float:
    """Nanoseconds in which one of two threads takes a tile that does nothing."""
    return min(measuring._phases(2, 4096, 2, 0) for _ in range(5)) / 4096


def planned_for(cores: int) -> None:
    """Let programs be cut for so many cores."""
    machine.forget()
    cache.adopt.cache_clear()
    cache.adopt()
    machine._known[:] = [replace(machine.here(), cores=cores)]


# -- tables ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A program: its simulated cost by cores; what was measured here, in seconds a step, by threads."""

    name: str
    costs: dict[int, Cost]
    measured: dict[int, float]
    crowded: dict[int, float]


def measured_here(make: Callable[[], Any]) -> tuple[dict[int, float], dict[int, float]]:
    """Seconds of a step by threads asked for, as narae runs them; and where all of them run, cores or no cores."""
    planned_for(threads.cores())
    _, fit = program_of(make)
    times: list[dict[int, float]] = [{}, {}]
    real = threads.cores
    for found, cores in zip(times, (real, lambda: 64), strict=True):
        threads.cores = cores  # type: ignore[assignment]
        for number in (1, 2, 4, 8, 64):
            narae.config.set_num_threads(number)
            found[number] = min(fit() for _ in range(3))
    threads.cores = real
    return times[0], times[1]


def row_of(make: Callable[[], Any]) -> Row:
    """All of a program. Phases alone find their numbers in the caches: their times are stretched to those of the whole
    step on one thread."""
    measured, crowded = measured_here(make)
    narae.config.set_num_threads(1)
    costs, stretch = {}, 1.0
    for cores in CORES:
        planned_for(cores)
        program, fit = program_of(make)
        whole = (
            min(fit() for _ in range(3)) if cores == 1 else 0.0
        )  # before phases are run alone: weights drift by that
        phases, here = phases_of(program), machine.here()
        if cores == 1:
            stretch = whole / sum(sum(p.tiles) for p in phases)
        phases = [Phase(tuple(stretch * t for t in p.tiles), p.bytes) for p in phases]
        costs[cores] = simulated(phases, server(cores, here), held(program))
    return Row((make.__doc__ or "").rstrip("."), costs, measured, crowded)


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(titles: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    return "\n".join([line(titles), "|---|" + "---:|" * (len(titles) - 1), *map(line, rows)])


def ms(seconds: float) -> str:
    """
    >>> ms(0.0012345)
    '1.23'
    """
    return f"{seconds * 1e3:.3g}"


def speedups(rows: Sequence[Row]) -> str:
    """Times as fast as one core."""
    cells = (
        [
            r.name,
            ms(r.costs[1].step),
            *(f"{r.costs[1].step / r.costs[n].step:.1f}" for n in CORES[1:]),
        ]
        for r in rows
    )
    return table(["", "1 core, ms", *(f"{n} cores" for n in CORES[1:])], cells)


def losses(rows: Sequence[Row], cores: int) -> str:
    """Where the time of a step goes."""

    def share(part: float, cost: Cost) -> str:
        return f"{100 * part / cost.step:.0f} %"

    cells = (
        [r.name, ms(c.step), *(share(p, c) for p in (c.work, c.alone, c.uneven, c.meet, c.memory))]
        for r in rows
        for c in [r.costs[cores]]
    )
    titles = [
        "step, ms",
        "work",
        "phases of one tile",
        "uneven shares",
        "meeting, the word",
        "memory",
    ]
    return table([f"{cores} cores", *titles], cells)


def compared(rows: Sequence[Row]) -> str:
    """What was measured here, beside the simulation; and with more threads than cores."""
    cells = (
        [
            r.name,
            ms(r.costs[1].step),
            ms(r.measured[1]),
            ms(r.costs[2].step),
            *(ms(r.measured[n]) for n in (2, 4, 8, 64)),
            *(ms(r.crowded[n]) for n in (4, 8, 64)),
        ]
        for r in rows
    )
    asked = [f"{n} asked" for n in (4, 8, 64)]
    titles = [
        "1: simulated",
        "1",
        "2: simulated",
        "2",
        *asked,
        *(f"{n} running" for n in (4, 8, 64)),
    ]
    return table(["threads", *titles], cells)


def main() -> None:
    """Print the tables, or write them into pages."""
    wanted = [a for a in sys.argv[1:] if not a.endswith(".md")]
    rows = [row_of(p) for p in PROGRAMS if not wanted or p.__name__ in wanted]
    tables = {
        "speedups": speedups(rows),
        "losses": "\n\n".join(losses(rows, n) for n in (8, 64)),
        "threads": compared(rows),
    }
    pages = [Path(a) for a in sys.argv[1:] if a.endswith(".md")]
    for page in pages:
        text = page.read_text()
        for name, found in tables.items():
            marks = rf"(<!-- cores {name} -->\n).*?(<!-- /cores -->)"
            text = re.sub(marks, lambda m, t=found: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
        page.write_text(text)
    if not pages:
        print("\n\n".join(tables.values()))


if __name__ == "__main__":
    main()
