"""Which stages can share a phase: fewer phases to meet at, and small work beside large; and the tables of phases.

A stage keeps its place before and after every stage whose memory it touches; else it may move. A
small one (one tile a phase) is run by one thread beside a large one: several make up one tile.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.lower.tiles import KERNEL, Lowered, Tile, address, chained, with_links
from narae.executors.native.run import driver
from narae.executors.shared.memory import span


@dataclass(eq=False)
class Stage:
    """A step and the memory it touches. reads, writes: arrays."""

    lowered: Lowered
    reads: Sequence[np.ndarray]
    writes: Sequence[np.ndarray]
    touched: int = 0  # bits of the stretches of memory that it reads
    changed: int = 0  # and writes

    @functools.cached_property
    def small(self) -> bool:
        """Whether there is nothing to share out."""
        return not self.apart and all(len(p) <= 1 for p in self.lowered.phases)

    @functools.cached_property
    def filled(self) -> list[list[Tile]]:
        """The phases that have tiles."""
        return [phase for phase in self.lowered.phases if phase]

    @functools.cached_property
    def apart(self) -> bool:
        """Whether nothing else can be in its phases: they are Python's, or run several times."""
        return self.lowered.host is not None or self.lowered.jumps


@dataclass(eq=False)
class _Group:
    """Stages that run at once: the tiles of large ones, and a chain of small ones."""

    large: list[Stage] = field(default_factory=list)
    chain: list[Stage] = field(default_factory=list)


def overlapped(stages: Sequence[Stage]) -> list[Lowered]:
    """The stages in as few phases as their memory allows."""
    _mark(stages)
    waiting = [s for s in stages if s.lowered.host is not None or any(s.lowered.phases)]
    out: list[Lowered] = []
    while waiting:
        lead = waiting.pop(0)
        if lead.apart:
            out.append(lead.lowered)
            continue
        if lead.small:  # beside the next large stage, if that does not need it
            later = _next_large(lead, waiting)
            if later is None:
                out.append(lead.lowered)
                continue
            waiting.remove(later)
            waiting.insert(0, lead)
            lead = later
        group = _company(lead, waiting)
        out.append(_joined(group))
    return out


def _mark(stages: Sequence[Stage]) -> None:
    """Name the stretches of memory by bits, so that two stages are compared at once."""
    spans = {id(a): _span(a) for s in stages for a in (*s.reads, *s.writes) if a.size}
    edges = sorted({edge for span in spans.values() for edge in span})
    order = {edge: i for i, edge in enumerate(edges)}
    bits = {k: (1 << order[b]) - (1 << order[a]) for k, (a, b) in spans.items()}
    for s in stages:
        for a in s.reads:
            s.touched |= bits.get(id(a), 0)
        for a in s.writes:
            s.changed |= bits.get(id(a), 0)


def _span(array: np.ndarray) -> tuple[int, int]:
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


def _meet(a: Stage, b: Stage) -> bool:
    """Whether one writes what the other reads or writes."""
    return bool(a.changed & (b.touched | b.changed) or a.touched & b.changed)


class _Passed:
    """Stages that others would have to move past."""

    def __init__(self) -> None:
        self.touched = self.changed = 0

    def add(self, s: Stage) -> None:
        """One more."""
        self.touched |= s.touched
        self.changed |= s.changed

    def meets(self, s: Stage) -> bool:
        """Whether a stage must stay behind one of them."""
        return bool(self.changed & (s.touched | s.changed) or self.touched & s.changed)


def _next_large(lead: Stage, waiting: Sequence[Stage]) -> Stage | None:
    """The next large stage, where it can come before `lead` and what is between."""
    passed = _Passed()
    passed.add(lead)
    for s in waiting[: tuning.AHEAD]:
        if s.apart:
            return None
        if not s.small:
            return None if passed.meets(s) else s
        passed.add(s)
    return None


def _company(lead: Stage, waiting: list[Stage]) -> _Group:
    """Take out of those that wait what can run beside `lead`."""
    group, passed, taken = _Group([lead]), _Passed(), []
    for s in waiting[: tuning.AHEAD]:
        if s.apart:
            break
        beside = group.large if s.small else [*group.large, *group.chain]
        alike = s.small or _count(s) == _count(lead)
        if not alike or passed.meets(s) or any(_meet(s, other) for other in beside):
            passed.add(s)
            continue
        (group.chain if s.small else group.large).append(s)
        taken.append(s)
    for s in taken:
        waiting.remove(s)
    return group


def _count(s: Stage) -> int:
    """Its phases that have tiles."""
    return sum(map(bool, s.lowered.phases))


def _joined(group: _Group) -> Lowered:
    """A group's phases. The chain goes beside the phase with most tiles, and first: it is one
    thread's whole share."""
    # of as many phases, each beside its own
    beside = zip(*(s.filled for s in group.large), strict=True)
    phases = [_in_step(phase) for phase in beside]
    links = [tile for s in group.chain for p in s.lowered.phases for tile in p]
    tiles = [chained(links)] if links else []
    longest = max(range(len(phases)), key=lambda i: len(phases[i]))
    phases[longest] = [*tiles, *phases[longest]]
    keep = [s.lowered.keep for s in (*group.large, *group.chain)]
    return Lowered(phases, keep=keep)


def _in_step(parts: Sequence[Sequence[Tile]]) -> list[Tile]:
    """Tiles of several stages such that each stage's lie as they do in theirs: threads take a phase's tiles from its
    two ends, so that each finds in its cache the half of every array that it wrote before."""
    placed = [((i + 0.5) / len(tiles), tile) for tiles in parts for i, tile in enumerate(tiles)]
    return [tile for _, tile in sorted(placed, key=lambda one: one[0])]


