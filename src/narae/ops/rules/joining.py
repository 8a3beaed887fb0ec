"""Rules of joining and of other shapes: concatenate and its kin, reshape, repeat, unstack."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import result_type
from narae.base.errors import ShapeError
from narae.base.types import Ints, Shape, ShapeLike, TensorLike
from narae.primitives.record import normalize_axis
from narae.tensor.promote import dtype_of
from narae.tensor.symbolic import KerasTensor, rule, shape_of


def _joined(name: str, shapes: list[Shape], axis: int) -> Shape:
    """The first one's shape with the sum of the lengths along an axis: unknown where one is."""
    first = shapes[0]
    place = normalize_axis(axis, len(first))
    for shape in shapes:
        fits = len(shape) == len(first) and all(
            i == place or n == m or None in (n, m)
            for i, (n, m) in enumerate(zip(first, shape, strict=True))
        )
        if not fits:
            raise ShapeError(
                f"{name} along axis {axis} takes shapes that agree elsewhere, got {shapes}"
            )
    lengths = [shape[place] for shape in shapes]
    total = None if None in lengths else sum(n for n in lengths if n is not None)
    return (*first[:place], total, *first[place + 1 :])


def _meeting(xs: Sequence[TensorLike]) -> str:
    return result_type(*(dtype_of(x) for x in xs))


@rule
def concatenate(xs: Sequence[TensorLike], axis: int | None = 0) -> Any:
    """As vectors (axis None): of a length that Keras leaves open."""
    shapes = [shape_of(x) for x in xs]
    if axis is None:
        return KerasTensor((None,), _meeting(xs))
    return KerasTensor(_joined("concatenate", shapes, axis), _meeting(xs))


@rule
def append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> Any:
    """Along an axis as concatenate, as vectors without one."""
    shapes = [shape_of(x1), shape_of(x2)]
    if axis is not None:
        return KerasTensor(_joined("append", shapes, axis), _meeting((x1, x2)))
    sizes = [None if None in s else math.prod(n for n in s if n is not None) for s in shapes]
    return KerasTensor(_joined("append", [(n,) for n in sizes], 0), _meeting((x1, x2)))


@rule
def stack(x: Sequence[TensorLike], axis: int = 0) -> Any:
    """A new axis: the others as the first one has them."""
    shapes = [shape_of(t) for t in x]
    place = normalize_axis(axis, len(shapes[0]) + 1)
    wide = [(*s[:place], 1, *s[place:]) for s in shapes]
    return KerasTensor(_joined("stack", wide, place), _meeting(x))


def _at_least(shape: Shape, rank: int) -> Shape:
    """The shape of rows (rank 2) or of pictures (rank 3) that hstack's kin make of smaller ranks."""
    if rank == 1 or len(shape) >= rank:
        return shape or (1,)
    row = shape if len(shape) == 2 else (1, *(shape or (1,)))
    return row if rank == 2 else (*row, 1)


def _stacked(name: str, xs: Sequence[TensorLike], rank: int, axis: int) -> Any:
    shapes = [_at_least(shape_of(x), rank) for x in xs]
    return KerasTensor(_joined(name, shapes, axis), _meeting(xs))


@rule
def hstack(xs: Sequence[TensorLike]) -> Any:
    """Along axis 1, vectors along their own."""
    return _stacked("hstack", xs, 1, 0 if len(shape_of(xs[0])) <= 1 else 1)


@rule
def vstack(xs: Sequence[TensorLike]) -> Any:
    """Along axis 0, vectors as rows."""
    return _stacked("vstack", xs, 2, 0)


@rule
def dstack(xs: Sequence[TensorLike]) -> Any:
    """Along axis 2."""
    return _stacked("dstack", xs, 3, 2)


@rule
def reshape(x: KerasTensor, newshape: int | ShapeLike) -> Any:
    """A shape that is given in full is the result's, where some length of x makes it right."""
    shape = shape_of(x)
    lengths = [newshape] if isinstance(newshape, (int, np.integer)) else list(newshape)
    if None not in shape or any(n is None or n == -1 for n in lengths):
        return NotImplemented
    known = math.prod(n for n in shape if n is not None)
    out = tuple(int(n) for n in lengths if n is not None)
    if known and math.prod(out) % known:
        raise ShapeError(f"cannot reshape {shape} to {out}: {known} does not divide its size")
    return KerasTensor(out, x.dtype)


