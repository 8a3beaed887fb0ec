"""Where variables are read and written while a function is traced.

A traced function must not touch the variables' numbers: reads become inputs of its graph, writes become
outputs, and the scope remembers both.
"""

from __future__ import annotations

from contextlib import AbstractContextManager as Context
from typing import TYPE_CHECKING

from narae.base.context import Stack
from narae.graph import recording
from narae.graph.ir import Value
from narae.tensor.tensor import Tensor

if TYPE_CHECKING:
    from narae.engine.variable import Variable


class Gradients:
    """What tapes were asked for while a function was traced, for people to look at. Where one thing
    was asked for twice, the last time counts.

    targets: what was differentiated by variables; of_variables: (variable, gradient) by id;
    of_values: (result of an operation, its cotangent) by uid.
    """

    def __init__(self) -> None:
        self.targets: list[Value] = []
        self.of_variables: dict[int, tuple[Variable, Value]] = {}
        self.of_values: dict[int, tuple[Value, Value]] = {}

    def note(self, value: Value, cotangent: Value) -> None:
        """Note a result's cotangent."""
        self.of_values[value.uid] = (value, cotangent)


class Scope:
    """The variables that a traced function read (`inputs`) and wrote (`written`)."""

    def __init__(self) -> None:
        self.variables: dict[int, Variable] = {}
        self.inputs: dict[int, Tensor] = {}
        self.current: dict[int, Tensor] = {}
        self.written: dict[int, Variable] = {}
        self.gradients: Gradients | None = Gradients()

    def read(self, variable: Variable) -> Tensor:
        """The variable's value at this point of the trace."""
        key = id(variable)
        if key not in self.current:
            self.variables[key] = variable
            self.inputs[key] = self.current[key] = Tensor(variable.spec)
        return self.current[key]

    def write(self, variable: Variable, value: Tensor) -> None:
        """Give the variable another value from this point of the trace on."""
        self.read(variable)  # a written variable is state: input and output
        self.written[id(variable)] = variable
        self.current[id(variable)] = value


class Stand(Scope):
    """Values in the place of some variables' own; the other variables are what they are around it."""

    def __init__(self, values: dict[int, Tensor]) -> None:
        super().__init__()
        self.current = values
        self._around = recording.scope()
        self.gradients = None if self._around is None else self._around.gradients

    def read(self, variable: Variable) -> Tensor:
        """The value at this point."""
        if id(variable) in self.current:
            return self.current[id(variable)]
        return variable.snapshot() if self._around is None else self._around.read(variable)

    def write(self, variable: Variable, value: Tensor) -> None:
        """Give the variable another value from this point on, to the end of the scope."""
        if id(variable) in self.current:
            self.current[id(variable)] = value
        elif self._around is None:
            variable.put(value)
        else:
            self._around.write(variable, value)


def current_scope() -> Scope | None:
    """The innermost scope of this thread, None when code runs eagerly."""
    return recording.scope()


def is_eager() -> bool:
    """Whether code runs at once, and nothing records it."""
    if recording.alone():
        return True
    return not (recording.is_traced() or recording.scope() or recording.tapes())


def tracing() -> Context[Scope]:
    """Within it operations are recorded, and variables are read and written in a new scope."""
    return recording.traced(Scope())


def eagerly() -> Context[None]:
    """Within it code runs at once although a function is being traced: variables are made so."""
    return recording.ended()


_dtypes: Stack[str] = Stack()
_OWN = ""  # each variable in its own dtype


def autocasting() -> bool:
    """Whether a call around this point has said how variables are read."""
    return _dtypes.top() is not None


def autocast_dtype() -> str | None:
    """The dtype in which float variables are read here, None for each one's own."""
    return _dtypes.top() or None


def autocast(dtype: str | None) -> Context[None]:
    """Within it, float variables that allow it are read in a dtype; None: each in its own.

    >>> from narae import Variable
    >>> weight = Variable([1.0])
    >>> with autocast("float16"):
    ...     weight.value.dtype
    'float16'
    >>> weight.value.dtype
    'float32'
    """
    return _dtypes.pushed(dtype or _OWN)
