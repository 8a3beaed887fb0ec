"""Tensors cut into parts along an axis."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from narae.base.arrays import as_plain
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.base.types import Array, IntLike, TensorLike
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
def split(
    x: TensorLike, indices_or_sections: IntLike | Sequence[int] | Array, axis: int = 0
) -> list[Tensor]:
    """Equal parts of a tensor along an axis, or parts that begin at indices.

    x: (..., n, ...) -> k of (..., n / k, ...).

    Args:
        x: a tensor of rank 1 or more.
        indices_or_sections: a number: so many equal parts; a list: where each part but the first
            begins, ascending.
        axis: the axis that is cut.

    Returns: a list of the parts, of x's dtype: one more than there are indices.

    Raises:
        ShapeError: the length is not divided by the number of parts, or x does not have the axis.

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
def array_split(x: TensorLike, indices_or_sections: IntLike, axis: int = 0) -> list[Tensor]:
    """Parts of a tensor that differ in length by one at most, the longer ones first.

    x: (..., n, ...) -> k of (..., ⌈n / k⌉, ...) or (..., ⌊n / k⌋, ...).

    Args:
        x: a tensor of rank 1 or more.
        indices_or_sections: the number k of parts, 1 or more.
        axis: the axis that is cut.

    Returns: a list of k tensors of x's dtype.

    Raises:
        TypeError: places in place of a number.
        ValueError: fewer than 1 part.
        ShapeError: x does not have the axis.

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
def unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along an axis, without it.

    x: (..., n, ...) -> n of (..., ...).

    Args:
        x: a tensor of rank 1 or more.
        num: how many there are, where the caller knows; it is checked.
        axis: the axis that is taken apart.

    Returns: a list of n tensors of x's dtype.

    Raises:
        ShapeError: num is not the axis's length, or x does not have the axis.

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


class Split(Protocol):
    """A function that cuts a tensor along one axis."""

    def __call__(
        self, x: TensorLike, indices_or_sections: IntLike | Sequence[int] | Array
    ) -> list[Tensor]: ...


def _split(name: str, least: int, says: str, example: str, gives: str) -> Split:
    place = least - 1

    def parts(x: TensorLike, indices_or_sections: IntLike | Sequence[int] | Array) -> list[Tensor]:
        x = as_tensor(x)
        flat = x.ndim == 1 and name == "hsplit"  # a vector has no axis 1
        if x.ndim < least and not flat:
            raise ShapeError(f"{name} takes a rank of {least} or more, got shape {x.shape}")
        return split(x, indices_or_sections, 0 if flat else place)

    ranks = f"of rank {least} or more" + (", or a vector" if name == "hsplit" else "")
    return named(
        parts,
        name,
        __name__,
        f"Equal parts of a tensor along {says}, or parts that begin at indices.",
        f"{name}({example}",
        gives,
        {
            "x": f"a tensor {ranks}.",
            "indices_or_sections": "a number: so many equal parts; a list: where each part but the first begins, "
            "ascending.",
        },
        "a list of the parts, of x's dtype: one more than there are indices.",
        shapes="x: (..., n, ...) -> k of (..., n / k, ...).",
        raises="ShapeError: the rank is too low, or the length is not divided by the number of parts.",
    )


vsplit = _split("vsplit", 1, "axis 0", "[[1, 2], [3, 4]], 2)[0].tolist()", "[[1, 2]]")
hsplit = _split("hsplit", 2, "axis 1 (0 of a vector)", "[1, 2, 3, 4], 2)[0].tolist()", "[1, 2]")
dsplit = _split("dsplit", 3, "axis 2", "[[[1, 2]]], 2)[0].tolist()", "[[[1]]]")
