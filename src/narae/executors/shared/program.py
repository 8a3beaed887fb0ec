"""What a loaded program offers, whichever executor loaded it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from narae.executors.shared.rows import Rows
    from narae.graph.plan import Plan


class Progress(Iterator[int], Protocol):
    """A run of many steps: gives now and then how many are done."""

    def close(self) -> None:
        """End the run after the present step."""
        ...


class Program(Protocol):
    """A loaded plan. `inputs` are its argument buffers, which the caller fills; a call gives its
    output buffers, valid until the next call, and leaves new values in the stores given to `load`.

    away: whether it leaves them on a device; else they are in the stores' arrays.
    runs_many: whether it has runs of many steps at all; else `many` gives None.
    laid_out: bytes of weights, and of what an optimizer keeps of them, in another order too, as its products read them.
    held: positions of the states whose newest numbers it may have in an order of its own: it says so to their stores.
    rows: the rows of a batch that go into `inputs` here, in this process; None: all.
    """

    plan: Plan
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    away: bool = False
    runs_many: bool = False
    laid_out: int = 0
    held: frozenset[int] = frozenset()
    rows: slice | np.ndarray | None = None

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs` and the state."""
        ...

    def mark(self) -> None:
        """While it runs: say again to the stores of the states it holds that their newest numbers are here."""
        return

    def on(self, array: np.ndarray) -> list[np.ndarray] | None:
        """Run once on an array of the caller's in the place of the one input; None where it has to be copied there."""
        return None

    def many(self, steps: int, rows: Sequence[Rows], kept: Sequence[np.ndarray]) -> Progress | None:
        """Run many steps on rows of arrays. None where it has no such run of these.

        kept: for each output, memory for what all steps give, one after the other.
        """
        return None
