"""Checks that a graph and a plan are what they claim to be: for tests, and for debugging a pass."""

from __future__ import annotations

from narae.graph.graph import Graph
from narae.graph.plan import Plan


class Malformed(AssertionError):
    """A graph or a plan that a pass should not have made."""


def verify(graph: Graph) -> Graph:
    """The graph itself. Raises Malformed where a node reads what comes after it, where specs are
    not what the op's rule gives, or where two values have one uid."""
    known = {v.uid: v.spec for v in graph.inputs}
    if len(known) != len(graph.inputs):
        raise Malformed("an input of the graph is there twice")
    made = {uid for node in graph.nodes for uid in node.uids}
    for node in graph.nodes:
        for v in node.inputs:
            if v.uid not in known and (v.uid in made or v.data is None):
                raise Malformed(f"{node} reads %{v.uid}, which is not known before it")
            if known.get(v.uid, v.spec) != v.spec:
                raise Malformed(f"{node} reads %{v.uid} as {v.spec}: it is {known[v.uid]}")
        specs = node.op.rule(*(v.spec for v in node.inputs), **node.params)
        if (specs if node.multi else (specs,)) != node.specs:
            raise Malformed(f"{node}: its rule gives {specs}")
        if known.keys() & set(node.uids):
            raise Malformed(f"{node} makes a value that is there already")
        known.update(zip(node.uids, node.specs, strict=True))
    for v in graph.outputs:
        if v.uid not in known and v.data is None:
            raise Malformed(f"the output %{v.uid} is computed nowhere")
    return graph


def verify_plan(plan: Plan) -> Plan:
    """The plan itself. Raises Malformed where a value is read before it is written, or after
    another one has taken its bytes.

    It runs the plan on the names of values in place of their numbers: every read must find the
    value that it asks for.
    """
    memory = _Memory(plan)
    for value in (*plan.inputs, *plan.state):
        memory.write(value.uid)
    for move in plan.before:
        memory.read(move.source)
        memory.write(move.target)
    for step in plan.steps:
        for node in step.nodes:
            views = {v.uids[0] for v in step.views}
            for uid in {v.uid for v in node.inputs} - step.inner - views:
                memory.read(uid)
            for uid in set(node.uids) - step.inner:
                memory.write(uid)
    states = {v.uid for v in plan.state}
    for move in plan.after:
        memory.read(move.source)
        if move.target not in states:  # what a state gets is its next value
            memory.write(move.target)
    for uid in plan.outputs:
        memory.read(uid)
    return plan


class _Memory:
    """Which value is where: a uid for each stretch of the arena, each input, each state."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._root = {uid: uid for uid in plan.homes}
        for node in plan.views:
            self._root[node.uids[0]] = self._root[node.inputs[0].uid]
        self._held: dict[int, tuple[str, int, int]] = {}  # uid -> kind, first byte, last byte

    def read(self, uid: int) -> None:
        root = self._root[uid]
        if self._plan.homes[root].kind != "constant" and root not in self._held:
            raise Malformed(f"%{uid} is read where its bytes are not written, or another's")

    def write(self, uid: int) -> None:
        home = self._plan.homes[uid]
        size = self._plan.values[uid].spec.nbytes if home.kind == "arena" else 1
        first, last = home.index, home.index + size
        self._held = {
            other: (kind, a, b)
            for other, (kind, a, b) in self._held.items()
            if kind != home.kind or b <= first or last <= a
        }
        self._held[uid] = (home.kind, first, last)
