"""Products of tensors: matmul, dot and their kin, all by the one contraction."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.base.limits import afford
from narae.base.types import Ints, TensorLike
from narae.ops.indexing import take
from narae.ops.shapes import expand_dims, moveaxis, ravel
from narae.primitives.record import broadcast_shapes, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import shape as S
from narae.primitives.records.contract import dot as contract
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_Axes: TypeAlias = "tuple[Sequence[int], Sequence[int]]"  # of x, and those of y that meet them


def dot_over(x: Tensor, y: Tensor, axes: _Axes, batch: _Axes = ((), ())) -> Tensor:
    """The sum of products over pairs of axes, for each place of the pairs of batch axes, which come first."""
    if x.dtype == "bool":  # a sum of products of truths
        return to(dot_over(to(x, "int32"), to(y, "int32"), axes, batch), "bool")
    return contract(x, y, contract=(tuple(axes[0]), tuple(axes[1])), batch=batch)


@public
def matmul(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The matrix product of the last two axes, the axes before them broadcast.

    x1: (..., n, k), x2: (..., k, m) -> (..., n, m); a vector (k,) loses its axis: (n, k), (k,) -> (n,). Two int8
    operands give int32, others the dtype in which they meet.

    Args:
        x1: vectors or matrices.
        x2: vectors or matrices.

    Raises:
        ShapeError: the inner lengths k differ, the leading ones do not broadcast, or one is a scalar.

    >>> import narae
    >>> narae.ops.matmul([[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    x, y = promoted(x1, x2)
    if x.dtype == "int8" and as_tensor(x1).dtype == as_tensor(x2).dtype == "int8":
        x, y = to(x, "int32"), to(y, "int32")
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(
            tr(
                "matmul takes vectors and matrices, got shapes {shape} and {shape2}; multiply() takes "
                "scalars",
                shape=x.shape,
                shape2=y.shape,
            )
        )
    inner = y.shape[0] if y.ndim == 1 else y.shape[-2]
    if x.shape[-1] != inner:
        raise ShapeError(
            tr(
                "matmul of {shape} and {shape2}: the last axis of the first ({shape3}) and the {value} "
                "of the second ({inner}) must agree; a transpose?",
                shape=x.shape,
                shape2=y.shape,
                shape3=x.shape[-1],
                value=tr("only axis") if y.ndim == 1 else tr("second last axis"),
                inner=inner,
            ),
            lengths=(x.shape[-1], inner),
        )
    if y.ndim <= 2:
        return dot_over(x, y, ((x.ndim - 1,), (builtins.max(y.ndim - 2, 0),)))
    if x.ndim == 1:
        return moveaxis(dot_over(y, x, ((y.ndim - 2,), (0,))), -1, -1)
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = S.broadcast_to(x, shape=(*lead, *x.shape[-2:]))
    y = S.broadcast_to(y, shape=(*lead, *y.shape[-2:]))
    stack = tuple(range(len(lead)))
    return dot_over(x, y, ((x.ndim - 1,), (y.ndim - 2,)), (stack, stack))


@public
def dot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum over the last axis of x1 and the second last of x2, which has every pair of the others.

    x1: (*a, k), x2: (*b, k, m) or (k,) -> (*a, *b, m) or (*a,); a scalar multiplies.

    Args:
        x1: numbers.
        x2: numbers.

    Raises:
        ShapeError: the lengths k differ.

    >>> import narae
    >>> narae.ops.dot([1, 2], [3, 4]).item()
    11
    """
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return A.multiply(x, y)
    return dot_over(x, y, ((x.ndim - 1,), (builtins.max(y.ndim - 2, 0),)))


@public
def tensordot(x1: TensorLike, x2: TensorLike, axes: int | Sequence[Ints] = 2) -> Tensor:
    """The sum over pairs of axes.

    x1: (*a, *k), x2: (*k, *b) -> (*a, *b), the axes k in the places that `axes` says.

    Args:
        x1: numbers.
        x2: numbers.
        axes: a number n: the last n axes of x1 and the first n of x2; or two lists: axes of x1, and those of x2 that
            meet them.

    Raises:
        ShapeError: a pair differs in length, or there is no such axis.

    >>> import narae
    >>> narae.ops.tensordot([[1, 2]], [[3], [4]], axes=1).tolist()
    [[11]]
    """
    x, y = promoted(x1, x2)
    if isinstance(axes, (int, np.integer)):
        n = int(axes)
        return dot_over(x, y, (tuple(range(x.ndim - n, x.ndim)), tuple(range(n))))
    pair = [(a,) if isinstance(a, (int, np.integer)) else tuple(a) for a in axes]
    left, right = (
        tuple(normalize_axis(a, t.ndim) for a in p) for p, t in zip(pair, (x, y), strict=True)
    )
    return dot_over(x, y, (left, right))


