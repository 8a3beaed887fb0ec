"""An Explanation from what was seen: operations, steps, layers, weights."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from narae.executors.shared.how import How
from narae.graph import fuse
from narae.graph.cost import flops
from narae.graph.ir import Node, Value
from narae.graph.plan import bytes_of
from narae.inspect.explanation.evaluate import Seen
from narae.inspect.explanation.formulas import Names, formulas, term
from narae.inspect.explanation.phases import INPUT, LOSS, METRICS, MODEL, OPTIMIZER
from narae.inspect.explanation.report import Explanation, Layer, Operation, Step, Weight
from narae.inspect.explanation.step import Subject

_KINDS = {
    INPUT: "made ready",
    LOSS: "loss",
    METRICS: "metrics",
    OPTIMIZER: "optimizer",
    MODEL: "the model's own code",
}


def gathered(
    subject: Subject,
    seen: Seen,
    executor: str,
    ways: Sequence[How],
    times: Sequence[float],
    seconds: float,
    results: Sequence[np.ndarray],
) -> Explanation:
    """Everything together. ways, times: for each step of the plan."""
    gathering = _Gathering(subject, seen)
    steps = tuple(
        gathering.step(number, how, time)
        for number, (how, time) in enumerate(zip(ways, times, strict=True), 1)
    )
    return Explanation(
        model=subject.model.name,
        kind=subject.kind,
        executor=executor,
        inputs=tuple((gathering.names.of(v).text, v.shape, v.dtype) for v in subject.batch()),
        results=results if isinstance(results, dict) else {},
        operations=gathering.operations,
        steps=steps,
        layers=gathering.layers(steps),
        seconds=seconds,
        arena=subject.plan.arena,
    )


def _rounds(step: fuse.Step) -> int | None:
    """How often the loop in a step runs its body, None where there is none."""
    insides = [one for node in step.nodes if node.op.inside for one in node.op.inside(node)]
    return next((one.times for one in insides if one.times and one.times > 1), None)


class _Gathering:
    def __init__(self, subject: Subject, seen: Seen) -> None:
        self.subject, self.seen = subject, seen
        given = {**{u: _number(a) for u, a in seen.known.items()}, **subject.names()}
        self.names = Names(given, subject.graph)
        self._step_of = {
            node: number for number, step in enumerate(subject.plan.steps, 1) for node in step.nodes
        }
        once = set(subject.plan.once)
        self._nodes = [node for node in subject.graph.nodes if node not in once]
        self._numbers = {node: i for i, node in enumerate(self._nodes)}
        self._makers = {uid: node for node in self._nodes for uid in node.uids}
        # the steps' formulas first: numbered names then grow in the order of the run
        self._lines = [formulas(step.nodes, step.inner, self.names) for step in subject.plan.steps]
        self.operations = tuple(map(self._operation, self._nodes))

    def _operation(self, node: Node) -> Operation:
        place = self.subject.places[node]
        made = [v for v in node.inputs if v.uid in self._makers]
        names = [self.names.of(v) for v in node.inputs]
        given = [n.text for n, v in zip(names, node.inputs, strict=True) if self._is_given(v)]
        spec = node.specs[0]
        return Operation(
            number=self._numbers[node],
            step=self._step_of.get(node, 0),
            name=node.op.name,
            phase=place.phase,
            layer=place.layer,
            result=self.names.of(node.output(0)).text,
            formula=term(node, names).text,
            shape=spec.shape,
            dtype=spec.dtype,
            statistics=self.seen.statistics[node.uids[0]],
            flops=flops(node),
            needs=tuple(dict.fromkeys(self._numbers[self._makers[v.uid]] for v in made)),
            reads=tuple(dict.fromkeys(given)),
        )

    def _is_given(self, value: Value) -> bool:
        return any(value.uid == v.uid for v in self.subject.graph.inputs)

    def step(self, number: int, how: How, seconds: float) -> Step:
        """One step of the plan."""
        step = how.step
        operations = tuple(self.operations[self._numbers[node]] for node in step.nodes)
        main = max(operations, key=lambda operation: operation.flops)
        uid = step.outputs[-1] if step.outputs else step.nodes[-1].uids[0]
        value = self.subject.plan.values[uid]
        read, written = bytes_of(step, self.subject.plan)
        rectified = [u for node in step.nodes for u in node.uids if u in self.seen.dead]
        return Step(
            number=number,
            phase=main.phase,
            layer=main.layer,
            operations=operations,
            formula="\n".join(self._lines[number - 1]),
            result=self.names.of(value).text,
            shape=value.shape,
            dtype=value.dtype,
            statistics=self.seen.statistics[uid],
            flops=sum(operation.flops for operation in operations),
            read=read,
            written=written,
            seconds=seconds,
            how=how.way,
            why=how.why,
            gradient_norm=self._gradient_norm(step),
            dead=self.seen.dead[rectified[-1]] if rectified else None,
            rounds=_rounds(step),
        )

    def _gradient_norm(self, step: fuse.Step) -> float | None:
        """Of the last value that outlives the step and has a gradient."""
        cotangents = self.subject.cotangents
        found = [cotangents[u].uid for u in step.outputs if u in cotangents]
        return self.seen.norms[found[-1]] if found else None

    def layers(self, steps: Sequence[Step]) -> tuple[Layer, ...]:
        """Layers in the order in which they run, then what stands in the place of one."""
        outputs = self.subject.outputs_of_layers()
        found = {o.layer for o in self.operations}
        last = [LOSS, OPTIMIZER, METRICS]
        called = [*self.subject.called(), *(o.layer for o in self.operations)]
        order = [path for path in dict.fromkeys(called) if path not in last]
        paths = [path for path in (*order, *last) if path in found]
        weights = self._weights()
        work: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for operation in self.operations:
            work[operation.layer][operation.phase] += operation.flops
        for step in steps:
            spent[step.layer][step.phase] += step.seconds
        return tuple(
            self._layer(path, outputs.get(path, []), weights.get(path, ()), work[path], spent[path])
            for path in paths
        )

    def _layer(
        self,
        path: str,
        outputs: Sequence[Value],
        weights: Sequence[Weight],
        work: Mapping[str, int],
        spent: Mapping[str, float],
    ) -> Layer:
        value = outputs[-1] if outputs else None
        cotangent = None if value is None else self.subject.cotangents.get(value.uid)
        mine = [o for o in self.operations if o.layer == path and o.phase == "forward"]
        by_number = {self._numbers[self._makers[uid]]: d for uid, d in self.seen.dead.items()}
        dead = [by_number[o.number] for o in mine if o.number in by_number]
        return Layer(
            path=path,
            kind=self._kind(path),
            shape=() if value is None else value.shape,
            dtype="" if value is None else value.dtype,
            statistics=None if value is None else self.seen.statistics[value.uid],
            gradient_norm=None if cotangent is None else self.seen.norms[cotangent.uid],
            dead=dead[-1] if dead else None,
            weights=tuple(weights),
            flops=dict(work),
            seconds=dict(spent),
        )

    def _kind(self, path: str) -> str:
        layer = self.subject.layers.layer(path)
        if layer is None or layer is self.subject.model:
            return _KINDS.get(path, "operation")
        return type(layer).__name__

    @functools.cache  # noqa: B019  (a gathering lives as long as one call)
    def _weights(self) -> dict[str, list[Weight]]:
        found: dict[str, list[Weight]] = defaultdict(list)
        for i, (variable, old, _) in enumerate(self.subject.states()):
            owner = self.subject.layers.of_variable(variable)
            if owner is None or not variable.dtype.startswith(("float", "bfloat")):
                continue
            gradient = self.subject.gradients.get(id(variable))
            statistics = self.seen.statistics[old.uid]
            found[owner].append(
                Weight(
                    name=self.names.of(old).text,
                    shape=old.shape,
                    statistics=statistics,
                    norm=self.seen.state_norms[i],
                    gradient_norm=None if gradient is None else self.seen.norms[gradient.uid],
                    change=self.seen.changes.get(i),
                )
            )
        return found


def _number(array: np.ndarray) -> str:
    if array.size == 1:
        number = array.reshape(-1)[0].item()
        return f"{number:.6g}" if isinstance(number, float) else str(number)
    return f"constant[{', '.join(map(str, array.shape))}]"
