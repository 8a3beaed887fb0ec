"""A quick look at how a model trains: gradient norms, dead units, what comes out. `explain` without
statistics and times, to be asked again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import trees
from narae.graph.ir import Node, run
from narae.inspect.explanation.evaluate import rectifies
from narae.inspect.explanation.explain import subject_of
from narae.inspect.explanation.statistics import dead_share, norm
from narae.inspect.explanation.step import Subject
from narae.models.data.sources import make_source

if TYPE_CHECKING:
    from narae.models.data.protocols import Triple
    from narae.models.model import Model

_MOST = 256  # samples that are looked at


@dataclass(frozen=True)
class Health:
    """weights: name -> (elements, norm, norm of the gradient), in the order of the layers. dead:
    layer -> share of units that are 0 for all samples. unsound: the first operation that gives NaN
    or infinity, as (layer, formula's name), None where all are numbers. samples: how many."""

    weights: Mapping[str, tuple[int, float, float]]
    dead: Mapping[str, float]
    unsound: tuple[str, str] | None
    samples: int


class Probe:
    """One batch, to be put through a model's training step without changing the model.

    data: (x, y, sample_weight). Raises what tracing the step raises.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, "relu", name="first")])
    >>> model.compile("sgd", "mse")
    >>> health = Probe(model, (np.ones((8, 4)), np.ones((8, 3)), None)).look()
    >>> list(health.weights), health.samples, health.unsound
    (['first/kernel', 'first/bias'], 8, None)
    """

    def __init__(self, model: Model, data: Triple) -> None:
        x, y, weight = trees.map_tree(lambda leaf: None if leaf is None else leaf[:_MOST], data)
        batch = make_source(x, y, weight, batch_size=_MOST).peek()
        self._subject = subject_of(model, "train", batch)
        self._names = self._subject.names()
        self._samples = batch.size
        self._inputs = [np.empty(v.shape, v.dtype) for v in self._subject.batch()]
        batch.write(self._inputs)
        self._graph = self._subject.watched()
        self._readers = Counter(v.uid for node in self._graph.nodes for v in node.inputs)
        gradients = self._subject.gradients
        self._kept = {v.uid for v in gradients.values()}

    def look(self) -> Health:
        """The health of the model as it is now."""
        subject = self._subject
        state = [v.stored() for v in subject.traced.variables]
        env: dict[int, Any] = {v.uid: v.data for v in self._graph.constants if v.data is not None}
        env.update(zip((v.uid for v in self._graph.inputs), [*self._inputs, *state], strict=True))
        left, dead, unsound = Counter(self._readers), {}, None
        for node in self._graph.nodes:
            outs = run(node.op, [env[v.uid] for v in node.inputs], node.params)
            env.update(zip(node.uids, outs, strict=True))
            place = subject.places.get(node)
            if place is not None and place.phase == "forward" and rectifies(node):
                dead[place.layer] = dead_share(outs[0])
            if unsound is None and place is not None and not all(map(_sound, outs)):
                unsound = (place.layer, node.op.name)
            self._release(node, left, env)
        return Health(self._weights(subject, env), dead, unsound, self._samples)

    def _release(self, node: Node, left: Counter[int], env: dict[int, Any]) -> None:
        for value in node.inputs:
            left[value.uid] -= 1
            if not left[value.uid] and value.uid not in self._kept:
                env.pop(value.uid, None)

    def _weights(self, subject: Subject, env: Mapping[int, Any]) -> dict[str, Any]:
        found = {}
        for variable, old, _ in subject.states():
            gradient = subject.gradients.get(id(variable))
            if gradient is not None:
                array = env[gradient.uid] if gradient.data is None else gradient.data
                weight = variable.stored()
                found[self._names[old.uid]] = (weight.size, norm(weight), norm(array))
        return found


def _sound(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
