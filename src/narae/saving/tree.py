"""Where in a weights file each part of a model has its place: Keras's layout.

A layer's own variables are at `<path>/vars/0`, `1`, ...; what it holds is below, by attribute name, in
alphabetical order, public names first: a property that shows what a private attribute holds gives it its name; things
in lists are named by their class (`dense`, `dense_1`). Whatever was met once is
not written again. Sequential and functional models keep their layers under `layers`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from narae.base.names import snake_case
from narae.layers.base import Layer
from narae.layers.tracking import Tracked

if TYPE_CHECKING:
    from narae.models import Model

# Attributes that are our own bookkeeping: their contents are met under their public names.
_PRIVATE = frozenset(
    {
        "_added",
        "_stack",
        "_input_layers",
        "_graph_layers",
        "_graph_calls",
        "_struct",
        "_inputs",
        "_outputs",
    }
)


def parts(model: Model) -> Iterator[tuple[str, Any]]:
    """(path, part) for everything in a model that has variables of its own, in Keras's order."""
    yield from _walk(model, "", set())


def _walk(part: object, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    for name, child in _children(part):
        below = f"{path}/{name}" if path else name
        if _saveable(child):
            yield from _walk(child, below, seen)
        elif isinstance(child, (list, tuple, set, dict)):
            yield from _container(child, below, seen)


def _container(items: Collection[Any], path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    used: dict[str, int] = {}
    for item in items.values() if isinstance(items, dict) else items:
        if not _saveable(item):
            continue
        name = snake_case(type(item).__name__)
        number = used.get(name, 0)
        used[name] = number + 1
        yield from _walk(item, f"{path}/{name}_{number}" if number else f"{path}/{name}", seen)


def _saveable(thing: object) -> bool:
    """Whether a file has a place for it: metrics have none, they begin anew."""
    return isinstance(thing, Tracked) or hasattr(thing, "save_own_variables")


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(part, "_graph_calls") or hasattr(part, "_stack"):
        yield "layers", part.layers if hasattr(part, "_stack") else part._graph_layers
    if hasattr(part, "inner_optimizer"):  # optimizers keep no table of what they hold
        yield "inner_optimizer", part.inner_optimizer
    names = {n for n in getattr(part, "_tracked", {}) if n not in _PRIVATE}
    names |= _shown(part, [n for n in names if n.startswith("_")])
    if hasattr(part, "compile"):
        names |= {"layers", "optimizer"}
    for name in sorted(names, key=lambda n: (n.startswith("_"), n)):
        child = getattr(part, name, None)
        if child is not None:
            yield name, child


def _shown(part: Any, private: list[str]) -> set[str]:
    """The properties of a layer's own class that give what it holds by private names."""
    held = {id(child) for n in private if (child := getattr(part, n, None)) is not None}
    kind = type(part)
    own = {n for n in dir(kind) if n[0] != "_" and not hasattr(Layer, n)} if held else set()
    shown = set()
    for name in own:
        if isinstance(getattr(kind, name), property):
            with suppress(Exception):  # one that is not ready shows nothing
                shown |= {name} if id(getattr(part, name)) in held else set()
    return shown
