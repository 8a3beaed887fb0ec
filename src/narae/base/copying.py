"""pickle and copy for objects that hold what cannot be written down: functions, local classes.

A pickle is the program's own and is trusted, unlike a model file: it may hold byte code of lambdas.
"""

from __future__ import annotations

import copy
import importlib
import marshal
import types
from collections.abc import Callable
from typing import Any

from narae.base import registry


class Copied:
    """Base of what is pickled and copied whole: layers, optimizers, metrics, losses, callbacks.

    `copy.copy` makes an independent object, as `copy.deepcopy` does: two layers must not share the tables
    of what they hold. A subclass leaves out what is made again when needed in `_kept_state`.

    >>> import narae
    >>> dense = narae.layers.Dense(2)
    >>> dense.build((None, 3))
    >>> other = copy.copy(dense)
    >>> other.kernel is dense.kernel, bool((other.kernel.numpy() == dense.kernel.numpy()).all())
    (False, True)
    """

    def __reduce_ex__(self, protocol: int) -> Any:
        cls = type(self)
        if cls.__reduce__ is not object.__reduce__:  # a subclass that knows better
            return self.__reduce__()
        return _blank, (_class_reference(cls),), self.__getstate__()

    def __getstate__(self) -> Any:
        return {key: _referred(value) for key, value in self._kept_state().items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update((key, _resolved(value)) for key, value in state.items())

    def __copy__(self) -> Any:
        return copy.deepcopy(self)

    def _kept_state(self) -> dict[str, Any]:
        """The attributes that a copy has: all that cannot be made again."""
        return dict(self.__dict__)


class _Reference:
    """A function or class that pickle may not find by its name. Copies of objects share it."""

    def __init__(self, thing: type | Callable[..., Any]) -> None:
        self.thing = thing

    def __deepcopy__(self, memo: dict[int, Any]) -> _Reference:
        return self

    def __reduce__(self) -> Any:
        return _found, (written(self.thing),)


def _blank(reference: type | _Reference) -> Any:
    cls = _resolved(reference)
    return object.__new__(cls)


def _found(data: tuple[Any, ...]) -> _Reference:
    return _Reference(read(data))


def _class_reference(cls: type) -> Any:
    return cls if _importable(cls) else _Reference(cls)


def _referred(value: Any) -> Any:
    """A value, functions in it (one level of lists and dicts deep) as references. A container without
    any stays the object it is: others may hold it too."""
    if type(value) is dict:
        made = {key: _referred_one(item) for key, item in value.items()}
        return made if any(made[key] is not value[key] for key in made) else value
    if type(value) in (list, tuple):
        items = [_referred_one(item) for item in value]
        changed = any(a is not b for a, b in zip(items, value, strict=True))
        return type(value)(items) if changed else value
    return _referred_one(value)


def _referred_one(value: Any) -> Any:
    plain = isinstance(value, (types.FunctionType, type)) and not _importable(value)
    return _Reference(value) if plain else value


def _resolved(value: object) -> Any:
    if isinstance(value, _Reference):
        return value.thing
    if type(value) is dict:
        for key, item in value.items():
            if isinstance(item, _Reference):
                value[key] = item.thing
    elif type(value) is list:
        value[:] = [item.thing if isinstance(item, _Reference) else item for item in value]
    elif type(value) is tuple and any(isinstance(item, _Reference) for item in value):
        return tuple(item.thing if isinstance(item, _Reference) else item for item in value)
    return value


def _importable(thing: type | Callable[..., Any]) -> bool:
    """Whether pickle finds it by module and name."""
    try:
        found: Any = importlib.import_module(thing.__module__)
        for name in thing.__qualname__.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError, TypeError, ValueError):
        return False
    return found is thing


# How classes that are made while the program runs are written: class -> (function, arguments), or None.
MADE_CLASSES: list[Callable[[Any], tuple[Any, tuple[Any, ...]] | None]] = []


def written(thing: type | Callable[..., Any]) -> Any:
    """A function or class as data for a pickle: by its registered name, how it was made, its byte code."""
    if isinstance(thing, type):
        for maker in MADE_CLASSES:
            made = maker(thing)
            if made is not None:
                return ("made", made[0], tuple(map(_referred_one, made[1])))
    name = registry.get_registered_name(thing)
    if registry.get_registered_object(name) is thing:
        return ("registered", name)
    if isinstance(thing, types.FunctionType):
        return ("code", *_code_of(thing))
    return ("name", thing)  # pickle says itself what it cannot find


def read(data: tuple[Any, ...]) -> Any:
    """What `written` wrote. Raises ValueError for a name that is not registered in this process."""
    kind, *rest = data
    if kind == "made":
        return rest[0](*map(_resolved, rest[1]))
    if kind == "registered":
        found = registry.get_registered_object(rest[0])
        if found is None:
            raise ValueError(
                f"the pickle needs {rest[0]!r}, which is not registered in this process: run the code with "
                "its @register_keras_serializable first"
            )
        return found
    return rest[0] if kind == "name" else _function_of(*rest)


def _code_of(function: types.FunctionType) -> tuple[Any, ...]:
    cells = tuple(_referred_one(cell.cell_contents) for cell in function.__closure__ or ())
    defaults = tuple(map(_referred_one, function.__defaults__ or ()))
    names = (function.__module__, function.__name__, function.__qualname__)
    used = {
        n: function.__globals__[n] for n in _names(function.__code__) & set(function.__globals__)
    }
    modules = {n: m.__name__ for n, m in used.items() if isinstance(m, types.ModuleType)}
    others = {n: _referred_one(v) for n, v in used.items() if n not in modules}
    if _is_module(function.__module__):  # its globals are there in the other process too
        modules, others = {}, {}
    keywords = {k: _referred_one(v) for k, v in (function.__kwdefaults__ or {}).items()}
    return marshal.dumps(function.__code__), cells, defaults, keywords, names, modules, others


def _is_module(name: str) -> bool:
    import sys

    return name != "__main__" and name in sys.modules


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _function_of(
    code: bytes,
    cells: tuple[Any, ...],
    defaults: tuple[Any, ...],
    keywords: dict[str, Any],
    names: tuple[str, str, str],
    modules: dict[str, str],
    others: dict[str, Any],
) -> Any:
    module, name, qualname = names
    space: dict[str, Any] = {"__builtins__": __builtins__, "__name__": module}
    if module != "__main__":
        space = importlib.import_module(module).__dict__
    space = space if not (modules or others) else {**space}
    space.update((n, importlib.import_module(m)) for n, m in modules.items())
    space.update((n, _resolved(v)) for n, v in others.items())
    closure = tuple(types.CellType(_resolved(cell)) for cell in cells)
    made = types.FunctionType(
        marshal.loads(code), space, name, tuple(map(_resolved, defaults)) or None, closure
    )
    made.__module__, made.__qualname__ = module, qualname
    made.__kwdefaults__ = {k: _resolved(v) for k, v in keywords.items()} or None
    return made
