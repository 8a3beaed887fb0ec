"""The machine's rates, measured by short kernels once, and kept beside the kernels (`jit/cache.py`).

A process whose runs were long enough (`tuning.SETTLED`) measures at the end of one, in some 50 ms, unless the rates are
known; `narae machine` measures when it is asked. Where others keep the cores busy nothing is kept, and a later process
tries again.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from narae.base import machine
from narae.base.machine import USUAL, Machine, Rates
from narae.executors.native import tuning
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.jit import cache
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.jit.target import host
from narae.executors.native.run import driver, threads
from narae.executors.shared.memory import aligned

_MOST = 48 << 20  # bytes that are read as memory's, at most
_TRIES = 5  # the best counts: others may hold a core at any time
_STEADY = 0.8  # of the best, that the median of tries has where nobody else is there
_TWO = 0.35  # of it, that a thread has where two threads run on a core and share what multiplies
_SPAN = 0.4e-3  # seconds of a try
_LATE = 0.1  # seconds that threads wait for each other, before they measure
_TILE = 2000.0  # nanoseconds of a tile of those whose threads meet


# -- kernels ----------------------------------------------------------------------------------------


def _vector() -> tuple[str, int]:
    lanes = host().lanes(4)
    return f"<{lanes} x float>", lanes


def _multiply(name: str) -> Function:
    """(rounds, address of a vector): chains of multiplications with an addition, that hide each other's time."""
    vector, lanes = _vector()
    f = Function(name, [INT, PTR])
    factor = f.load(vector, f.args[1], 4)
    with f.loop(0, f.args[0], carry=[(vector, factor)] * chains()) as loop:
        for i, value in enumerate(loop.values):
            operands = [(vector, value), (vector, factor), (vector, factor)]
            loop.next[i] = f.call(vector, f"llvm.fma.v{lanes}f32", operands)
    return _summed(f, loop.out, vector)


def _read(name: str) -> Function:
    """(rounds, address of a vector, address, bytes): reads groups of 8 vectors, as sums, again and again."""
    vector, lanes = _vector()
    f = Function(name, [INT, PTR, PTR, INT])
    with f.loop(0, f.args[0], carry=[(vector, "zeroinitializer")] * 8) as again:
        carried = [(vector, value) for value in again.values]
        with f.loop(0, f.args[3], 32 * lanes, carried) as loop:
            for i, value in enumerate(loop.values):
                place = f.at(f.at(f.args[2], loop.i), i * 4 * lanes)
                loop.next[i] = f.let(f"fadd {vector} {value}, {f.load(vector, place, 4)}")
        again.next = loop.out
    return _summed(f, again.out, vector)


def _summed(f: Function, sums: list[str], vector: str) -> Function:
    """Give the total, so that the sums are needed."""
    total = sums[0]
    for value in sums[1:]:
        total = f.let(f"fadd {vector} {total}, {value}")
    f.store(vector, total, f.args[1], 4)
    f.do("ret void")
    return f


def _look(name: str) -> Function:
    """A tile that looks at a word of its record so many times, as threads do that wait: (times, the word)."""
    f = Function(name, [PTR, PTR])
    with f.loop(0, f.load(INT, f.args[0], 8)):
        driver.pause(f)
        f.let(f"load atomic i64, ptr {f.at(f.args[0], 8)} seq_cst, align 8")
    f.do("ret void")
    return f


def chains() -> int:
    """Sums at a time: a multiplication's result is there some 4 cycles later, and two begin in each."""
    return 3 * host().registers // 4


@functools.cache
def _kernels() -> dict[str, Any]:
    builds = {"multiply": _multiply, "read": _read, "look": _look}
    vector, _ = _vector()
    found = addresses([(f"measuring {n} {vector}", b) for n, b in builds.items()], checked=False)
    number, at = ctypes.c_int64, ctypes.c_void_p
    kinds = {"multiply": (number, at), "read": (number, at, at, number), "look": (at, at)}
    return {
        name: ctypes.CFUNCTYPE(None, *kinds[name])(place)
        for name, place in zip(builds, found, strict=True)
    }


# -- measuring ---------------------------------------------------------------------------------------


