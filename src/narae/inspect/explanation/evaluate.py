"""A step's graph, node by node in the reference, with every value looked at once and then let go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from narae.graph.ir import Node, run
from narae.inspect.explanation.statistics import Statistics, dead_share, norm, statistics_of
from narae.inspect.explanation.step import Subject


@dataclass
class Seen:
    """What was seen, by uid. statistics: of every value of the step's graph, the batch's and the
    state's included; norms: of gradients; dead: shares of dead units of ReLUs; known: numbers that
    do not depend on the batch; changes: by the position of a variable, the norm of what its update
    adds; state_norms: of the variables before the step."""

    statistics: dict[int, Statistics] = field(default_factory=dict)
    norms: dict[int, float] = field(default_factory=dict)
    dead: dict[int, float] = field(default_factory=dict)
    known: dict[int, np.ndarray] = field(default_factory=dict)
    changes: dict[int, float] = field(default_factory=dict)
    state_norms: list[float] = field(default_factory=list)


def look(subject: Subject, arrays: list[np.ndarray]) -> Seen:
    """Run the reference on arrays, one for each of the graph's inputs."""
    seen, graph = Seen(), subject.watched()
    own = {uid for node in subject.graph.nodes for uid in node.uids}
    wanted = {v.uid for v in (*subject.gradients.values(), *subject.cotangents.values())}
    once = set(subject.plan.once)
    env = {v.uid: v.data for v in graph.constants if v.data is not None}
    env.update((v.uid, a) for v, a in zip(graph.inputs, arrays, strict=True))
    for value in graph.inputs:
        seen.statistics[value.uid] = statistics_of(env[value.uid])
    kept = {v.uid for v in subject.graph.outputs}
    left = Counter(v.uid for node in graph.nodes for v in node.inputs)
    seen.norms.update((uid, norm(env[uid])) for uid in wanted & env.keys())
    for node in graph.nodes:
        outs = run(node.op, [env[v.uid] for v in node.inputs], node.params)
        for uid, array in zip(node.uids, outs, strict=True):
            env[uid] = array
            if uid in own:
                seen.statistics[uid] = statistics_of(array)
            if uid in wanted:
                seen.norms[uid] = norm(array)
            if node in once:
                seen.known[uid] = array
        if node in subject.places and subject.places[node].phase == "forward" and rectifies(node):
            seen.dead[node.uids[0]] = dead_share(outs[0])
        for value in node.inputs:
            left[value.uid] -= 1
            if not left[value.uid] and value.uid not in kept:
                env.pop(value.uid, None)
    _changes(subject, env, arrays, seen)
    return seen


def _changes(
    subject: Subject, env: dict[int, np.ndarray], arrays: list[np.ndarray], seen: Seen
) -> None:
    states = subject.states()
    before = arrays[len(arrays) - len(states) :]
    seen.state_norms = [norm(array) for array in before]
    for i, (_, _, new) in enumerate(states):
        if new is not None and before[i].dtype.kind not in "biu":
            seen.changes[i] = norm(np.subtract(env[new.uid], before[i], dtype=np.float64))


def rectifies(node: Node) -> bool:
    """Whether an operation gives 0 for what is not positive: a ReLU, of at least two axes."""
    if len(node.specs[0].shape) < 2:
        return False
    if node.op.name == "relu":
        return True
    zero = [v for v in node.inputs if v.data is not None and v.data.size and not v.data.any()]
    return node.op.name == "maximum" and bool(zero)
