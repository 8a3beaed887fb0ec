"""The model of the machine that programs are tuned for: its caches, its cores and how fast they are.

Sizes and cores are what the system says, at once. Rates are measured (`probe.py`), once on a machine, and kept; until
then they are those of a usual processor with vectors of this width. Rates decide how soon a result is there, never what
it is: they are measured anew where the file is lost, and noise is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from narae.base.processors import Cache, caches, usable_cores


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


def forget() -> None:
    """Know nothing: the system is asked again."""
    _known.clear()
