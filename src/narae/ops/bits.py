"""Bits of whole numbers, and bytes read as another dtype."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.errors import DtypeError, ShapeError
from narae.base.types import DTypeLike, TensorLike
from narae.graph.ir import Op
from narae.ops.table import named
from narae.primitives.record import constant
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.tensor.promote import promoted, to
from narae.tensor.public_names import alias
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def view(x: TensorLike, dtype: DTypeLike | None = None) -> Tensor:
    """The same bytes read as another dtype; the last axis grows or shrinks with the width.

    x: (..., n) -> (..., n a / b) for elements of a bytes read as elements of b.

    Args:
        x: a tensor; of rank 1 or more where the widths differ.
        dtype: the dtype to read as; None: x's own.

    Returns: a tensor of that dtype with x's bytes.

    Raises:
        DtypeError: numbers cannot be read as booleans, nor booleans as wider ones.
        ShapeError: the last axis is no whole number of new elements, or there is none.

    >>> import narae
    >>> narae.ops.view(narae.ops.array([1.0]), "int32").tolist()
    [1065353216]
    """
    x = as_tensor(x)
    dtype = x.dtype if dtype is None else standardize_dtype(dtype)
    if dtype == x.dtype:
        return x
    have, want = np_dtype(x.dtype).itemsize, np_dtype(dtype).itemsize
    if "bool" in (dtype, x.dtype):
        if have != want or dtype == "bool":
            raise DtypeError(f"view cannot read {x.dtype} as {dtype}; a cast instead?")
        return to(x, dtype)
    if have == want:
        return L.bitcast(x, dtype=dtype)
    if not x.ndim:
        raise ShapeError(f"view changes the last axis from {x.dtype} to {dtype}: there is none")
    lead, last = x.shape[:-1], x.shape[-1]
    if have > want:
        parts = _split_words(L.bitcast(x, dtype=f"uint{8 * have}"), have, want)
        return L.bitcast(S.reshape(parts, shape=(*lead, last * have // want)), dtype=dtype)
    if last * have % want:
        raise ShapeError(
            f"view: {last} of {x.dtype} are no whole number of {dtype}", divisor=want // have
        )
    words = S.reshape(
        L.bitcast(x, dtype=f"uint{8 * have}"), shape=(*lead, -(-last * have // want), want // have)
    )
    return L.bitcast(_joined_words(words, have, want), dtype=dtype)


def _split_words(words: Tensor, have: int, want: int) -> Tensor:
    """Unsigned words of `have` bytes as `have / want` of `want` bytes on a new axis, low ones first."""
    shifts = constant(np.arange(0, 8 * have, 8 * want), words.dtype)
    apart = L.right_shift(S.reshape(words, shape=(*words.shape, 1)), shifts)
    low = L.bitwise_and(apart, constant(2 ** (8 * want) - 1, words.dtype))
    return L.cast(low, dtype=f"uint{8 * want}")


def _joined_words(words: Tensor, have: int, want: int) -> Tensor:
    """The last axis of unsigned words of `have` bytes made one word of `want` bytes."""
    name = f"uint{8 * want}"
    shifts = constant(np.arange(0, 8 * want, 8 * have), name)
    placed = L.left_shift(L.cast(words, dtype=name), shifts)
    return R.reduce_sum(placed, axes=(words.ndim - 1,))


class Bitwise(Protocol):
    """A function of the bits of two tensors."""

    def __call__(self, x: TensorLike, y: TensorLike) -> Tensor: ...


def _bits(name: str, op: Op, says: str, example: str, gives: str) -> Bitwise:
    def function(x: TensorLike, y: TensorLike) -> Tensor:
        return op(*promoted(x, y))

    return named(
        function,
        name,
        __name__,
        says,
        example,
        gives,
        {"x, y": "integers or booleans; a number takes the other's dtype where it can."},
        "a tensor of the dtype that both meet in.",
        shapes="x, y: shapes that broadcast -> the broadcast shape.",
        raises="DtypeError: operands that are no integers.",
    )


bitwise_and = _bits(
    "bitwise_and", L.bitwise_and, "The bits that both have.", "bitwise_and(6, 3).item()", "2"
)
bitwise_or = _bits(
    "bitwise_or", L.bitwise_or, "The bits that one has.", "bitwise_or(6, 3).item()", "7"
)
bitwise_xor = _bits(
    "bitwise_xor", L.bitwise_xor, "The bits that exactly one has.", "bitwise_xor(6, 3).item()", "5"
)


def _shifted(x: TensorLike, y: TensorLike) -> list[Tensor]:
    x, y = promoted(x, y)
    return [to(x, "int32"), to(y, "int32")] if x.dtype == "bool" else [x, y]


@public
def left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x's bits moved y places up: x 2^y, what goes beyond the width lost.

    x, y: shapes that broadcast -> the broadcast shape.

    Args:
        x: integers; booleans become int32.
        y: by how many places.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        DtypeError: operands that are no integers.

    >>> import narae
    >>> narae.ops.left_shift(3, 2).item()
    12
    """
    return L.left_shift(*_shifted(x, y))


@public
def right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """x's bits moved y places down: ⌊x / 2^y⌋; the sign stays.

    x, y: shapes that broadcast -> the broadcast shape.

    Args:
        x: integers; booleans become int32.
        y: by how many places.

    Returns: a tensor of the dtype that both meet in.

    Raises:
        DtypeError: operands that are no integers.

    >>> import narae
    >>> narae.ops.right_shift(12, 2).item()
    3
    """
    return L.right_shift(*_shifted(x, y))


bitwise_left_shift = alias("bitwise_left_shift", left_shift)
bitwise_right_shift = alias("bitwise_right_shift", right_shift)


@public
def bitwise_invert(x: TensorLike) -> Tensor:
    """Every bit turned over: -x - 1 of signed integers.

    x: (...) -> (...).

    Args:
        x: integers or booleans of any shape.

    Returns: a tensor of x's shape and dtype.

    Raises:
        DtypeError: x holds no integers.

    >>> import narae
    >>> narae.ops.bitwise_invert(0).item()
    -1
    """
    return L.invert(as_tensor(x))


bitwise_not = alias("bitwise_not", bitwise_invert)