def _best(work: Callable[[int], None], unit: float, tries: int = _TRIES) -> tuple[float, float]:
    """What work(n) does of n units in a nanosecond, at best and in the middle of the tries; unit: seconds, about, that
    one takes."""
    count = max(1, round(_SPAN / unit))
    work(max(1, count // 10))
    found = []
    for _ in range(tries):
        begin = time.perf_counter()
        work(count)
        found.append(count / (time.perf_counter() - begin) / 1e9)
    return max(found), sorted(found)[tries // 2]


def _multiplications() -> tuple[float, float]:
    lanes = host().lanes(4)
    out = np.full(lanes, 0.5, np.float32)
    place, per = out.ctypes.data, chains() * lanes
    best, middle = _best(lambda n: _kernels()["multiply"](n, place), per / 60e9)
    return best * per, middle * per


def _reading(block: np.ndarray, size: int, tries: int = _TRIES) -> float:
    """Bytes in a nanosecond of `size` bytes, again and again."""
    lanes = host().lanes(4)
    out = np.zeros(lanes, np.float32)
    size -= size % (32 * lanes)
    place, into, kernel = block.ctypes.data, out.ctypes.data, _kernels()["read"]

    return _best(lambda n: kernel(n, into, place, size), size / 40e9, tries)[0] * size


def _together(works: list[Callable[[], float]]) -> list[float]:
    """What each work gives, begun by a thread of its own at the same time."""
    ready, left, found = threading.Barrier(len(works)), list(works), []
    ended: threads.Ended = queue.SimpleQueue()

    def run() -> None:
        work = left.pop()
        with contextlib.suppress(
            threading.BrokenBarrierError
        ):  # the system is slow to begin one: no harm
            ready.wait(_LATE)
        found.append(work())

    threads.pool().ask(run, len(works), ended, threads.ALONE)
    for _ in works:
        ended.get()
    return found


def _phases(number: int, tiles: int, steps: int, looks: int) -> float:
    """Nanoseconds of a phase of so many tiles that do nothing but look, on one thread or two."""
    control = aligned(8 * driver.SIZE).view(np.int64)
    control[:] = 0
    kernel = ctypes.cast(_kernels()["look"], ctypes.c_void_p).value or 0
    records = aligned(64 * tiles).view(np.int64)
    records[:] = looks
    pairs = np.array([[kernel, records.ctypes.data + 64 * i] for i in range(tiles)], np.int64)
    table = np.zeros((16, 2), np.int64)
    table[:2] = (0, tiles)
    control[driver.PHASES], control[driver.TILES] = table.ctypes.data, pairs.ctypes.data
    control[driver.PHASE_COUNT], control[driver.STEPS] = 2, steps
    control[driver.SPINS] = tuning.spins()
    scratch, place = aligned(4096), control.ctypes.data
    work, advance = driver.driver()

    def run(side: int) -> float:
        begin = time.perf_counter()
        work(place, scratch.ctypes.data, 0, side)
        return time.perf_counter() - begin

    def first() -> float:
        advance(place, scratch.ctypes.data, -1)
        return run(0)

    if number == 1:
        return first() / steps / 2 * 1e9
    found = _together([first, lambda: (time.sleep(0), run(1))[1]])
    return max(found) / steps / 2 * 1e9


def measure(memory: bool = True) -> Rates | None:
    """This machine's rates; None where they are not steady, since others work beside, or there is no room. memory:
    those of memory too, for which a block larger than all caches is made; else they are usual ones."""
    try:
        return _measured(machine.here(), memory)
    except MemoryError:
        return None


def _measured(here: Machine, memory: bool) -> Rates | None:
    best, middle = _multiplications()
    if middle < _STEADY * best:
        return None
    caches = here.caches
    largest = max(4 * caches[1].size, 3 * caches[-1].size // 2 * memory)
    block = np.ones(min(_MOST, largest) // 4, np.float32)
    reads = [_reading(block, near.size // 2) for near in caches[:2]]
    for near, far in itertools.pairwise(caches[1:]):
        reads.append(_reading(block, min(far.size // 2, 4 * near.size, block.nbytes), 3))
    reads.append(_reading(block, block.nbytes, 2) if memory else min(reads[-1], USUAL.reads[-1]))
    together, shared = best, reads[-1]
    if here.cores > 1:
        together = _all_cores(here.cores, best)
        if together < (_TWO if here.first.cores > 1 else _STEADY) * best:
            return None
        shared = _all_reading(block, here.cores) if memory else max(shared, USUAL.shared)
    call = min(_phases(1, 256, 20, 0) for _ in range(3)) / 256
    look = max(0.2, min(_phases(1, 2, 5, 2000) for _ in range(3)) / 4000)
    meet, looks = here.rates.meet, max(1, round(_TILE / look))
    if here.cores > 1:
        alone = min(_phases(1, 2, 100, looks) for _ in range(3)) / 2
        meet = max(20.0, min(_phases(2, 2, 100, looks) for _ in range(8)) - alone)
        if meet > _TILE:  # one of the two was put aside whenever they met
            return None
    try:
        return Rates(best, together, tuple(reads), shared, meet, max(1.0, call), look, memory)
    except ValueError:  # no clock that can be trusted
        return None


def _all_reading(block: np.ndarray, cores: int) -> float:
    """Bytes in a nanosecond that threads on all cores read together, a part of a block each."""
    parts = np.array_split(block, cores)
    return sum(_together([functools.partial(_reading, part, part.nbytes, 2) for part in parts]))


def _all_cores(cores: int, best: float) -> float:
    """Multiplications of the slowest of threads on all cores. Fewer than of one thread alone may have two reasons:
    cores share what multiplies, which stays so, or others work beside, who may be gone at the next try."""
    found = 0.0
    for _ in range(3):
        found = max(found, min(_together([lambda: _multiplications()[0]] * cores)))
        if found > _STEADY * best:
            break
    return min(found, best)


def learn_now(memory: bool = True) -> bool:
    """Measure, keep and know; False where the machine is too busy."""
    rates = measure(memory)
    if rates is None:
        return False
    cache.keep_rates(rates)
    machine.learn(rates)
    return True
