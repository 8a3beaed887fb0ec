"""What a model's steps read besides their variables: settings of layers, optimizers, losses and their like, and what
functions of users find in globals, closures, lists and dicts.

A step is compiled for the numbers that it read. At each `fit`, `evaluate` and `predict` they are read again, and
the step is compiled anew where one has changed. Large containers and arrays are looked at in part.
"""

from __future__ import annotations

import functools
import itertools
import sys
import types
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from narae.engine.variable import Variable
from narae.layers.base import Layer
from narae.models.training.trainable import Trainable
from narae.tensor.tensor import Tensor

Reading = tuple[str, object, object]  # where it stands; its type or kind; the value, or who it is

_PLAIN = (bool, int, float, str, bytes, complex, type(None))
_STATE = (Variable, Tensor, Layer, type, types.ModuleType)
_FAMILIES = tuple(
    f"narae.{name}"
    for name in ("activations", "constraints", "losses", "metrics", "optimizers", "regularizers")
)
_HELD = ("_fn", "_fn_kwargs", "_rate")  # settings of narae's own that are read under another name
_WRITTEN = 1 << 9  # of a class's flags: it was made by a class statement
_MOST = 200  # items of a container, and attributes of an object, that are looked at
_TOTAL = 20_000  # readings
_BYTES = 1 << 16  # of an array that are
_DEEP = 4  # objects within objects
# The methods by which steps begin, in layers and models of users.
_METHODS = (
    *(
        "call",
        "train_step",
        "test_step",
        "predict_step",
        "compute_loss",
        "compute_metrics",
        "compute_mask",
    ),
)
# What narae keeps in layers and models, beside what a layer has from the first.
_OURS = frozenset(
    {
        *(
            "_added",
            "_locked",
            "_before",
            "_path",
            "_settings",
            "_building",
            "_jit_compile",
            "_compile_state",
        ),
        *(
            "compiled",
            "history",
            "input_spec",
            "loss",
            "optimizer",
            "run_eagerly",
            "steps_per_execution",
        ),
        *("stop_training", "stop_evaluating", "stop_predicting"),
        *("train_function", "test_function", "predict_function"),
    }
)


class Dependencies:
    """What a model's steps read, as it is now.

    It is known by who it is: `same` looks at identities, and is fast. Where one differs, numbers are read and
    compared.
    """

    def __init__(self, model: Trainable) -> None:
        reader = _Reader()
        _read(model, reader)
        self.found = reader.found
        self._watched = reader.watched

    def same(self) -> bool:
        """Whether everything that was read is still there."""
        return all(look(*place) == held for look, place, held, _ in self._watched)

    def changed(self, new: Dependencies) -> str:
        """Where the first reading stands that differs in other readings; empty where none does."""
        old = self.found
        if old == new.found:
            return ""
        pairs = zip(old, new.found, strict=False)
        return next((b[0] for a, b in pairs if a != b), "what it holds")


def _read(model: Trainable, reader: _Reader) -> None:
    """All that the model's steps may read, in an order that stays."""
    for layer in model._flatten_layers():
        reader.layer(layer, counted=layer is not model)
    variables = model.variables
    held = [(v.regularizer, v.constraint) for v in variables]
    reader.watch(_bounds, variables, kept=held)
    for variable, (regularizer, constraint) in zip(variables, held, strict=True):
        reader.value(f"{variable.path} regularizer", regularizer)
        reader.value(f"{variable.path} constraint", constraint)
    reader.value("optimizer", model.optimizer)
    reader.watch(_named, vars(model), ("optimizer",))
    for name, given in model._compile_state.config.items():
        if name != "optimizer":
            reader.value(name, given)
    for metric in model.metrics:
        reader.value(f"metric {metric.name}", metric)


def _named(held: Mapping[str, object], names: Iterable[str]) -> list[int]:
    return list(map(id, map(held.get, names)))


def _bounds(variables: Iterable[Variable]) -> list[int]:
    return [id(bound) for v in variables for bound in (v.regularizer, v.constraint)]


def _attributes(thing: object, names: Iterable[str]) -> list[int]:
    return [id(getattr(thing, name, None)) for name in names]


def _items(container: Collection[object]) -> list[int]:
    items = container.values() if isinstance(container, dict) else container
    return [len(container), *map(id, itertools.islice(items, _MOST))]


def _cells(cells: Iterable[types.CellType]) -> list[int]:
    return [id(_content(cell)) for cell in cells]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not set yet
        return None


