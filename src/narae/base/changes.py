"""Changes of objects: they happen whole or not at all, and those of what models are made of are counted, so that
nothing need be compared while none happens."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from narae.base.context import Stack

_count = [0]


def note() -> None:
    """A layer, a variable or a flag of one has changed."""
    _count[0] += 1


def count() -> int:
    """How many changes there were so far."""
    return _count[0]


_making: Stack[Any] = Stack()


class Before:
    """The attributes of objects as they are now; those that are lists and dicts with what is in them."""

    def __init__(self, objects: Iterable[Any]) -> None:
        self._saved = [(thing, dict(vars(thing))) for thing in objects]
        held = [value for _, saved in self._saved for value in saved.values()]
        self._lists = [(value, list(value)) for value in held if type(value) is list]
        self._dicts = [(value, dict(value)) for value in held if type(value) is dict]

    def restore(self) -> None:
        """Make them so again. The first object comes last: interrupted, it can be done once more."""
        for one, items in self._lists:
            one[:] = items
        for table, entries in self._dicts:
            table.clear()
            table.update(entries)
        for thing, saved in reversed(self._saved):
            thing.__dict__ = saved


def being_made(thing: object) -> bool:
    """Whether a method of this object that is `whole` is running."""
    return any(other is thing for other in _making.values())


def whole(
    parts: Callable[[Any], Iterable[Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method that changes its object, and what else `parts` of it names (itself first), or leaves all as it
    was: where it raises, and where an interrupt ends it. Calls within it (`super()`) belong to it.

    What cannot be restored at once, since the interrupt came to that, is before the next call.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            if being_made(self):
                return method(self, *args, **kwargs)
            left = self.__dict__.get("_before")
            if left is not None:
                left.restore()
            before = Before(parts(self))
            self.__dict__["_before"] = before
            try:
                with _making.pushed(self):
                    result = method(self, *args, **kwargs)
                del self.__dict__["_before"]
            except BaseException:
                before.restore()
                raise
            return result

        return run

    return decorate
