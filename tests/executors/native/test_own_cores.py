"""Threads that work at the same time are bound to cores of their own, for a moment."""

from __future__ import annotations

import os
import queue
import threading
import time

import pytest

from narae.executors.native import tuning
from narae.executors.native.run import threads

pytestmark = pytest.mark.skipif(
    threads.core() < 0 or threads.cores() < 2, reason="needs Linux, and two cores"
)
Seen = tuple[int, set[int], set[int]]  # the core, and where the thread may be: bound, and later


def together(count: int, beside: int | None, until: threading.Event | None = None) -> list[Seen]:
    """What threads of a new pool see, that work at the same time."""
    found: list[Seen] = []
    ended: queue.SimpleQueue[None] = queue.SimpleQueue()
    all_there = threading.Barrier(count)

    def look() -> None:
        all_there.wait(10)
        bound = os.sched_getaffinity(0)
        if until is not None:
            until.wait(10)
        found.append((threads.core(), bound, os.sched_getaffinity(0)))
        all_there.wait(10)

    pool.ask(look, count, ended, beside)
    if until is not None:
        begun = time.monotonic()
        while not threads._places and time.monotonic() < begun + 10:
            time.sleep(0.001)
        threads.let_go(time.monotonic())
        until.set()
    for _ in range(count):
        ended.get(timeout=20)
    return found


pool = threads.Pool()


def test_no_two_threads_share_a_core() -> None:
    for _ in range(30):
        seen = together(2, threads.ALONE)
        assert len({core for core, *_ in seen}) == 2
        assert all(bound == {core} for core, bound, _ in seen)
        time.sleep(0.001)  # both sleep: who is called next is woken


def test_nor_is_one_where_the_caller_works() -> None:
    for _ in range(10):
        here = threads.core()
        [(core, *_)] = together(1, here)
        assert core != here


def test_they_are_free_again_afterwards() -> None:
    allowed = os.sched_getaffinity(0)
    together(2, threads.ALONE)
    assert not threads._places
    assert [bound for _, bound, _ in together(2, None)] == [allowed, allowed]


def test_they_are_let_go_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.sched_getaffinity(0)
    monkeypatch.setattr(tuning, "BOUND", 0.0)
    [(core, bound, later)] = together(1, threads.ALONE, threading.Event())
    assert core in bound
    assert len(bound) == 1
    assert later == allowed


def test_more_threads_than_cores_are_the_systems() -> None:
    count = len(os.sched_getaffinity(0)) + 1
    if count > 9:
        pytest.skip("many cores")
    seen = together(count, threads.ALONE)
    assert sum(len(bound) > 1 for _, bound, _ in seen) == 1
