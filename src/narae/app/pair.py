"""Two labs beside each other: two networks that begin together, step in turn, and are measured in the same way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from narae.app.experiments import EXPERIMENTS
from narae.app.lab import Lab, Send
from narae.app.measured import Measured, summary
from narae.app.messages import Compare, Message, Train
from narae.app.networks import Network
from narae.app.turns import Round

T = TypeVar("T")
SIDES = ("a", "b")


class Pair:
    """Trains two networks in turn; each comes out as it would alone. All messages name their side.

    send: called with each message for the page, in the labs' threads.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._labs = [
            Lab("compare", functools.partial(self._from, side), Measured) for side in SIDES
        ]
        self._runs = 0

    def ask(self, message: Message) -> None:
        """Do what a message says, with both. The one that follows hears first, so that it waits for the other."""
        if isinstance(message, Compare):
            self._compare(message)
        else:
            for lab in reversed(self._labs):
                lab.ask(message)

    def _compare(self, message: Compare) -> None:
        self._runs += 1
        run = self._runs
        turns = Round(lambda side: self._labs[side].wake(), lambda: self._answer(message, run))
        for lab, turn, knobs in zip(self._labs, turns.sides, message.knobs, strict=True):
            lab.train(Train(message.task, knobs, message.paused), turn)

    def _answer(self, message: Compare, run: int) -> None:
        """Tell what was measured; by the thread of the lab that ended last, while the other's has ended as well."""
        if run != self._runs:
            return
        watched = [found for lab in self._labs if isinstance(found := lab.progress(), Measured)]
        if len(watched) < len(SIDES):
            return  # one has failed, and said so
        numbers = {s: summary(found.points) for s, found in zip(SIDES, watched, strict=True)}
        outcome = expected = None
        if message.experiment is not None:
            row = EXPERIMENTS[message.experiment]
            outcome, expected = row.outcome(numbers["a"], numbers["b"]), row.expected
        self._send(
            {
                "type": "outcome",
                "task": "compare",
                "experiment": message.experiment,
                "outcome": outcome,
                "expected": outcome is not None and outcome == expected,
                **numbers,
            }
        )

    def waiting(self) -> int:
        """How many messages and calls wait for the end of a step."""
        return max(lab.waiting() for lab in self._labs)

    def call(self, function: Callable[[Network], T]) -> Future[T]:
        """Call a function with the first network."""
        return self._labs[0].call(function)

    def close(self) -> None:
        """End both trainings."""
        for lab in self._labs:
            lab.close()

    def join(self, timeout: float) -> bool:
        """Wait for the end of both threads; whether it came."""
        joined = [lab.join(timeout) for lab in self._labs]
        return all(joined)

    def _from(self, side: str, message: dict[str, Any]) -> None:
        self._send({**message, "side": side})
