"""Families of public ops that differ in one record: made from a row each, docstring and example included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from narae.base.types import TensorLike
from narae.graph.ir import Op
from narae.tensor.promote import floated, numeric, promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

Unary = Callable[[Any], Tensor]
Binary = Callable[[Any, Any], Tensor]


def named(
    function: Callable[..., Any], name: str, module: str, says: str, example: str, gives: str
) -> Any:
    """Give a function its name and docstring, and make it a public op."""
    function.__name__ = function.__qualname__ = name  # type: ignore[attr-defined]
    function.__module__ = module
    function.__doc__ = (
        f"{says}\n\n    >>> import narae\n    >>> narae.ops.{example}\n    {gives}\n    "
    )
    return public(function)


def unary(
    module: str, name: str, op: Op, says: str, example: str, gives: str, takes: str = "float"
) -> Unary:
    """A function of one tensor. takes: 'float' (others become floatx), 'number' (booleans
    become int32), 'any', or 'bool'."""
    prepare: Callable[[Any], Tensor] = {
        "float": floated,
        "number": numeric,
        "any": as_tensor,
        "bool": lambda x: to(x, "bool"),
    }[takes]

    def function(x: Tensor) -> Tensor:
        return op(prepare(x))

    return named(function, name, module, says, example, gives)


def binary(
    module: str, name: str, op: Op, says: str, example: str, gives: str, floating: bool = False
) -> Binary:
    """A function of two tensors that meet in one dtype and broadcast."""

    def function(x1: TensorLike, x2: TensorLike) -> Tensor:
        return op(*promoted(x1, x2, floating=floating))

    return named(function, name, module, says, example, gives)
