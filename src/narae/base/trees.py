"""Nested structures (dicts, lists, tuples, named tuples) and their leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_nested(tree: object) -> bool:
    """True for a container that has leaves below it: list, tuple or dict."""
    return isinstance(tree, (list, tuple, dict))


def flatten(tree: Any) -> list[Any]:
    """The leaves in order; dicts in the order of their sorted keys. None is a leaf.

    >>> flatten({"b": [1, 2], "a": (3, None)})
    [3, None, 1, 2]
    """
    leaves: list[Any] = []
    _collect(tree, leaves)
    return leaves


def _collect(tree: Any, leaves: list[Any]) -> None:
    if isinstance(tree, dict):
        for key in keys_of(tree):
            _collect(tree[key], leaves)
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            _collect(item, leaves)
    else:
        leaves.append(tree)


def keys_of(tree: dict) -> list:
    """A dict's keys in the order of `flatten`.

    >>> keys_of({"b": 1, "a": 2})
    ['a', 'b']
    """
    try:
        return sorted(tree)
    except TypeError:  # keys of mixed types keep the order of insertion
        return list(tree)


def pack_as(tree: Any, leaves: list[Any]) -> Any:
    """The structure of `tree` with other leaves, in `flatten`'s order.

    >>> pack_as({"b": 0, "a": [0]}, [1, 2])
    {'b': 2, 'a': [1]}
    """
    remaining = iter(leaves)
    packed = _rebuild(tree, lambda _: next(remaining))
    if next(remaining, _END) is not _END:
        raise ValueError(f"{len(leaves)} leaves are too many for the structure {tree!r}")
    return packed


_END = object()


def _rebuild(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        done = {key: _rebuild(tree[key], leaf) for key in keys_of(tree)}
        ordered = {key: done[key] for key in tree}
        return ordered if type(tree) is dict else _like(tree, ordered)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_rebuild(item, leaf) for item in tree))
    if isinstance(tree, (list, tuple)):
        items = [_rebuild(item, leaf) for item in tree]
        return (
            items
            if type(tree) is list
            else tuple(items)
            if type(tree) is tuple
            else type(tree)(items)
        )
    return leaf(tree)


def _like(tree: dict, items: dict) -> dict:
    try:
        return type(tree)(items)
    except TypeError:  # defaultdict wants its factory first
        return items


def map_tree(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`function` over the leaves of one or several trees of the same structure.

    >>> map_tree(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    if not others:
        return _rebuild(tree, function)
    columns = [flatten(tree), *(flatten(other) for other in others)]
    if len({len(column) for column in columns}) != 1:
        raise ValueError("map_tree takes trees with the same number of leaves")
    return pack_as(tree, [function(*row) for row in zip(*columns, strict=True)])


def same_structure(a: Any, b: Any) -> bool:
    """True when two trees have the same containers, keys and lengths.

    >>> same_structure([1, {"k": 2}], [3, {"k": 4}])
    True
    """
    if isinstance(a, dict) or isinstance(b, dict):
        both = isinstance(a, dict) and isinstance(b, dict) and set(a) == set(b)
        return both and all(same_structure(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
        both = isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b)
        return both and all(same_structure(x, y) for x, y in zip(a, b, strict=True))
    return True
