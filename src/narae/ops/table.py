"""Families of public ops that differ in one record: made from a row each, docstring and example included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from narae.base.types import Axis, DType, TensorLike
from narae.graph.ir import Op
from narae.tensor.promote import floated, numeric, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

F = TypeVar("F", bound=Callable[..., Any])


class Unary(Protocol):
    """A function of one tensor."""

    def __call__(self, x: TensorLike) -> Tensor: ...


class Binary(Protocol):
    """A function of two tensors."""

    def __call__(self, x1: TensorLike, x2: TensorLike) -> Tensor: ...


class Reduction(Protocol):
    """A function that makes axes one number."""

    def __call__(self, x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor: ...


class AxisReduction(Protocol):
    """A function that makes one axis, or all, one number."""

    def __call__(
        self, x: TensorLike, axis: int | None = None, keepdims: bool = False
    ) -> Tensor: ...


REDUCED = "x: (a, b, c) -> (a, c) for axis 1; (a, 1, c) with keepdims."
KEEPDIMS = "whether these axes stay, of length 1."
SAME = "x: (...) -> (...)."  # shapes of an elementwise function
BROADCAST = "x1, x2: shapes that broadcast -> the broadcast shape."


def _argument_lines(args: Mapping[str, str]) -> Iterator[str]:
    """A line for each argument; a row for two of a kind, "x1, x2", says it once."""
    for names, meaning in args.items():
        first, *others = names.split(", ")
        yield f"    {first}: {meaning}"
        yield from (f"    {name}: likewise." for name in others)


def named(
    function: F,
    name: str,
    module: str,
    says: str,
    example: str,
    gives: str,
    args: Mapping[str, str],
    returns: str,
    *,
    shapes: str = SAME,
    raises: str = "",
    enter: Callable[[F], F] = public,
) -> F:
    """Give a function its name and docstring, and make it a public op.

    args: what each argument means, by its name; raises: "ValueError: when", where it raises something; enter:
    `exported` for a function that takes no tensors.
    """
    function.__name__ = function.__qualname__ = name  # type: ignore[attr-defined]
    function.__module__ = module
    listed = "\n".join(_argument_lines(args))
    parts = [says, shapes, f"Args:\n{listed}", f"Returns: {returns}"]
    parts += [f"Raises:\n    {raises}"] if raises else []
    parts.append(f">>> import narae\n>>> narae.ops.{example}\n{gives}\n")
    function.__doc__ = "\n\n".join(parts)
    return enter(function)


# What a function of one tensor takes: how x is prepared, what it may be, and the dtype that comes back.
_TAKES: dict[str, tuple[Callable[[Any], Tensor], str, str]] = {
    "float": (
        floated,
        "integers and booleans are taken as floatx",
        "x's dtype, or floatx where x has no floats",
    ),
    "number": (numeric, "booleans are taken as int32", "x's dtype, int32 where those are booleans"),
    "any": (as_tensor, "their dtype stays", "x's dtype"),
    "bool": (lambda x: to(x, "bool"), "numbers other than 0 are true", "dtype bool"),
}


def unary(
    module: str,
    name: str,
    op: Op,
    says: str,
    example: str,
    gives: str,
    takes: str = "float",
    x: str = "numbers",
) -> Unary:
    """A function of one tensor. takes: 'float' (others become floatx), 'number' (booleans
    become int32), 'any', or 'bool'; x: what the tensor holds."""
    prepare, may_be, dtype = _TAKES[takes]

    def function(x: TensorLike) -> Tensor:
        return op(prepare(x))

    args = {"x": f"{x}, of any shape; {may_be}."}
    returns = f"a tensor of x's shape and of {dtype}."
    return named(function, name, module, says, example, gives, args, returns)


def binary(
    module: str,
    name: str,
    op: Op,
    says: str,
    example: str,
    gives: str,
    floating: bool = False,
    dtype: DType | None = None,
    **args: str,
) -> Binary:
    """A function of two tensors that meet in one dtype and broadcast. floating: made floats first; dtype: what
    the result has, where it is not what they meet in; args: what x1 and x2 are, where it needs saying."""

    def function(x1: TensorLike, x2: TensorLike) -> Tensor:
        return op(*promoted(x1, x2, floating=floating))

    meet = "the dtype that both meet in" + (", or floatx for integers" if floating else "")
    kind = f"dtype {dtype}" if dtype else meet
    returns = f"a tensor of the broadcast shape and of {kind}."
    args = args or {"x1, x2": "tensors, or numbers, which take the other's dtype where they can."}
    raises = "ShapeError: the shapes do not broadcast."
    return named(
        function,
        name,
        module,
        says,
        example,
        gives,
        args,
        returns,
        shapes=BROADCAST,
        raises=raises,
    )
