"""Data sets that ship with narae."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from narae.base.missing import getter

if TYPE_CHECKING:
    from narae.datasets import mnist

__all__ = ["mnist"]

_missing = getter(__name__, __all__)


def __getattr__(name: str) -> Any:
    return importlib.import_module("narae.datasets.mnist") if name == "mnist" else _missing(name)
