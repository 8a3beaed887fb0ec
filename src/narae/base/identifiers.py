"""Objects by name, config or as they are, in one family: what `losses.get`, `deserialize` and their like do."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from narae.base.errors import unknown_name
from narae.base.registry import family, get_registered_object
from narae.base.serialization import deserialize_keras_object
from narae.base.types import Identifier


def get_object(
    kind: str, module: str, identifier: Identifier, aliases: Mapping[str, str] | None = None
) -> Any:
    """What `losses.get`, `optimizers.get` and their like do with a string or a config.

    A class or function by its name (or alias), case counted only when nothing else fits; a serialized
    config becomes an object. Raises ValueError with the nearest right name.
    """
    if isinstance(identifier, dict):
        return deserialize_as(kind, module, identifier, None, aliases)
    if not isinstance(identifier, str):
        raise ValueError(
            f"cannot interpret {identifier!r} as {kind}: a name, a config or an object of its own"
        )
    found = get_registered_object(identifier)
    if found is not None:
        return found
    known, name = family(module), _family_name(module, identifier, aliases)
    if name not in known:
        raise unknown_name(kind, identifier, [*known, *map(str.lower, known), *(aliases or {})])
    return known[name]


def _family_name(module: str, name: str, aliases: Mapping[str, str] | None) -> str:
    """The name that a family has for a spelling of it; the spelling itself when it has none."""
    known, aliases = family(module), aliases or {}
    found = aliases.get(name, aliases.get(name.lower(), name))
    lowered = {name.lower(): name for name in reversed(list(known))}
    return found if found in known else lowered.get(found.lower(), name)


def deserialize_as(
    kind: str,
    module: str,
    config: str | Mapping[str, Any] | None,
    custom_objects: Mapping[str, Any] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Any:
    """What `losses.deserialize`, `optimizers.deserialize` and their like do: the object of a config or name.

    The class may be named by any spelling that the family's `get` takes; the name of a function gives
    the function. None stays None. Raises ValueError for names that nothing has, and for what is no config.
    """
    if config is None:
        return None
    if isinstance(config, str):
        if custom_objects and config in custom_objects:
            return custom_objects[config]
        found = get_object(kind, module, config, aliases)
        return found() if isinstance(found, type) else found
    if not isinstance(config, Mapping) or not {"class_name", "config"} <= set(config):
        raise ValueError(
            f"cannot interpret {config!r} as {kind}: a config has a 'class_name' and a 'config'"
        )
    name = config["class_name"]
    if isinstance(name, str) and get_registered_object(name, custom_objects) is None:
        name = _family_name(module, name, aliases)
        if inspect.isroutine(family(module).get(name)):
            return family(module)[name]
    return deserialize_keras_object({**config, "class_name": name}, custom_objects)


def get_callable(
    kind: str, module: str, identifier: Identifier, aliases: Mapping[str, str] | None = None
) -> Any:
    """`get_object`, for families whose objects are called: None stays None, an object or function stays
    as it is, and a class becomes an object with its defaults.

    Raises ValueError for what cannot be called.
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, (str, dict)):
        found = get_object(kind, module, identifier, aliases)
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise ValueError(
            f"cannot interpret {identifier!r} as {kind}: a name, a config or a function of its own"
        )
    return found
