"""Arrays that lie elsewhere in each round of a loop, and the words of records that follow them.

A body is lowered on stand-ins: arrays of the right shape whose memory is asked for and never touched. A word of a
record that is an address near a stand-in then tells which array it belongs to, and how far from its beginning. So no
lowering has to know of loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from narae.executors.native.kernels.chain import Link
from narae.executors.native.kernels.loops import Loop, Setting, build_loop
from narae.executors.native.lower.tiles import Tile, address, link_places, needs, with_links

_AROUND = (
    1 << 16
)  # bytes around a stand-in that are taken for its own: kernels may count from before an array


class Moving:
    """An array that is at an address in the first round and moves by `step` bytes after each.

    array: what the body is lowered on. last: where it is in the last round, if not where it has moved to.
    """

    def __init__(
        self, first: np.ndarray, step: int, last: np.ndarray | None = None, ahead: int = 0
    ) -> None:
        """first, last: the arrays there, of equal shape and strides; ahead: bytes from the first to where it
        begins."""
        low, high = map(int, np.lib.array_utils.byte_bounds(first))
        around = _AROUND + high - low
        self._room = room = np.empty(high - low + 2 * around, np.uint8)
        offset = around + address(first) - low
        self.array: np.ndarray = np.ndarray(first.shape, first.dtype, room, offset, first.strides)  # type: ignore[call-overload]
        self._range = (address(room), address(room) + room.nbytes)
        self._shift = address(first) + ahead - address(self.array)
        self._step = step
        self._last = None if last is None else address(last) - address(self.array)

    def holds(self, place: int) -> bool:
        """Whether an address is of the stand-in."""
        return self._range[0] <= place < self._range[1]

    def words(self, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, int, int, int, int | None]]:
        """(tile, word, value in the first round, step, value in the last round) of the words that follow it."""
        low, high = self._range
        for tile in tiles:
            for word, number in enumerate(tile.record):
                if low <= number < high:
                    last = None if self._last is None else number + self._last
                    yield tile, word, number + self._shift, self._step, last


class Following:
    """The words of tiles' records that follow what moves, as the tables of a loop's record."""

    def __init__(self, tiles: Sequence[Tile], moving: Sequence[Moving]) -> None:
        listed = with_links(tiles)
        self._found = [entry for one in moving for entry in one.words(listed)]
        self._lasts = [entry for entry in self._found if entry[4] is not None]
        self.moving_count, self.last_count = len(self._found), len(self._lasts)
        self.starts = [Setting(place=0, value=first) for _, _, first, _, _ in self._found]
        self.steps = [Setting(place=0, value=step) for _, _, _, step, _ in self._found]
        self.lasts = [Setting(place=0, value=last or 0) for _, _, _, _, last in self._lasts]
        for tile, word, *_ in self._found:
            tile.record[word] = 0  # the loop writes it

    def places(self, begin: int) -> list[tuple[int, Tile, int]]:
        """The places of the tables in a record, of which the first begins at a word."""
        found: list[tuple[int, Tile, int]] = []
        for table in (self._found, self._found, self._lasts):
            found += [(begin + 2 * i, tile, word) for i, (tile, word, *_) in enumerate(table)]
            begin += 2 * len(table)
        return found


def loop_tile(rounds: int, error: int, links: Sequence[Tile], moving: Sequence[Moving]) -> Tile:
    """A tile that runs links so many times, or until there is an error at an address."""
    following = Following(links, moving)
    record = Loop(
        rounds=rounds,
        error=error,
        link_count=len(links),
        moving_count=following.moving_count,
        last_count=following.last_count,
        links=[Link(kernel=0, record=0)] * len(links),
        starts=following.starts,
        steps=following.steps,
        lasts=following.lasts,
    )
    begin = Loop.word_count(links=0, moving=0, last=0)
    places = link_places(links, begin) + following.places(begin + 2 * len(links))
    scratch, work = needs(links)
    return Tile("loop", build_loop, record.numbers(), scratch, rounds * work, tuple(links), places)
