"""Reading and writing parts of tensors by position."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from narae.base.dtypes import is_float, standardize_dtype
from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.ops.reductions import max as largest
from narae.ops.reductions import sum as total
from narae.ops.shapes import reshape, transpose
from narae.primitives.record import broadcast_shapes, constant, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import shape as S
from narae.primitives.records.scatter import dynamic_slice, dynamic_update, extreme_at, set_at
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor, tensor_of

_Slice = builtins.slice  # the public op below has its name


@public
def get_item(x: Any, key: Any) -> Tensor:
    """x[key]: whole numbers, slices, None, ..., arrays of indices, boolean masks.

    Raises IndexError for an index out of range or too many of them.

    >>> import narae
    >>> narae.ops.get_item([[1, 2], [3, 4]], (..., 0)).tolist()
    [1, 3]
    """
    x = as_tensor(x)
    if isinstance(key, list) and any(k is None or isinstance(k, _Slice) for k in key):
        key = tuple(key)  # an index read from JSON, which has no tuples
    keys = _expanded(x, key if isinstance(key, tuple) else (key,))
    if any(_is_array(k) for k in keys):
        return _fancy(x, keys)
    return _basic(x, keys)


def _is_array(key: Any) -> bool:
    return not (key is None or isinstance(key, _Slice) or _is_whole(key))


def _is_whole(key: Any) -> bool:
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


def _wrapped(index: Any, length: int, axis: int) -> Tensor:
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
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """x's slices along an axis at indices; of the flattened x when no axis is given.

    >>> import narae
    >>> narae.ops.take([10, 20, 30], [2, 0]).tolist()
    [30, 10]
    """
    x = as_tensor(x)
    x = S.reshape(x, shape=(x.size,)) if axis is None else x
    index = as_tensor(indices)
    index = to(index, "int32") if is_float(index.dtype) or index.dtype == "bool" else index
    return I.take(x, index, axis=normalize_axis(axis or 0, x.ndim))


@public
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """x[..., indices[..., j, ...], ...]: an index for each place of the result.

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


@public
def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Zeros of a shape with values added at indices (n, k), which name the first k axes.

    >>> import narae
    >>> narae.ops.scatter([[1], [3]], [5.0, 6.0], (4,)).tolist()
    [0.0, 5.0, 0.0, 6.0]
    """
    return I.scatter_add(as_tensor(indices), as_tensor(values), tuple(int(n) for n in shape))  # type: ignore[return-value]


@public
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """inputs with the places at indices (n, k) set to updates; or reduced with them: add, max, min, mul.

    >>> import narae
    >>> narae.ops.scatter_update([1, 2, 3], [[1]], [9]).tolist()
    [1, 9, 3]
    """
    x = as_tensor(inputs)
    index, new = as_tensor(indices), to(updates, x.dtype)
    k = index.shape[-1]
    flat = I.flat_index(index, x.shape)
    rows = S.reshape(x, shape=(int(np.prod(x.shape[:k], dtype=np.int64)), *x.shape[k:]))
    count = flat.spec.size
    flat = S.reshape(flat, shape=(count,))
    new = S.reshape(new, shape=(count, *x.shape[k:]))
    if reduction is None:
        out = set_at(rows, flat, new, axis=0)
    elif reduction == "add":
        out = rows + I.add_at(flat, new, axis=0, shape=rows.shape)
    elif reduction in ("max", "min"):
        pair = A.maximum if reduction == "max" else A.minimum
        out = pair(rows, extreme_at(flat, new, axis=0, shape=rows.shape, kind=reduction))
    elif reduction == "mul":
        out = _multiplied(rows, flat, new)
    else:
        raise ValueError(
            f"scatter_update takes a reduction of None, add, max, min or mul, got {reduction!r}"
        )
    return S.reshape(out, shape=x.shape)


def _multiplied(rows: Any, flat: Tensor, new: Tensor) -> Any:
    """Rows times all updates that fall on them; one after the other, since places may repeat."""
    for i in range(flat.shape[0]):
        place = S.slice_(flat, start=(i,), stop=(i + 1,), step=(1,))
        value = S.slice_(
            new,
            start=(i, *[0] * (new.ndim - 1)),
            stop=(i + 1, *new.shape[1:]),
            step=(1,) * new.ndim,
        )
        rows = set_at(rows, place, I.take(rows, place, axis=0) * value, axis=0)
    return rows


def _starts(start: Any) -> Tensor:
    """Where a part begins: a whole number for each axis, of which some may be traced."""
    found = as_tensor(start if hasattr(start, "shape") else list(start))
    return to(found, "int32")


@public
def slice(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """The part of a shape that begins at start_indices, which may be traced.

    >>> import narae
    >>> narae.ops.slice([1, 2, 3], [1], [2]).tolist()
    [2, 3]
    """
    x = as_tensor(inputs)
    starts = _starts(start_indices)
    lengths = tuple(x.shape[i] - int(starts[i]) if n == -1 else int(n) for i, n in enumerate(shape))
    return dynamic_slice(x, starts, shape=lengths)


@public
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """inputs with the part that begins at start_indices replaced.

    >>> import narae
    >>> narae.ops.slice_update([1, 2, 3], [1], [8, 9]).tolist()
    [1, 8, 9]
    """
    x = as_tensor(inputs)
    return dynamic_update(x, _starts(start_indices), to(updates, x.dtype))


@public
def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The places that are not zero, an index array for each axis. Not in a traced function: the size is
    not known there.

    >>> import narae
    >>> narae.ops.nonzero([0, 3, 4])[0].tolist()
    [1, 2]
    """
    data = as_tensor(x)._known("nonzero")
    return tuple(tensor_of(i.astype(np.int32)) for i in np.nonzero(data))


