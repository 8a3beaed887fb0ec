"""A thread of a program's own, to which Ctrl-C does not come."""

from __future__ import annotations

import _thread
import queue
import weakref
from collections.abc import Callable
from typing import Any

Job = Callable[[], Any]
Jobs = queue.SimpleQueue[tuple[Job, queue.SimpleQueue[Any]] | None]


class Worker:
    """Does one thing after another while the caller waits. What was begun is always ended, so that state
    which was given away is never lost: an interrupt of the caller is raised after that.

    Made of single calls of C: the locks within `concurrent.futures` can be left held by an interrupt.
    """

    def __init__(self) -> None:
        self._jobs: Jobs = queue.SimpleQueue()
        _thread.start_new_thread(_serve, (self._jobs,))
        weakref.finalize(self, self._jobs.put, None)

    def do(self, job: Job) -> Any:
        """What the job gives. Raises what it raises."""
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._jobs.put((job, ended))
            result, error = ended.get()
        except BaseException:
            self.settle()
            raise
        if error is not None:
            raise error
        return result

    def settle(self) -> None:
        """Wait until everything that was begun is over."""
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._jobs.put((lambda: None, ended))
        ended.get()


def _serve(jobs: Jobs) -> None:
    while (asked := jobs.get()) is not None:
        job, ended = asked
        try:
            ended.put((job(), None))
        except BaseException as error:
            ended.put((None, error))
        del asked, job, ended
