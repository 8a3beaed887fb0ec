"""Comparisons, booleans, bits, and choices between tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast, overload

from narae.base.dtypes import is_float
from narae.base.types import TensorLike
from narae.graph.ir import Op
from narae.ops.indexing import nonzero
from narae.ops.reductions import all as every
from narae.ops.table import BROADCAST, Binary, Unary, binary, named, unary
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_unary, _binary = partial(unary, __name__), partial(binary, __name__, dtype="bool")

equal = _binary(
    "equal", L.equal, "Whether x1 equals x2.", "equal([1, 2], 2).tolist()", "[False, True]"
)
not_equal = _binary(
    "not_equal",
    L.not_equal,
    "Whether x1 differs from x2.",
    "not_equal([1, 2], 2).tolist()",
    "[True, False]",
)
less = _binary(
    "less", L.less, "Whether x1 is below x2.", "less([1, 2], 2).tolist()", "[True, False]"
)
less_equal = _binary(
    "less_equal",
    L.less_equal,
    "Whether x1 is at most x2.",
    "less_equal([1, 3], 2).tolist()",
    "[True, False]",
)
greater = _binary(
    "greater", L.greater, "Whether x1 is above x2.", "greater([1, 3], 2).tolist()", "[False, True]"
)
greater_equal = _binary(
    "greater_equal",
    L.greater_equal,
    "Whether x1 is at least x2.",
    "greater_equal([1, 2], 2).tolist()",
    "[False, True]",
)
logical_not = _unary(
    "logical_not",
    L.logical_not,
    "Whether x is false (zero).",
    "logical_not([True, False]).tolist()",
    "[False, True]",
    "bool",
)


def _logical(name: str, op: Op, says: str, gives: str) -> Binary:
    def function(x1: TensorLike, x2: TensorLike) -> Tensor:
        return op(to(x1, "bool"), to(x2, "bool"))

    return named(
        function,
        name,
        __name__,
        says,
        f"{name}([True, False], True).tolist()",
        gives,
        {"x1, x2": "booleans, or numbers, of which all but 0 are true."},
        "booleans of the broadcast shape.",
        shapes=BROADCAST,
        raises="ShapeError: the shapes do not broadcast.",
    )


logical_and = _logical("logical_and", L.logical_and, "Whether both are true.", "[True, False]")
logical_or = _logical("logical_or", L.logical_or, "Whether one is true.", "[True, True]")
logical_xor = _logical(
    "logical_xor", L.logical_xor, "Whether exactly one is true.", "[False, True]"
)


def _test(name: str, op: Op, says: str, gives: str) -> Unary:
    """A test of floats; whole numbers are always finite."""

    def function(x: TensorLike) -> Tensor:
        x = as_tensor(x)
        return op(x if is_float(x.dtype) else to(x, "float32"))

    return named(
        function,
        name,
        __name__,
        says,
        f'{name}([1.0, float("inf"), float("nan")]).tolist()',
        gives,
        {"x": "numbers of any shape."},
        "booleans of x's shape.",
    )


isnan = _test("isnan", L.isnan, "Whether x is not a number.", "[False, False, True]")
isinf = _test("isinf", L.isinf, "Whether x is infinite.", "[False, True, False]")
isfinite = _test("isfinite", L.isfinite, "Whether x is a finite number.", "[True, False, False]")


def _infinite(x: TensorLike, sign: float) -> Tensor:
    x = as_tensor(x)
    x = x if is_float(x.dtype) else to(x, "float32")
    return L.equal(x, constant(sign * float("inf"), x.dtype))


@public
def isposinf(x: TensorLike) -> Tensor:
    """Whether x is +∞.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.

    Returns: booleans of x's shape.

    >>> import narae
    >>> narae.ops.isposinf([1.0, float("inf")]).tolist()
    [False, True]
    """
    return _infinite(x, 1.0)


@public
def isneginf(x: TensorLike) -> Tensor:
    """Whether x is -∞.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.

    Returns: booleans of x's shape.

    >>> import narae
    >>> narae.ops.isneginf([1.0, float("-inf")]).tolist()
    [False, True]
    """
    return _infinite(x, -1.0)


@public
def isreal(x: TensorLike) -> Tensor:
    """True everywhere: narae's numbers are real.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.

    Returns: booleans of x's shape.

    >>> import narae
    >>> narae.ops.isreal([1.0]).tolist()
    [True]
    """
    x = as_tensor(x)
    return (
        L.logical_not(L.not_equal(x, x))
        if not is_float(x.dtype)
        else L.logical_or(isfinite(x), L.logical_not(isfinite(x)))
    )


@public
def isclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| is at most atol + rtol |x2|.

    x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        x1: what is compared; integers become floatx.
        x2: what it is compared with.
        rtol: how far it may be off, as a part of x2.
        atol: how far it may be off besides.
        equal_nan: whether two NaN are close.

    Returns: booleans; equal infinities are close.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.isclose([1.0, 2.0], [1.0, 2.1]).tolist()
    [True, False]
    """
    x, y = promoted(x1, x2, floating=True)
    bound = A.add(A.multiply(A.absolute(y), constant(rtol, y.dtype)), constant(atol, y.dtype))
    finite = L.logical_and(isfinite(x), isfinite(y))
    near = L.logical_and(finite, L.less_equal(A.absolute(A.subtract(x, y)), bound))
    close = L.logical_or(near, L.equal(x, y))
    return L.logical_or(close, L.logical_and(L.isnan(x), L.isnan(y))) if equal_nan else close