@public
def argwhere(x: Any) -> Tensor:
    """The places that are not zero, a row each.

    >>> import narae
    >>> narae.ops.argwhere([0, 3, 4]).tolist()
    [[1], [2]]
    """
    return tensor_of(np.argwhere(as_tensor(x)._known("argwhere")).astype(np.int32))


@public
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of the matrices in two axes, as the last axis.

    >>> import narae
    >>> narae.ops.diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    x = as_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal takes a tensor of rank 2 or more, got shape {x.shape}")
    a, b = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    rest = [i for i in range(x.ndim) if i not in (a, b)]
    moved = transpose(x, (a, b, *rest))
    afford(2 * x.shape[a] * x.shape[b])
    rows, columns = (np.diagonal(g, offset) for g in np.indices((x.shape[a], x.shape[b])))
    index = tensor_of(np.stack([rows, columns], -1).astype(np.int32))
    out = I.gather(moved, index)
    return S.move_axis(out, 0, out.ndim - 1)  # type: ignore[return-value]


@public
def diag(x: Any, k: int = 0) -> Tensor:
    """A matrix with a vector on its k-th diagonal; or the diagonal of a matrix.

    >>> import narae
    >>> narae.ops.diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    x = as_tensor(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag takes a vector or a matrix, got shape {x.shape}")
    size = x.shape[0] + abs(k)
    afford(x.shape[0])
    places = np.arange(x.shape[0])
    rows, columns = (places, places + k) if k >= 0 else (places - k, places)
    return scatter(tensor_of(np.stack([rows, columns], -1).astype(np.int32)), x, (size, size))


@public
def diagflat(x: Any, k: int = 0) -> Tensor:
    """A matrix with the flattened x on its k-th diagonal.

    >>> import narae
    >>> narae.ops.diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    x = as_tensor(x)
    return diag(S.reshape(x, shape=(x.size,)), k)


@public
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal.

    >>> import narae
    >>> narae.ops.trace([[1, 2], [3, 4]]).item()
    5
    """
    return total(diagonal(x, offset, axis1, axis2), -1)


@public
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 at the place of each index and 0 elsewhere, along a new axis; all 0 for an index out of range.

    >>> import narae
    >>> narae.ops.one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if sparse:
        raise ValueError("narae's tensors are dense: one_hot(sparse=True) is not supported")
    x = as_tensor(x)
    x = to(x, "int32") if is_float(x.dtype) or x.dtype == "bool" else x
    out = I.one_hot_positions(x, int(num_classes), standardize_dtype(dtype))
    return S.move_axis(out, out.ndim - 1, normalize_axis(axis, out.ndim))  # type: ignore[return-value]


@public
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """1 at the places of all indices of a sample.

    >>> import narae
    >>> narae.ops.multi_hot([2, 0], 4).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    classes = kwargs.pop("num_tokens", num_classes)  # its name in Keras 2
    if kwargs:
        raise TypeError(f"multi_hot got an unexpected keyword argument {next(iter(kwargs))!r}")
    if classes is None:
        raise ValueError("multi_hot needs num_classes")
    x = as_tensor(inputs)
    reduction = 1 if x.ndim > 1 else 0
    return largest(one_hot(x, classes, axis, dtype, sparse), axis=reduction)
