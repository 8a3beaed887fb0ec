"""Gradients of what eager code recorded, when it records the same again: step for step of a loop.

A walk backwards (`narae.graph.autodiff`) asks the rules of every node anew, which takes longer than the
arithmetic where arrays are small. What the rules do follows from the operations, their parameters, specs
and links, and from no numbers. So the second time that a recording has the same structure, the walk is
recorded itself, and from then on its operations run one after the other on plain arrays: the very same
functions in the same order, and so the same bits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.base.context import quietly
from narae.base.settings import epsilon, floatx
from narae.graph.autodiff import Algebra, backprop
from narae.graph.graph import reachable
from narae.graph.ir import Node, Op, Spec, Value, computed
from narae.graph.recording import traced

MOST = 64  # structures that are kept, the one used last at the end
NODES = 4_000  # of a recording; longer ones are walked each time


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation of the walk: the places of what it reads and writes, and of what nobody reads after it."""

    forward: Callable[..., Any]
    params: dict[str, Any]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    multi: bool
    last: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Program:
    calls: tuple[_Call, ...]
    constants: tuple[np.ndarray, ...]  # in the places after those of what is given
    size: int  # places in all
    results: tuple[tuple[int, Spec] | None, ...]

    def run(self, given: Sequence[np.ndarray | None]) -> list[Value | None]:
        """The gradients. given: the numbers of the recorded values, in the order of their places."""
        env: list[Any] = [*given, *self.constants]
        env += [None] * (self.size - len(env))
        quietly(self._run, env)
        return [None if r is None else Op.result_type(r[1], env[r[0]]) for r in self.results]

    def _run(self, env: list[Any]) -> None:
        for call in self.calls:
            out = call.forward(np, *[env[i] for i in call.reads], **call.params)
            if not call.multi:
                env[call.writes[0]] = out if type(out) is np.ndarray else np.asarray(out)
            else:
                for i, part in zip(call.writes, out, strict=True):
                    env[i] = np.asarray(part)
            for i in call.last:
                env[i] = None


_seen: OrderedDict[Hashable, _Program | None] = OrderedDict()  # None: seen once
_NEVER = object()


class _Recording:
    """What was recorded, with a place for each value: those from outside, and the nodes' results."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.places: dict[int, int] = {}
        self.specs: list[Spec] = []  # by place, as the numbers
        self.numbers: list[np.ndarray | None] = []
        self._links: list[Hashable] = []
        places, specs, numbers = self.places, self.specs, self.numbers
        for node in nodes:
            reads = tuple([self.place(v) for v in node.inputs])
            self._links.append((node.op, reads, _plain(node.params), len(node.specs)))
            for uid, spec, data in zip(node.uids, node.specs, node.datas, strict=True):
                places[uid] = len(specs)
                specs.append(spec)
                numbers.append(data)

    def place(self, value: Value) -> int:
        """A value's place; a new one for a value that comes from outside."""
        found = self.places.get(value.uid)
        if found is None:
            found = self.places[value.uid] = len(self.specs)
            self.specs.append(value.spec)
            self.numbers.append(value.data)
        return found

    def key(self, *groups: Sequence[Value]) -> Hashable:
        """All that the walk follows from."""
        asked = tuple([tuple([self.place(v) for v in group]) for group in groups])
        specs = tuple([(spec.shape, spec.dtype) for spec in self.specs])
        return (tuple(self._links), asked, specs, floatx(), epsilon())


