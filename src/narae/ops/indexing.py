"""Reading by position."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from narae.base.dtypes import is_float
from narae.base.errors import ShapeError
from narae.base.types import Index, TensorLike
from narae.ops.shapes import reshape
from narae.primitives.record import broadcast_shapes, constant, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.primitives.records.scatter import dynamic_slice
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


@public
def unravel_index(indices: TensorLike, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """The index along each axis of places in the flattened order of a shape.

    indices: (...) -> one (...) for each axis of the shape.

    Args:
        indices: whole numbers; negative ones count from the end.
        shape: the lengths of the axes.

    Returns: a tuple of tensors of the dtype of `indices`.

    Raises:
        ValueError: places that are no integers, or out of range.

    >>> import narae
    >>> [i.tolist() for i in narae.ops.unravel_index([5, 11], (3, 4))]
    [[1, 2], [1, 3]]
    """
    places = as_tensor(indices)
    if is_float(places.dtype) or places.dtype == "bool":
        raise ValueError(f"unravel_index takes integers, got {places.dtype}")
    lengths = [int(n) for n in shape]
    size = math.prod(lengths)
    if places.data is not None and places.size:
        low, high = int(places.data.min()), int(places.data.max())
        if low < -size or high >= size:
            bad = high if high >= size else low
            raise ValueError(f"place {bad} is out of range for shape {tuple(lengths)} of {size}")
    wide = places if places.dtype == "int64" else to(places, "int32")
    wide = L.select(L.less(wide, constant(0, wide.dtype)), wide + size, wide)
    out = []
    for i, n in enumerate(lengths):
        inner = constant(math.prod(lengths[i + 1 :]), wide.dtype)
        digit = A.remainder(A.floor_divide(wide, inner), constant(n, wide.dtype))
        out.append(to(digit, places.dtype))
    return tuple(out)


_Slice = builtins.slice  # the public op below has its name


@public
def get_item(x: TensorLike, key: Index) -> Tensor:
    """x[key], by NumPy's rules.

    x: (a, b, c) -> (c,) for x[0, 1]; (k, b, c) for x[indices of shape (k,)].

    Args:
        x: a tensor of any shape and dtype.
        key: whole numbers, slices, None (a new axis), ..., arrays of indices, boolean masks, or a
            tuple of them.

    Returns: a tensor of x's dtype.

    Raises:
        IndexError: an index out of range, too many of them, or indices that are no whole numbers.
        TypeError: what is no index at all, or a mask that is traced: how many it picks is not
            known.

    >>> import narae
    >>> narae.ops.get_item([[1, 2], [3, 4]], (..., 0)).tolist()
    [1, 3]
    """
    x = as_tensor(x)
    given = cast(Any, key)  # checkers would try every kind of index
    if isinstance(given, list) and any(k is None or isinstance(k, _Slice) for k in given):
        given = tuple(given)  # an index read from JSON, which has no tuples
    keys = _expanded(x, given if isinstance(given, tuple) else (given,))
    if any(_is_array(k) for k in keys):
        return _fancy(x, keys)
    return _basic(x, keys)


def _is_array(key: object) -> bool:
    return not (key is None or isinstance(key, _Slice) or _is_whole(key))


def _is_whole(key: object) -> bool:
    return isinstance(key, (int, np.integer)) and not isinstance(key, (bool, np.bool_))


def _expanded(x: Tensor, keys: tuple[Any, ...]) -> list[Any]:
    """The keys with masks as indices and the ellipsis as slices: one for each axis, Nones between."""
    out: list[Any] = []
    for key in keys:
        if key is None or key is Ellipsis or isinstance(key, _Slice) or _is_whole(key):
            out.append(key)
            continue
        found = as_tensor(key)
        if is_float(found.dtype):
            if found.size:
                raise IndexError(
                    f"an index is a whole number, got {found.dtype}; a cast to int32 before it?"
                )
            found = to(found, "int32")  # an empty list has no dtype of its own
        if found.dtype == "bool":
            out += [
                tensor_of(i.astype(np.int32))
                for i in np.nonzero(found._known("indexing by a mask"))
            ]
        else:
            out.append(found if found.ndim or found.data is None else int(found))
    used = sum(k is not None and k is not Ellipsis for k in out)
    if used > x.ndim:
        raise IndexError(
            f"too many indices: {used} for a tensor of rank {x.ndim} (shape {x.shape})"
        )
    places = [i for i, k in enumerate(out) if k is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index has one ellipsis (...) at most")
    place = places[0] if places else len(out)
    return [*out[:place], *[_Slice(None)] * (x.ndim - used), *out[place + len(places) :]]


def _basic(x: Tensor, keys: list[Any]) -> Tensor:
    """Whole numbers, slices and Nones: one slice, then a reshape."""
    start, stop, step, shape = [], [], [], []
    axis = 0
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        length = x.shape[axis]
        if isinstance(key, _Slice):
            low, high, by = key.indices(length)
            shape.append(len(range(low, high, by)))
        else:
            low, high, by = _checked(int(key), axis, x), 0, 1
            high = low + 1
        start.append(low)
        stop.append(high)
        step.append(by)
        axis += 1
    if all(n == len(range(a, b, s)) for n, a, b, s in zip(x.shape, start, stop, step)) and all(
        s == 1 for s in step
    ):
        return S.reshape(x, shape=tuple(shape))
    part = S.slice_(x, start=tuple(start), stop=tuple(stop), step=tuple(step))
    return S.reshape(part, shape=tuple(shape))


def _checked(index: int, axis: int, x: Tensor) -> int:
    if not -x.shape[axis] <= index < x.shape[axis]:
        raise IndexError(
            f"index {index} is out of range for axis {axis} of length {x.shape[axis]} (shape {x.shape})"
        )
    return index % x.shape[axis]


def _fancy(x: Tensor, keys: list[Any]) -> Tensor:
    """Arrays of indices among the keys: NumPy's rules. Slices first, then one gather."""
    plain = [k if k is None or isinstance(k, _Slice) else _Slice(None) for k in keys]
    sliced = _basic(x, plain)
    arrays = [
        (axis, k) for axis, k in enumerate(keys) if k is not None and not isinstance(k, _Slice)
    ]
    axes = [axis for axis, _ in arrays]
    indices = [_wrapped(k, sliced.shape[axis], axis) for axis, k in arrays]
    shape = broadcast_shapes(*(i.shape for i in indices))
    rest = [a for a in range(sliced.ndim) if a not in axes]
    moved = S.transpose(sliced, axes=(*axes, *rest))
    index = S.concatenate(
        *(reshape(S.broadcast_to(i, shape=shape), (*shape, 1)) for i in indices), axis=len(shape)
    )
    out = I.gather(moved, index)
    together = axes == list(range(axes[0], axes[0] + len(axes)))
    if not together or axes[0] == 0:
        return out  # type: ignore[return-value]
    front = list(range(len(shape)))
    order = list(range(len(shape), out.ndim))
    order[axes[0] : axes[0]] = front
    return S.transpose(out, axes=tuple(order))