Hosts = dict[int, Callable[[], None]]


class InputWords:
    """The words of records that are addresses in an input. Loops count some of them up as they run: to bind them
    begins them anew."""

    def __init__(self, records: np.ndarray, low: int, high: int) -> None:
        self._records = records
        self._words = np.flatnonzero((records >= low) & (records < high))
        self._offsets = records[self._words] - low

    def bind(self, place: int) -> None:
        """Let them be those of an array that begins at another address."""
        self._records[self._words] = self._offsets + place


def _spared(phase: Sequence[Tile]) -> int:
    """What a second thread would take off the first in a phase, less what it costs to meet."""
    if len(phase) < 2:
        return 0
    works = [tile.work or tuning.UNKNOWN for tile in phase]
    return min(sum(works) // 2, sum(works) - max(works)) - tuning.meet()


class Tables:
    """Kernels and records of all tiles. hosts: what Python runs, by phase; scratch: bytes that
    each thread needs; most: tiles of the largest phase, so threads for whom there is something to do; work: of all
    tiles, in multiplications; spared: of it, that a second thread would take off the first, less what it costs to
    meet."""

    def __init__(self, parts: Sequence[Lowered], whole: Tables | None = None) -> None:
        """whole: of the program, where these are a part of it. A thread that comes late from a run of the
        one works on in a run of the other, on the scratch that it has, and may look up any phase."""
        self.hosts: Hosts = {}
        phases: list[list[Tile]] = []
        places: dict[int, int] = {}  # of phases, by the lists of their tiles
        for part in parts:
            if part.host is not None:
                self.hosts[len(phases)] = part.host
                phases.append([])
            for tiles in part.phases:
                places[id(tiles)] = len(phases)
                phases += [tiles[i : i + driver.MOST] for i in range(0, len(tiles), driver.MOST)]
        tiles = [tile for phase in phases for tile in phase]
        self.count = len(phases)
        self.scratch = max((tile.scratch for tile in tiles), default=0) + 4096
        length = self.count
        if whole is not None:
            self.scratch, length = max(self.scratch, whole.scratch), max(length, whole.count)
        self.most = max((len(phase) for phase in phases), default=1)
        self.work = sum(tile.work for tile in tiles)
        self.spared = sum(map(_spared, phases))
        self._kinds = [_kind(tile) for tile in tiles]
        self._tiles = np.zeros((max(1, len(tiles)), 2), np.int64)
        self._tiles[: len(tiles)] = self._pairs(tiles)
        # What a late thread looks up beyond the last phase has no tiles; runs over an epoch have a few phases more.
        self._phases = np.zeros((length + 8, 2), np.int64)
        first = 0
        for i, phase in enumerate(phases):
            self._phases[i] = (first, self._count(i, phase))
            for word, on in phase[0].jumps if phase else ():
                begin = (int(self._tiles[first, 1]) - address(self._records)) // 8
                self._records[begin + word] = places[id(on)] - 1
            first += len(phase)
        self._places = address(self._phases), address(self._tiles)

    def _count(self, number: int, phase: Sequence[Tile]) -> int:
        """A phase's tiles, as the driver is told them."""
        if number in self.hosts:
            return driver.HOST
        return driver.JUMP if phase[0].jumps else len(phase)

    def _pairs(self, tiles: Sequence[Tile]) -> np.ndarray:
        """(kernel, record) of each tile; those of its links are in its record."""
        listed = with_links(tiles)
        unknown = [tile for tile in listed if not tile.kernel]
        for tile, kernel in zip(
            unknown, addresses([(tile.key, tile.build) for tile in unknown]), strict=True
        ):
            tile.kernel = kernel
        starts = np.cumsum([0, *(len(tile.record) for tile in listed)])
        self._records = np.zeros(max(1, int(starts[-1])), np.int64)
        self._records[: int(starts[-1])] = [number for tile in listed for number in tile.record]
        first = address(self._records)
        pairs = np.empty((len(listed), 2), np.int64)
        pairs[:, 0] = [tile.kernel for tile in listed]
        pairs[:, 1] = first + 8 * starts[:-1]
        if any(tile.places for tile in listed):
            begins = {id(tile): int(i) for tile, i in zip(listed, starts, strict=False)}
            for tile in listed:
                begin = begins[id(tile)]
                for word, link, of in tile.places:
                    there = link.kernel if of == KERNEL else first + 8 * (begins[id(link)] + of)
                    self._records[begin + word] = there
        return pairs[: len(tiles)]

    def retold(self, tiles: Sequence[Tile], first: int) -> bool:
        """Take the records of other tiles for those from `first` on (from the end, where it is negative); False,
        with nothing changed, where their kernels or lengths differ."""
        begin = first % len(self._kinds)
        if self._kinds[begin : begin + len(tiles)] != [_kind(tile) for tile in tiles]:
            return False
        for number, tile in enumerate(tiles, begin):
            place = (int(self._tiles[number, 1]) - address(self._records)) // 8
            self._records[place : place + len(tile.record)] = tile.record
        return True

    def words_of(self, array: np.ndarray) -> InputWords:
        """Which words of records are addresses in an array."""
        return InputWords(self._records, *span(array))

    def ranges(self) -> list[tuple[int, int]]:
        """Where the tables lie: (begin, end) addresses."""
        arrays = (self._records, self._tiles, self._phases)
        return [(address(a), address(a) + a.nbytes) for a in arrays]

    def install(self, control: np.ndarray) -> None:
        """Make these the tables of a control record."""
        control[driver.PHASES], control[driver.TILES] = self._places
        control[driver.PHASE_COUNT] = self.count


def _kind(tile: Tile) -> tuple[str, int]:
    """What two tiles have in common of which one can have the other's record."""
    return tile.key, len(tile.record)
