"""What a test may leave behind: state that is pushed, settings, threads, files, environment."""

from __future__ import annotations

from typing import Any

from narae.base import names, registry, whole
from narae.base.pushed import Stack
from narae.engine import autocast, distribution, variable
from narae.graph import recording
from narae.layers import calling

_STACKS: dict[str, Stack[Any]] = {
    "traces and tapes": recording._around,
    "places of nodes": recording.places,
    "names": names._path,
    "custom objects": registry._scopes,
    "safe mode": registry._safe_modes,
    "objects being made": whole._making,
    "dtypes of variables": autocast._dtypes,
    "distributions": distribution._scopes,
    "budgets": variable._budgets,
    "calls of layers": calling._training,
}


def pushed() -> dict[str, Any]:
    """What is pushed in this thread, by what it is."""
    return {name: stack.values() for name, stack in _STACKS.items() if stack.values()}
