"""Variables in bodies of control flow: what a body assigns is state that the operation carries.

A body is traced once and runs many times. A variable that it writes becomes a further carry of a loop, or a
further result of a choice, and is assigned when the operation is done: so the seeds of dropout go on from step
to step, and moving averages move at each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narae.graph import recording
from narae.graph.graph import Graph, build
from narae.graph.ir import Op, Spec, Value, now
from narae.primitives.records.body import Body

if TYPE_CHECKING:
    from narae.engine.scope import Scope
    from narae.engine.variable import Variable


class State:
    """The scope of a body: which variables it read and wrote.

    Those in `held` stand for themselves in the body, as inputs of its graph. Other trainable ones are
    read outside: gradients reach them as they reach everything that a body captures.
    """

    gradients = None  # what tapes within a body are asked for is not shown

    def __init__(self, outer: Scope | State | None, held: dict[int, tuple[Any, Value]]) -> None:
        self._outer, self._held = outer, held
        self.current: dict[int, Value] = {}
        self.written: dict[int, Any] = {}

    def read(self, variable: Variable) -> Value:
        """The variable's value at this point of the body."""
        key = id(variable)
        if key not in self.current:
            if key not in self._held and variable.trainable:
                outer = self._outer
                return variable.snapshot() if outer is None else outer.read(variable)
            if key not in self._held:
                self._held[key] = (variable, Op.result_type(variable.spec))
            self.current[key] = self._held[key][1]
        return self.current[key]

    def write(self, variable: Variable, value: Value) -> None:
        """Give the variable another value from this point of the body on."""
        self.written[id(variable)] = variable
        self.current[id(variable)] = value


@dataclass(frozen=True)
class Bodies:
    """Functions traced with their state.

    inputs: those of every function. written, read: variables that one writes, that none writes, each with
    the value that stands for it in the bodies. outputs: of each function. news: for each function
    the last values of the variables in `written`.
    """

    inputs: list[Value]
    written: list[tuple[Any, Value]]
    read: list[tuple[Any, Value]]
    outputs: list[tuple[Value, ...]]
    news: list[list[Value]]
    since: int

    def graphs(
        self, inputs: Sequence[Value], outputs: Sequence[Sequence[Value]]
    ) -> tuple[tuple[Graph, ...], list[Value]]:
        """Graphs of some inputs, followed by all that is only read; and what to give for the latter."""
        inputs = [*inputs, *(value for _, value in self.read)]
        captured = build(inputs, [v for outs in outputs for v in outs], self.since)[1]
        graphs = tuple(build([*inputs, *captured], outs, self.since)[0] for outs in outputs)
        return graphs, [*(variable.own_value for variable, _ in self.read), *captured]

    def before(self) -> list[Value]:
        """The values that the variables in `written` have outside."""
        return [variable.own_value for variable, _ in self.written]

    def assign(self, values: Sequence[Value]) -> None:
        """Give the variables in `written` their values after the operation."""
        for (variable, _), value in zip(self.written, values, strict=True):
            # where shapes are inferred, outside of every step, there are no numbers to keep
            if value.data is not None or recording.scope() is not None:
                variable.assign(value)


def trace_bodies(functions: Sequence[Body], specs: Sequence[Spec]) -> Bodies:
    """Trace functions of tensors of `specs`, their variables with them.

    Traced once more where a trainable variable turns out to be written: it is state then, no constant.
    """
    outer, held = recording.scope(), {}
    while True:
        since = now()
        held = {key: (v, Op.result_type(v.spec)) for key, (v, _) in held.items()}
        inputs = [Op.result_type(spec) for spec in specs]
        states = [State(outer, held) for _ in functions]
        outputs = [_run(f, state, inputs) for f, state in zip(functions, states, strict=True)]
        written = {key: v for state in states for key, v in state.written.items()}
        late = {key: (v, v) for key, v in written.items() if key not in held}
        if not late:
            break
        held.update(late)
    return Bodies(
        inputs,
        [held[key] for key in written],
        [found for key, found in held.items() if key not in written],
        outputs,
        [[state.current.get(key, held[key][1]) for key in written] for state in states],
        since,
    )


def _run(function: Body, state: State, inputs: Sequence[Value]) -> tuple[Value, ...]:
    with recording.traced(state):
        return tuple(function(*inputs))
