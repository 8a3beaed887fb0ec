"""Nested structures of lists, tuples, dicts, named tuples and deques, with Keras's names.

Everything else is a leaf, None included. A dict is walked in the order of its sorted keys, an OrderedDict in
its own.

>>> from narae import tree
>>> tree.map_structure(lambda x: x + 1, {"b": [1, 2], "a": (3,)})
{'b': [2, 3], 'a': (4,)}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any

from narae.base import trees
from narae.base.errors import warn_user
from narae.base.missing import explain_missing

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

Path = tuple[Any, ...]


class MAP_TO_NONE:
    """What the function of `traverse` returns to put None in a part's place.

    >>> traverse(lambda x: MAP_TO_NONE if x == 2 else None, [1, [2, 3]])
    [1, [None, 3]]
    """


def is_nested(structure: object) -> bool:
    """Whether a value is a container: list, tuple, named tuple, deque or dict.

    Args:
        structure: any value.

    Returns: True for a container, an empty one too; False for a leaf.

    >>> is_nested([]), is_nested("text")
    (True, False)
    """
    return trees.is_nested(structure)


def flatten(structure: object) -> list[Any]:
    """The leaves in order. Dicts give theirs by sorted keys, an OrderedDict in its own order.

    Args:
        structure: containers in containers, or one leaf.

    Returns: the leaves, None among them.

    >>> flatten({"b": [1, 2], "a": (3, None)})
    [3, None, 1, 2]
    """
    return trees.flatten(structure)


def flatten_with_path(structure: object) -> list[tuple[Path, Any]]:
    """The leaves in order, each with the keys and positions that lead to it.

    Args:
        structure: containers in containers, or one leaf, whose path is ().

    Returns: pairs (path, leaf).

    >>> flatten_with_path([{"x": 42}])
    [((0, 'x'), 42)]
    """
    if not trees.is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key, item in trees.children(structure)
        for path, leaf in flatten_with_path(item)
    ]


def pack_sequence_as(structure: object, flat_sequence: Iterable[Any]) -> Any:
    """A sequence of leaves, in the order of `flatten`, in the containers of `structure`.

    Args:
        structure: the containers; its own leaves are not used.
        flat_sequence: as many leaves as it has.

    Returns: the leaves in new containers of the same types; a leaf alone where `structure` is one.

    Raises:
        TypeError: flat_sequence is not iterable.
        ValueError: it has too few or too many leaves.

    >>> pack_sequence_as({"b": 0, "a": [0]}, [1, 2])
    {'b': 2, 'a': [1]}
    """
    if not isinstance(flat_sequence, Iterable):
        raise TypeError(
            f"flat_sequence is a list of leaves, got {type(flat_sequence).__name__}: [leaf] for one leaf"
        )
    return trees.pack_as(structure, list(flat_sequence))


def map_structure(func: Callable[..., Any], *structures: object, none_is_leaf: bool = True) -> Any:
    """`func` of the leaves of one or several structures with the same containers.

    Args:
        func: a function of as many leaves as there are structures.
        *structures: the structures; the containers of the first are those of the result.
        none_is_leaf: whether func is called for a None of the first structure; False leaves it as it is.

    Returns: what func gives, in the places of the leaves.

    Raises:
        TypeError: func cannot be called.
        ValueError: no structure is given, or their containers differ.

    >>> map_structure(lambda x, y: x * y, [1, {"k": 2}], [10, {"k": 20}])
    [10, {'k': 40}]
    """
    _check_mapping(func, structures)
    return _mapped(func, structures[0], structures, (), none_is_leaf)


def map_structure_up_to(
    shallow_structure: object, func: Callable[..., Any], *structures: object
) -> Any:
    """`func` of what the structures hold at the leaves of `shallow_structure`, containers too.

    Args:
        shallow_structure: the containers of the result; its own leaves are not used.
        func: a function of as many parts as there are structures.
        *structures: structures with these containers, which may go on below.

    Returns: what func gives, in the places of the leaves of `shallow_structure`.

    Raises:
        TypeError: func cannot be called.
        ValueError: no structure is given, or one of them lacks a container of `shallow_structure`.

    >>> map_structure_up_to([None, [None]], str, [[1, 1], [2]])
    ['[1, 1]', ['2']]
    """
    _check_mapping(func, structures)
    return _mapped(func, shallow_structure, structures, (), True, deeper=True)


def assert_same_structure(a: object, b: object, check_types: object = None) -> None:
    """Raise ValueError unless two structures have the same containers, keys and lengths.

    All dicts count as one type; lists, tuples, deques and each class of named tuples as others.

    Args:
        a: a structure.
        b: another one.
        check_types: has no effect, and warns where it is given.

    Raises:
        ValueError: they differ; the error says where.

    >>> assert_same_structure([(0, 1)], [(2, 3)])
    """
    if check_types is not None:
        warn_user(
            "check_types has no effect; assert_same_paths ignores the types of containers",
            DeprecationWarning,
        )
    _mapped(lambda x, y: None, a, (a, b), (), True)


def assert_same_paths(a: object, b: object) -> None:
    """Raise ValueError unless the same keys and positions lead to the leaves of both; types may differ.

    Args:
        a: a structure.
        b: another one.

    Raises:
        ValueError: they differ; the error lists the paths of one alone.

    >>> assert_same_paths([0, {"k": 1}], (2, {"k": 3}))
    """
    ours, theirs = ({path for path, _ in flatten_with_path(tree)} for tree in (a, b))
    if ours != theirs:
        raise ValueError(
            f"`a` and `b` do not have the same paths: only in `a` {sorted(ours - theirs, key=str)}, "
            f"only in `b` {sorted(theirs - ours, key=str)}"
        )


def lists_to_tuples(structure: object) -> Any:
    """The structure with tuples in the places of lists.

    Args:
        structure: containers in containers, or one leaf.

    Returns: a structure of the same leaves.

    >>> lists_to_tuples({"a": [1, [2]]})
    {'a': (1, (2,))}
    """
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: object) -> Any:
    """`func` of the shapes of a structure, and of its other leaves.

    Args:
        func: a function of a shape.
        structure: containers of shapes: a list or tuple of lengths and None counts as one leaf.

    Returns: what func gives, in the places of the shapes.

    Raises:
        TypeError: func cannot be called.

    >>> map_shape_structure(len, {"x": (None, 3), "y": [(2,)]})
    {'x': 2, 'y': [1]}
    """
    _check_mapping(func, (structure,))
    if not trees.is_nested(structure) or _is_shape(structure):
        return func(structure)
    items = [map_shape_structure(func, item) for _, item in trees.children(structure)]
    return trees.with_children(structure, items)


def _is_shape(part: object) -> bool:
    return isinstance(part, (list, tuple)) and all(isinstance(n, int | None) for n in part)


def traverse(func: Callable[[Any], Any], structure: object, top_down: bool = True) -> Any:
    """`func` of every part of a structure, containers and leaves; what it returns takes the part's place.

    Args:
        func: a function of a part. None leaves the part as it is, `MAP_TO_NONE` puts None there.
        structure: containers in containers, or one leaf.
        top_down: whether a container comes before what it holds, which is not visited where the container is replaced;
            else it comes after.

    Returns: the structure with the parts that func gave.

    Raises:
        TypeError: func cannot be called.

    >>> traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [(1, 2), {"k": (3, 4)}])
    [3, {'k': 7}]
    """
    if not callable(func):
        raise TypeError(f"func is called on each part of the structure, got {func!r}")
    found = func(structure) if top_down else None
    if found is None and trees.is_nested(structure):
        items = [traverse(func, item, top_down) for _, item in trees.children(structure)]
        structure = trees.with_children(structure, items)
    if not top_down:
        found = func(structure)
    if found is None:
        return structure
    return None if found is MAP_TO_NONE else found


def _check_mapping(func: object, structures: tuple[object, ...]) -> None:
    if not callable(func):
        raise TypeError(f"func is called on leaves, got {func!r}")
    if not structures:
        raise ValueError("expected at least one structure, got none")


def _mapped(
    func: Callable[..., Any],
    model: object,
    structures: tuple[Any, ...],
    path: Path,
    none_is_leaf: bool,
    deeper: bool = False,
) -> Any:
    """func over structures that have the containers of `model`; `deeper`: theirs may go on below."""
    if not trees.is_nested(model):
        if not deeper and any(map(trees.is_nested, structures)):
            _refuse(model, structures, path)
        return None if model is None and not none_is_leaf else func(*structures)
    keys = [key for key, _ in trees.children(model)]
    for other in structures:
        if not _same_container(model, keys, other):
            _refuse(model, structures, path)
    items = [
        _mapped(
            func, model[key], tuple(s[key] for s in structures), (*path, key), none_is_leaf, deeper
        )
        for key in keys
    ]
    return trees.with_children(model, items)


def _same_container(model: object, keys: list[Any], other: object) -> bool:
    if isinstance(model, dict):
        return isinstance(other, dict) and set(other) == set(keys)
    return type(other) is type(model) and isinstance(other, Sized) and len(other) == len(keys)


def _refuse(model: object, structures: tuple[object, ...], path: Path) -> None:
    at = "".join(f"[{key!r}]" for key in path)
    raise ValueError(
        "the structures do not have the same nested structure: "
        + (f"at {at} " if at else "")
        + " and ".join(dict.fromkeys(f"{part!r:.200}" for part in (model, *structures)))
    )


explain_missing(__name__, __all__)
