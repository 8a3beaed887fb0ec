"""Whose turn it is, of two networks that train beside each other: the one that has seen less of its data.

With the same data and batch size they step in turn. One that takes 100 batches for an epoch makes 100 steps
while one that takes a single batch makes one, so that both are always at the same place of their training.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Turn:
    """When a lab that trains alone may step: always. Here nothing is awaited."""

    again = True  # whether a training that has ended may go on

    def mine(self) -> bool:
        """Whether the next step is this one's."""
        return True

    def due(self) -> bool:
        """Whether a step is owed, even while the training is paused."""
        return False

    def begun(self, per_epoch: int) -> None:
        """A network is there; per_epoch: its steps in an epoch."""

    def stepped(self) -> None:
        """A step is done."""

    def ended(self) -> None:
        """There will be no more steps."""


class Round:
    """Two trainings that begin together. The first leads, so a pause leaves both at the same place.

    wake: called with the number (0, 1) of the one whose turn has come; over: called once, when both have ended.

    >>> turns = Round(lambda side: None, lambda: None)
    >>> first, second = turns.sides
    >>> first.begun(10), second.begun(10), first.mine(), second.mine()
    (None, None, True, False)
    >>> first.stepped(); first.mine(), second.mine(), second.due()
    (False, True, True)
    """

    def __init__(self, wake: Callable[[int], None], over: Callable[[], None]) -> None:
        self._wake, self._over = wake, over
        self._lock = threading.Lock()
        self._steps, self._per_epoch, self._running = [0, 0], [1, 1], [True, True]
        self.sides = tuple(_Side(self, number) for number in (0, 1))

    def is_turn(self, side: int) -> bool:
        """Whether the next step is this side's."""
        with self._lock:
            other = 1 - side
            if not self._running[other]:
                return True
            # steps / per_epoch, by whole numbers
            own = self._steps[side] * self._per_epoch[other]
            others = self._steps[other] * self._per_epoch[side]
            return own <= others if side == 0 else own < others

    def owed(self, side: int) -> bool:
        """Whether this side, which follows, has to come to where the other is."""
        return side == 1 and self._running[0] and self.is_turn(side)

    def begun(self, side: int, per_epoch: int) -> None:
        """A side's network is there."""
        with self._lock:
            self._per_epoch[side] = per_epoch
        self._wake(1 - side)

    def stepped(self, side: int) -> None:
        """A side has made a step."""
        with self._lock:
            self._steps[side] += 1
        if self.is_turn(1 - side):
            self._wake(1 - side)

    def ended(self, side: int) -> None:
        """A side makes no more steps."""
        with self._lock:
            first, self._running[side] = self._running[side], False
            last = first and not any(self._running)
        self._wake(1 - side)
        if last:
            self._over()


class _Side(Turn):
    again = False  # the other would be left behind

    def __init__(self, turns: Round, number: int) -> None:
        self._round, self._number = turns, number

    def mine(self) -> bool:
        return self._round.is_turn(self._number)

    def due(self) -> bool:
        return self._round.owed(self._number)

    def begun(self, per_epoch: int) -> None:
        self._round.begun(self._number, per_epoch)

    def stepped(self) -> None:
        self._round.stepped(self._number)

    def ended(self) -> None:
        self._round.ended(self._number)
