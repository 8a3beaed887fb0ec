"""Elements in another order along axes, or repeated."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from narae.base.arrays import as_plain
from narae.base.limits import afford
from narae.ops.shapes import ravel, reshape, swapaxes
from narae.ops.splitting import sliced
from narae.primitives.record import normalize_axes, normalize_axis
from narae.primitives.records import index as I
from narae.primitives.records import shape as S
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def flip(x: Any, axis: Any = None) -> Tensor:
    """The order along axes (all when not given) reversed.

    >>> import narae
    >>> narae.ops.flip([1, 2, 3]).tolist()
    [3, 2, 1]
    """
    x = as_tensor(x)
    return S.flip_axes(x, normalize_axes(axis, x.ndim))


@public
def fliplr(x: Any) -> Tensor:
    """The columns in reverse order.

    >>> import narae
    >>> narae.ops.fliplr([[1, 2]]).tolist()
    [[2, 1]]
    """
    return flip(x, 1)


@public
def flipud(x: Any) -> Tensor:
    """The rows in reverse order.

    >>> import narae
    >>> narae.ops.flipud([[1], [2]]).tolist()
    [[2], [1]]
    """
    return flip(x, 0)


@public
def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Elements moved along axes, the last ones to the front; in the flattened order when no axis is given.

    >>> import narae
    >>> narae.ops.roll([1, 2, 3], 1).tolist()
    [3, 1, 2]
    """
    x = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    shifts = (shift,) if isinstance(shift, (int, np.integer)) else tuple(shift)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    for s, a in zip(shifts, (normalize_axis(a, x.ndim) for a in axes), strict=True):
        n = x.shape[a]
        cut = (-int(s)) % n if n else 0
        x = S.concatenate(sliced(x, a, cut, n), sliced(x, a, 0, cut), axis=a)
    return x


@public
def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """A quarter turn, k times, in the plane of two axes.

    >>> import narae
    >>> narae.ops.rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    x = as_tensor(array)
    if x.ndim < 2:
        raise ValueError(f"rot90 turns tensors of rank 2 or more, got shape {x.shape}")
    a, b = (normalize_axis(i, x.ndim) for i in axes)
    if a == b:
        raise ValueError(f"rot90 takes two different axes, got {axes}")
    for _ in range(k % 4):
        x = swapaxes(S.flip_axes(x, (b,)), a, b)
    return x


@public
def tile(x: Any, repeats: Any) -> Tensor:
    """x side by side with itself, so many times along each axis.

    >>> import narae
    >>> narae.ops.tile([1, 2], 2).tolist()
    [1, 2, 1, 2]
    """
    x = as_tensor(x)
    counts = (
        [repeats]
        if isinstance(repeats, (int, np.integer))
        else [int(n) for n in as_plain(repeats, "repeats")]
    )
    rank = builtins.max(x.ndim, len(counts))
    counts = [1] * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.ndim) + x.shape
    apart = S.reshape(x, shape=tuple(n for length in shape for n in (1, length)))
    wide = S.broadcast_to(
        apart, shape=tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    )
    return S.reshape(wide, shape=tuple(c * n for c, n in zip(counts, shape, strict=True)))


@public
def repeat(x: Any, repeats: Any, axis: Any = None) -> Tensor:
    """Each element so many times in a row; of the flattened x when no axis is given.

    >>> import narae
    >>> narae.ops.repeat([1, 2], 2).tolist()
    [1, 1, 2, 2]
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, x.ndim)
    counts = np.broadcast_to(as_plain(repeats, "repeats"), (x.shape[axis],))
    afford(int(counts.sum()) + x.shape[axis], 8)
    places = np.repeat(np.arange(x.shape[axis], dtype=np.int32), counts)
    return I.take(x, tensor_of(places), axis=axis)
