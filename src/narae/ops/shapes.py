"""Other shapes of the same elements: reshape, transpose, join, split, pad."""

from __future__ import annotations

import builtins
import itertools
import math
from typing import Any

import numpy as np

from narae.base.arrays import as_plain
from narae.base.errors import ShapeError, differing
from narae.base.limits import afford
from narae.primitives.record import constant, normalize_axes, normalize_axis
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.tensor.promote import promoted
from narae.tensor.public_names import exported
from narae.tensor.symbolic import KerasTensor, public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def reshape(x: Any, newshape: Any) -> Tensor:
    """x in another shape with as many elements; one -1 is what remains.

    >>> import narae
    >>> narae.ops.reshape([1, 2, 3, 4], (2, -1)).tolist()
    [[1, 2], [3, 4]]
    """
    x = as_tensor(x)
    lengths = [newshape] if isinstance(newshape, (int, np.integer)) else list(newshape)
    shape = [-1 if n is None else int(n) for n in lengths]
    if shape.count(-1) > 1:
        raise ShapeError(f"reshape takes one -1 at most, got {tuple(shape)}")
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        if known == 0 or x.size % known:
            raise ShapeError(
                f"cannot reshape {x.shape} ({x.size} elements) to {tuple(shape)}: {known} does not divide it",
                divisor=known or None,
            )
        shape[shape.index(-1)] = x.size // known
    return S.reshape(x, shape=tuple(shape))


@public
def ravel(x: Any) -> Tensor:
    """x as a vector.

    >>> import narae
    >>> narae.ops.ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    x = as_tensor(x)
    return S.reshape(x, shape=(x.size,))


@public
def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order; reversed when not given.

    >>> import narae
    >>> narae.ops.transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(x)
    order = reversed(range(x.ndim)) if axes is None else (normalize_axis(a, x.ndim) for a in axes)
    return S.transpose(x, axes=tuple(order))


@public
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    >>> import narae
    >>> narae.ops.swapaxes([[1, 2], [3, 4]], 0, 1).tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(x)
    order = list(range(x.ndim))
    a, b = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    order[a], order[b] = b, a
    return S.transpose(x, axes=tuple(order))


@public
def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the others in order.

    >>> import narae
    >>> narae.ops.moveaxis(narae.ops.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    pair = [(v,) if isinstance(v, (int, np.integer)) else tuple(v) for v in (source, destination)]
    froms, tos = ([normalize_axis(a, x.ndim) for a in axes] for axes in pair)
    if len(froms) != len(tos):
        raise ValueError(
            f"moveaxis takes as many sources as destinations, got {source} and {destination}"
        )
    order = [a for a in range(x.ndim) if a not in froms]
    for to_, from_ in sorted(zip(tos, froms, strict=True)):
        order.insert(to_, from_)
    return S.transpose(x, axes=tuple(order))


@public
def expand_dims(x: Any, axis: Any) -> Tensor:
    """New axes of length 1, at places of the result.

    >>> import narae
    >>> narae.ops.expand_dims([1, 2], 0).shape
    (1, 2)
    """
    x = as_tensor(x)
    wanted = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    rank = x.ndim + len(wanted)
    places = normalize_axes(wanted, rank)
    rest = iter(x.shape)
    return S.reshape(x, shape=tuple(1 if i in places else next(rest) for i in range(rank)))


@public
def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Without axes of length 1: all of them, or those named. Raises ShapeError for a longer one.

    >>> import narae
    >>> narae.ops.squeeze([[1, 2]]).shape
    (2,)
    """
    x = as_tensor(x)
    axes = (
        tuple(i for i, n in enumerate(x.shape) if n == 1)
        if axis is None
        else normalize_axes(axis, x.ndim)
    )
    long = [a for a in axes if x.shape[a] != 1]
    if long:
        raise ShapeError(
            f"squeeze drops axes of length 1; axis {long[0]} of shape {x.shape} is longer"
        )
    return S.reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


