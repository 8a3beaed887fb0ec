"""Objects as JSON: Keras's configuration format, read without running anything.

Classes and functions are looked up in the tables of `registry` and in what the caller passes: nothing is imported or
called by a name that a file gives.
"""

from __future__ import annotations

import base64
import inspect
import marshal
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from narae.base import limits
from narae.base.dtypes import np_dtype
from narae.base.errors import ConfigError, NotYet, in_words, nearest, warn_user
from narae.base.registry import (
    CUSTOM_NAMES,
    FAMILIES,
    custom_object_scope,
    family,
    get_registered_name,
    get_registered_object,
)
from narae.base.types import CustomObjects, Json, SupportsArray


def serialize_keras_object(obj: object) -> Any:
    """An object as JSON-ready data: numbers and strings as they are, the rest by class and config.

    Args:
        obj: a layer, model, loss, ...; a number, string, array, dtype, slice; a list, tuple or dict of such.

    Returns: what `json.dumps` takes.

    Raises:
        TypeError: it has no get_config().

    >>> serialize_keras_object({"units": 3, "shape": (2, None)})
    {'units': 3, 'shape': [2, None]}
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, list):
        return [serialize_keras_object(item) for item in obj]
    for kind, write in _WRITERS:
        if kind(obj):
            return write(obj)
    if hasattr(obj, "get_config"):
        return _object(obj)
    raise TypeError(
        f"cannot serialize {obj!r} of type {type(obj).__name__}: it has no get_config()"
    )


def _object(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    registered = CUSTOM_NAMES.get(cls)
    builtin_module = cls.__dict__.get("__keras_module__")
    internal = builtin_module is not None and builtin_module.startswith("keras.src.")
    out = {
        "module": builtin_module or cls.__module__,
        "class_name": cls.__dict__.get("__keras_name__", cls.__name__),
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": registered
        or (None if builtin_module and not internal else cls.__name__),
    }
    build = getattr(obj, "get_build_config", lambda: None)()
    if build is not None:
        out["build_config"] = serialize_keras_object(build)
    compiled = getattr(obj, "get_compile_config", lambda: None)()
    if compiled is not None:
        out["compile_config"] = serialize_keras_object(compiled)
    return out


def _function(obj: Callable[..., Any]) -> dict[str, Any]:
    if obj.__name__ == "<lambda>":
        warn_user(
            "a lambda is written as byte code, as Keras does, and narae never runs code from a file: to load "
            "it again, pass the function in custom_objects, or write a named function and register it with "
            "narae.saving.register_keras_serializable()"
        )
        return {"class_name": "__lambda__", "config": {"value": byte_code(obj)}}
    return {
        "module": "builtins",
        "class_name": "function",
        "config": get_registered_name(obj),
        "registered_name": "function",
    }


def byte_code(function: Callable[..., Any]) -> list[Any]:
    """A function as Keras writes it: code in base64, defaults, contents of the closure."""
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode()
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    parts = (list(function.__defaults__ or ()) or None, closure or None)
    return [code, *(None if part is None else [_shown(item) for item in part] for part in parts)]


def _shown(item: object) -> Any:
    """What a function closes over as data; what cannot be is only for people to read."""
    try:
        return serialize_keras_object(item)
    except (TypeError, ValueError, NotImplementedError):
        return repr(item)


def _array(obj: SupportsArray) -> dict[str, Any]:
    data = np.asarray(obj)
    kind = "__numpy__" if isinstance(obj, np.ndarray) else "__tensor__"
    return {"class_name": kind, "config": {"value": data.tolist(), "dtype": data.dtype.name}}


_WRITERS: list[tuple[Callable[[Any], bool], Callable[[Any], Any]]] = [
    # JSON has no tuples: what needs one makes it from a list
    (lambda x: isinstance(x, tuple), lambda x: [serialize_keras_object(i) for i in x]),
    (lambda x: isinstance(x, np.generic), lambda x: x.item()),
    (lambda x: isinstance(x, np.dtype), lambda x: x.name),
    (
        lambda x: isinstance(x, slice),
        lambda x: {
            "class_name": "__slice__",
            "config": {"start": x.start, "stop": x.stop, "step": x.step},
        },
    ),
    (
        lambda x: isinstance(x, bytes),
        lambda x: {"class_name": "__bytes__", "config": {"value": x.decode()}},
    ),
    (lambda x: x is Ellipsis, lambda x: {"class_name": "__ellipsis__", "config": {}}),
    (lambda x: isinstance(x, np.ndarray), _array),
    (lambda x: hasattr(x, "__narae_tensor__") or type(x).__name__ == "Tensor", _array),
    (inspect.isroutine, _function),
    (lambda x: hasattr(x, "__narae_public__"), _function),
]


def deserialize_keras_object(
    config: Json,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    **kwargs: Any,
) -> Any:
    """The object that `serialize_keras_object` wrote. Nothing is imported or run by a name in the config.

    Args:
        config: what it gave.
        custom_objects: classes and functions of yours by the names in the config.
        safe_mode: whether code in the config is refused; it is not run in either case without being passed.

    Returns: the object.

    Raises:
        ValueError: nothing answers to a name, or the config is damaged.
        TypeError: it is no data of JSON.

    >>> deserialize_keras_object({"units": 3})
    {'units': 3}
    """
    if config is None or isinstance(config, (bool, int, float, str)):
        return config
    if isinstance(config, (list, tuple)):
        return [deserialize_keras_object(item, custom_objects, safe_mode) for item in config]
    if not isinstance(config, dict):
        raise TypeError(f"cannot make an object from {config!r}")
    name = config.get("class_name")
    if isinstance(name, str) and name in _READERS:
        return _read(name, config, custom_objects, safe_mode)
    if "class_name" not in config or "config" not in config:
        return {
            k: deserialize_keras_object(v, custom_objects, safe_mode) for k, v in config.items()
        }
    if not isinstance(name, str):
        raise ConfigError(f"a class is named by a text, got {name!r:.80}")
    if name == "function":
        return find_function(config["config"], custom_objects)
    return _made(find_class(config, custom_objects), config, custom_objects, safe_mode)


def _made(
    cls: type[Any], config: dict[str, Any], custom_objects: CustomObjects | None, safe_mode: bool
) -> Any:
    inner = config["config"]
    if not isinstance(inner, dict):
        raise ConfigError(f"the config of {config['class_name']!r} is no dictionary: {inner!r:.80}")
    if not inspect.isclass(cls) or not hasattr(cls, "from_config"):
        raise ConfigError(
            f"{config['class_name']!r} is registered as {cls!r}, which has no from_config"
        )
    limits.step(20)
    try:
        with custom_object_scope(custom_objects or {}):
            return _built(cls, config, custom_objects, safe_mode)
    except (NotYet, ConfigError, limits.TooMuch, OSError, MemoryError):
        raise
    except Exception as error:
        named = f" {inner['name']!r:.60}" if isinstance(inner.get("name"), str) else ""
        raise ConfigError(
            f"{config['class_name']}{named} could not be made from its configuration: {in_words(error)}"
        ) from error


def _built(
    cls: type[Any], config: dict[str, Any], custom_objects: CustomObjects | None, safe_mode: bool
) -> Any:
    """The object, built and compiled where its configuration says how."""
    obj = cls.from_config(dict(config["config"]))
    build = config.get("build_config")
    if build and hasattr(obj, "build_from_config") and not getattr(obj, "built", False):
        obj.build_from_config(deserialize_keras_object(build, custom_objects, safe_mode))
    if config.get("compile_config") and hasattr(obj, "compile_from_config"):
        obj.compile_from_config(config["compile_config"])
    return obj


def _read(
    name: str, config: dict[str, Any], custom_objects: CustomObjects | None, safe_mode: bool
) -> Any:
    """What is no object of a class: tuples, slices, arrays."""
    try:
        return _READERS[name](config, custom_objects, safe_mode)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ConfigError(f"{name} is not written as Keras does: {in_words(error)}") from error


def find_class(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The class that a serialized object names: registered, passed by the caller, or built in."""
    name, registered = str(config["class_name"]), config.get("registered_name")
    if registered is not None and not isinstance(registered, str):
        raise ConfigError(f"a class is registered by a text, got {registered!r:.80}")
    for key in (registered, name):
        found = get_registered_object(key, custom_objects) if key else None
        if found is not None:
            return found
    module = _module_of(str(config.get("module") or ""))
    known = [module] if module in FAMILIES else list(dict.fromkeys(FAMILIES))
    for candidate in known:
        if name in family(candidate):
            found = family(candidate)[name]
            if registered not in (None, name, get_registered_name(found)):
                raise ConfigError(
                    f"{name!r} is built in, and the config says that it is registered as {registered!r}, which "
                    "nothing is: register the class of that name, or pass it in custom_objects"
                )
            return found
    every = {n for candidate in known for n in family(candidate)}
    raise ConfigError(
        f"Could not locate class: Unknown class {name!r} (module {config.get('module')!r}): it is neither "
        "built in nor registered. "
        f"{nearest(name, every)} A class of your own is found when it is decorated with "
        "@narae.saving.register_keras_serializable() or passed in custom_objects."
    )


