"""What the code of this thread runs within: traces, tapes, code that runs at once all the same, and what
nodes are recorded for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from narae.base.context import Pushed, Stack

if TYPE_CHECKING:
    from narae.engine.tape import GradientTape


@dataclass(frozen=True, slots=True)
class _Around:
    """A trace (with the scope that its variables are read and written in, None: the one around), a
    tape that records or rests, or an end to all of them."""

    traces: bool = False
    ends: bool = False
    scope: Any = None
    tape: Any = None
    rests: bool = False


_around: Stack[_Around] = Stack()
_END = _Around(ends=True)


def traced(scope: object | None = None) -> Pushed:
    """A context within which functions are traced: operations without inputs are recorded. scope:
    where variables are read and written."""
    return _around.pushed(_Around(traces=True, scope=scope), scope)


def standing(scope: object) -> Pushed:
    """A context within which variables are read and written in a scope; code runs as around it."""
    return _around.pushed(_Around(scope=scope), scope)


def ended() -> Pushed:
    """A context within which code runs as if no trace and no tape were around."""
    return _around.pushed(_END, None)


def taped(tape: GradientTape) -> Pushed:
    """A context within which a tape records."""
    return _around.pushed(_Around(tape=tape), tape)


def rested(tape: GradientTape) -> Pushed:
    """A context within which a tape does not record."""
    return _around.pushed(_Around(tape=tape, rests=True), None)


def alone() -> bool:
    """Whether nothing of all this is around."""
    return not _around.entries


def is_traced() -> bool:
    """Whether a function is being traced."""
    for here in reversed(_around.values() if _around.entries else ()):
        if here.traces or here.ends:
            return here.traces
    return False


def scope() -> Any:
    """Where variables are read and written; None where they are used directly."""
    for here in reversed(_around.values() if _around.entries else ()):
        if here.scope is not None or here.ends:
            return here.scope
    return None


def tapes() -> list[Any]:
    """The tapes that record, the outermost first."""
    return _recording() if _around.entries else []


def _recording() -> list[Any]:
    recording: dict[int, Any] = {}
    for here in _around.values():
        if here.ends:
            recording.clear()
        elif here.rests:
            recording.pop(id(here.tape), None)
        elif here.tape is not None:
            recording[id(here.tape)] = here.tape
    return list(recording.values())


def taping() -> bool:
    """Whether a tape records."""
    entries = _around.entries
    if not entries:
        return False
    if len(entries) == 1 and entries[0].inside():  # nearly always
        here = entries[0].value
        return here.tape is not None and not here.rests
    return bool(_recording())


class Where(NamedTuple):
    """What a node was recorded for: the scopes of the layers whose calls were running, the
    outermost first, and whether it belongs to the gradient of what they computed."""

    path: tuple[str, ...] = ()
    backward: bool = False


class Place:
    """What a pass over a graph makes nodes for at present."""

    where: Where | None = None


places: Stack[Place] = Stack()
