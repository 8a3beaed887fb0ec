"""Keras's modules of operations, which have names that are in narae.ops itself."""

from __future__ import annotations

import sys
from typing import Any

from narae.base.missing import missing
from narae.tensor.public_names import PUBLIC


def with_all_names(module: str) -> None:
    """Let a module whose namesake in Keras has more find the rest among narae.ops's names: its `__getattr__`.

    It is not written in the module, where type checkers would take it that every name is there.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{module} has no {name!r}")
        if name not in PUBLIC:
            raise missing("narae.ops", name, list(PUBLIC))
        return PUBLIC[name].function

    sys.modules[module].__getattr__ = __getattr__  # type: ignore[method-assign]
