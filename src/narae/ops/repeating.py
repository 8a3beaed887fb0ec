"""Elements in another order along axes, or repeated."""

from __future__ import annotations

import builtins

import numpy as np

from narae.base.arrays import as_plain
from narae.base.limits import afford
from narae.base.types import Array, Axis, Ints, TensorLike
from narae.ops.shapes import ravel, reshape, swapaxes
from narae.ops.splitting import sliced
from narae.primitives.record import normalize_axes, normalize_axis
from narae.primitives.records import index as I
from narae.primitives.records import shape as S
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """The order along axes (all when not given) reversed.

    x: (...) -> (...).

    Args:
        x: a tensor of any shape and dtype.
        axis: the axis or axes; None: all.

    Returns: a tensor of x's shape and dtype.

    Raises:
        ShapeError: an axis that x does not have.

    >>> import narae
    >>> narae.ops.flip([1, 2, 3]).tolist()
    [3, 2, 1]
    """
    x = as_tensor(x)
    return S.flip_axes(x, normalize_axes(axis, x.ndim))


@public
def fliplr(x: TensorLike) -> Tensor:
    """The columns in reverse order.

    x: (rows, columns, ...) -> (rows, columns, ...).

    Args:
        x: a tensor of rank 2 or more.

    Returns: a tensor of x's shape and dtype.

    Raises:
        ShapeError: x has no axis 1.

    >>> import narae
    >>> narae.ops.fliplr([[1, 2]]).tolist()
    [[2, 1]]
    """
    return flip(x, 1)


@public
def flipud(x: TensorLike) -> Tensor:
    """The rows in reverse order.

    x: (rows, ...) -> (rows, ...).

    Args:
        x: a tensor of rank 1 or more.

    Returns: a tensor of x's shape and dtype.

    Raises:
        ShapeError: x has no axis 0.

    >>> import narae
    >>> narae.ops.flipud([[1], [2]]).tolist()
    [[2], [1]]
    """
    return flip(x, 0)


@public
def roll(x: TensorLike, shift: Ints, axis: Axis = None) -> Tensor:
    """Elements moved along axes, the last ones to the front.

    x: (...) -> (...).

    Args:
        x: a tensor of any shape and dtype.
        shift: by how many places, towards the end; negative: towards the front; one for all axes,
            or one each.
        axis: the axis or axes; None: in the order of the flattened x.

    Returns: a tensor of x's shape and dtype.

    Raises:
        ValueError: not as many shifts as axes.
        ShapeError: an axis that x does not have.

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
    out = x
    for s, a in zip(shifts, (normalize_axis(a, x.ndim) for a in axes), strict=True):
        n = x.shape[a]
        cut = (-int(s)) % n if n else 0
        out = S.concatenate(sliced(out, a, cut, n), sliced(out, a, 0, cut), axis=a)
    return out


@public
def rot90(array: TensorLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """A quarter turn, k times, in the plane of two axes, from the first towards the second.

    array: (a, b, ...) -> (b, a, ...) for odd k, (a, b, ...) for even.

    Args:
        array: a tensor of rank 2 or more.
        k: how many quarter turns; negative: the other way.
        axes: the two axes of the plane.

    Returns: a tensor of the elements and dtype of `array`.

    Raises:
        ValueError: a rank below 2, or one axis twice.
        ShapeError: an axis that there is not.

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
def tile(x: TensorLike, repeats: Ints | Array) -> Tensor:
    """x side by side with itself, so many times along each axis.

    x: (a, b) -> (a r_0, b r_1).

    Args:
        x: a tensor of any shape and dtype.
        repeats: how often along each axis, counted from the last; one number: along the last. Where
            there are more than x has axes, x gets axes of length 1 in front.

    Returns: a tensor of x's dtype.

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
def repeat(x: TensorLike, repeats: Ints | Array, axis: int | None = None) -> Tensor:
    """Each element so many times in a row.

    x: (..., n, ...) -> (..., n repeats, ...).

    Args:
        x: a tensor of any shape and dtype.
        repeats: how often: one number, or one for each place of the axis (then their sum is the new
            length); known numbers, not traced ones.
        axis: the axis; None: the flattened x.

    Returns: a tensor of x's dtype.

    Raises:
        ShapeError: x does not have the axis.
        ValueError: neither one number nor as many as the axis is long.

    >>> import narae
    >>> narae.ops.repeat([1, 2], 2).tolist()
    [1, 1, 2, 2]
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, x.ndim)
    plain, n = as_plain(repeats, "repeats"), x.shape[axis]
    if plain.ndim == 0 and plain >= 0:  # views: the gradient is a sum, and no scatter
        before, after, times = x.shape[:axis], x.shape[axis + 1 :], int(plain)
        apart = S.reshape(x, shape=(*before, n, 1, *after))
        wide = S.broadcast_to(apart, shape=(*before, n, times, *after))
        return S.reshape(wide, shape=(*before, n * times, *after))
    counts = np.broadcast_to(plain, (n,))
    afford(int(counts.sum()) + x.shape[axis], 8)
    places = np.repeat(np.arange(x.shape[axis], dtype=np.int32), counts)
    return I.take(x, tensor_of(places), axis=axis)
