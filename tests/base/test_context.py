"""What a with statement pushes is there in its body, and nowhere else, however the body is left."""

from __future__ import annotations

import dis
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType
from typing import Any

import pytest
from tests.interrupts import interrupted, spots

import narae
from narae.base import context
from narae.base.context import Guard, Pushed, Stack

stack: Stack[int] = Stack()


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    stack.entries.clear()


def _nested() -> list[int]:
    with stack.pushed(1):
        try:
            raise ValueError
        except ValueError:
            with stack.pushed(2), stack.pushed(3):
                for _ in range(2):
                    found = stack.values()
                    continue
                try:
                    return found
                finally:
                    assert stack.values() == [1, 2, 3]


def test_it_is_there_in_the_body_alone() -> None:
    assert _nested() == [1, 2, 3]
    assert stack.values() == []
    with pytest.raises(KeyError), stack.pushed(1):
        raise KeyError
    assert stack.top() is None


def test_an_interrupt_at_any_instruction_leaves_nothing() -> None:
    places = spots(_nested, _nested.__code__)
    assert len(places) > 100
    for spot in places:
        assert interrupted(_nested, spot)
        assert stack.values() == []
        assert _nested() == [1, 2, 3]


def test_nor_in_a_frame_that_goes_on() -> None:
    """As `try: with tape: ... except KeyboardInterrupt: ...` in a notebook's loop."""

    def run() -> None:
        with stack.pushed(5):
            assert stack.top() == 5

    run()
    codes = (Pushed.__enter__.__code__, Pushed.__exit__.__code__)
    places = [spot for spot in spots(run) if spot[0] in codes]
    assert len(places) > 20
    for code, place, _ in places:
        tracer = sys.gettrace()
        try:
            sys.settrace(_raising(code, place))
            with stack.pushed(6):
                assert stack.values() == [6]
        except KeyboardInterrupt:
            sys.settrace(tracer)
            assert stack.values() == []
        else:
            sys.settrace(tracer)
            pytest.fail("no interrupt")


def _raising(code: Any, place: int) -> Any:
    def trace(frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code is not code:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_lasti == place:
            raise KeyboardInterrupt
        return trace

    return trace


def test_a_generator_holds_it_while_it_waits() -> None:
    def held() -> Iterator[None]:
        with stack.pushed(1):
            yield

    @contextmanager
    def ours() -> Iterator[None]:
        with stack.pushed(7):
            yield

    one, two = held(), held()
    next(one)
    next(two)
    with stack.pushed(2):
        assert stack.values() == [1, 1, 2]
        next(one, None)  # not the one on top
        assert stack.values() == [1, 2]
    del two
    assert stack.values() == []
    with ours():
        assert stack.values() == [7]
    assert stack.values() == []


def test_by_hand_it_is_there_until_it_is_taken_out() -> None:
    def enter(exits: ExitStack) -> None:
        exits.enter_context(stack.pushed(1))

    with ExitStack() as exits:
        enter(exits)
        assert stack.top() == 1
    assert stack.top() is None
    by_hand = stack.pushed(2)
    by_hand.__enter__()
    assert stack.top() == 2
    by_hand.__exit__()
    assert stack.top() is None


def test_a_subclass_that_enters_belongs_to_the_statement() -> None:
    class Loud(narae.GradientTape):
        def __enter__(self) -> Any:
            return super().__enter__()

    x = narae.Variable(3.0)
    with Loud() as tape:
        y = x * x
    assert tape.gradient(y, x).item() == 6


def test_each_thread_has_its_own() -> None:
    seen: list[Any] = []
    with stack.pushed(1):
        thread = threading.Thread(target=lambda: seen.append(stack.values()))
        thread.start()
        thread.join()
    assert seen == [[]]


def test_a_guard_lets_one_thread_in() -> None:
    guard, inside, most = Guard(), [0], [0]

    def work() -> None:
        for _ in range(300):
            with guard.held(), guard.held():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert most == [1]


def test_an_interrupt_at_any_instruction_leaves_a_guard_free() -> None:
    guard = Guard()

    def run() -> None:
        with guard.held():
            pass

    def other() -> bool:
        done: list[bool] = []
        thread = threading.Thread(target=lambda: (run(), done.append(True)))
        thread.start()
        thread.join(timeout=5)
        return bool(done)

    run()
    for spot in spots(run, run.__code__):
        interrupted(run, spot)
        run()
        interrupted(run, spot)
        assert other()


def test_a_guard_is_free_in_a_fork_where_another_thread_held_it() -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork here")
    guard, begun, end = Guard(), threading.Event(), threading.Event()

    def hold() -> None:
        with guard.held():
            begun.set()
            end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forks in processes with threads
            child = os.fork()
        if child == 0:
            with guard.held():
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    finally:
        end.set()
        thread.join()


def test_instructions_are_where_dis_finds_them() -> None:
    def codes(code: CodeType) -> Iterator[CodeType]:
        yield code
        for const in code.co_consts:
            if isinstance(const, CodeType):
                yield from codes(const)

    found = 0
    for path in (__file__, context.__file__):
        with open(path, encoding="utf-8") as file:
            for code in codes(compile(file.read(), path, "exec")):
                places = [i.offset // 2 for i in dis.get_instructions(code)]
                assert list(context._instructions(code.co_code[::2], 0)) == places
                found += len(places) < len(code.co_code) // 2
    assert found  # some have caches, which are no instructions
