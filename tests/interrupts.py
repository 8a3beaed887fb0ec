"""KeyboardInterrupt at every instruction of what runs: where Python looks for signals, and everywhere else
in narae's own code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import narae

Spot = tuple[CodeType, int, int]  # an instruction, and which time it is run

_OWN = str(Path(narae.__file__).parent)


def _ours(code: CodeType) -> bool:
    return code.co_filename.startswith(_OWN)


def spots(run: Callable[[], object], also: CodeType | None = None) -> list[Spot]:
    """Every instruction of narae's (and of `also`) that is run: its first time and its last."""
    seen: dict[tuple[CodeType, int], int] = {}

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            key = (frame.f_code, frame.f_lasti)
            seen[key] = seen.get(key, 0) + 1
        return local

    def tracer(frame: FrameType, event: str, arg: Any) -> Any:
        if not _ours(frame.f_code) and frame.f_code is not also:
            return None
        frame.f_trace_opcodes = True
        return local

    _traced(tracer, run)
    found = [(code, place, 1) for code, place in seen]
    return found + [(code, place, n) for (code, place), n in seen.items() if n > 1]


def interrupted(run: Callable[[], object], spot: Spot) -> bool:
    """Run, with KeyboardInterrupt before an instruction; whether it came there."""
    code, place, times = spot
    left = times

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        if event == "opcode" and frame.f_lasti == place:
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return local

    def tracer(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code is not code:
            return None
        frame.f_trace_opcodes = True
        return local

    try:
        _traced(tracer, run)
    except KeyboardInterrupt as error:
        interrupted.last = error  # type: ignore[attr-defined]  # its frames live, as in a notebook
        return True
    return False


def _traced(tracer: Any, run: Callable[[], object]) -> None:
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        run()
    finally:
        sys.settrace(before)
