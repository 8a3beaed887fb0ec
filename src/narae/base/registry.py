"""Objects by name: those that are built in, and those that a program registers.

A name found in a file is only ever looked up in tables: the built-in families below, what the program
registered by `register_keras_serializable`, and what the caller passes. Nothing is imported or called by
a name that a file gives, so that a model file cannot run code.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from narae.base.context import Stack
from narae.base.types import Identifier

# Keras's module names for built-in objects -> our modules, loaded when one of their names is asked for.
FAMILIES = {
    "keras.src.models.functional": "narae.models",
    "keras": "narae.models",
    "keras.models": "narae.models",
    "keras.layers": "narae.layers",
    "keras.dtype_policies": "narae.layers",
    "keras.losses": "narae.losses",
    "keras.metrics": "narae.metrics",
    "keras.optimizers": "narae.optimizers",
    "keras.optimizers.schedules": "narae.optimizers.schedules",
    "keras.initializers": "narae.initializers",
    "keras.regularizers": "narae.regularizers",
    "keras.constraints": "narae.constraints",
    "keras.activations": "narae.activations",
    "keras.random": "narae.random",
}
BUILTIN: dict[str, dict[str, Any]] = {}
CUSTOM: dict[str, Any] = {}
CUSTOM_NAMES: dict[Any, str] = {}
_scopes: Stack[Mapping[str, Any]] = Stack()

T = TypeVar("T")


def builtin(module: str, name: str | None = None) -> Callable[[T], T]:
    """Enter a class or function in the family that Keras calls `module`."""

    def enter(thing: T) -> T:
        BUILTIN.setdefault(module, {})[name or thing.__name__] = thing  # type: ignore[attr-defined]
        if inspect.isclass(thing) and "__keras_module__" not in thing.__dict__:
            thing.__keras_module__ = module  # type: ignore[attr-defined]
            thing.__keras_name__ = name or thing.__name__  # type: ignore[attr-defined]
        return thing

    return enter


def family(module: str) -> Mapping[str, Any]:
    """The built-in objects of a family by name."""
    importlib.import_module(FAMILIES[module])
    return BUILTIN.setdefault(module, {})


def by_identifier(module: str, identifier: Identifier) -> Any:
    """What a family's own `get` gives for a name, with its other names: for rooms below the family."""
    return importlib.import_module(FAMILIES[module]).get(identifier)


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Let files name a class or function of yours, as `package>name`: a decorator.

    Args:
        package: the first part of the name.
        name: the second; None for the class's or function's own.

    Returns: a decorator, which gives back what it is put on.

    Raises:
        ValueError: a class has no get_config.

    >>> @register_keras_serializable("demo")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'demo>twice'
    """

    def enter(thing: T) -> T:
        key = f"{package}>{name or thing.__name__}"  # type: ignore[attr-defined]
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(f"{thing.__name__} needs a get_config() to be serializable")
        CUSTOM[key] = thing
        CUSTOM_NAMES[thing] = key
        return thing

    return enter


def get_registered_name(obj: Callable[..., Any]) -> str:
    """The registered name of a class or function.

    Args:
        obj: the class or function.

    Returns: `package>name`; its plain name when it is not registered.

    >>> get_registered_name(len)
    'len'
    """
    return CUSTOM_NAMES.get(obj, obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """What a registered name stands for.

    Args:
        name: `package>name`, or the name in one of the tables.
        custom_objects: a table that is asked before those that are registered; None for none.
        module_objects: a table that is asked last; None for none.

    Returns: the class or function; None when nothing has the name.

    >>> get_registered_object("twice", {"twice": lambda x: 2 * x})(3)
    6
    """
    for table in (*reversed(_scopes.values()), custom_objects or {}, CUSTOM, module_objects or {}):
        if name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The table of registered objects, which may be added to.

    >>> get_custom_objects()["demo>thrice"] = lambda x: 3 * x
    >>> get_registered_object("demo>thrice")(2)
    6
    >>> del get_custom_objects()["demo>thrice"]
    """
    return CUSTOM


def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[None]:
    """Within it, files and strings may name these objects.

    Args:
        custom_objects: classes and functions by the names that stand for them; None for none.

    Returns: a context manager.

    >>> with custom_object_scope({"twice": lambda x: 2 * x}):
    ...     get_registered_object("twice")(3)
    6
    """
    return _scopes.pushed(custom_objects or {})
