"""State that a with statement pushes, and that is gone when the statement is left, however that comes.

Ctrl-C may fall anywhere: in `__enter__` after the push, in `__exit__` before the pop, between the two and
the body. So nothing here relies on `__exit__`. Whatever is pushed belongs to the with statement that pushed it,
and counts only while the statement's frame is in its body, which the frame itself tells: its next
instruction lies within the statement's range in the code's exception table. A frame that has ended (one kept by a
traceback too) stands at an instruction outside; a generator's stands at its yield. Whoever looks next drops
what does not count.

What is not pushed by a with statement (`ExitStack`, `__enter__` called by hand) counts until `__exit__`.
"""

from __future__ import annotations

import inspect
import opcode
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import Context
from itertools import islice
from types import CodeType, FrameType
from typing import Any, Generic, TypeVar, overload

import numpy as np

T = TypeVar("T")

_NOWHERE = b""  # the range of what was entered by hand
_CACHE, _WITH = opcode.opmap["CACHE"], opcode.opmap["WITH_EXCEPT_START"]
_MOST = 10_000  # places whose ranges are remembered: notebooks make new code all the time
_ranges: dict[tuple[int, int], tuple[bytes, CodeType]] = {}  # with its code: ids are used again


class Held:
    """A frame in the body of a with statement."""

    __slots__ = ("_at", "_frame", "_range")

    def hold(self, frame: FrameType) -> None:
        """Belong to the with statement that is being entered in `frame`, or in one whose `__enter__`
        called it; to nobody where there is none."""
        at = frame.f_lasti
        found = _range_of(frame.f_code, at)
        while not found and frame.f_code.co_name == "__enter__" and frame.f_back is not None:
            frame = frame.f_back
            at = frame.f_lasti
            found = _range_of(frame.f_code, at)
        self._range, self._at, self._frame = found, at, frame if found else None

    def inside(self) -> bool:
        """Whether the body is running, or waits in a generator."""
        frame = self._frame
        return frame is None or self._range[frame.f_lasti >> 1] == 1

    def leave(self) -> None:
        """Let the frame go."""
        self._range, self._frame = _NOWHERE, None


class Pushed(Held):
    """A context: within it a value is on top of a stack. gives: what the with statement gets."""

    __slots__ = ("_gives", "_stack", "value")

    def __init__(self, stack: Stack[Any], value: Any, gives: object) -> None:
        self._stack, self.value, self._gives = stack, value, gives

    def __enter__(self) -> Any:
        self._stack.push(self, sys._getframe(1))
        return self._gives

    def __exit__(self, *_: object) -> None:
        self._stack.drop(self)

    def counts(self) -> bool:
        """Whether it is pushed."""
        return self in self._stack.entries and self.inside()


class Stack(threading.local, Generic[T]):
    """The values that the with statements around this point have pushed, in this thread.

    >>> depth = Stack()
    >>> with depth.pushed(1), depth.pushed(2):
    ...     depth.top(), depth.values()
    (2, [1, 2])
    >>> depth.top(0)
    0
    """

    def __init__(self) -> None:
        self.entries: list[Pushed] = []

    def pushed(self, value: T, gives: object = None) -> Pushed:
        """A context within which `value` is on top. gives: what the with statement gets."""
        return Pushed(self, value, gives)

    def push(self, entry: Pushed, frame: FrameType) -> None:
        """Put an entry on top, for the with statement that is being entered in `frame`."""
        entries = self.entries
        while entries and not entries[-1].inside():
            entries.pop()
        entry.hold(frame)
        entries.append(entry)

    def drop(self, entry: Pushed) -> None:
        """Take an entry out; nothing when it is out already."""
        entries = self.entries
        if entries and entries[-1] is entry:
            entries.pop()
        elif entry in entries:
            entries.remove(entry)
        entry.leave()

    @overload
    def top(self) -> T | None: ...
    @overload
    def top(self, default: T) -> T: ...
    def top(self, default: T | None = None) -> T | None:
        """The value on top, `default` where there is none."""
        entries = self.entries
        while entries:
            if entries[-1].inside():
                return entries[-1].value
            entries.pop()
        return default

    def values(self) -> list[T]:
        """All values, the top one last."""
        entries = self.entries
        found = [entry.value for entry in entries if entry.inside()]
        if len(found) != len(entries):
            entries[:] = [entry for entry in entries if entry.inside()]
        return found