@public
def allclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close: |x1 - x2| at most atol + rtol |x2|.

    x1, x2: shapes that broadcast -> ().

    Args:
        x1: what is compared; integers become floatx.
        x2: what it is compared with.
        rtol: how far it may be off, as a part of x2.
        atol: how far it may be off besides.
        equal_nan: whether two NaN are close.

    Returns: one boolean.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.allclose([1.0], [1.0]).item()
    True
    """
    return every(isclose(x1, x2, rtol, atol, equal_nan))


@public
def array_equal(x1: TensorLike, x2: TensorLike, equal_nan: bool = False) -> Tensor:
    """Whether shapes and all elements are equal.

    x1, x2: (...), (...) -> ().

    Args:
        x1: tensors; their dtypes meet in one.
        x2: likewise.
        equal_nan: whether two NaN are equal.

    Returns: one boolean; false for different shapes.

    >>> import narae
    >>> narae.ops.array_equal([1, 2], [1, 2]).item()
    True
    """
    x, y = promoted(x1, x2)
    if x.shape != y.shape:
        return constant(False, "bool")  # type: ignore[return-value]
    same = L.equal(x, y)
    if equal_nan and is_float(x.dtype):
        same = L.logical_or(same, L.logical_and(L.isnan(x), L.isnan(y)))
    return every(same)


@public
def signbit(x: TensorLike) -> Tensor:
    """Whether the sign is minus; of -0.0 too.

    x: (...) -> (...).

    Args:
        x: numbers of any shape.

    Returns: booleans of x's shape.

    >>> import narae
    >>> narae.ops.signbit([-0.0, 1.0]).tolist()
    [True, False]
    """
    x = as_tensor(x)
    if is_float(x.dtype):
        return A.signbit(x)
    return L.less(
        to(x, "int32") if x.dtype == "bool" else x,
        constant(0, "int32" if x.dtype == "bool" else x.dtype),
    )


@overload
def where(condition: TensorLike, x1: None = None, x2: None = None) -> tuple[Tensor, ...]: ...


@overload
def where(condition: TensorLike, x1: TensorLike, x2: TensorLike) -> Tensor: ...


@public
def where(
    condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None
) -> Tensor | tuple[Tensor, ...]:
    """x1 where the condition holds, x2 elsewhere; without them, where it holds (as `nonzero`).

    condition, x1, x2: shapes that broadcast -> the broadcast shape.

    Args:
        condition: booleans, or numbers, of which all but 0 are true.
        x1: what is taken where it holds.
        x2: what is taken elsewhere.

    Returns: a tensor of the dtype that x1 and x2 meet in; without them, an index vector for each
        axis.

    Raises:
        ValueError: one of x1 and x2 alone.
        ShapeError: the shapes do not broadcast.

    >>> import narae
    >>> narae.ops.where([True, False], 1, 2).tolist()
    [1, 2]
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("where takes both x1 and x2, or neither")
    if x1 is None or x2 is None:
        return nonzero(condition)
    return L.select(to(condition, "bool"), *promoted(cast(Any, x1), cast(Any, x2)))


@public
def select(
    condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0
) -> Tensor:
    """The choice of the first condition that holds, else the default.

    condlist, choicelist: k tensors each, of shapes that broadcast -> the broadcast shape.

    Args:
        condlist: the conditions, the first one first.
        choicelist: what each of them chooses.
        default: what is taken where no condition holds.

    Returns: a tensor of the dtype that the choices and the default meet in.

    Raises:
        ValueError: not as many conditions as choices, or none.

    >>> import narae
    >>> narae.ops.select([[True, False], [True, True]], [[1, 1], [2, 2]]).tolist()
    [1, 2]
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select takes as many conditions as choices, got {len(condlist)} and {len(choicelist)}"
        )
    out = cast(Any, default)  # checkers would try every kind of tensor against every other
    pairs = zip(condlist, choicelist, strict=True)
    for condition, choice in reversed(list(pairs)):
        out = L.select(to(condition, "bool"), *promoted(choice, out))
    return out


@public
def stop_gradient(variable: TensorLike) -> Tensor:
    """The value, through which no gradient flows: to a derivative it is a constant.

    variable: (...) -> (...).

    Args:
        variable: a tensor of any shape and dtype.

    Returns: a tensor of its shape and dtype.

    >>> import narae
    >>> narae.grad(lambda x: x * narae.ops.stop_gradient(x))(3.0).item()
    3.0
    """
    return L.stop_gradient(as_tensor(variable))
