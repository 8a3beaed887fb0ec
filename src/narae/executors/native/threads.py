"""Threads that help programs along, and the scratch of each."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

import numpy as np

from narae.executors.numpy.memory import aligned

Task = Callable[[], None]


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
    """Threads that take tasks; they are made when first asked for."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[tuple[Task, threading.Semaphore | None]] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._asked = 0  # tasks that wait or are being done
        self._lock = threading.Lock()

    def ask(self, task: Task, count: int, ended: threading.Semaphore | None = None) -> None:
        """Let `count` threads each do the task, soon: those that work for others are not waited
        for. ended: told by each when it is free again."""
        with self._lock:
            self._asked += count
            while len(self._threads) < min(self._asked, _MOST):
                name = f"narae-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
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
                    ended.release()


_pools = [Pool()]


def pool() -> Pool:
    """The process's threads."""
    return _pools[-1]


def _forked() -> None:
    """Threads do not come along into a forked process: it makes its own."""
    _pools[:] = [Pool()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
