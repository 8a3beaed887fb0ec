"""What layers of attention share: which scores count, the equations of projections and of scores, and who looks at
scores while a model runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from string import ascii_lowercase
from typing import TYPE_CHECKING, TypeAlias

from narae import ops
from narae.base.context import Stack
from narae.tensor.tensor import Tensor

if TYPE_CHECKING:
    from narae.layers.base import Layer

Seen: TypeAlias = (
    "list[tuple[Layer, Tensor]]"  # layers of attention as they were called, and scores
)

_watching: Stack[Seen] = Stack()


def watched(seen: Seen) -> AbstractContextManager[None]:
    """Within it, calls of layers of attention compute their scores, and add them to a list."""
    return _watching.pushed(seen)


def watching() -> bool:
    """Whether somebody looks at scores."""
    return _watching.top() is not None


def note(layer: Layer, scores: Tensor) -> None:
    """Show a call's scores to who looks at them."""
    seen = _watching.top()
    if seen is not None:
        seen.append((layer, scores))


def causal(queries: int, keys: int) -> Tensor:
    """(1, queries, keys): whether a query sees a key, its own time and those before it alone."""
    rows = ops.reshape(ops.arange(queries, dtype="int32"), (1, queries, 1))
    return ops.greater_equal(rows, ops.reshape(ops.arange(keys, dtype="int32"), (1, 1, keys)))


def window(queries: int, keys: int, width: int) -> Tensor:
    """(1, queries, keys): whether a key is less than `width` steps away, before or after."""
    rows = ops.reshape(ops.arange(queries, dtype="int32"), (1, queries, 1))
    columns = ops.reshape(ops.arange(keys, dtype="int32"), (1, 1, keys))
    return ops.less(ops.abs(rows - columns), width)


def of_queries(mask: Tensor, axes: int) -> Tensor:
    """(B, *T) -> (B, *T, 1, ...): a query that does not count sees nothing. axes: how many there are of T."""
    for _ in range(axes):
        mask = ops.expand_dims(mask, -1)
    return mask


def of_keys(mask: Tensor, axes: int) -> Tensor:
    """(B, *S) -> (B, 1, ..., *S): nothing sees a key that does not count. axes: how many there are of S."""
    for _ in range(axes):
        mask = ops.expand_dims(mask, -axes - 1)
    return mask


def spread(mask: Tensor, rank: int, axes: int) -> Tensor:
    """A mask (..., *T, *S) of a rank: heads, and what else it lacks, are put before T."""
    for _ in range(rank - len(mask.shape)):
        mask = ops.expand_dims(mask, -2 * axes - 1)
    return mask


def all_of(masks: Sequence[Tensor], axes: int) -> Tensor | None:
    """What all masks leave; None: there is none."""
    if not masks:
        return None
    rank = max(len(mask.shape) for mask in masks)
    left, *others = (spread(ops.cast(mask, "bool"), rank, axes) for mask in masks)
    for mask in others:
        left = ops.logical_and(left, mask)
    return left


def projection(free: int, bound: int, made: int) -> tuple[str, str]:
    """The equation that sums over the last `bound` axes and makes `made` new ones, behind `free` that stay; and the
    letters of the new ones.

    >>> projection(2, 1, 2)
    ('abc,cde->abde', 'de')
    """
    kept, summed, new = (
        ascii_lowercase[:free],
        ascii_lowercase[free : free + bound],
        ascii_lowercase[free + bound : free + bound + made],
    )
    return f"{kept}{summed},{summed}{new}->{kept}{new}", new


def equations(rank: int, axes: Sequence[int]) -> tuple[str, str, int]:
    """The equations of scores (keys, queries -> scores) and of their means (scores, values -> outputs), and the
    rank of scores: axes that are not attended over, heads among them, then queries, then keys. rank: of projected
    tensors, (B, ..., heads, width).

    >>> equations(4, (1,))
    ('aecd,abcd->acbe', 'acbe,aecd->abcd', 4)
    """
    queries = list(ascii_lowercase[:rank])
    new = dict(zip(axes, ascii_lowercase[rank:], strict=False))
    keys = [new.get(i, letter) for i, letter in enumerate(queries)]
    kept = [letter for i, letter in enumerate(queries[:-1]) if i not in axes]
    scores = "".join([*kept, *(queries[i] for i in axes), *(keys[i] for i in axes)])
    q, k = "".join(queries), "".join(keys)
    return f"{k},{q}->{scores}", f"{scores},{k}->{q}", len(scores)
