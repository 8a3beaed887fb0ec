"""What belongs to each output of a model: targets and sample weights, in whatever nest they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from narae.base import trees
from narae.base.language import tr
from narae.base.names import snake_case

if TYPE_CHECKING:
    from narae.base.types import Shape, Tensors
    from narae.models.data.batches import Arrays, Nest

Outputs: TypeAlias = "Tensors | Nest[Shaped]"  # of a model for a batch, or their shapes alone
Targets: TypeAlias = "Tensors | Arrays"  # y, sample_weight: None where an output has none
Shapes: TypeAlias = "Nest[Shaped]"  # outputs without their numbers


class NoSuchOutput(KeyError, ValueError):
    """A loss for an output that the model has not: a KeyError, as in Keras, that shows its message."""

    def __str__(self) -> str:
        return str(self.args[0])


class Shaped:
    """Stands for an output whose numbers are not at hand: a leaf that has a shape."""

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def shapes_of(y_pred: Outputs) -> Shapes:
    """The nest of outputs, with their shapes alone."""
    return trees.map_tree(lambda leaf: Shaped(tuple(leaf.shape)), y_pred)


def at(tree: Any, path: Sequence[Any]) -> Any:
    """What lies at a path of keys and indices."""
    for key in path:
        tree = tree[key]
    return tree


def name_of(thing: object) -> str:
    """What a loss or a metric is called in logs: its name, else its function's or its class's.

    >>> name_of(lambda y_true, y_pred: 0)
    'lambda'
    """
    name = getattr(thing, "name", None)
    if isinstance(name, str):
        return name
    return snake_case(getattr(thing, "__name__", type(thing).__name__))


def names_of(y_pred: Outputs, known: list[str] | None) -> list[str | None]:
    """A name for each output, flat: its key in a dict; else the model's name for it, None where the
    model has none."""
    count = len(trees.flatten(y_pred))
    if isinstance(y_pred, dict) and len(y_pred) == count:
        return [str(key) for key in trees.keys_of(y_pred)]
    return [None] * count if known is None or len(known) != count else list(known)


def matched(
    given: Targets,
    y_pred: Outputs,
    names: Sequence[str | None],
    what: str,
    shared: bool = False,
    wanted: Sequence[int] = (),
) -> list[Any]:
    """One array for each output, flat, None where there is none.

    given: the outputs' nest (lists and tuples count as one), a flat list, or a dict by the outputs'
    names. shared: whether one array is everybody's. wanted: the places of the outputs that have a
    loss; as many arrays as these are theirs. Raises ValueError that names both sides.

    >>> matched({"b": 2, "a": 1}, [0, 0], ["b", "a"], "y")
    [2, 1]
    """
    count = len(names)
    if given is None:
        return [None] * count
    if not trees.is_nested(given) and (shared or count == 1):
        return [given] * count
    found = _by_structure(given, y_pred)
    if found is None and isinstance(given, dict) and not isinstance(y_pred, dict):
        found = _by_names(given, names)
    if found is not None:
        return found
    leaves = trees.flatten(given)
    if not isinstance(given, dict) and len(leaves) == count:
        return leaves
    if not isinstance(given, dict) and len(leaves) == len(wanted):
        out: list[Any] = [None] * count
        for place, leaf in zip(wanted, leaves, strict=True):
            out[place] = leaf
        return out
    raise ValueError(
        tr(
            "{what} and the model's outputs have different structures: {what} is {shown}, the "
            "{count} output(s) are {shown2}{named}",
            what=what,
            shown=shown(given),
            count=count,
            shown2=shown(y_pred),
            named=named(names),
        )
    )


def _by_structure(given: Targets, y_pred: Outputs) -> list[Any] | None:
    """The arrays of a nest like that of the outputs; keys may be missing, and what is below them is
    None. None for another nest."""
    if not trees.is_nested(y_pred):
        if isinstance(given, (list, tuple)) and len(given) == 1 and not trees.is_nested(given[0]):
            return [given[0]]
        return None if trees.is_nested(given) else [given]
    if given is None:
        return [None] * len(trees.flatten(y_pred))
    if isinstance(y_pred, dict):
        if not isinstance(given, dict) or not set(given) <= set(y_pred) or not given:
            return None
        parts = [_by_structure(given.get(key), y_pred[key]) for key in trees.keys_of(y_pred)]
    else:
        if not isinstance(given, (list, tuple)) or len(given) != len(y_pred):
            return None
        parts = [_by_structure(a, b) for a, b in zip(given, y_pred, strict=True)]
    known = [part for part in parts if part is not None]
    return [leaf for part in known for leaf in part] if len(known) == len(parts) else None


def _by_names(given: dict[Any, Any], names: Sequence[str | None]) -> list[Any] | None:
    known = set(given) <= set(names) and not any(map(trees.is_nested, given.values()))
    return [given.get(name) for name in names] if known and given else None


def shown(tree: object) -> str:
    """A nest with its arrays' shapes.

    >>> import numpy as np
    >>> shown({"a": np.zeros((3, 1)), "b": [np.zeros(3), None]})
    "{'a': (3, 1), 'b': [(3,), None]}"
    """
    return str(trees.map_tree(lambda leaf: _Text(leaf), tree))


class _Text:
    def __init__(self, leaf: object) -> None:
        self.leaf = leaf

    def __repr__(self) -> str:
        shape: Shape | None = getattr(self.leaf, "shape", None)
        return repr(self.leaf)[:40] if shape is None else str(tuple(shape))


def named(names: Sequence[str | None]) -> str:
    """A phrase with the outputs' names, nothing where there are none."""
    known = [name for name in names if name is not None]
    return f", named {known}" if known else ""
