"""Threads that help programs along, the scratch of each, and on which cores they are.

Linux wakes a thread on the core where it last ran. Who calls two and then sleeps himself was still on the other core
when the second was called, so both are on one. They may stay there for 50 ms, and longer where a virtual machine's
kernel packs what it runs on few cores: two threads do the work of one.
"""

from __future__ import annotations

import _thread
import ctypes
import functools
import os
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from narae.base import changes
from narae.base.context import Guard
from narae.base.machine import usable_cores
from narae.executors.native import tuning
from narae.executors.shared.memory import aligned

Task = Callable[[], None]
Ended = queue.SimpleQueue[None]


class _Local(threading.local):
    scratch: tuple[np.ndarray, int] = (np.empty(0, np.uint8), 0)  # with its address


_local = _Local()


def scratch(size: int) -> int:
    """The address of this thread's scratch, of at least `size` bytes."""
    array, address = _local.scratch
    if array.size < size:
        array = aligned(size)
        address = array.ctypes.data
        _local.scratch = array, address
    return address


def range_of() -> tuple[int, int]:
    """Where this thread's scratch begins and ends."""
    array, begin = _local.scratch
    return begin, begin + array.size


def cores() -> int:
    """How many threads can work at a time: more would take turns, and keep each other's caches cold."""
    return usable_cores()


class _Place(NamedTuple):
    """Where a thread that works is bound, and what it may use else."""

    thread: int  # the system's number
    core: int
    allowed: set[int]
    since: float


_places: dict[int, _Place] = {}  # of the threads that are bound to a core, by their number
_choosing = threading.Lock()  # only threads of the pool take it: no Ctrl-C comes there
ALONE = -1  # who asks for helpers does not work himself


@functools.cache
def _asking() -> Callable[[], int] | None:
    """The system's function that tells the core; None where there is none, or threads cannot be bound."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return getattr(ctypes.CDLL(None), "sched_getcpu", None)


def core() -> int:
    """The core that this thread is on; ALONE where the system does not tell."""
    asking = _asking()
    return ALONE if asking is None else asking()


@contextmanager
def bound(beside: int) -> Iterator[None]:
    """This thread stays on a core where no other one of ours works, if there is one.

    beside: the core of who asked for it, if he goes on to work.
    """
    me, here = threading.get_ident(), core()
    if here != ALONE:
        with _choosing:
            others = {beside, *(place.core for place in [*_places.values()])}
            allowed = os.sched_getaffinity(0)
            free = {here} if here not in others else allowed - others
            if free and _bind(0, free):
                _places[me] = _Place(threading.get_native_id(), core(), allowed, time.monotonic())
    try:
        yield
    finally:
        place = _places.pop(me, None)
        if place is not None:
            _bind(0, place.allowed)


def let_go(now: float) -> None:
    """Leave those to the system that have worked for a while: it has seen by now what they need, and knows who else
    wants their cores."""
    for me, place in [*_places.items()]:
        if now - place.since > tuning.BOUND:
            _places.pop(me, None)
            _bind(place.thread, place.allowed)


def _bind(thread: int, cores: set[int]) -> bool:
    """Whether a thread may use just these cores from now on. thread: the system's number; 0 for this one."""
    try:
        os.sched_setaffinity(thread, cores)
    except OSError:  # it has ended, or what the process may use has changed
        return False
    return True


class Row:
    """Runs of one program, one after the other: how many threads work at the next, and whether helpers have to be
    called, since those of the run before look for another one a while.

    A short run that is held up (by a helper that the system has put aside with a tile) shows that others want the
    cores: runs are one thread's for a while then. short: whether a run is over before called threads are there.
    """

    __slots__ = (
        "_alone_until",
        "_began",
        "_called",
        "_ended",
        "_known",
        "_number",
        "_pool",
        "short",
    )

    def __init__(self) -> None:
        self.short = True
        self._began = self._ended = self._alone_until = 0.0
        self._known, self._number, self._pool = -1, 1, pool()
        self._called: weakref.WeakSet[_Asked] = weakref.WeakSet()  # who has not left yet

    def workers(self, asked: Callable[[], int]) -> int:
        """How many threads work. asked: asks settings and the system, which in a row of short runs is not done again
        while no setting changes."""
        self._began, count = time.monotonic(), changes.count()
        if count != self._known or self._began - self._ended > tuning.OFTEN or not self.short:
            self._known, self._number = count, asked()
        if _places:
            let_go(self._began)
        return 1 if self.short and self._began < self._alone_until else self._number

    def missing(self, wanted: int, lingering: np.ndarray) -> int:
        """How many helpers to call. lingering: its first number, those who are there. A short run calls them where
        the one before has just ended: it will be over before they come, and the next finds them."""
        now = pool()
        if now is not self._pool:  # a forked child: helpers did not come along
            self._pool, lingering[0] = now, 0
            self._called.clear()
        if self.short and self._began - self._ended > tuning.OFTEN:
            return 0
        if int(lingering[0]) >= wanted:
            return 0
        # who is on the way is not called again: they would be ever more threads
        return wanted - len(self._called)

    def call(self, task: Task, count: int) -> None:
        """Call helpers."""
        self._called.update(self._pool.ask(task, count, beside=core()))

    def ended(self, together: bool) -> None:
        """The run is over. together: whether several threads were to work."""
        self._ended = time.monotonic()
        if together and self.short and self._ended - self._began > tuning.HELD_UP_RUN:
            self._alone_until = self._ended + tuning.ALONE_FOR


class _Asked:
    """A task that waits or is being done: it counts as long as it is there."""

    __slots__ = ("__weakref__", "beside", "ended", "task")

    def __init__(self, task: Task, ended: Ended | None, beside: int | None) -> None:
        self.task, self.ended, self.beside = task, ended, beside


class Pool:
    """Threads that take tasks; they are made when first asked for.

    Ctrl-C may come at any call, within those of `threading` too: its Semaphore and Thread.start
    would be left with their inner lock held, and the threads wait for it for ever. What is used here
    is done by one call of C, or not at all.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._threads = 0
        self._open: weakref.WeakSet[_Asked] = weakref.WeakSet()
        self._guard = Guard()

    def ask(
        self, task: Task, count: int, ended: Ended | None = None, beside: int | None = None
    ) -> list[_Asked]:
        """Let `count` threads each do the task, soon: those that work for others are not waited for.

        ended: each puts None there when it is free again. beside: they stay on cores of their own; the core of who
        asks, if he works too, else ALONE. None: they may be anywhere, and use all cores for what they call.
        """
        asked = [_Asked(task, ended, beside) for _ in range(count)]
        with self._guard.held():
            self._open.update(asked)
            while self._threads < min(len(self._open), tuning.THREADS):
                _thread.start_new_thread(_serve, (self._tasks,))
                self._threads += 1
        for one in asked:
            self._tasks.put(one)
        return asked


def _serve(tasks: queue.SimpleQueue[_Asked]) -> None:
    while True:
        asked = tasks.get()
        ended = asked.ended
        try:
            if asked.beside is None:
                asked.task()
            else:
                with bound(asked.beside):
                    asked.task()
        # memory that ran out, say: a thread that ended is still counted, and would be missing
        except BaseException:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), None)))
        finally:
            del asked
            if ended is not None:
                ended.put(None)


_pools = [Pool()]


def pool() -> Pool:
    """The process's threads."""
    return _pools[-1]


def _forked() -> None:
    """Threads do not come along into a forked process: it makes its own."""
    global _choosing
    _places.clear()
    _choosing = threading.Lock()  # somebody may have held it
    _pools[:] = [Pool()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