class _Reader:
    def __init__(self) -> None:
        self.found: list[Reading] = []
        self.watched: list[tuple[Callable[..., Any], tuple[Any, ...], Any, Any]] = []
        self._seen: dict[int, Any] = {}
        self._depth = 0

    def watch(self, look: Callable[..., Any], *place: object, kept: object = None) -> None:
        """kept: what was found there, which so cannot be replaced by another at its place in memory."""
        self.watched.append((look, place, look(*place), kept))

    def named(self, where: str, held: Mapping[str, object], names: Iterable[str]) -> None:
        """Some of the values of a dict, or of an object's attributes."""
        names = tuple(names)
        values = [held.get(name) for name in names]
        self.watch(_named, held, names, kept=values)
        for name, value in zip(names, values, strict=True):
            self.value(f"{where}.{name}", value)

    def layer(self, layer: Layer, counted: bool) -> None:
        """A layer's settings. Plain ones are counted when they are set; what others hold is read, and of classes
        of users each that their methods name."""
        cls, names = type(layer), ["_settings"] if counted else []
        reached = frozenset() if _is_ours(cls) else self._methods(layer.name, cls, _METHODS)
        for name, value in list(vars(layer).items()):
            plain, hidden = type(value) in _PLAIN, name.startswith("_")
            if name not in _kept() and (name in reached if plain or hidden else True):
                names.append(name)
        # those of the class, which one of its own may come before
        names += [
            n for n in reached if n not in vars(layer) and type(getattr(cls, n, self)) in _PLAIN
        ]
        self.named(layer.name, vars(layer), names)

    def value(self, where: str, value: object) -> None:
        """What stands at a place: a number, what a container or an object holds, what a function reads."""
        kind = type(value)
        if len(self.found) >= _TOTAL:
            return
        if kind in _PLAIN:
            shown = repr(value) if value == 0 else value  # 0.0 is not -0.0
            self.found.append((where, kind, shown))
        elif isinstance(value, _STATE):
            self.found.append((where, kind, _Same(value)))
        elif isinstance(value, (np.ndarray, np.generic)):
            self.found.append((where, kind, _digest(value)))
            self.watch(_digest, value)
        elif id(value) not in self._seen and self._depth < _DEEP:
            self._seen[id(value)] = value
            self._depth += 1
            self._inside(where, value)
            self._depth -= 1

    def _inside(self, where: str, value: object) -> None:
        if isinstance(value, (list, tuple, set, frozenset, dict)):
            self._container(where, value)
        elif isinstance(value, types.FunctionType):
            self._function(where, value)
        elif isinstance(value, types.MethodType):
            self.value(where, value.__self__)
            self.value(where, value.__func__)
        elif isinstance(value, functools.partial):
            self.value(where, [value.func, list(value.args), value.keywords])
        elif _is_looked_into(value):
            self.found.append((where, type(value), _Same(value)))
            held, own = vars(value), _is_ours(type(value))
            names = list(held)[:_MOST]
            self.named(where, held, [n for n in names if not own or n[0] != "_" or n in _HELD])
            self.watch(len, held)
            if not own:
                self._methods(where, type(value), dir(type(value)))
        else:
            self.found.append((where, type(value), _Same(value)))

    def _container(self, where: str, value: Collection[object]) -> None:
        self.found.append((where, type(value), len(value)))
        held = list(
            itertools.islice(value.items() if isinstance(value, dict) else enumerate(value), _MOST)
        )
        if not isinstance(value, (tuple, frozenset)):  # those hold what they hold
            self.watch(_items, value, kept=held)
        for key, item in held:
            self.value(f"{where}[{key!r:.40}]", item)

    def _function(self, where: str, function: types.FunctionType) -> None:
        self.found.append((where, types.FunctionType, _Same(function.__code__)))
        if _is_ours(function):
            return
        cells = function.__closure__ or ()
        held = [_content(cell) for cell in cells]
        self.watch(_cells, cells, kept=held)
        self.watch(
            _attributes,
            function,
            ("__code__", "__defaults__", "__kwdefaults__"),
            kept=function.__defaults__,
        )
        for value in (*held, function.__defaults__, function.__kwdefaults__):
            self.value(where, value)
        names = tuple(dict.fromkeys(_names(function.__code__)))
        found = [function.__globals__.get(name) for name in names]
        self.watch(_named, function.__globals__, names, kept=found)
        for name, value in zip(names, found, strict=True):
            if value is not None:
                self._global(name, value, names)

    def _global(self, name: str, value: object, names: Iterable[str]) -> None:
        """A global that a function names; of a module and a class, what else the function names."""
        if not isinstance(value, (types.ModuleType, type)):
            self.value(f"the global {name}", value)
            return
        module = isinstance(value, types.ModuleType)
        if not (_is_library(value.__name__) if module else _is_of_library(value)):
            held, other = vars(value), (types.ModuleType, type)
            self.named(
                name, held, [n for n in names if n in held and not isinstance(held[n], other)]
            )

    def _methods(self, where: str, cls: type, names: Iterable[str]) -> frozenset[str]:
        """Methods of a class of users, those that they call, and numbers of the class that they read; all names
        that they have."""
        todo = list(names)
        seen = set(todo)
        for name in todo:  # which grows
            held = getattr(cls, name, None)
            if type(held) in _PLAIN and not name.startswith("__"):
                self.value(f"{where}.{name}", held)
            if not isinstance(held, types.FunctionType) or _is_ours(held):
                continue
            self.value(f"{where}.{name}", held)
            more = [other for other in _names(held.__code__) if other not in seen]
            seen.update(more)
            todo += more
        lasting = (types.FunctionType, *_PLAIN)  # others are made when they are asked for
        known = tuple(n for n in todo if n[:2] != "__" or n == "__call__")
        known = tuple(n for n in known if isinstance(getattr(cls, n, None), lasting))
        self.watch(_attributes, cls, known, kept=[getattr(cls, name, None) for name in known])
        return frozenset(todo)