def replayed(
    outputs: Sequence[Value],
    cotangents: Sequence[Value],
    sources: Sequence[Value],
    algebra: Algebra,
    since: int,
) -> list[Value | None] | None:
    """What `backprop` gives where nothing records the walk; None where it has to be walked.

    algebra: whose sum looks at nothing but specs.
    """
    nodes = reachable(outputs, lambda v: v.uid < since)
    nodes = [n for n in nodes if n.uids[0] >= since]
    if len(nodes) > NODES or any(n.op.inside is not None or not n.op.known for n in nodes):
        return None  # graphs of control flow, and what others define, may look at numbers
    try:
        found = _Recording(nodes)
        key = found.key(outputs, cotangents, sources)
        program = _seen.pop(key, _NEVER)
    except TypeError:  # a parameter that is an array
        return None
    if program is _NEVER or any(data is None for data in found.numbers):
        _keep(key, None)
        return None
    if not isinstance(program, _Program):
        program = _recorded(found, outputs, cotangents, sources, algebra)
    _keep(key, program)
    return program.run(found.numbers)


def _keep(key: Hashable, program: _Program | None) -> None:
    _seen[key] = program
    while len(_seen) > MOST:
        _seen.popitem(last=False)


def _plain(params: dict[str, Any]) -> Hashable:
    """Parameters that can be compared: 0.0 is not -0.0, and 1 is not True."""
    if not params:
        return ()
    return tuple(
        [(k, v if type(v) in (tuple, str) else (type(v), repr(v))) for k, v in params.items()]
    )


def _recorded(
    found: _Recording,
    outputs: Sequence[Value],
    cotangents: Sequence[Value],
    sources: Sequence[Value],
    algebra: Algebra,
) -> _Program:
    """The walk over values of the same specs without numbers, as calls."""
    stand: list[Value | None] = [None] * len(found.specs)
    made = {found.places[uid] for node in found.nodes for uid in node.uids}
    for i, spec in enumerate(found.specs):
        if i not in made:
            stand[i] = Op.result_type(spec)
    for node in found.nodes:
        inputs = tuple([stand[found.places[v.uid]] for v in node.inputs])
        blank = (None,) * len(node.specs)
        copy = Node(node.op, inputs, node.params, node.specs, blank, node.multi)  # type: ignore[arg-type]
        for i, uid in enumerate(node.uids):
            stand[found.places[uid]] = copy.output(i)

    def standing(values: Sequence[Value]) -> list[Any]:
        return [stand[found.places[v.uid]] for v in values]

    with traced():
        parts = backprop(standing(outputs), standing(cotangents), standing(sources), algebra)
    return _calls([v for v in stand if v is not None], parts)


def _forward(node: Node) -> Callable[..., Any]:
    """What computes a node as `bind` does."""
    op, out, given = node.op, node.specs[0], [v.spec for v in node.inputs]
    if op.large is None:
        return op.forward

    def forward(_: object, *arrays: np.ndarray, **params: Any) -> np.ndarray:
        return computed(op, out, given, arrays, params)[0]

    return forward


def _calls(given: Sequence[Value], results: Sequence[Value | None]) -> _Program:
    """The nodes between values that are given and results, as calls on places."""
    places = {v.uid: i for i, v in enumerate(given)}
    nodes = reachable([r for r in results if r is not None], lambda v: v.uid in places)
    made = {uid for node in nodes for uid in node.uids}
    used = [*[v for node in nodes for v in node.inputs], *[r for r in results if r is not None]]
    constants = {v.uid: v.data for v in used if v.uid not in places and v.uid not in made}
    for uid in [*constants, *[uid for node in nodes for uid in node.uids]]:
        places[uid] = len(places)
    ends = {places[r.uid] for r in results if r is not None}
    reads = [tuple([places[v.uid] for v in node.inputs]) for node in nodes]
    last = {i: step for step, places_ in enumerate(reads) for i in places_ if i not in ends}
    let_go: list[list[int]] = [[] for _ in nodes]
    for i, step in last.items():
        let_go[step].append(i)
    calls = [
        _Call(_forward(n), n.params, r, tuple([places[u] for u in n.uids]), n.multi, tuple(gone))
        for n, r, gone in zip(nodes, reads, let_go, strict=True)
    ]
    return _Program(
        tuple(calls),
        tuple(constants.values()),  # type: ignore[arg-type]
        len(places),
        tuple([None if r is None else (places[r.uid], r.spec) for r in results]),
    )
