"""Nested structures (dicts, lists, tuples, named tuples) and their leaves."""

from __future__ import annotations

import copy
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from narae.base.types import Tree

if TYPE_CHECKING:
    from typing_extensions import TypeIs  # for checkers alone


def is_nested(tree: object) -> TypeIs[list[Any] | tuple[Any, ...] | dict[Any, Any]]:
    """True for a container that has leaves below it: list, tuple, deque or dict."""
    return isinstance(tree, _NESTED)


_SEQUENCES = (list, tuple, deque)
_NESTED = (*_SEQUENCES, dict)


def flatten(tree: Tree[Any]) -> list[Any]:
    """The leaves in order; None is a leaf. Dicts in the order of their sorted keys, an OrderedDict in its own.

    >>> flatten({"b": [1, 2], "a": (3, None)})
    [3, None, 1, 2]
    """
    leaves: list[Any] = []
    try:
        _collect(tree, leaves)
    except RecursionError:
        raise RecursionError(_DEEP) from None
    return leaves


_DEEP = "a nest of lists and dicts is too deep to have leaves, or holds itself: take the list out of itself"


def _collect(tree: Tree[Any], leaves: list[Any]) -> None:
    if isinstance(tree, dict):
        for key in keys_of(tree):
            _collect(tree[key], leaves)
    elif isinstance(tree, _SEQUENCES):
        for item in tree:
            _collect(item, leaves)
    else:
        leaves.append(tree)


def keys_of(tree: dict) -> list:
    """A dict's keys in the order of `flatten`.

    >>> keys_of({"b": 1, "a": 2})
    ['a', 'b']
    """
    if isinstance(tree, OrderedDict):
        return list(tree)
    try:
        return sorted(tree)
    except TypeError:  # keys of mixed types keep the order of insertion
        return list(tree)


def pack_as(tree: Tree[Any], leaves: list[Any]) -> Any:
    """The structure of `tree` with other leaves, in `flatten`'s order.

    >>> pack_as({"b": 0, "a": [0]}, [1, 2])
    {'b': 2, 'a': [1]}
    """
    remaining = iter(leaves)

    def following(_: object) -> Any:
        leaf = next(remaining, _END)
        if leaf is _END:
            raise ValueError(f"{len(leaves)} leaves are too few for the structure {tree!r}")
        return leaf

    packed = _rebuild(tree, following)
    if next(remaining, _END) is not _END:
        raise ValueError(f"{len(leaves)} leaves are too many for the structure {tree!r}")
    return packed


_END = object()


def children(tree: Tree[Any]) -> list[tuple[Any, Any]]:
    """What a container holds, with its keys or positions, in the order of `flatten`.

    >>> children({"b": 1, "a": [2]})
    [('a', [2]), ('b', 1)]
    """
    if isinstance(tree, dict):
        return [(key, tree[key]) for key in keys_of(tree)]
    return list(enumerate(tree))


def with_children(tree: Tree[Any], items: list[Any]) -> Any:
    """A container of the same type and keys that holds other items, in the order of `children`.

    >>> with_children({"b": 1, "a": 2}, [3, 4])
    {'b': 4, 'a': 3}
    """
    if isinstance(tree, dict):
        done = dict(zip(keys_of(tree), items, strict=True))
        ordered = {key: done[key] for key in tree}
        if type(tree) is dict:
            return ordered
        like = copy.copy(tree)  # a defaultdict keeps its factory
        like.update(ordered)
        return like
    kind: Any = type(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*items)
    if isinstance(tree, deque):
        return kind(items, tree.maxlen)
    return items if kind is list else kind(items)


def _rebuild(tree: Tree[Any], leaf: Callable[[Any], Any]) -> Any:
    if not is_nested(tree):
        return leaf(tree)
    return with_children(tree, [_rebuild(item, leaf) for _, item in children(tree)])


def map_tree(function: Callable[..., Any], tree: Tree[Any], *others: Tree[Any]) -> Any:
    """`function` over the leaves of one or several trees of the same structure.

    >>> map_tree(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    if not others:
        if is_nested(tree):
            flatten(tree)  # refuses a nest that holds itself
        return _rebuild(tree, function)
    columns = [flatten(tree), *(flatten(other) for other in others)]
    if len({len(column) for column in columns}) != 1:
        raise ValueError("map_tree takes trees with the same number of leaves")
    return pack_as(tree, [function(*row) for row in zip(*columns, strict=True)])


def same_structure(a: Tree[Any], b: Tree[Any]) -> bool:
    """True when two trees have the same containers, keys and lengths.

    >>> same_structure([1, {"k": 2}], [3, {"k": 4}])
    True
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same_structure(a[key], b[key]) for key in a)
    if isinstance(a, _SEQUENCES) and isinstance(b, _SEQUENCES):
        return len(a) == len(b) and all(map(same_structure, a, b))
    return not is_nested(a) and not is_nested(b)
