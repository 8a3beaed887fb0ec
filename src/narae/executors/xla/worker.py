"""A thread of a program's own, to which Ctrl-C does not come."""

from __future__ import annotations

import _thread
import queue
import weakref
from collections.abc import Callable
from typing import Any

Task = Callable[[], Any]
Tasks = queue.SimpleQueue[tuple[Task, queue.SimpleQueue[Any]] | None]


class Worker:
    """Does one thing after another while the caller waits. What was begun is always ended, so that state
    which was given away is never lost: an interrupt of the caller is raised after that.

    Made of single calls of C: the locks within `concurrent.futures` can be left held by an interrupt.
    """

    def __init__(self) -> None:
        self._tasks: Tasks = queue.SimpleQueue()
        _thread.start_new_thread(_serve, (self._tasks,))
        weakref.finalize(self, self._tasks.put, None)

    def do(self, task: Task) -> Any:
        """What the task gives. Raises what it raises."""
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._tasks.put((task, ended))
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
        self._tasks.put((lambda: None, ended))
        ended.get()


def _serve(tasks: Tasks) -> None:
    while (asked := tasks.get()) is not None:
        task, ended = asked
        try:
            ended.put((task(), None))
        except BaseException as error:
            ended.put((None, error))
        del asked, task, ended
