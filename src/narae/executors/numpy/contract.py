"""The lowering of contractions: one matrix product on views that BLAS takes as they lie."""

from __future__ import annotations

import math

import numpy as np

from narae.executors.numpy.calls import Call, call
from narae.executors.numpy.lowerings import Arrays, lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node


@lowering("dot")
def _dot(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    (x, y), (out,) = ins, outs
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    fx = tuple(a for a in range(x.ndim) if a not in (*cx, *bx))
    fy = tuple(a for a in range(y.ndim) if a not in (*cy, *by))
    stack = tuple(x.shape[a] for a in bx)
    rows, inner = math.prod(x.shape[a] for a in fx), math.prod(x.shape[a] for a in cx)
    columns = math.prod(y.shape[a] for a in fy)
    calls: list[Call] = []
    left = _matrix(x, (*bx, *fx, *cx), (*stack, rows, inner), scratch, calls)
    right = _matrix(y, (*by, *cy, *fy), (*stack, inner, columns), scratch, calls)
    shape = (*stack, rows, columns)
    result = out if out.shape == shape else out.reshape(shape)
    product = (
        np.matmul if stack or out.dtype.kind != "f" else np.dot
    )  # dot: less work around the same BLAS
    return [*calls, call(product, left, right, result)]


def _matrix(
    array: np.ndarray,
    order: tuple[int, ...],
    shape: tuple[int, ...],
    scratch: Scratch,
    calls: list[Call],
) -> np.ndarray:
    """The operand as a stack of matrices: a view where BLAS reads one, else copied by `calls`."""
    turned = array.transpose(order)
    matrix = turned.reshape(shape)
    shares = not array.size or np.may_share_memory(matrix, array)
    if matrix.shape == array.shape and matrix.strides == array.strides:
        matrix = array  # by the name that it has
    if shares and _readable(matrix):
        return matrix
    copy = scratch.take(turned.shape, array.dtype)
    calls.append(call(np.copyto, copy, turned))
    return copy.reshape(shape)


def _readable(matrix: np.ndarray) -> bool:
    """Whether BLAS reads the last two axes without a copy: one of them contiguous, no overlap."""
    rows, columns = matrix.shape[-2:]
    down, across = matrix.strides[-2:]
    item = matrix.itemsize
    by_row = (across == item or columns == 1) and (down >= columns * item or rows == 1)
    by_column = (down == item or rows == 1) and (across >= rows * item or columns == 1)
    return matrix.size == 0 or by_row or by_column
