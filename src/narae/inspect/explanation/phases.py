"""Where each operation of a step belongs: its phase (forward, loss, backward, update, metrics), and
the layer that it computes for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base.language import mark
from narae.engine.trace import Traced
from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Value

if TYPE_CHECKING:
    from narae.engine.variable import Variable
    from narae.models.model import Model

PHASES = (mark("forward"), mark("loss"), mark("backward"), mark("update"), mark("metrics"))
INPUT, LOSS, OPTIMIZER, METRICS, MODEL = "inputs", "loss", "optimizer", "metrics", "model"
_FORWARD, _TARGET, _KEPT = 1, 2, 3  # bits of what a value is for; then those of the outputs


@dataclass(frozen=True)
class Place:
    """phase: one of PHASES. layer: a layer's path within the model, or what stands in its place:
    'loss', 'optimizer', 'metrics', 'inputs' (made ready for the model), 'model' (its own code)."""

    phase: str
    layer: str


class Layers:
    """The layers of a model by their paths, as the scopes of recorded nodes name them."""

    def __init__(self, model: Model) -> None:
        self._model = model
        every = list(model._flatten_layers(include_self=False))
        self._by_name = {layer.name: layer for layer in reversed(every)}
        self._owners = {id(v): layer for layer in every for v in layer._own_variables()}
        self._owners |= {id(v): model for v in model._own_variables()}
        self._holders = {
            id(held): layer for layer in every for held in getattr(layer, "_layers", ())
        }
        self._counted = {id(v) for metric in model.metrics for v in metric.variables}
        optimizer: Any = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        self._heads = {model.name, getattr(optimizer, "name", None)}
        trained: Any = getattr(optimizer, "_trained", ())
        slots: Any = getattr(optimizer, "_slots", ())
        self._slots = {
            id(v): (slot, weight)
            for weight, held in zip(trained, slots)
            for slot, v in held.items()
        }
        self._found: dict[tuple[str, ...], tuple[str, Any]] = {}
        self._paths: dict[int, str] = {}

    def path(self, scopes: tuple[str, ...]) -> str:
        """The path that scopes name."""
        return self._resolved(scopes)[0]

    def layer(self, path: str) -> Any:
        """The layer of a path that was asked for, None for a call of an operation."""
        return next((layer for found, layer in self._found.values() if found == path), None)

    def of_variable(self, variable: Variable) -> str | None:
        """The path of the layer that has a weight, None for a variable of none."""
        owner = self._owners.get(id(variable))
        if owner is None:
            return None
        if owner is self._model:
            return MODEL
        # weights of a layer that is never called, a cell's, count for the nearest that is and holds it
        holder = owner
        while id(holder) not in self._paths and id(holder) in self._holders:
            holder = self._holders[id(holder)]
        return self._paths.get(id(holder), owner.name)

    def short(self, variable: Variable) -> str:
        """A variable's path without the model's or the optimizer's name; an optimizer's slot with
        the weight that it belongs to: velocity(dense/kernel)."""
        if id(variable) in self._slots:
            slot, weight = self._slots[id(variable)]
            return f"{slot}({self.short(weight)})"
        head, _, rest = variable.path.partition("/")
        return rest if rest and head in self._heads else variable.path

    def fresh(self, variable: Variable) -> np.ndarray:
        """A copy of a variable's numbers; of a metric's those of the beginning, so that the results
        are of one batch."""
        stored = variable.stored()
        return np.zeros_like(stored) if self.counts(variable) else stored.copy()

    def counts(self, variable: Variable) -> bool:
        """Whether a variable is a metric's."""
        return id(variable) in self._counted

    def _resolved(self, scopes: tuple[str, ...]) -> tuple[str, Any]:
        if scopes not in self._found:
            names = scopes[1:] if scopes[:1] == (self._model.name,) else scopes
            layer = self._model
            for name in names:
                held = [one for one in getattr(layer, "_layers", ()) if one.name == name]
                layer = held[0] if held else self._by_name.get(name)
            path = "/".join(names) or MODEL
            self._found[scopes] = (path, layer)
            if layer is not None:
                self._paths.setdefault(id(layer), path)
        return self._found[scopes]


def places(
    graph: Graph, traced: Traced, targets: Sequence[Value], layers: Layers, kind: str
) -> dict[Node, Place]:
    """The place of each node. targets: what was differentiated, in the simplified graph."""
    for node in graph.nodes:  # forward paths first: weights are found by them
        if node.where.path and not node.where.backward:
            layers.path(node.where.path)
    uses = _uses(graph, targets)
    written = [traced.variables[i] for i in traced.written]
    first = len(graph.outputs) - len(written)
    owners = {
        1 << (_KEPT + first + i): layers.of_variable(v)
        for i, v in enumerate(written)
        if v.trainable
    }
    metrics = _bits(first + i for i, v in enumerate(written) if layers.counts(v))
    results = _bits(range(first))
    return {
        node: _place(node, uses[node.uids[0]], owners, metrics | results, layers, kind)
        for node in graph.nodes
    }


def _place(
    node: Node, use: int, owners: dict[int, str | None], counted: int, layers: Layers, kind: str
) -> Place:
    scopes, backward = node.where
    if backward:
        return Place("backward", layers.path(scopes) if scopes else LOSS)
    if scopes:
        return Place("forward", layers.path(scopes))
    if use & _FORWARD or kind == "predict":
        return Place("forward", INPUT if use & _FORWARD else MODEL)
    if use & _TARGET:
        return Place("loss", LOSS)
    trained = {path for bit, path in owners.items() if use & bit}
    if len(trained) == 1:
        return Place("update", trained.pop() or OPTIMIZER)
    if trained or use & ~counted & ~_TARGET & ~_FORWARD:
        return Place("update", OPTIMIZER)
    return Place("metrics", METRICS)


def _bits(positions: Iterable[int]) -> int:
    return sum(1 << (_KEPT + p) for p in positions)


def _uses(graph: Graph, targets: Sequence[Value]) -> dict[int, int]:
    """What each value is for, as bits: for a layer's forward pass, for what is differentiated, and
    for which outputs of the graph."""
    uses: dict[int, int] = {}
    for i, value in enumerate(graph.outputs):
        uses[value.uid] = uses.get(value.uid, 0) | 1 << (_KEPT + i)
    for value in targets:
        uses[value.uid] = uses.get(value.uid, 0) | _TARGET
    # a target may have been left behind, with what it needs that is there: a scaled loss is never read
    for node in reversed(build(graph.inputs, [*graph.outputs, *targets])[0].nodes):
        found = 0
        for uid in node.uids:
            found |= uses.get(uid, 0)
        for uid in node.uids:
            uses[uid] = found
        given = found if not (node.where.path and not node.where.backward) else found | _FORWARD
        for value in node.inputs:
            uses[value.uid] = uses.get(value.uid, 0) | given
    return uses
