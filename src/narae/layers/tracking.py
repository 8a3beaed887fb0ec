"""What a layer holds: variables, layers, metrics, seed generators, found where they were assigned.

Attributes are noted when they are set; lists and dicts are looked into when somebody asks, so that an
appended layer counts from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from narae.base import changes
from narae.base.changes import being_made
from narae.engine.variable import Variable
from narae.random.keys import SeedGenerator

_CONTAINERS = (list, tuple, dict)
_PLAIN = (bool, int, float, str, type(None))
_UNSET = object()


class Tracked:
    """Base of layers: attributes that hold state are remembered in the order of their setting."""

    _tracked: dict[str, Any]
    _settings = 0  # how often plain attributes changed once it was built

    def __setattr__(self, name: str, value: object) -> None:
        if "_tracked" not in self.__dict__:
            object.__setattr__(self, "_tracked", {})
        if isinstance(value, (*_STATE, *_CONTAINERS)) or _is_metric(value):
            if "_locked" in self.__dict__ and not being_made(self):
                self._refuse_new_state(name, value)
            if not name.startswith("__") and name not in _OURS:
                self._tracked[name] = value
                changes.note()
        else:
            self._tracked.pop(name, None)
        self._note_setting(name, value)
        object.__setattr__(self, name, value)

    def _note_setting(self, name: str, value: object) -> None:
        """Count the changes to what a layer computes with once it is built (a rate, an activation):
        programs were compiled for what it was."""
        held = self.__dict__
        if name.startswith("_") or not held.get("built") or name in _OURS:
            return
        plain = _is_plain(value)
        if not plain and (isinstance(value, _STATE) or not callable(value)):
            return
        old = held.get(name, _UNSET)
        if old is not value and not (plain and type(old) is type(value) and old == value):
            object.__setattr__(self, "_settings", self._settings + 1)
            changes.note()

    def _refuse_new_state(self, name: str, value: object) -> None:
        known = {id(x) for x in self._held(lambda x: isinstance(x, _STATE))}
        new = [x for x in _leaves(value) if isinstance(x, _STATE) and id(x) not in known]
        if new and name not in _OURS:
            raise ValueError(
                f"{type(self).__name__} is built: {name} = {new[0]!r:.60} comes too late to be trained or saved "
                "with it. Make layers and variables in __init__ or build, and use them in call"
            )

    def __delattr__(self, name: str) -> None:
        value = self._tracked.pop(name, None)
        if isinstance(value, Variable):
            self._untrack_variable(value)
        changes.note()
        object.__delattr__(self, name)

    def _held(self, kind: Callable[[Any], bool]) -> list[Any]:
        """Everything of a kind held directly or within containers, each once, in order."""
        held = _leaves(self._tracked)
        return list({id(thing): thing for thing in held if kind(thing)}.values())

    def _untrack_variable(self, variable: Variable) -> None:
        """No more one of the layer's weights, though an attribute may go on holding it."""
        for name, value in list(self._tracked.items()):
            if value is variable:
                del self._tracked[name]
            elif isinstance(value, list) and any(item is variable for item in value):
                value[:] = [item for item in value if item is not variable]
        changes.note()

    @property
    def _trainable_variables(self) -> list[Variable]:
        return [v for v in self._own_variables() if v.made_trainable]

    @property
    def _non_trainable_variables(self) -> list[Variable]:
        return [v for v in self._own_variables() if not v.made_trainable]

    def _own_variables(self) -> list[Variable]:
        return self._held(lambda x: isinstance(x, Variable))

    @property
    def _layers(self) -> list[Any]:
        """The layers held directly."""
        return self._held(lambda x: isinstance(x, Tracked))

    @property
    def _seed_generators(self) -> list[SeedGenerator]:
        return self._held(lambda x: isinstance(x, SeedGenerator))

    @property
    def _metrics(self) -> list[Any]:
        return self._held(_is_metric)

    def _metrics_below(self, models: type) -> list[Any]:
        """The metrics that this layer and those below it hold, models below it left out, in the order of
        `_flatten_layers`: in one walk, for steps of small networks take no longer than two."""
        seen, found = set[int](), dict[int, Any]()
        todo: list[Tracked] = [self]
        while todo:
            layer = todo.pop(0)
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            held = _leaves(layer._tracked)
            if layer is self or not isinstance(layer, models):
                found.update((id(thing), thing) for thing in held if _is_metric(thing))
            todo[:0] = [thing for thing in held if isinstance(thing, Tracked)]
        return list(found.values())

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Any]:
        """This layer and those below it, each once, depth first."""
        seen: set[int] = set()
        todo: list[Any] = [self]
        while todo:
            layer = todo.pop(0)
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if layer is not self or include_self:
                yield layer
            if recursive or layer is self:
                todo[:0] = layer._layers


def _is_plain(value: object) -> bool:
    return all(map(_is_plain, value)) if type(value) is tuple else isinstance(value, _PLAIN)


_STATE = (Variable, Tracked, SeedGenerator)
# Bookkeeping of the layer itself, which holds no state to be saved or trained.
_OURS = frozenset(
    {
        "_tracked",
        "_calls",
        "_losses",
        "_init_args",
        "_build_shapes",
        "input_spec",
        "_functional",
        "_roles",
        "_compile_state",
    }
)


def _is_metric(value: object) -> bool:
    return getattr(value, "_is_metric", False) is True


def _leaves(value: object) -> list[Any]:
    """What stands in lists, tuples and dicts, however deep; a single thing is its own."""
    if not isinstance(value, _CONTAINERS):
        return [value]
    found: list[Any] = []
    for item in value.values() if isinstance(value, dict) else value:
        if not isinstance(item, _CONTAINERS):
            found.append(item)
        elif item:
            found += _leaves(item)
    return found


def unique(variables: Iterator[Variable] | list[Variable]) -> list[Variable]:
    """Each variable once, in order."""
    return list({id(v): v for v in variables}.values())
