"""Data sets that ship with narae."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from narae.base.missing import missing

if TYPE_CHECKING:
    from narae.datasets import mnist

__all__ = ["mnist"]

if not TYPE_CHECKING:  # a checker would take it that every name is there

    def __getattr__(name: str) -> Any:
        if name == "mnist":
            return importlib.import_module("narae.datasets.mnist")
        raise missing(__name__, name, __all__)