def _wrapped(index: TensorLike, length: int, axis: int) -> Tensor:
    """An array of indices, negative ones counted from the end."""
    found = as_tensor(index)
    if is_float(found.dtype):
        raise IndexError(f"indices are whole numbers, got {found.dtype}")
    found = to(found, "int32") if found.dtype not in ("int32", "int64") else found
    if found.data is not None:
        return tensor_of(
            np.asarray(I.checked(found.data, length, f"axis {axis}"), found.data.dtype)
        )
    return L.select(L.less(found, constant(0, found.dtype)), found + length, found)


@public
def take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """x's slices along an axis at indices.

    x: (..., n, ...), indices: (k, l) -> (..., k, l, ...).

    Args:
        x: a tensor of any dtype.
        indices: whole numbers of any shape; negative ones count from the end.
        axis: the axis; None: the flattened x.

    Returns: a tensor of x's dtype.

    Raises:
        IndexError: an index out of range.
        ShapeError: x does not have the axis.

    >>> import narae
    >>> narae.ops.take([10, 20, 30], [2, 0]).tolist()
    [30, 10]
    """
    x = as_tensor(x)
    flat = S.reshape(x, shape=(x.size,)) if axis is None else x
    index = as_tensor(indices)
    index = to(index, "int32") if is_float(index.dtype) or index.dtype == "bool" else index
    return I.take(flat, index, axis=normalize_axis(axis or 0, flat.ndim))


