"""How much one session may ask of the server: what is beyond waits, so that others have their turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from narae.app.inside.requests import Sample
from narae.app.map_requests import Map, Place
from narae.app.messages import Code, Compare, Draw, Evaluate, Message, Save, Train
from narae.app.tables.requests import Columns, Upload

TOO_MANY = "more messages than the server takes from one session: they wait"
# Seconds of a session's time that a message is worth. A hand that draws, or turns knobs, stays far below.
_COSTS: dict[type, float] = {
    Draw: 0.01,
    Train: 0.2,
    Compare: 0.2,
    Evaluate: 1.0,
    Code: 0.1,
    Save: 0.5,
    Sample: 0.05,
    Upload: 0.05,
    Columns: 0.1,
    Map: 1.0,
    Place: 0.02,
}
_PLAIN = 0.005
_SAVED = 2.0  # seconds that may be saved up, for a burst
_AGAIN = 5.0  # seconds until the page is told once more


class Budget:
    """A bucket that fills by one second a second, and from which each message takes what it costs
    (Turner 1986, the leaky bucket).

    clock: seconds that only grow.

    >>> now = [0.0]
    >>> budget = Budget(lambda: now[0])
    >>> [budget.lacks(Evaluate("dense")) for _ in range(3)]
    [0.0, 0.0, 1.0]
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._left, self._at, self._told = clock, _SAVED, clock(), -_AGAIN

    def lacks(self, message: Message | None) -> float:
        """Pay for a message; the seconds until that is paid, 0 when there is enough. None: a message that
        was refused."""
        now = self._clock()
        self._left = min(_SAVED, self._left + now - self._at)
        self._at = now
        self._left -= _COSTS.get(type(message), _PLAIN)
        return max(0.0, -self._left)

    def warns(self, message: Message | None) -> bool:
        """Whether the page should be told now that this message waits."""
        waits = self._left + self._clock() - self._at < _COSTS.get(type(message), _PLAIN)
        if not waits or self._clock() - self._told < _AGAIN:
            return False
        self._told = self._clock()
        return True

    async def wait(self, message: Message | None) -> None:
        """Pay for a message, and wait until that is paid."""
        seconds = self.lacks(message)
        if seconds:
            await asyncio.sleep(seconds)
