"""Docstrings say what signatures say: every argument by name, what comes back, what is raised, and an example."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

import narae

MODULES = (
    "narae",
    *(f"narae.{m}" for m in narae._MODULES),
    "narae.inspect",
    "narae.optimizers.schedules",
)
EMPTY = ("The constructor's arguments.", "See the class.", "The layer's outputs.")


def public(module: str) -> dict[str, Any]:
    """The functions and classes of a public module, each under one name."""
    names = importlib.import_module(module)
    listed = getattr(names, "__all__", None) or [n for n in vars(names) if not n.startswith("_")]
    found: dict[int, tuple[str, Any]] = {}
    for name in listed:
        thing = getattr(names, name)
        ours = getattr(thing, "__module__", "").startswith("narae")
        if dataclasses.is_dataclass(
            thing
        ):  # what a function gives: its fields are told where they are
            continue
        if ours and (inspect.isclass(thing) or inspect.isfunction(thing)):
            found.setdefault(id(thing), (name, thing))
    return dict(found.values())


def methods(of: type) -> Iterator[tuple[str, Any]]:
    """The public methods that a class defines itself, and documents itself."""
    for name, thing in vars(of).items():
        function = getattr(thing, "__func__", thing)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, function


def documented(module: str) -> Iterator[tuple[str, Any]]:
    """All that is held to the form: functions, classes, and methods that have a section `Args:`."""
    for name, thing in public(module).items():
        yield f"{module}.{name}", thing
        if inspect.isclass(thing):
            for method, function in methods(thing):
                if "Args:" in (function.__doc__ or ""):
                    yield f"{module}.{name}.{method}", function


def in_signature(thing: Any) -> list[str]:
    if thing is narae.Tensor:  # made by operations, not by its constructor
        return []
    if inspect.isclass(thing) and "__init__" not in vars(thing) and "__new__" not in vars(thing):
        owner = next((c for c in thing.__mro__ if "__init__" in vars(c)), object)
        if owner is object:
            return []
    function = thing.__init__ if inspect.isclass(thing) else thing
    kinds = inspect.Parameter
    return [
        name
        for name, p in inspect.signature(function).parameters.items()
        if name not in ("self", "cls")
        and p.kind is not kinds.VAR_KEYWORD
        and not name.startswith("_")
    ]


def in_docstring(text: str) -> list[str]:
    """The names of the section `Args:`; `x1, x2: ...` names two."""
    section = section_of(text, "Args")
    if section is None:
        return []
    depth = min((len(li) - len(li.lstrip()) for li in section if li.strip()), default=0)
    heads = [li.strip() for li in section if li.strip() and len(li) - len(li.lstrip()) == depth]
    assert all(":" in head for head in heads), f"a line under Args: without a name: {heads}"
    names = [n.strip(" `") for head in heads for n in head.split(":")[0].split(",")]
    return [n.lstrip("*") for n in names if not n.startswith("**")]


def section_of(text: str, name: str) -> list[str] | None:
    lines = text.split("\n")
    if f"{name}:" not in lines:
        return None
    begin = lines.index(f"{name}:") + 1
    end = next((i for i in range(begin, len(lines)) if lines[i] and lines[i][0] != " "), len(lines))
    return lines[begin:end]


def raises(function: Any) -> bool:
    """Whether the body itself has a `raise` of something."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    return any(isinstance(n, ast.Raise) and n.exc is not None for n in ast.walk(tree))


def faults(name: str, thing: Any) -> Iterator[str]:
    text = inspect.getdoc(thing) or ""
    function = thing.__init__ if inspect.isclass(thing) else thing
    method = not inspect.isclass(thing) and "." in thing.__qualname__.split("<locals>.")[-1]
    wanted, given = in_signature(thing), in_docstring(text)
    if sorted(wanted) != sorted(given):
        missing, unknown = set(wanted) - set(given), set(given) - set(wanted)
        yield f"{name}: Args lacks {sorted(missing)}, has unknown {sorted(unknown)}"
    for phrase in EMPTY:
        if phrase in text:
            yield f"{name}: says nothing: {phrase!r}"
    if ">>> " not in text and not method:
        yield f"{name}: no example"
    if raises(function) and "Raises" not in text:
        yield f"{name}: raises, and does not say what"
    if (
        wanted
        and not inspect.isclass(thing)
        and not re.search(r"Returns:|Yields:|->", text)
        and returns(thing)
    ):
        yield f"{name}: does not say what it returns"


def returns(function: Any) -> bool:
    return str(inspect.signature(function).return_annotation) not in ("None", "NoReturn")


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_agree_with_signatures(module: str) -> None:
    found = [fault for name, thing in documented(module) for fault in faults(name, thing)]
    assert not found, f"{len(found)}:\n" + "\n".join(found)


def test_the_check_sees_what_is_wrong() -> None:
    def two(a: int, b: int) -> int:
        """Adds.

        Args:
            a: one number.
            c: another.
        """
        if a < b:
            raise ValueError
        return a + b

    told = "\n".join(faults("two", two))
    for part in ("lacks ['b']", "unknown ['c']", "no example", "does not say what", "returns"):
        assert part in told