@public
def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """x[..., indices[..., j, ...], ...]: an index for each place of the result.

    x: (..., n, ...), indices: (..., k, ...) -> (..., k, ...).

    Args:
        x: a tensor of any dtype.
        indices: whole numbers; of x's rank, and lengths that broadcast but along the axis.
        axis: the axis along which the indices point; None: both are flattened.

    Returns: a tensor of x's dtype.

    Raises:
        ShapeError: ranks differ, lengths do not broadcast, or there is no such axis.
        IndexError: an index out of range.

    >>> import narae
    >>> narae.ops.take_along_axis([[3, 1], [2, 4]], [[1], [0]], axis=1).tolist()
    [[1], [2]]
    """
    x, index = as_tensor(x), as_tensor(indices)
    if axis is None:
        return I.take_along(
            S.reshape(x, shape=(x.size,)), S.reshape(index, shape=(index.size,)), axis=0
        )
    place = normalize_axis(axis, x.ndim)
    if x.ndim != index.ndim:
        raise ShapeError(
            f"take_along_axis takes equal ranks, got {x.shape} and indices {index.shape}"
        )
    lead = broadcast_shapes(
        tuple(1 if i == place else n for i, n in enumerate(x.shape)),
        tuple(1 if i == place else n for i, n in enumerate(index.shape)),
    )
    wide_x = tuple(x.shape[i] if i == place else n for i, n in enumerate(lead))
    wide_i = tuple(index.shape[i] if i == place else n for i, n in enumerate(lead))
    return I.take_along(
        S.broadcast_to(x, shape=wide_x), S.broadcast_to(index, shape=wide_i), axis=place
    )


def start_places(start: Sequence[TensorLike] | Tensor) -> Tensor:
    """Where a part begins: a whole number for each axis, of which some may be traced."""
    given = cast(Any, start)
    found = as_tensor(given if hasattr(given, "shape") else list(given))
    return to(found, "int32")


@public
def slice(
    inputs: TensorLike, start_indices: Sequence[TensorLike] | Tensor, shape: Sequence[int]
) -> Tensor:
    """The part of a shape that begins at an index for each axis.

    inputs: (n_1, n_2, ...) -> shape.

    Args:
        inputs: a tensor of any dtype.
        start_indices: where the part begins, a whole number for each axis; they may be traced, and
            are brought into range.
        shape: its lengths; -1: up to the end (of a known start).

    Returns: a tensor of the dtype of `inputs`.

    Raises:
        ShapeError: not as many starts or lengths as axes, or a length beyond the axis's.

    >>> import narae
    >>> narae.ops.slice([1, 2, 3], [1], [2]).tolist()
    [2, 3]
    """
    x = as_tensor(inputs)
    starts = start_places(start_indices)
    lengths = tuple(x.shape[i] - int(starts[i]) if n == -1 else int(n) for i, n in enumerate(shape))
    return dynamic_slice(x, starts, shape=lengths)


@public
def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """The places that are not zero, an index vector for each axis.

    x: (n_1, ..., n_r) -> r of (count,).

    Args:
        x: a tensor whose numbers are known: not a traced one, for their count is not known there.

    Returns: a tuple of int32 vectors, in the order of the flattened x.

    Raises:
        TypeError: x is being traced.

    >>> import narae
    >>> narae.ops.nonzero([0, 3, 4])[0].tolist()
    [1, 2]
    """
    data = as_tensor(x)._known("nonzero")
    return tuple(tensor_of(i.astype(np.int32)) for i in np.nonzero(data))


@public
def argwhere(x: TensorLike) -> Tensor:
    """The places that are not zero, a row of indices each.

    x: (n_1, ..., n_r) -> (count, r).

    Args:
        x: a tensor whose numbers are known: not a traced one, for their count is not known there.

    Returns: an int32 matrix, in the order of the flattened x.

    Raises:
        TypeError: x is being traced.

    >>> import narae
    >>> narae.ops.argwhere([0, 3, 4]).tolist()
    [[1], [2]]
    """
    return tensor_of(np.argwhere(as_tensor(x)._known("argwhere")).astype(np.int32))