def _module_of(module: str) -> str:
    """Keras's public module of an internal one: 'keras.src.layers.core.dense' -> 'keras.layers'."""
    if module in FAMILIES:
        return module
    parts = module.split(".")
    if parts[:2] == ["keras", "src"]:
        parts = ["keras", *parts[2:]]
    if parts[:3] == ["keras", "optimizers", "schedules"]:
        return "keras.optimizers.schedules"
    return ".".join(parts[:2])


def find_function(name: Json, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The function that a file names: registered, passed by the caller, or built in."""
    if not isinstance(name, str):
        raise ConfigError(f"a function is named by a text, got {name!r:.80}")
    for key in (name, str(name).rsplit(">", 1)[-1]):
        found = get_registered_object(key, custom_objects)
        if found is not None:
            return found
    for module in ("keras.activations", "keras.losses", "keras.metrics"):
        if name in family(module):
            return family(module)[name]
    raise ConfigError(
        f"Unknown function {name!r}: decorate it with @narae.saving.register_keras_serializable() or pass "
        "it in custom_objects."
    )


def _refuse_lambda(config: Json, *_: object) -> Any:
    raise ValueError(
        "this file holds the byte code of a lambda. narae never runs code from a file: replace the lambda "
        "by a named function, and pass it in custom_objects"
    )


def _read_array(value: Json, dtype: str) -> np.ndarray:
    kind = np_dtype(str(dtype))
    if kind.kind not in "biufc" and kind.name != "bfloat16":  # "U100000000" takes 400 MB
        raise ValueError(f"this file holds an array of dtype {dtype!r}: numbers are expected")
    return np.array(value, dtype=kind)


_READERS: dict[str, Callable[..., Any]] = {
    "__tuple__": lambda c, o, s: tuple(deserialize_keras_object(i, o, s) for i in c["items"]),
    "__slice__": lambda c, o, s: slice(*(c["config"][k] for k in ("start", "stop", "step"))),
    "__ellipsis__": lambda c, o, s: Ellipsis,
    "__bytes__": lambda c, o, s: str(c["config"]["value"]).encode(),
    "__numpy__": lambda c, o, s: _read_array(**c["config"]),
    "__tensor__": lambda c, o, s: _read_array(**c["config"]),
    "__lambda__": _refuse_lambda,
}
