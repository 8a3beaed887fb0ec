"""Short runs in a row: helpers of one look a while whether there is another, and help it."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import narae as keras
from narae import layers
from narae.base import changes
from narae.engine import config
from narae.executors.native import tuning
from narae.executors.native.jit import bounds
from narae.executors.native.lower.tiles import address
from narae.executors.native.run import driver, threads
from narae.graph.ir import Spec

pytestmark = pytest.mark.skipif(bounds.enabled(), reason="checked kernels run on one thread")


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [2])
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(tuning, "OFTEN", 1.0)
    monkeypatch.setattr(tuning, "HELD_UP_RUN", 10.0)


def _answer() -> tuple[Any, Any, np.ndarray]:
    """A frozen network, its program for one sample, and that."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((700,)), layers.Dense(512, "tanh"), layers.Dense(9)])
    x = np.random.default_rng(0).normal(size=(1, 700)).astype("float32")
    frozen = keras.compile_inference(model)
    program = frozen.compiled(Spec(x.shape, "float32")).program
    assert tuning.TOGETHER < program.tables.work < tuning.ALONE
    assert program.tables.most > 1
    return frozen, program, x


def _until(done: Any) -> bool:
    end = time.monotonic() + 10
    while not done() and time.monotonic() < end:
        time.sleep(0.001)
    return done()


def test_bits_are_those_of_one_thread_and_helpers_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, program, x = _answer()
    with monkeypatch.context() as one:
        one.setattr(config, "_threads", [1])
        alone = frozen(x)
    changes.note()  # as set_num_threads does
    lingered = 0
    for _ in range(2000):
        np.testing.assert_array_equal(frozen(x), alone)
        lingered += int(program._control[driver.LINGERING])
    assert _until(lambda: program._control[driver.LINGERING] == 0)
    assert lingered  # now and then somebody was there


def test_a_run_that_is_not_one_of_a_row_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(tuning, "OFTEN", 0.0)
    monkeypatch.setattr(threads.Pool, "ask", lambda *args, **_: asked.append(args) or [])
    frozen, _, x = _answer()
    for _ in range(20):
        frozen(x)
    assert not asked


def test_who_was_held_up_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, _, x = _answer()
    asked = []
    monkeypatch.setattr(threads.Pool, "ask", lambda *args, **_: asked.append(args) or [])
    frozen(x)
    frozen(x)
    assert asked
    monkeypatch.setattr(tuning, "HELD_UP_RUN", 0.0)
    monkeypatch.setattr(tuning, "ALONE_FOR", 60.0)
    frozen(x)
    asked.clear()
    for _ in range(20):
        frozen(x)
    assert not asked


def forks(test: Any) -> Any:
    """A test that forks: where there is a fork, and without what is warned of threads."""
    quiet = pytest.mark.filterwarnings(
        "ignore:This process:DeprecationWarning", r"ignore:os.fork\(\) was called:RuntimeWarning"
    )  # the second is of JAX, where another test loaded it
    return pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")(quiet(test))


@forks
def test_a_forked_child_calls_helpers_of_its_own() -> None:
    frozen, program, x = _answer()
    wanted = frozen(x)
    program._control[driver.LINGERING] = 1  # as while a helper looks for another run
    child = os.fork()
    if child == 0:
        same = all(np.array_equal(frozen(x), wanted) for _ in range(50))
        os._exit(0 if same and program._control[driver.LINGERING] < 2 else 1)
    program._control[driver.LINGERING] = 0
    assert os.waitpid(child, 0)[1] == 0


@forks
def test_a_child_that_was_forked_within_a_run_ends_it() -> None:
    """Threads of the run are not there to end the tiles that they had, and what it read is of no call here."""
    frozen, program, x = _answer()
    wanted = frozen(x)
    program._begin(program.tables, 1)
    program._control[driver.WORD] += 1  # as a thread takes a tile, and goes on with it
    assert program._input is not None
    program._bound = np.full_like(x, 7)
    program._input.bind(address(program._bound))
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends it, where it waits
        program.inputs[0][...] = x
        os._exit(0 if np.array_equal(program()[0], wanted) else 1)
    program._control[driver.WORD] -= 1
    program._unbind()
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(frozen(x), wanted)


def test_what_is_broken_off_is_over_when_it_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers that look for a run take it on as soon as it is there: nothing may change later what is read then."""
    frozen, program, x = _answer()
    wanted = frozen(x)

    def interrupted(tables: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "_lead", interrupted)
    with pytest.raises(KeyboardInterrupt):
        program()
    assert not program._running()
    monkeypatch.undo()
    assert np.array_equal(frozen(x), wanted)


def test_threads_ask_in_rows_of_their_own() -> None:
    answers = [_answer() for _ in range(3)]
    wanted = [frozen(x) for frozen, _, x in answers]
    wrong: list[int] = []

    def ask(i: int) -> None:
        frozen, _, x = answers[i]
        wrong.extend(i for _ in range(300) if not np.array_equal(frozen(x), wanted[i]))

    asking = [threading.Thread(target=ask, args=(i,)) for i in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert not wrong


def test_who_is_on_the_way_is_not_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late helpers come, there are no more of them than were asked for: each run called one more."""
    monkeypatch.setattr(threads, "_pools", [threads.Pool()])
    late = threading.Event()
    row = threads.Row()
    for _ in range(20):
        row.workers(lambda: 3)
        missing = row.missing(2, np.zeros(1, np.int64))
        if missing > 0:
            row.call(late.wait, missing)
        row.ended(True)
        row._alone_until = 0.0
    assert threads.pool()._threads == 2
    late.set()


@pytest.mark.parametrize("beside", [None, threads.ALONE])
def test_a_task_that_raises_takes_no_thread_along(
    beside: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    pool, ended = threads.Pool(), queue.SimpleQueue[None]()

    def without_memory() -> None:
        raise MemoryError

    for task in (without_memory, int):  # as many tasks as threads, twice
        pool.ask(task, tuning.THREADS, ended, beside)
        for _ in range(tuning.THREADS):
            ended.get(timeout=10)
    assert [one.exc_type for one in said] == [MemoryError] * tuning.THREADS