@public
def broadcast_to(x: Any, shape: Any) -> Tensor:
    """x repeated along axes of length 1, to a shape; None: a length of x's own.

    >>> import narae
    >>> narae.ops.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x = as_tensor(x)
    own = (1,) * (len(shape) - x.ndim) + x.shape
    wide = (own[i] if n is None else int(n) for i, n in enumerate(shape))
    return S.broadcast_to(x, shape=tuple(wide))


@public
def concatenate(xs: Any, axis: Any = 0) -> Tensor:
    """Tensors one after the other along an axis (None: as vectors).

    >>> import narae
    >>> narae.ops.concatenate([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = promoted(*xs)
    if axis is None:
        tensors, axis = [ravel(t) for t in tensors], 0
    return S.concatenate(*tensors, axis=normalize_axis(axis, tensors[0].ndim))


@public
def append(x1: Any, x2: Any, axis: Any = None) -> Tensor:
    """x2 after x1 along an axis; as vectors when not given.

    >>> import narae
    >>> narae.ops.append([1, 2], [3]).tolist()
    [1, 2, 3]
    """
    return concatenate([x1, x2], axis)


@public
def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis.

    >>> import narae
    >>> narae.ops.stack([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    tensors = promoted(*x)
    if len({t.shape for t in tensors}) != 1:
        others = (differing(tensors[0].shape, t.shape) for t in tensors)
        raise ShapeError(
            f"stack takes tensors of one shape, got {[t.shape for t in tensors]}",
            lengths=next(filter(None, others), None),
        )
    place = normalize_axis(axis, tensors[0].ndim + 1)
    return S.concatenate(*(expand_dims(t, place) for t in tensors), axis=place)


@public
def hstack(xs: Any) -> Tensor:
    """Tensors side by side: along axis 1, vectors along their own.

    >>> import narae
    >>> narae.ops.hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    tensors = [expand_dims(t, 0) if t.ndim == 0 else t for t in promoted(*xs)]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


@public
def vstack(xs: Any) -> Tensor:
    """Tensors one below the other: along axis 0, vectors as rows.

    >>> import narae
    >>> narae.ops.vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)], 0)


@public
def dstack(xs: Any) -> Tensor:
    """Tensors behind each other: along axis 2.

    >>> import narae
    >>> narae.ops.dstack([[1, 2], [3, 4]]).shape
    (1, 2, 2)
    """
    wide = [
        reshape(t, (1, -1, 1)) if t.ndim < 2 else expand_dims(t, -1) if t.ndim == 2 else t
        for t in promoted(*xs)
    ]
    return concatenate(wide, 2)


@public
def column_stack(xs: Any) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side.

    >>> import narae
    >>> narae.ops.column_stack([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    return concatenate([reshape(t, (-1, 1)) if t.ndim < 2 else t for t in promoted(*xs)], 1)


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


@exported
def shape(x: Any) -> tuple[int | None, ...]:
    """The lengths of the axes; None for unknown ones of a symbolic tensor.

    >>> import narae
    >>> narae.ops.shape(narae.ops.ones((2, 3)))
    (2, 3)
    """
    return (
        tuple(x.shape) if isinstance(x, KerasTensor) or hasattr(x, "shape") else as_tensor(x).shape
    )


@public
def size(x: Any) -> Any:
    """The number of elements; of a symbolic tensor, a number to come.

    >>> import narae
    >>> narae.ops.size([1, 2, 3])
    3
    """
    return as_tensor(x).size


@exported
def ndim(x: Any) -> int:
    """The number of axes.

    >>> import narae
    >>> narae.ops.ndim([[1]])
    2
    """
    return x.ndim if hasattr(x, "ndim") else as_tensor(x).ndim


@exported
def dtype(x: Any) -> str:
    """The dtype's name.

    >>> import narae
    >>> narae.ops.dtype(narae.ops.ones(1))
    'float32'
    """
    return as_tensor(x).dtype if not hasattr(x, "dtype") else str(x.dtype)


@exported
def convert_to_numpy(x: Any) -> np.ndarray:
    """x as a NumPy array of its own.

    >>> import narae
    >>> narae.ops.convert_to_numpy(narae.ops.ones(1)).tolist()
    [1.0]
    """
    return np.array(x)


@public
def tril(x: Any, k: int = 0) -> Tensor:
    """x with zeros above the k-th diagonal.

    >>> import narae
    >>> narae.ops.tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    x = as_tensor(x)
    return L.select(tensor_of(_triangle(x, k)), x, constant(0, x.dtype))


@public
def triu(x: Any, k: int = 0) -> Tensor:
    """x with zeros below the k-th diagonal.

    >>> import narae
    >>> narae.ops.triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    x = as_tensor(x)
    return L.select(tensor_of(~_triangle(x, k - 1)), x, constant(0, x.dtype))


def _triangle(x: Any, k: int) -> np.ndarray:
    """True on and below the k-th diagonal of the last two axes."""
    afford(x.shape[-2] * x.shape[-1], 1)
    return np.tri(x.shape[-2], x.shape[-1], k, dtype=bool)
