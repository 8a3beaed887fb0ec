"""Threads that help programs along, and the scratch of each."""

from __future__ import annotations

import _thread
import os
import queue
import threading
from collections.abc import Callable

import numpy as np

from narae.executors.numpy.memory import aligned

Task = Callable[[], None]
Ended = queue.SimpleQueue[None]

_MOST = 256  # threads of a process


class _Local(threading.local):
    scratch: np.ndarray = np.empty(0, np.uint8)


_local = _Local()


def scratch(size: int) -> int:
    """The address of this thread's scratch, of at least `size` bytes."""
    if _local.scratch.size < size:
        _local.scratch = aligned(size)
    return _local.scratch.ctypes.data


def range_of() -> tuple[int, int]:
    """Where this thread's scratch begins and ends."""
    begin = _local.scratch.ctypes.data
    return begin, begin + _local.scratch.size


class Pool:
    """Threads that take tasks; they are made when first asked for.

    Ctrl-C may come at any call, within those of `threading` too: its Semaphore and Thread.start
    would be left with their inner lock held, and the threads wait for it for ever. What is used here
    is done by one call of C, or not at all.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[tuple[Task, Ended | None]] = queue.SimpleQueue()
        self._threads = 0
        self._asked = 0  # tasks that wait or are being done
        self._lock = threading.Lock()

    def ask(self, task: Task, count: int, ended: Ended | None = None) -> None:
        """Let `count` threads each do the task, soon: those that work for others are not waited
        for. ended: told by each when it is free again."""
        with self._lock:
            self._asked += count
            while self._threads < min(self._asked, _MOST):
                _thread.start_new_thread(self._serve, ())
                self._threads += 1
        for _ in range(count):
            self._tasks.put((task, ended))

    def _serve(self) -> None:
        while True:
            task, ended = self._tasks.get()
            try:
                task()
            finally:
                with self._lock:
                    self._asked -= 1
                if ended is not None:
                    ended.put(None)


_pools = [Pool()]


def pool() -> Pool:
    """The process's threads."""
    return _pools[-1]


def _forked() -> None:
    """Threads do not come along into a forked process: it makes its own."""
    _pools[:] = [Pool()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
