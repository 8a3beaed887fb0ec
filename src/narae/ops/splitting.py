"""Tensors cut into parts along an axis."""

from __future__ import annotations

import builtins
import itertools
from typing import Any

import numpy as np

from narae.base.arrays import as_plain
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import Ints
from narae.ops.shapes import squeeze
from narae.ops.table import named
from narae.primitives.record import normalize_axis
from narae.primitives.records import shape as S
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def sliced(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    """x[start:stop] along an axis."""
    low, high = [0] * x.ndim, list(x.shape)
    low[axis], high[axis] = start, stop
    return S.slice_(x, start=tuple(low), stop=tuple(high), step=(1,) * x.ndim)


@public
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Equal parts (a number), or parts that begin at the indices. Raises ShapeError for unequal parts.

    >>> import narae
    >>> [t.tolist() for t in narae.ops.split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    length = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections <= 0 or length % indices_or_sections:
            raise ShapeError(
                f"split cannot make {indices_or_sections} equal parts of axis {axis} of shape {x.shape}",
                divisor=int(indices_or_sections),
            )
        width = length // int(indices_or_sections)
        afford(length // width if width else int(indices_or_sections), 40)
        cuts = list(range(width, length, width)) if width else [0] * (int(indices_or_sections) - 1)
    else:
        cuts = [int(i) for i in as_plain(indices_or_sections, "indices_or_sections")]
    return _cut(x, axis, cuts)


def _cut(x: Tensor, axis: int, cuts: list[int]) -> list[Tensor]:
    places = [slice(None).indices(x.shape[axis])[0], *cuts, x.shape[axis]]
    bounds = [slice(a, b).indices(x.shape[axis])[:2] for a, b in itertools.pairwise(places)]
    return [sliced(x, axis, a, builtins.max(a, b)) for a, b in bounds]


@public
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts that may differ in length by one.

    >>> import narae
    >>> [t.tolist() for t in narae.ops.array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    if not isinstance(indices_or_sections, (int, np.integer)):
        raise TypeError(
            f"array_split takes a number of parts, got {indices_or_sections!r}: split takes places"
        )
    if indices_or_sections < 1:
        raise ValueError(f"array_split takes at least 1 part, got {indices_or_sections}")
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    width, more = divmod(x.shape[axis], int(indices_or_sections))
    lengths = [width + 1] * more + [width] * (int(indices_or_sections) - more)
    return _cut(x, axis, list(np.cumsum(lengths)[:-1]))


@public
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along an axis, without it.

    >>> import narae
    >>> [t.tolist() for t in narae.ops.unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    x = as_tensor(x)
    axis = normalize_axis(axis, x.ndim)
    if num is not None and num != x.shape[axis]:
        raise ShapeError(
            f"unstack: num={num}, but axis {axis} of shape {x.shape} has {x.shape[axis]}"
        )
    return [squeeze(sliced(x, axis, i, i + 1), axis) for i in range(x.shape[axis])]


def _split(name: str, least: int, says: str, example: str, gives: str) -> Any:
    place = least - 1

    def parts(x: Tensor, indices_or_sections: Ints) -> list[Tensor]:
        x = as_tensor(x)
        flat = x.ndim == 1 and name == "hsplit"  # a vector has no axis 1
        if x.ndim < least and not flat:
            raise ShapeError(f"{name} takes a rank of {least} or more, got shape {x.shape}")
        return split(x, indices_or_sections, 0 if flat else place)

    says = f"Equal parts (a number), or parts that begin at the indices, along {says}."
    return named(parts, name, __name__, says, f"{name}({example}", gives)


vsplit = _split("vsplit", 1, "axis 0", "[[1, 2], [3, 4]], 2)[0].tolist()", "[[1, 2]]")


hsplit = _split("hsplit", 2, "axis 1 (0 of a vector)", "[1, 2, 3, 4], 2)[0].tolist()", "[1, 2]")


dsplit = _split("dsplit", 3, "axis 2", "[[[1, 2]]], 2)[0].tolist()", "[[[1]]]")
