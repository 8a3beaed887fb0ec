"""Variables: every option of the constructor, every operator with every dtype, assignment, conversion."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case, shown
from tests.grid.kinds import DTYPES, array, results

_A = np.array([[5, 2, 0], [1, 3, 7]])
_B = np.array([[3, 1, 2], [1, 2, 3]])
_OPERATORS = [
    *(
        [
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "matmul",
            "and_",
            "or_",
            "xor",
            "lt",
            "le",
            "gt",
            "ge",
            "eq",
            "ne",
        ]
    ),
]
_ONE = ["neg", "pos", "abs", "invert", "truth", "index"]
_NUMBERS = [2, 2.5, True]


def _operated(name: str, dtype: str) -> Case:
    """An operator between a variable of a dtype and numbers and arrays of every dtype, both ways."""
    function = getattr(operator, name)

    def code(k: Any) -> Any:
        v = k.Variable(array(_A, dtype), dtype=dtype)
        others = [*_NUMBERS, *(array(_B.T if name == "matmul" else _B, d) for d in DTYPES)]
        calls = [lambda y=y: function(v, y) for y in others]
        if reverse := getattr(
            v, f"__r{name.rstrip('_')}__", None
        ):  # NumPy itself takes `array + v`
            calls += [lambda y=y: reverse(y) for y in others]
        return results(k, calls)

    return Case(f"variables.{name}({dtype})", code)


def _one(name: str, dtype: str) -> Case:
    function = getattr(operator, name)
    return Case(
        f"variables.{name}({dtype})", lambda k: function(k.Variable(array(_A, dtype), dtype=dtype))
    )


_READ: dict[str, Callable[[Any], Any]] = {
    "round": lambda v: [round(v), round(v, 1)],
    "getitem": lambda v: [v[0], v[..., 1:], v[-1, ::2], v[None], v[np.array([0, 1])]],
    "int": int,
    "float": float,
    "numpy": lambda v: v.numpy(),
    "asarray": np.asarray,
    "asarray(float64)": lambda v: np.asarray(v, dtype="float64"),
    "array": lambda v: np.array(v),
    "assign(number)": lambda v: [v.assign(1), v.value],
    "assign(array)": lambda v: [v.assign(np.full((2, 3), 1.7, "float32")), v.numpy()],
    "assign(list)": lambda v: v.assign([[1, 2, 3], [4, 5, 6.5]]),
    "assign(shape)": lambda v: v.assign(np.ones((2, 1), "float32")),
    "assign_add": lambda v: [v.assign_add(np.full((2, 3), 0.7, "float32")), v.numpy()],
    "assign_sub": lambda v: [v.assign_sub(np.full((2, 3), 0.7, "float32")), v.numpy()],
    "assign_add(broadcast)": lambda v: v.assign_add(np.ones((2, 1), "float32")),
    "assign_add(shape)": lambda v: v.assign_add(np.ones((4, 2, 3), "float32")),
    "assign_add(number)": lambda v: v.assign_add(1),
    "numpy's functions": lambda v: [np.sum(v), np.add(np.asarray(v), 1)],
    "attributes": lambda v: [v.ndim, v.shape, v.dtype, v.trainable, v.path, v.name],
    "more attributes": lambda v: [v.aggregation, v.synchronization, v.regularizer, v.constraint],
    "own": lambda v: [v.overwrite_with_gradient, v.autocast if hasattr(v, "autocast") else True],
}


def _scalar(name: str, initial: Any) -> Case:
    return Case(f"variables.scalar.{name}({initial})", lambda k: _READ[name](k.Variable(initial)))


def _initial(shape: Any, dtype: Any = None) -> Any:
    return np.full(shape, 3, dtype)


_MADE: list[dict[str, Any]] = [
    *({"initializer": i} for i in (1, 1.5, True, [1, 2], [1.0, 2], (1, 2), [[True], [False]])),
    *({"initializer": i, "dtype": d} for i in (1, 2.7, [1, 0]) for d in DTYPES),
    *({"initializer": i, "dtype": d} for i in (1.5,) for d in (int, float, bool, np.float16)),
    *({"initializer": i, "shape": (2, 3)} for i in ("ones", "zeros", "Ones", "one", "zero")),
    {"initializer": "ones", "shape": (2,), "dtype": "int32"},
    {"initializer": "ones", "shape": [2]},
    {"initializer": "ones", "shape": ()},
    {"initializer": "ones"},
    {"initializer": "nothing", "shape": (2,)},
    {"initializer": _initial, "shape": (2,)},
    {"initializer": _initial, "shape": (2,), "dtype": "float16"},
    {"initializer": _initial},
    *({"initializer": _initial, "shape": s} for s in ((None, 2), (-1,), 3, "ab", (2.0,), (2, "a"))),
    {"initializer": None},
    {"initializer": "x", "dtype": "float32"},
    {"initializer": 1.0, "dtype": "nothing"},
    *({"initializer": 1.0, "trainable": t} for t in (True, False, "yes", 0, None)),
    *({"initializer": 1.0, "autocast": a} for a in (True, False)),
    *(
        {"initializer": 1.0, "aggregation": a}
        for a in (None, "none", "mean", "sum", "only_first_replica", "median", "")
    ),
    *(
        {"initializer": 1.0, "synchronization": s}
        for s in (None, "none", "auto", "on_read", "on_write", "never")
    ),
    *({"initializer": 1.0, "name": n} for n in ("a", "a/b", 3, "", None)),
]


def _made(options: dict[str, Any]) -> Case:
    def code(k: Any) -> Any:
        v = k.Variable(**options)
        known = [v.shape, v.ndim, v.dtype, v.trainable, v.aggregation, v.synchronization]
        return [*known, v.name, v.path, v.value, v.numpy()]

    return Case(f"variables.Variable({shown(options)})", code)


_SET: list[tuple[str, Any]] = [
    *(("trainable", value) for value in (True, False, "yes", 0)),
    *(("regularizer", value) for value in (None, abs, "l2", 3)),
    *(("constraint", value) for value in (None, abs, "non_neg", 3)),
    *(("overwrite_with_gradient", value) for value in (True, 1, "yes")),
    *((name, 1) for name in ("dtype", "shape", "ndim", "value")),
]


def _set(name: str, value: Any) -> Case:
    def code(k: Any) -> Any:
        v = k.Variable([1.0, 2.0])
        setattr(v, name, value)
        return getattr(v, name)

    return Case(f"variables.{name}={value!r}", code)


_MEETING = [*DTYPES, "int64", "uint64", "float64", int, float, bool, None, "int", "float", "x"]


def _meeting(count: int) -> Case:
    """The dtype in which as many of all meet."""

    def code(k: Any) -> Any:
        rows = itertools.product(_MEETING, repeat=count)
        return results(k, [lambda row=row: k.backend.result_type(*row) for row in rows])

    return Case(f"variables.result_type of {count}", code)


def _scoped(k: Any) -> Any:
    with k.name_scope("outer"), k.name_scope("inner"):
        v = k.Variable(1.0, name="v")
    return [v.name, v.path, k.Variable(2.0).path, k.Variable(2.0).path]


CASES = [
    *(_operated(name, dtype) for name in _OPERATORS for dtype in DTYPES),
    *(_one(name, dtype) for name in _ONE for dtype in DTYPES),
    *(
        Case(
            f"variables.{name}({dtype})",
            lambda k, f=f, d=dtype: f(k.Variable(array(_A, d), dtype=d)),
        )
        for name, f in _READ.items()
        for dtype in ("bool", "uint8", "int32", "float16", "float32")
        if (name, dtype) != ("round", "bool")  # JAX's own error
    ),
    *(_scalar(name, n) for name in ("int", "float", "round", "asarray") for n in (2, 2.5)),
    *(_made(options) for options in _MADE),
    *(_set(name, value) for name, value in _SET),
    *(_meeting(count) for count in (0, 1, 2)),
    Case("variables.name_scope", _scoped),
]