@rule
def repeat(x: KerasTensor, repeats: TensorLike, axis: int | None = None) -> Any:
    """A number for each element of an axis of unknown length: the sum is not known either."""
    shape = shape_of(x)
    if axis is None:
        return KerasTensor((None,), x.dtype) if None in shape else NotImplemented
    place = normalize_axis(axis, len(shape))
    if shape[place] is not None:
        return NotImplemented
    return KerasTensor(shape, x.dtype)


@rule
def unstack(x: KerasTensor, num: int | None = None, axis: int = 0) -> Any:
    """As many as `num` says, where the length is not known."""
    shape = shape_of(x)
    place = normalize_axis(axis, len(shape))
    if shape[place] is not None:
        return NotImplemented
    if num is None:
        raise ValueError(
            f"unstack cannot infer `num`, how many slices to give, along axis {axis} of shape {shape}: pass num="
        )
    return [KerasTensor((*shape[:place], *shape[place + 1 :]), x.dtype) for _ in range(num)]


@rule
def broadcast_to(x: KerasTensor, shape: ShapeLike) -> Any:
    """To a shape that may have unknown lengths itself."""
    wide = tuple(shape)
    if None not in wide:
        return NotImplemented
    lead = len(wide) - len(x.shape)
    if lead < 0 or any(
        n not in (1, None) and m is not None and n != m
        for n, m in zip(x.shape, wide[lead:], strict=True)
    ):
        raise ShapeError(f"cannot broadcast {x.shape} to {wide}: a length must match or be 1")
    return KerasTensor(wide, x.dtype)


def _corner(shape: Shape, axis1: int, axis2: int, offset: int) -> int | None:
    """The length of a diagonal."""
    rows, columns = shape[axis1], shape[axis2]
    if rows is None or columns is None:
        return None
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))


@rule
def diagonal(x: KerasTensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The shorter side is not known where one of them is not."""
    shape = shape_of(x)
    if None not in shape or len(shape) < 2:
        return NotImplemented
    a, b = normalize_axis(axis1, len(shape)), normalize_axis(axis2, len(shape))
    rest = [n for i, n in enumerate(shape) if i not in (a, b)]
    return KerasTensor((*rest, _corner(shape, a, b, offset)), x.dtype)


@rule
def diag(x: KerasTensor, k: int = 0) -> Any:
    """Of a matrix, its diagonal."""
    return diagonal(x, k) if len(shape_of(x)) == 2 else NotImplemented


@rule
def corrcoef(x: KerasTensor) -> Any:
    """A row and a column for each variable."""
    shape = shape_of(x)
    if len(shape) != 2 or None not in shape:
        return NotImplemented
    dtype = (
        x.dtype if str(x.dtype).endswith(("float64", "float16")) else result_type(x.dtype, float)
    )
    return KerasTensor((shape[0], None), dtype)


@rule
def split(x: KerasTensor, indices_or_sections: Ints, axis: int = 0) -> Any:
    """Between places of an axis of unknown length: as long as they are apart; the last part is open."""
    shape = shape_of(x)
    place = normalize_axis(axis, len(shape))
    if shape[place] is not None or isinstance(indices_or_sections, (int, np.integer)):
        return NotImplemented
    cuts = [0, *(int(i) for i in np.asarray(indices_or_sections).reshape(-1))]
    if any(cut < 0 for cut in cuts):
        return NotImplemented
    lengths = [max(b - a, 0) for a, b in itertools.pairwise(cuts)]
    return [
        KerasTensor((*shape[:place], n, *shape[place + 1 :]), x.dtype) for n in (*lengths, None)
    ]


def _split_at(name: str, least: int) -> Any:
    def parts(x: KerasTensor, indices_or_sections: Ints) -> Any:
        rank = len(shape_of(x))
        if rank < least:
            return NotImplemented
        return split(x, indices_or_sections, least - 1)

    rule(parts, name)


for _name, _least in (("vsplit", 1), ("hsplit", 2), ("dsplit", 3)):
    _split_at(_name, _least)
