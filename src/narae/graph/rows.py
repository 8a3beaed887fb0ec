"""Rows of a batch that do not meet: along which axis of each value they lie, and the graph of some of them.

A step of a recurrent network does the same for every row of its batch. Where no operation of a graph mixes
rows, parts of the batch can run through it one by one, each on a core of its own. An operation's record
says which axes of its operands and results go together (`Op.rows`); here what is known of some
values is carried to all others, forwards and backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Op, Spec, Value, now
from narae.graph.recording import Place, places, traced

Axis = int | None  # None: the same for all rows, or not known yet
Changed = Callable[[int], dict[str, Any]]


class MixedRows(Exception):
    """An operation reads several rows for one of its results: the graph does not split."""


@dataclass(frozen=True)
class Split:
    """How one node splits: the axes of its inputs and outputs, None for those that every row reads whole.

    params(b): the parameters that are others where there are b rows.
    """

    ins: tuple[Axis, ...]
    outs: tuple[Axis, ...]
    params: Changed = lambda b: {}


@dataclass(frozen=True)
class Rows:
    """How a graph splits: axes by uid (a value that is missing is the same for all rows).

    length: the number of rows; splits: how each node splits, by its first uid.
    """

    graph: Graph
    length: int
    axes: Mapping[int, int]
    splits: Mapping[int, Split]

    def of(self, values: Sequence[Value]) -> tuple[Axis, ...]:
        """The axes along which the rows of values lie, None for those that are the same for all."""
        return tuple(self.axes.get(v.uid) for v in values)

    @property
    def inputs(self) -> tuple[Axis, ...]:
        """The axes of the graph's inputs."""
        return self.of(self.graph.inputs)

    @property
    def outputs(self) -> tuple[Axis, ...]:
        """The axes of the graph's outputs."""
        return self.of(self.graph.outputs)


def rows_of(graph: Graph, ins: Sequence[Axis], outs: Sequence[Axis] = (), length: int = -1) -> Rows:
    """Along which axes the rows of a batch lie in all values of a graph.

    Args:
        graph: any graph.
        ins: the axis of each input, None where it is not known: it is found, or stays None where the
            input is the same for all rows.
        outs: the same of the outputs, where something is known of them.
        length: the number of rows, needed where no axis is known.

    Returns:
        The axes of all values, the least that fits.

    Raises:
        MixedRows: where an operation mixes rows, or has no rule.
    """
    known = [(v, a) for v, a in zip(graph.inputs, ins, strict=True) if a is not None]
    known += [(v, a) for v, a in zip(graph.outputs, outs, strict=False) if a is not None]
    if known and length < 0:
        length = known[0][0].shape[known[0][1]]
    finder = _Finder(graph, length)
    for value, axis in known:
        finder.settle(value.uid, value.spec, axis)
    finder.run()
    return Rows(graph, length, finder.axes, finder.splits)


class _Finder:
    """Each value gets its axis once, and each node is looked at again when one of its values has got it."""

    def __init__(self, graph: Graph, length: int) -> None:
        self.length = length
        self.axes: dict[int, int] = {}
        self.splits: dict[int, Split] = {}
        self._near: dict[int, list[Node]] = {}
        self._todo: dict[int, Node] = {}
        self._constants = {v.uid: v for v in graph.constants}
        for node in graph.nodes:
            for uid in {*node.uids, *(v.uid for v in node.inputs)}:
                self._near.setdefault(uid, []).append(node)

    def settle(self, uid: int, spec: Spec, axis: int) -> None:
        """The rows of a value lie along an axis."""
        if self.axes.get(uid, axis) != axis or spec.shape[axis] != self.length:
            raise MixedRows(f"rows of {spec} along two axes, or another number of them")
        if uid in self.axes:
            return
        constant = self._constants.get(uid)
        if constant is not None and constant.data is not None and constant.data.strides[axis]:
            raise MixedRows(f"a constant of {spec} in the graph differs from row to row")
        self.axes[uid] = axis
        self._todo.update((node.uids[0], node) for node in self._near.get(uid, ()))

    def run(self) -> None:
        """Carry what is known on until nothing more follows."""
        while self._todo:
            _, node = self._todo.popitem()
            ins = tuple(self.axes.get(v.uid) for v in node.inputs)
            outs = tuple(map(self.axes.get, node.uids))
            split = node.op.rows and node.op.rows(node, ins, outs, self.length)
            if split is None:
                raise MixedRows(f"{node.op.name} mixes rows: {node}")
            self.splits[node.uids[0]] = split
            given = [(v.uid, v.spec) for v in node.inputs] + list(
                zip(node.uids, node.specs, strict=True)
            )
            for (uid, spec), axis in zip(given, (*split.ins, *split.outs), strict=True):
                if axis is not None:
                    self.settle(uid, spec, axis)
                elif uid in self.axes:
                    raise MixedRows(f"{node.op.name} reads all rows at once: {node}")


def narrowed(rows: Rows, count: int) -> Graph:
    """The same graph for `count` rows: its inputs and outputs in the same order."""

    def narrow(value: Value) -> Spec:
        shape, axis = list(value.shape), rows.axes.get(value.uid)
        if axis is not None:
            shape[axis] = count
        return Spec(tuple(shape), value.dtype)

    since = now()
    inputs = [Op.result_type(narrow(v)) for v in rows.graph.inputs]
    env = {v.uid: new for v, new in zip(rows.graph.inputs, inputs, strict=True)}
    for v in rows.graph.constants:
        axis = rows.axes.get(v.uid)
        env[v.uid] = v if axis is None else _repeated(v, axis, count)
    place = Place()
    with traced(), places.pushed(place):
        for node in rows.graph.nodes:
            place.where = node.where
            split = rows.splits.get(node.uids[0])
            params = {**node.params, **(split.params(count) if split else {})}
            found = node.op(*(env[v.uid] for v in node.inputs), **params)
            env.update(zip(node.uids, found if node.multi else (found,), strict=True))
    return build(inputs, [env[v.uid] for v in rows.graph.outputs], since)[0]


def _repeated(value: Value, axis: int, count: int) -> Value:
    """`count` rows of a constant whose rows are one."""
    data = value.data
    assert data is not None
    part = data[(slice(None),) * axis + (slice(0, count),)]
    return Op.result_type(Spec(part.shape, value.dtype), part)
