"""narae.tree: every function on every kind of container, alone and in pairs."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.grid import Case

_Pair = collections.namedtuple("_Pair", "b a")
_Other = collections.namedtuple("_Pair", "b a")
_ordered = collections.OrderedDict

_TREES: dict[str, Any] = {
    "leaf": 7,
    "none": None,
    "text": "ab",
    "set": {3},
    "list": [1, 2],
    "empty list": [],
    "tuple": (1, 2),
    "longer": [1, 2, 3],
    "deque": collections.deque([1, 2], 5),
    "named": _Pair(1, 2),
    "alike named": _Other(1, 2),
    "dict": {"b": 1, "a": 2},
    "ordered": _ordered([("b", 1), ("a", 2)]),
    "default": collections.defaultdict(list, {"b": 1, "a": 2}),
    "other keys": {"b": 1, "c": 2},
    "mixed keys": {1: 2, "a": 3},
    "empty dict": {},
    "deep": [(1, None), {"b": [2], "a": _Pair(3, _ordered([("z", (4,)), ("y", [])]))}],
    "deeper": [(1, None), {"b": [[2]], "a": _Pair(3, _ordered([("z", (4,)), ("y", [])]))}],
    "shapes": {"a": (1, None), "b": [(2, 3), [4, None]], "c": (), "d": 5, "e": ("x", (2,))},
}

_ALONE = ("text", "set", "mixed keys", "empty dict", "shapes", "leaf")
_PAIRED = {label: tree for label, tree in _TREES.items() if label not in _ALONE}


def _typed(value: Any) -> Any:
    """A tree as text, with the types of its containers."""
    if isinstance(value, dict):
        items = [[str(key), _typed(item)] for key, item in value.items()]
        return [type(value).__name__, getattr(value, "default_factory", None) is not None, items]
    if isinstance(value, (list, tuple, collections.deque)):
        return [type(value).__name__, [_typed(item) for item in value]]
    return getattr(value, "__name__", None) or repr(value)


def _visited(k: Any, tree: Any, top_down: bool) -> Any:
    seen: list[Any] = []

    def visit(part: Any) -> Any:
        seen.append(_typed(part))
        if isinstance(part, list):
            return tuple(part)
        return k.tree.MAP_TO_NONE if part == 2 else None

    return [_typed(k.tree.traverse(visit, tree, top_down=top_down)), seen]


_ONE: dict[str, Callable[[Any, Any], Any]] = {
    "is_nested": lambda k, t: k.tree.is_nested(t),
    "flatten": lambda k, t: k.tree.flatten(t),
    "flatten_with_path": lambda k, t: [
        [list(p), _typed(x)] for p, x in k.tree.flatten_with_path(t)
    ],
    "lists_to_tuples": lambda k, t: k.tree.lists_to_tuples(t),
    "map_shape_structure": lambda k, t: k.tree.map_shape_structure(lambda s: ["shape", *s], t),
    "map_shape_structure, none": lambda k, t: k.tree.map_shape_structure(lambda s: None, t),
    "map_structure": lambda k, t: k.tree.map_structure(lambda x: [x], t),
    "map_structure, none_is_leaf": lambda k, t: k.tree.map_structure(
        lambda x: [x], t, none_is_leaf=False
    ),
    "pack_sequence_as": lambda k, t: k.tree.pack_sequence_as(t, range(len(k.tree.flatten(t)))),
    "pack_sequence_as, few": lambda k, t: k.tree.pack_sequence_as(t, []),
    "pack_sequence_as, many": lambda k, t: k.tree.pack_sequence_as(t, range(99)),
    "pack_sequence_as, no sequence": lambda k, t: k.tree.pack_sequence_as(t, 5),
    "traverse": lambda k, t: _visited(k, t, True),
    "traverse, bottom up": lambda k, t: _visited(k, t, False),
}
_TWO: dict[str, Callable[[Any, Any, Any], Any]] = {
    "assert_same_paths": lambda k, a, b: k.tree.assert_same_paths(a, b),
    "assert_same_structure": lambda k, a, b: k.tree.assert_same_structure(a, b),
    "map_structure": lambda k, a, b: k.tree.map_structure(lambda x, y: [x, y], a, b),
    "map_structure_up_to": lambda k, a, b: k.tree.map_structure_up_to(a, lambda x: [x], b),
}

CASES = [
    *(
        Case(f"tree.{name}({label})", lambda k, f=f, t=t: _typed(f(k, t)))
        for name, f in _ONE.items()
        for label, t in _TREES.items()
    ),
    *(
        Case(f"tree.{name}({first}, {second})", lambda k, f=f, a=a, b=b: _typed(f(k, a, b)))
        for name, f in _TWO.items()
        for (first, a), (second, b) in itertools.product(_PAIRED.items(), repeat=2)
    ),
    Case("tree.map_structure()", lambda k: k.tree.map_structure(lambda x: x)),
    Case("tree.map_structure(no function)", lambda k: k.tree.map_structure("x", [1])),
    Case("tree.map_structure_up_to()", lambda k: k.tree.map_structure_up_to([1], lambda x: x)),
    Case("tree.traverse(no function)", lambda k: k.tree.traverse("x", [1])),
    Case("tree.map_shape_structure(no function)", lambda k: k.tree.map_shape_structure("x", [1])),
    Case("tree.check_types", lambda k: k.tree.assert_same_structure([1], [2], check_types=False)),
    Case(
        "tree.leaves of tensors",
        lambda k: [
            len(k.tree.flatten([k.KerasTensor((2, 3)), k.Variable([1.0, 2.0]), np.ones(2)])),
            k.tree.is_nested(k.KerasTensor((2,))),
        ],
    ),
]