class _Same:
    """Equal to itself alone. It is held, so that no other comes to its place in memory."""

    __slots__ = ("_thing",)

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._thing is self._thing

    __hash__ = None  # type: ignore[assignment]


def _digest(value: np.ndarray | np.generic) -> tuple[Any, ...]:
    """A digest of an array's numbers: of a large one, of some of them and of who it is."""
    array = np.asarray(value)
    if array.dtype == object:
        return (_Same(value),)
    if array.nbytes <= _BYTES:
        return array.shape, array.dtype, zlib.crc32(array.tobytes())
    part = array.flat[:: max(1, array.size // 4096)]
    return _Same(value), array.shape, array.dtype, zlib.crc32(part.tobytes())


def _names(code: types.CodeType) -> list[str]:
    """The names that a function and those written within it read from outside, and of attributes."""
    found = list(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            found += _names(const)
    return found


def _is_ours(thing: Callable[..., Any] | type) -> bool:
    return str(getattr(thing, "__module__", None)).startswith("narae.")


def _is_library(module: str) -> bool:
    """Whether a module is Python's or a well-known one, which is not changed to change a model."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in (
        "narae",
        "numpy",
        "scipy",
        "jax",
        "ml_dtypes",
        "pandas",
    )


def _is_of_library(cls: type) -> bool:
    """Whether a class is Python's or a well-known module's; those that exec makes are said to be of builtins."""
    module = str(cls.__module__)
    return (module != "builtins" and _is_library(module)) or not cls.__flags__ & _WRITTEN


def _is_looked_into(value: object) -> bool:
    """Whether an object's attributes are settings: narae's regularizers and their like, and objects of users."""
    arguments = getattr(
        sys.modules.get("argparse"), "Namespace", ()
    )  # start-up: it need not be there
    if isinstance(value, (types.SimpleNamespace, arguments)):
        return True
    module = str(type(value).__module__)
    return isinstance(getattr(value, "__dict__", None), dict) and (
        module.startswith(_FAMILIES) or not _is_of_library(type(value))
    )


@functools.cache
def _kept() -> frozenset[str]:
    """Attributes of every layer that narae keeps."""
    return _OURS | frozenset(vars(Layer(name="any"))) - {"activity_regularizer"}


# -- models that do nothing but compute --
_OWN = "narae."
_NOTED = frozenset({"Lambda", "Masking", "ActivityRegularization"})  # leave more than an output


def is_own(layer: Layer) -> bool:
    """Whether a layer is narae's."""
    return str(type(layer).__module__).startswith(_OWN)  # None for a class made by exec


def is_plain(model: Trainable) -> bool:
    """Whether calling the model does nothing but compute."""
    layers = list(model._flatten_layers(include_self=False))
    return all(map(_plain, layers)) and not model.losses


def _plain(layer: Layer) -> bool:
    function = getattr(layer, "activation", None)
    return (
        is_own(layer)
        and type(layer).__name__ not in _NOTED
        and getattr(layer, "activity_regularizer", None) is None
        and (function is None or getattr(function, "__module__", "").startswith(_OWN))
    )
