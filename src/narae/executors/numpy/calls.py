"""Calls as data, and the Python source that makes them: a program is straight-line code to read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from narae.base.context import quietly

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a run. Its arguments are arrays of the program, constants, or further calls."""

    function: Callable[..., object]
    args: tuple[object, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class BlockLoop:
    """The same calls on other arrays, for each block in turn."""

    blocks: Sequence[Sequence[Call]]


def call(function: Callable[..., object], *args: object, **kwargs: Any) -> Call:
    """A Call, written as the call itself would be."""
    return Call(function, args, kwargs)


class Source:
    """The source of a run, as it grows, and the objects that its names stand for."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self._names: dict[int, str] = {}  # by the id of an array
        self._functions: dict[Any, str] = {}
        self._lines: list[str] = []

    def name(self, thing: object, name: str) -> str:
        """Call an object `name` in the source, or a name like it where that one is taken."""
        if id(thing) not in self._names:
            self._names[id(thing)] = self._enter(thing, name)
        return self._names[id(thing)]

    def comment(self, text: str) -> None:
        """Say what the next lines are for."""
        self._lines.append(f"# {text}")

    def add(self, calls: Sequence[Call | BlockLoop], near: Arrays = ()) -> None:
        """The calls, one a line. Views of the arrays `near` are named after them."""
        for c in calls:
            if isinstance(c, BlockLoop):
                self.add_loop(c.blocks, near)
            else:
                names = (self._leaf(leaf, near) for leaf in _leaves(c))
                self._lines.append(self._shown(c, names))

    def add_loop(self, blocks: Sequence[Sequence[Call]], near: Arrays = ()) -> None:
        """The same calls for each block; what differs between blocks becomes a loop variable."""
        if len(blocks) == 1:
            self.add(blocks[0], near)
            return
        leaves = [[leaf for c in calls for leaf in _leaves(c)] for calls in blocks]
        variables: dict[tuple[int, ...], str] = {}
        columns, names = [], []
        for column in zip(*leaves, strict=True):
            key = tuple(map(id, column))
            if all(_same(leaf, column[0]) for leaf in column):
                names.append(self._leaf(column[0], near))
            elif key in variables:
                names.append(variables[key])
            else:
                variables[key] = f"b{len(columns)}"
                names.append(variables[key])
                columns.append(column)
        if not columns:  # the same each time
            for calls in blocks:
                self.add(calls, near)
            return
        table = self._enter(list(zip(*columns, strict=True)), "blocks")
        targets = ", ".join(variables.values())
        self._lines.append(f"for {targets}{',' if len(columns) == 1 else ''} in {table}:")
        named = iter(names)
        self._lines += [f"    {self._shown(c, named)}" for c in blocks[0]]

    def build(self, guarded: bool) -> tuple[str, Callable[[], None]]:
        """The source and the function `run` that it defines; guarded: against NumPy's warnings."""
        lines = [f"    {line}" for line in [*self._lines, "return"]]
        text = "\n".join(["def run():", *lines, ""])
        exec(compile(text, "<narae program>", "exec"), self.namespace)
        run = self.namespace.pop("run")  # in its own globals it would live until gc comes
        return text, functools.partial(quietly, run) if guarded else run

    def _shown(self, thing: object, names: Iterator[str]) -> str:
        """A call with the next of the names in place of its leaves."""
        if isinstance(thing, Call):
            args = [self._shown(a, names) for a in thing.args]
            args += [f"{k}={self._shown(a, names)}" for k, a in thing.kwargs.items()]
            return f"{self._function(thing.function)}({', '.join(args)})"
        if isinstance(thing, tuple):
            shown = [self._shown(a, names) for a in thing]
            return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"
        return next(names)

    def _leaf(self, thing: object, near: Arrays) -> str:
        if not isinstance(thing, np.ndarray):
            return (
                repr(thing)
                if thing is None or isinstance(thing, (bool, int, str))
                else self.name(thing, "k")
            )
        if id(thing) in self._names:
            return self._names[id(thing)]
        base = next((a for a in near if np.may_share_memory(a, thing)), None)
        return self.name(thing, "s" if base is None else f"{self._names[id(base)]}_")

    def _function(self, function: Callable[..., object]) -> str:
        if function not in self._functions:
            self._functions[function] = self._enter(function, _function_name(function))
        return self._functions[function]

    def _enter(self, thing: object, name: str) -> str:
        count, found = 1, name
        while found in self.namespace:
            count += 1
            found = f"{name}{count}"
        self.namespace[found] = thing
        return found


def _function_name(function: Callable[..., object]) -> str:
    if isinstance(function, functools.partial):
        return str(function.args[0].name)  # see `lowerings.forward`
    owner = getattr(function, "__self__", None)
    prefix = f"{owner.__name__}_" if isinstance(owner, np.ufunc) else ""
    return f"{prefix}{function.__name__}".lstrip("_")


def _leaves(thing: object) -> list[Any]:
    """The arrays and constants of a call, in order."""
    if isinstance(thing, Call):
        return [leaf for a in (*thing.args, *thing.kwargs.values()) for leaf in _leaves(a)]
    if isinstance(thing, tuple):
        return [leaf for a in thing for leaf in _leaves(a)]
    return [thing]


def _same(a: object, b: object) -> bool:
    return a is b or (not isinstance(a, np.ndarray) and type(a) is type(b) and a == b)
