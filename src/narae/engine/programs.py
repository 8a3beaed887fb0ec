"""Programs by what they were made for: those used last, within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Any

from narae.engine.compiled import Compiled

MOST = 64  # programs
BYTES = 1 << 30  # of their arrays
FEW = 8  # programs that stay however large they are: those of an epoch's training and validation


class Programs:
    """What a model or a function was compiled for, the least recently used let go first.

    A program that is let go while somebody runs it lives until that run is over. Everything it held is
    free then; it is made again when it is asked for.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Compiled] = OrderedDict()

    def get(self, key: Hashable) -> Compiled | None:
        """A program, which so is the last one used; None where there is none."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, program: Compiled) -> Compiled:
        """Keep a program, and let go of others where there are too many."""
        self._kept[key] = program
        total = sum(kept.nbytes for kept in self._kept.values())
        while len(self._kept) > MOST or (len(self._kept) > FEW and total > BYTES):
            total -= self._kept.popitem(last=False)[1].nbytes
        return program

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def items(self) -> Iterator[tuple[Any, Compiled]]:
        """Keys and programs, the one used last at the end."""
        return iter(list(self._kept.items()))

    def __len__(self) -> int:
        return len(self._kept)
