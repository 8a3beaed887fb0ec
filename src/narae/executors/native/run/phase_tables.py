"""Phases as the tables that the driver reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from narae.executors.native.jit.compiler import addresses
from narae.executors.native.kernels.chain import Chain, Link
from narae.executors.native.lower.tiles import Lowered, Tile, address
from narae.executors.native.run import driver

Hosts = dict[int, Callable[[], None]]


class Tables:
    """Kernels and records of all tiles. hosts: what Python runs, by phase; scratch: bytes that
    each thread needs; shared: whether there is a phase for more than one thread; work: of all tiles,
    in multiplications."""

    def __init__(self, parts: Sequence[Lowered], whole: Tables | None = None) -> None:
        """whole: of the program, where these are a part of it. A thread that comes late from a run of the
        one works on in a run of the other, on the scratch that it has, and may look up any phase."""
        self.hosts: Hosts = {}
        phases: list[list[Tile]] = []
        for part in parts:
            if part.host is not None:
                self.hosts[len(phases)] = part.host
                phases.append([])
            for tiles in part.phases:
                phases += [tiles[i : i + driver.MOST] for i in range(0, len(tiles), driver.MOST)]
        tiles = [tile for phase in phases for tile in phase]
        self.count = len(phases)
        self.scratch = max((tile.scratch for tile in tiles), default=0) + 4096
        length = self.count
        if whole is not None:
            self.scratch, length = max(self.scratch, whole.scratch), max(length, whole.count)
        self.shared = any(len(phase) > 1 for phase in phases)
        self.work = sum(tile.work for tile in tiles)
        self._tiles = np.zeros((max(1, len(tiles)), 2), np.int64)
        self._tiles[: len(tiles)] = self._pairs(tiles)
        # What a late thread looks up beyond the last phase has no tiles; runs over an epoch have a few phases more.
        self._phases = np.zeros((length + 8, 2), np.int64)
        first = 0
        for i, phase in enumerate(phases):
            self._phases[i] = (first, driver.HOST if i in self.hosts else len(phase))
            first += len(phase)
        self._places = address(self._phases), address(self._tiles)

    def _pairs(self, tiles: Sequence[Tile]) -> np.ndarray:
        """(kernel, record) of each tile; those of a chain's links are in its record."""
        links = [link for tile in tiles for link in tile.links]
        listed = [*tiles, *links]
        unknown = [tile for tile in listed if not tile.kernel]
        for tile, kernel in zip(
            unknown, addresses([(tile.key, tile.build) for tile in unknown]), strict=True
        ):
            tile.kernel = kernel
        sizes = [len(tile.record) or Chain.word_count(links=len(tile.links)) for tile in listed]
        starts = np.cumsum([0, *sizes])
        self._records = np.zeros(max(1, int(starts[-1])), np.int64)
        pairs = np.empty((len(listed), 2), np.int64)
        pairs[:, 0] = [tile.kernel for tile in listed]
        pairs[:, 1] = address(self._records) + 8 * starts[:-1]
        flat = [
            number
            for tile, size in zip(listed, sizes, strict=True)
            for number in tile.record or [0] * size
        ]
        self._records[: len(flat)] = flat
        done = len(tiles)
        for tile, start in zip(tiles, starts, strict=False):
            if tile.links:
                count = len(tile.links)
                found = pairs[done : done + count].tolist()
                links_of = [Link(kernel=kernel, record=record) for kernel, record in found]
                numbers = Chain(count=count, links=links_of).numbers()
                self._records[start : start + len(numbers)] = numbers
                done += count
        return pairs[: len(tiles)]

    def ranges(self) -> list[tuple[int, int]]:
        """Where the tables lie: (begin, end) addresses."""
        arrays = (self._records, self._tiles, self._phases)
        return [(address(a), address(a) + a.nbytes) for a in arrays]

    def install(self, control: np.ndarray) -> None:
        """Make these the tables of a control record."""
        control[driver.PHASES], control[driver.TILES] = self._places
        control[driver.PHASE_COUNT] = self.count
