"""The table of public operations: each function of `narae.ops` enters itself, by its name.

`narae/ops/__init__.py` is written from this table (`make names`); operators and Keras's modules of operations look
functions up in it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PublicName:
    """A function of `narae.ops`, and the module that has it."""

    function: Callable[..., Any]
    module: str


PUBLIC: dict[str, PublicName] = {}


def exported(function: F) -> F:
    """Enter a function that gives no tensor for symbolic ones, or takes no tensors, as it is."""
    return _enter(function.__name__, function.__module__, function)


def alias(name: str, function: F) -> F:
    """Enter a function of the same module under one more name."""
    return _enter(name, function.__module__, function)


def _enter(name: str, module: str, function: F) -> F:
    known = PUBLIC.setdefault(name, PublicName(function, module))
    if known.module != module:
        raise ValueError(f"the public name {name!r} is of {known.module} already, not of {module}")
    PUBLIC[name] = PublicName(function, module)
    return function


def public_op(name: str) -> Callable[..., Any]:
    """A function of `narae.ops`, which is made of tensors and so loads after them."""
    if name not in PUBLIC:
        importlib.import_module("narae.ops")
    return PUBLIC[name].function
