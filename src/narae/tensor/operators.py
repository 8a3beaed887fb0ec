"""Python's operators of tensors, variables and symbolic tensors.

They are the public functions of `narae.ops`, found when first used: those functions are written with tensors.
"""

from __future__ import annotations

from typing import Any

from narae.base.types import Index, TensorLike
from narae.tensor.public_names import public_op


class Operators:
    """Python's operators by the names of `narae.ops`, for everything that behaves as a tensor."""

    __slots__ = ()
    # np.ndarray's operators defer to ours: array - tensor is a tensor. Its functions take our numbers.
    __array_priority__ = 1000

    def __add__(self, other: TensorLike) -> Any:
        return _op("add", self, other)

    def __radd__(self, other: TensorLike) -> Any:
        return _op("add", other, self)

    def __sub__(self, other: TensorLike) -> Any:
        return _op("subtract", self, other)

    def __rsub__(self, other: TensorLike) -> Any:
        return _op("subtract", other, self)

    def __mul__(self, other: TensorLike) -> Any:
        return _op("multiply", self, other)

    def __rmul__(self, other: TensorLike) -> Any:
        return _op("multiply", other, self)

    def __truediv__(self, other: TensorLike) -> Any:
        return _op("true_divide", self, other)

    def __rtruediv__(self, other: TensorLike) -> Any:
        return _op("true_divide", other, self)

    def __floordiv__(self, other: TensorLike) -> Any:
        return _op("floor_divide", self, other)

    def __rfloordiv__(self, other: TensorLike) -> Any:
        return _op("floor_divide", other, self)

    def __mod__(self, other: TensorLike) -> Any:
        return _op("mod", self, other)

    def __rmod__(self, other: TensorLike) -> Any:
        return _op("mod", other, self)

    def __pow__(self, other: TensorLike) -> Any:
        return _op("power", self, other)

    def __rpow__(self, other: TensorLike) -> Any:
        return _op("power", other, self)

    def __matmul__(self, other: TensorLike) -> Any:
        return _op("matmul", self, other)

    def __rmatmul__(self, other: TensorLike) -> Any:
        return _op("matmul", other, self)

    def __and__(self, other: TensorLike) -> Any:
        return _op("bitwise_and", self, other)

    def __rand__(self, other: TensorLike) -> Any:
        return _op("bitwise_and", other, self)

    def __or__(self, other: TensorLike) -> Any:
        return _op("bitwise_or", self, other)

    def __ror__(self, other: TensorLike) -> Any:
        return _op("bitwise_or", other, self)

    def __xor__(self, other: TensorLike) -> Any:
        return _op("bitwise_xor", self, other)

    def __rxor__(self, other: TensorLike) -> Any:
        return _op("bitwise_xor", other, self)

    def __lshift__(self, other: TensorLike) -> Any:
        return _op("left_shift", self, other)

    def __rlshift__(self, other: TensorLike) -> Any:
        return _op("left_shift", other, self)

    def __rshift__(self, other: TensorLike) -> Any:
        return _op("right_shift", self, other)

    def __rrshift__(self, other: TensorLike) -> Any:
        return _op("right_shift", other, self)

    def __neg__(self) -> Any:
        return _op("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _op("absolute", self)

    def __invert__(self) -> Any:
        return _op("bitwise_not", self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return _op("round", self, ndigits or 0)

    def __lt__(self, other: TensorLike) -> Any:
        return _op("less", self, other)

    def __le__(self, other: TensorLike) -> Any:
        return _op("less_equal", self, other)

    def __gt__(self, other: TensorLike) -> Any:
        return _op("greater", self, other)

    def __ge__(self, other: TensorLike) -> Any:
        return _op("greater_equal", self, other)

    def __eq__(self, other: object) -> Any:
        return NotImplemented if other is None else _op("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if other is None else _op("not_equal", self, other)

    __hash__ = object.__hash__

    def __getitem__(self, key: Index) -> Any:
        return _op("get_item", self, key)


class LogicalOperators(Operators):
    """Operators of variables and symbolic tensors: & | ^ ask for truth, where a tensor's are of bits."""

    __slots__ = ()

    def __and__(self, other: TensorLike) -> Any:
        return _op("logical_and", self, other)

    def __rand__(self, other: TensorLike) -> Any:
        return _op("logical_and", other, self)

    def __or__(self, other: TensorLike) -> Any:
        return _op("logical_or", self, other)

    def __ror__(self, other: TensorLike) -> Any:
        return _op("logical_or", other, self)

    def __xor__(self, other: TensorLike) -> Any:
        return _op("logical_xor", self, other)

    def __rxor__(self, other: TensorLike) -> Any:
        return _op("logical_xor", other, self)


def _op(name: str, *args: object) -> Any:
    return public_op(name)(*args)
