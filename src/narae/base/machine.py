"""The model of the machine that programs are tuned for: its caches, its cores and how fast they are.

Sizes and cores (those that this process may use) are what the system says, at once. Rates are measured (by the native
executor, `run/measuring.py`), once on a machine, and kept; until then they are those of a usual processor with vectors
of this width. Rates decide how soon a result is there, never what it is: they are measured anew where the file is lost,
and noise is in them.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_DEVICES = Path("/sys/devices/system/cpu")
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cache:
    """level: 1 is the nearest to the core; size: bytes; line: bytes that come at once; ways: places that each line may
    take, 0 where unknown; cores: that share it, as the system numbers them (two on a core that runs two threads)."""

    level: int
    size: int
    line: int = 64
    ways: int = 0
    cores: int = 1

    def __post_init__(self) -> None:
        """Refuse what no cache is."""
        sound = 1 <= self.level <= 8 and 1024 <= self.size <= 1 << 36 and 8 <= self.line <= 4096
        if not sound or not 0 <= self.ways <= 1 << 20 or not 1 <= self.cores <= 1 << 20:
            raise ValueError(f"no cache of a processor: {self}")


# Where the system says nothing: sizes that most processors of today have at least.
USUAL_CACHES = (Cache(1, 32 << 10, 64, 8), Cache(2, 512 << 10), Cache(3, 8 << 20, cores=4))


def usable_cores() -> int:
    """How many cores this process may keep busy: those that it is bound to (`taskset`), and no more than its control
    group has time for (a container's limit of 1.5 cores counts as two)."""
    if hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count() or 1
    return max(1, math.ceil(min(bound, _allowed())))


@functools.cache
def _allowed() -> float:
    """Processor time that the control groups of this process have, in cores; infinite without a limit."""
    if sys.platform != "linux":
        return math.inf
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return math.inf
    return min(_limits(lines, _GROUPS), default=math.inf)


def _limits(lines: list[str], root: Path) -> Iterator[float]:
    """Those of all groups that a process is in, given as lines of /proc/self/cgroup, and of those around them."""
    for line in lines:
        _, controllers, place = [*line.split(":", 2), "", ""][:3]
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        base = root / controllers if controllers else root
        inside = Path(place.lstrip("/"))
        for group in (inside, *inside.parents):
            yield _limit(base / group)


def _limit(group: Path) -> float:
    """One group's, in either version's files."""
    whole = _read(group / "cpu.max").split()
    if len(whole) != 2:
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        whole = [_read(group / name).strip() for name in names]
    try:
        quota, period = map(float, whole)
    except ValueError:  # "max", or no such files
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""


@functools.cache
def caches() -> tuple[Cache, ...]:
    """The caches for data of a core that this process may use, the nearest first: at least two, by ascending size. What
    the system does not say is taken to be as usual."""
    found = {cache.level: cache for cache in _of_system()}
    known = [found.get(usual.level, usual) for usual in USUAL_CACHES[:2]]
    known += [found[level] for level in sorted(found) if level > 2]
    rising = [known[0]]
    for cache in known[1:]:  # a simulator may say anything
        if cache.size > rising[-1].size:
            rising.append(cache)
    return tuple(rising) if len(rising) > 1 else USUAL_CACHES


def _of_system() -> list[Cache]:
    try:
        if sys.platform == "linux":
            core = min(os.sched_getaffinity(0))
            return list(_of_linux(_DEVICES / f"cpu{core}" / "cache")) or list(_of_library())
        if sys.platform == "darwin":
            return list(_of_mac())
    except (OSError, ValueError):
        return []
    return []


def _of_linux(folder: Path) -> Iterator[Cache]:
    for place in sorted(folder.glob("index*")):
        level, kind, size, shared, line, ways = (
            _read(place / name).strip()
            for name in (
                *("level", "type", "size", "shared_cpu_list"),
                *("coherency_line_size", "ways_of_associativity"),
            )
        )
        if kind in ("Data", "Unified") and level.isdecimal() and size:
            yield Cache(
                int(level), _bytes(size), int(line or 64), int(ways or 0), counted(shared) or 1
            )


def _bytes(text: str) -> int:
    """A size as Linux writes it: 32K."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


def counted(text: str) -> int:
    """How many cores a list names.

    >>> counted("0-3,8,10-11")
    7
    """
    total = 0
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def _of_library() -> Iterator[Cache]:
    """What the C library knows, where there is no /sys."""
    for level, name in ((1, "LEVEL1_DCACHE"), (2, "LEVEL2_CACHE"), (3, "LEVEL3_CACHE")):
        size = os.sysconf(f"SC_{name}_SIZE") if f"SC_{name}_SIZE" in os.sysconf_names else 0
        if size > 0:
            yield Cache(level, size)


def _of_mac() -> Iterator[Cache]:
    """Of the fast cores, where there are two kinds."""
    line = _of_sysctl("hw.cachelinesize") or 64
    fast = _of_sysctl("hw.perflevel0.l1dcachesize") > 0
    prefix = "hw.perflevel0." if fast else "hw."
    for level, name in ((1, "l1dcachesize"), (2, "l2cachesize"), (3, "l3cachesize")):
        size = _of_sysctl(f"{prefix}{name}")
        shared = _of_sysctl("hw.perflevel0.cpusperl2") if fast and level == 2 else 1
        if size:
            yield Cache(level, size, line, cores=max(1, shared))


def _of_sysctl(name: str) -> int:
    value, size = ctypes.c_int64(0), ctypes.c_size_t(8)
    given = ctypes.CDLL(None).sysctlbyname(
        name.encode(), ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return int(value.value) if given == 0 else 0


@functools.cache
def processor_name() -> str:
    """What the processor is called, for people: "" where the system does not say."""
    if sys.platform == "linux":
        return _field("model name")
    if sys.platform == "darwin":
        value, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        ctypes.CDLL(None).sysctlbyname(
            b"machdep.cpu.brand_string",
            *(value, ctypes.byref(size), None, ctypes.c_size_t(0)),
        )
        return value.value.decode(errors="replace")
    return os.environ.get("PROCESSOR_IDENTIFIER", "")


@functools.cache
def processor_signature() -> str:
    """What tells this processor from others: by its numbers, not by a name."""
    names = (
        "vendor_id",
        "cpu family",
        "model",
        "stepping",
        "model name",
        "CPU implementer",
        "CPU part",
    )
    return " ".join(filter(None, map(_field, names))) or processor_name()


def _field(name: str) -> str:
    """A field of the first core."""
    for line in _first_core().splitlines():
        title, _, value = line.partition(":")
        if title.strip() == name:
            return value.strip()
    return ""


@functools.cache
def _first_core() -> str:
    """Its part of /proc/cpuinfo, whose whole takes long to make where there are many cores."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            return file.read(2048).decode(errors="replace").split("\n\n")[0]
    except OSError:
        return ""


# -- rates --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rates:
    """What a thread does in a nanosecond, and what takes it how many.

    multiplications: of float32, each with an addition, in registers. together: of each thread, where all cores work.
    reads: bytes that it reads from each cache and, last, from memory. shared: from memory, all threads together.
    meet: nanoseconds until the others see that the last tile of a phase is done, and go on. call: of a tile that does
    nothing. look: for work, while a thread waits (`tuning.spins`). memory: whether those of memory were measured too,
    for which a block larger than all caches is needed.
    """

    multiplications: float
    together: float
    reads: tuple[float, ...]
    shared: float
    meet: float
    call: float
    look: float
    memory: bool = True

    def __post_init__(self) -> None:
        """Refuse what no machine does: a file may hold anything."""
        bounds = {
            "multiplications": (0.5, 2000),
            "together": (0.1, 2000),
            "shared": (0.1, 100_000),
            "meet": (20, 1_000_000),
            "call": (1, 100_000),
            "look": (0.2, 10_000),
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is from {low} to {high}, got {getattr(self, name)!r}")
        if not self.reads or not all(0.05 <= rate <= 100_000 for rate in self.reads):
            raise ValueError(f"rates of reading are from 0.05 to 100000, got {self.reads!r}")
        if not isinstance(self.memory, bool):
            raise ValueError(f"memory is True or False, got {self.memory!r}")


# A usual core of today: 3.7 GHz, twice 8 float32 in a cycle.
USUAL = Rates(59.0, 59.0, (140.0, 110.0, 95.0, 30.0), 40.0, meet=300.0, call=5.0, look=25.0)


@dataclass(frozen=True)
class Machine:
    """cores: that this process may use. caches: for data, the nearest first. rates: measured or usual ones."""

    cores: int
    caches: tuple[Cache, ...]
    rates: Rates
    measured: bool = False

    def __post_init__(self) -> None:
        """Refuse a machine without two caches."""
        if self.cores < 1 or len(self.caches) < 2:
            raise ValueError(f"a machine has a core and two caches at least, got {self}")

    @property
    def first(self) -> Cache:
        """The cache nearest to a core."""
        return self.caches[0]

    @property
    def second(self) -> Cache:
        """The next: on most processors the last that a core has for itself."""
        return self.caches[1]

    def multiplications(self, nanoseconds: float) -> int:
        """How many a thread would do in this time: the unit in which work is counted."""
        return round(nanoseconds * self.rates.multiplications)

    def reads(self, size: float) -> float:
        """Bytes in a nanosecond that a thread reads of `size` bytes, from the nearest cache that holds them."""
        rates = self.rates.reads
        for cache, rate in zip(self.caches, rates, strict=False):
            if size <= cache.size:
                return rate
        return rates[-1]


_known: list[Machine] = []


def here() -> Machine:
    """This machine, as far as it is known."""
    if not _known:
        _known[:] = [Machine(usable_cores(), caches(), USUAL)]
    return _known[-1]


def learn(rates: Rates) -> None:
    """Know these rates of this machine from now on, for programs that are made later."""
    _known[:] = [replace(here(), rates=rates, measured=True)]


_ran = [0.0]  # seconds of runs; below 0: there is nothing more to do


def ran(seconds: float, enough: float) -> bool:
    """Count a run that is over; whether it is time to measure: once, when runs took `enough` together."""
    if _ran[0] < 0:
        return False
    _ran[0] += seconds
    if _ran[0] <= enough:
        return False
    _ran[0] = -1.0
    return not here().measured


def forget() -> None:
    """Know nothing: the system is asked again."""
    _known.clear()
