"""Matrices in the last two axes: what the gradients of linear algebra are written with."""

from __future__ import annotations

import numpy as np

from narae.graph.ir import Value
from narae.primitives.record import constant
from narae.primitives.records.contract import dot
from narae.primitives.records.logic import select
from narae.primitives.records.shape import broadcast_to, reshape, transpose


def matmul(x: Value, y: Value) -> Value:
    """x @ y of equal batch axes: (..., n, k), (..., k, m) -> (..., n, m)."""
    batch = tuple(range(x.ndim - 2))
    return dot(x, y, contract=((x.ndim - 1,), (y.ndim - 2,)), batch=(batch, batch))


def swap(x: Value) -> Value:
    """The matrices transposed."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def column(x: Value) -> Value:
    """(..., n) -> (..., n, 1): factors of rows."""
    return reshape(x, shape=(*x.shape, 1))


def row(x: Value) -> Value:
    """(..., n) -> (..., 1, n): factors of columns."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def triangle(x: Value, lower: bool = True, diagonal: float = 1.0) -> Value:
    """The lower or upper triangle of matrices, the diagonal times a number, zeros elsewhere."""
    n, m = x.shape[-2:]
    mask = np.tri(n, m, -1) if lower else np.tri(m, n, -1).T
    kept = constant(mask != 0, "bool")
    strict = select(kept, x, constant(0, x.dtype))
    return strict if diagonal == 0 else strict + _on_diagonal(x, diagonal)


def _on_diagonal(x: Value, factor: float) -> Value:
    eye = constant(np.eye(*x.shape[-2:], dtype=bool), "bool")
    scaled = x if factor == 1 else x * factor
    return select(eye, scaled, constant(0, x.dtype))


def embed(diagonal: Value) -> Value:
    """Diagonal matrices: (..., n) -> (..., n, n)."""
    n = diagonal.shape[-1]
    return _on_diagonal(broadcast_to(column(diagonal), shape=(*diagonal.shape, n)), 1.0)