class Guard:
    """A lock: one thread at a time, which may come in again. A with statement that an interrupt has
    ended anywhere does not leave it locked.

    >>> guard = Guard()
    >>> with guard.held(), guard.held():
    ...     "in"
    'in'
    """

    def __init__(self) -> None:
        self._last = Turn(self)
        self._last.end()

    def held(self) -> Turn:
        """A context within which no other thread is in one of the guard's."""
        return Turn(self)

    def claim(self, turn: Turn) -> None:
        """Wait until it is this turn's."""
        while True:
            last = self._last
            while last.next:  # claimed, and interrupted before that was noted here
                last = last.next[0]
            if last.nests(turn):
                return
            if not last.going_on(turn):
                if last.next.setdefault(0, turn) is turn:  # one call: nobody comes between
                    self._last = turn
                    return
            elif last.ended.acquire(timeout=_LOOK):
                last.ended.release()


class Turn(Held):
    """One thread's turn at a guard."""

    __slots__ = ("_guard", "_over", "_thread", "ended", "next")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._thread = threading.get_ident()
        self._over = False
        self.next: dict[int, Turn] = {}  # the turn after this one
        self.ended = threading.Lock()
        self.ended.acquire()  # until the end

    def __enter__(self) -> None:
        self.hold(sys._getframe(1))
        self._guard.claim(self)

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let others have theirs."""
        self._over = True
        self.ended.release()
        self.leave()

    def nests(self, turn: Turn) -> bool:
        """Whether another turn is one within this."""
        return self._thread == turn._thread and not self._over and self.inside()

    def going_on(self, other: Turn) -> bool:
        """Whether another thread's turn has to wait for the end of this."""
        frame = self._frame
        if self._over or self._thread == other._thread:
            return False
        if frame is not None and not self.inside() and frame.f_lasti != self._at:
            return False
        return not self._over and _runs(frame, self._thread)


_LOOK = 0.05  # seconds between looks at whether another thread's turn is over without its saying so


def _runs(frame: FrameType | None, thread: int) -> bool:
    """Whether a thread, which may have ended with a fork, is in a frame or in what that called; a
    generator waits in its frame."""
    found = sys._current_frames().get(thread)
    if frame is None or frame.f_code.co_flags & inspect.CO_GENERATOR:
        return found is not None
    while found is not None and found is not frame:
        found = found.f_back
    return found is not None


def _range_of(code: CodeType, at: int) -> bytes:
    """For each instruction whether it is in the body of the with statement that calls `__enter__` at
    `at`; nothing where there is no such statement."""
    known = _ranges.get((id(code), at))
    if known is None:
        if len(_ranges) > _MOST:
            _ranges.clear()
        known = _ranges[id(code), at] = (_found_range(code, at), code)
    return known[0]


def _found_range(code: CodeType, at: int) -> bytes:
    handlers = _handlers(code)
    opcodes = code.co_code[::2]
    after = next(_instructions(opcodes, at // 2 + 1), None)
    handler = handlers[after] if after is not None else 0
    if not handler or handler == handlers[at // 2]:
        return _NOWHERE
    if _WITH not in [opcodes[i] for i in islice(_instructions(opcodes, handler // 2), 2)]:
        return _NOWHERE
    body = bytearray(len(handlers))
    for first, end, target in _entries(code):  # of instructions, and of their caches
        while target and target != handler:  # the handlers of what is in the body are in it too
            target = handlers[target >> 1]
        body[first:end] = bytes([target == handler]) * (end - first)
    return bytes(body)


def _instructions(opcodes: bytes, first: int) -> Iterator[int]:
    """The places of instructions from `first` on. (`dis` finds them too, and takes forty times as long.)"""
    return (i for i in range(first, len(opcodes)) if opcodes[i] != _CACHE)


def _handlers(code: CodeType) -> list[int]:
    """For each instruction where an exception at it goes on; 0: to the caller."""
    found = [0] * (len(code.co_code) // 2 + 1)
    for first, end, target in _entries(code):
        found[first:end] = [target] * (end - first)
    return found


def _entries(code: CodeType) -> Iterator[tuple[int, int, int]]:
    """Ranges of instructions, and where an exception at one goes on.

    The table holds (start, length, target, depth) in numbers of six bits a byte, the first of an
    entry marked (CPython, Objects/exception_handling_notes.txt).
    """
    numbers = _numbers(code.co_exceptiontable)
    for start, length, target, _ in zip(*[numbers] * 4, strict=True):
        yield start, start + length, 2 * target


def _numbers(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            yield value
            value = 0


_quiet = Context()  # NumPy keeps what it says of errors in a context variable
_quiet.run(np.seterr, all="ignore")


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function gives. An interrupt cannot leave NumPy quiet, as it can in `np.errstate`: to enter a
    context and leave it is one call of C.

    >>> quietly(np.log, 0.0)
    np.float64(-inf)
    """
    return _quiet.copy().run(function, *args, **kwargs)