@public
def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum over the last axes of both.

    x1: (*a, k), x2: (*b, k) -> (*a, *b); a scalar multiplies.

    Args:
        x1: numbers.
        x2: numbers.

    Raises:
        ShapeError: the lengths k differ.

    >>> import narae
    >>> narae.ops.inner([1, 2], [3, 4]).item()
    11
    """
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return A.multiply(x, y)
    return dot_over(x, y, ((x.ndim - 1,), (y.ndim - 1,)))


@public
def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """All products of an element of x1 and one of x2.

    x1 of n elements, x2 of m -> (n, m); both are flattened first.

    Args:
        x1: numbers of any shape.
        x2: numbers of any shape.

    >>> import narae
    >>> narae.ops.outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    x, y = (ravel(t) for t in promoted(x1, x2))
    return A.multiply(expand_dims(x, 1), expand_dims(y, 0))


@public
def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products of two flattened tensors.

    x1, x2 of n elements each -> a scalar.

    Args:
        x1: numbers of any shape.
        x2: as many numbers.

    Raises:
        ShapeError: the numbers of elements differ.

    >>> import narae
    >>> narae.ops.vdot([[1, 2]], [[3, 4]]).item()
    11
    """
    x, y = (ravel(t) for t in promoted(x1, x2))
    return dot_over(x, y, ((0,), (0,)))


@public
def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Kronecker's product: x2 times each element of x1, in its place.

    x1: (a, b, ...), x2: (c, d, ...) -> (a c, b d, ...); the one of lower rank gets leading axes of length 1.

    Args:
        x1: numbers.
        x2: numbers.

    >>> import narae
    >>> narae.ops.kron([1, 2], [1, 1]).tolist()
    [1, 1, 2, 2]
    """
    x, y = promoted(x1, x2)
    rank = builtins.max(x.ndim, y.ndim)
    left, right = ((1,) * (rank - t.ndim) + t.shape for t in (x, y))
    wide_x = S.reshape(x, shape=tuple(n for a in left for n in (a, 1)))
    wide_y = S.reshape(y, shape=tuple(n for b in right for n in (1, b)))
    return S.reshape(
        A.multiply(wide_x, wide_y), shape=tuple(a * b for a, b in zip(left, right, strict=True))
    )


@public
def cross(
    x1: TensorLike,
    x2: TensorLike,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """The cross product of vectors of 3 numbers; of a vector of 2 the third is 0.

    x1, x2: (..., 2 or 3), the other axes broadcast -> (..., 3); of two vectors of 2 the third number alone: (...).

    Args:
        x1: vectors.
        x2: vectors.
        axisa: the axis of x1's vectors.
        axisb: the axis of x2's vectors.
        axisc: the axis of the result's vectors.
        axis: one axis for all three, where it is given.

    Raises:
        ShapeError: vectors are not of 2 or 3 numbers.

    >>> import narae
    >>> narae.ops.cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = promoted(x1, x2)
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ShapeError(
            tr(
                "cross takes vectors of 2 or 3 numbers, got shapes {shape} and {shape2}",
                shape=x.shape,
                shape2=y.shape,
            )
        )
    flat = x.shape[-1] == y.shape[-1] == 2
    a, b = (_three(t) for t in (x, y))
    parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    if flat:
        return parts[2]
    out = S.concatenate(*(expand_dims(p, -1) for p in parts), axis=parts[0].ndim)
    return moveaxis(out, -1, axisc)


def _three(x: Tensor) -> list[Tensor]:
    parts = [x[..., i] for i in range(x.shape[-1])]
    return parts if len(parts) == 3 else [*parts, parts[0] * 0]


@public
def correlate(x1: TensorLike, x2: TensorLike, mode: str = "valid") -> Tensor:
    """Sums of products of two vectors, one moved along the other, as floats.

    x1: (n,), x2: (m,) -> (|n - m| + 1,) for 'valid', (max(n, m),) for 'same', (n + m - 1,) for 'full'.

    Args:
        x1: a vector.
        x2: a vector.
        mode: 'valid': places where one lies within the other; 'full': all where they meet; 'same': the middle of these.

    Raises:
        ShapeError: one is no vector.
        ValueError: there is no such mode.

    >>> import narae
    >>> narae.ops.correlate([1.0, 2.0, 3.0], [1.0, 1.0]).tolist()
    [3.0, 5.0]
    """
    x, y = promoted(x1, x2, floating=True)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(
            tr(
                "correlate takes vectors, got shapes {shape} and {shape2}",
                shape=x.shape,
                shape2=y.shape,
            )
        )
    if mode not in ("valid", "same", "full"):
        raise ValueError(
            tr("correlate takes a mode of valid, same or full, got {mode!r}", mode=mode)
        )
    n, m = x.shape[0], y.shape[0]
    padded = S.pad_zeros(x, ((m - 1, m - 1),))
    afford((n + m) * m)
    places = np.arange(n + m - 1)[:, None] + np.arange(m)[None, :]
    rows = take(padded, places.astype(np.int32), axis=0)
    full = dot_over(rows, y, ((1,), (0,)))
    if mode == "full":
        return full
    short, long = builtins.min(n, m), builtins.max(n, m)
    start, length = (short - 1, long - short + 1) if mode == "valid" else ((short - 1) // 2, long)
    return full[start : start + length]
