"""Which executor runs compiled functions."""

from __future__ import annotations

import os

from narae.base.errors import unknown_name
from narae.executors import EXECUTORS

_chosen: list[str] = []


def executor() -> str:
    """The name of the executor in use: the one set, else NARAE_EXECUTOR, else 'numpy'.

    >>> executor()
    'numpy'
    """
    return _chosen[-1] if _chosen else _checked(os.environ.get("NARAE_EXECUTOR", "numpy"))


def set_executor(name: str) -> None:
    """Choose the executor for functions compiled from now on. Raises ValueError for an unknown name."""
    _chosen[:] = [_checked(name)]


def _checked(name: str) -> str:
    if name not in EXECUTORS:
        raise unknown_name("executor", name, EXECUTORS)
    return name
