"""What is explained: a step's graph and plan, and what its values are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narae.base import trees
from narae.engine.trace import Traced
from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Value
from narae.graph.plan import Plan
from narae.inspect.explanation.phases import INPUT, Layers, Place

if TYPE_CHECKING:
    from narae.models.data.protocols import Arrays, Triple


@dataclass(frozen=True, eq=False)
class Subject:
    """A step before it runs. data: the batch's arrays, (x, y, sample_weight). targets: what was
    differentiated. gradients: by the id of each variable; cotangents: the gradient by a value, by
    the value's uid."""

    model: Any
    kind: str
    data: Any
    traced: Traced
    graph: Graph
    plan: Plan
    layers: Layers
    places: Mapping[Node, Place]
    targets: tuple[Value, ...]
    gradients: Mapping[int, Value]
    cotangents: Mapping[int, Value]

    def called(self) -> list[str]:
        """The paths of the layers in the order of their first call."""
        wheres = dict.fromkeys(node.where for node in self.traced.graph.nodes)
        return [self.layers.path(path) for path, backward in wheres if path and not backward]

    def watched(self) -> Graph:
        """The graph, with the gradients that rewriting has left behind."""
        more = [*self.gradients.values(), *self.cotangents.values()]
        return build(self.graph.inputs, [*self.graph.outputs, *more])[0]

    def batch(self) -> list[Value]:
        """The graph's inputs that are the batch's arrays."""
        return list(self.graph.inputs[: len(self.graph.inputs) - len(self.traced.variables)])

    def states(self) -> list[tuple[Any, Value, Value | None]]:
        """(variable, its value, its new value or None) for each variable that the step reads."""
        count = len(self.traced.variables)
        old = self.graph.inputs[len(self.graph.inputs) - count :]
        written = self.traced.written
        new = self.graph.outputs[len(self.graph.outputs) - len(written) :]
        after = dict(zip(written, new, strict=True))
        return [(v, old[i], after.get(i)) for i, v in enumerate(self.traced.variables)]

    def outputs_of_layers(self) -> dict[str, list[Value]]:
        """What each layer gives to others, or to the outside, in the forward pass."""
        mine = {
            uid: place.layer
            for node, place in self.places.items()
            if place.phase == "forward" and place.layer != INPUT
            for uid in node.uids
        }
        found: dict[str, dict[int, Value]] = {}
        for node, place in self.places.items():
            if place.phase in ("forward", "loss", "metrics"):
                for value in node.inputs:
                    if mine.get(value.uid, place.layer) != place.layer:
                        found.setdefault(mine[value.uid], {})[value.uid] = value
        for value in self._results():
            if value.uid in mine:
                found.setdefault(mine[value.uid], {})[value.uid] = value
        return {layer: list(values.values()) for layer, values in found.items()}

    def _results(self) -> tuple[Value, ...]:
        return self.graph.outputs[: len(self.graph.outputs) - len(self.traced.written)]

    def names(self) -> dict[int, str]:
        """What values are called that have a name: data, weights, layers' outputs, the loss,
        gradients (∇), new values of variables (′)."""
        names: dict[int, str] = {}

        def call(value: Value | None, name: str) -> None:
            if value is not None and (value.data is None):
                names.setdefault(value.uid, name)

        for value, name in zip(self.batch(), _data_names(self.data), strict=True):
            call(value, name)
        states = [(self.layers.short(v), v, old, new) for v, old, new in self.states()]
        for name, _, old, _ in states:
            call(old, name)
        outputs = self.outputs_of_layers()
        for layer, values in outputs.items():
            for i, value in enumerate(values):
                call(value, layer if len(values) == 1 else f"{layer}[{i}]")
        for value in self.targets:
            call(value, "loss")
        for name, variable, _, new in states:
            call(self.gradients.get(id(variable)), f"∇{name}")
            call(new, f"{name}′")
        for layer, values in outputs.items():
            for value in values:
                call(self.cotangents.get(value.uid), f"∇{layer}")
        return names


def _data_names(data: Triple) -> Iterator[str]:
    """A name for each array of a batch: x, y, sample_weight, with a place or key where there are
    several."""
    for name, tree in zip(("x", "y", "sample_weight"), data, strict=True):
        yield from _leaves(tree, name)


def _leaves(tree: Arrays, name: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key in sorted(tree):
            yield from _leaves(tree[key], str(key) if name == "x" else f"{name}[{key}]")
    elif trees.is_nested(tree):
        for i, part in enumerate(tree):
            yield from _leaves(part, f"{name}[{i}]")
    elif tree is not None:
        yield name
