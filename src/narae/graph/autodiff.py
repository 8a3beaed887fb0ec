"""Reverse-mode differentiation: one walk backwards over recorded nodes.

The cotangents are values like any other, computed through `bind`: under a tape or a trace they are
recorded in turn, so that gradients of gradients need nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from narae.base.dtypes import is_float
from narae.graph.graph import reachable
from narae.graph.ir import Node, Spec, Value
from narae.graph.recording import Place, Where, places


@dataclass(frozen=True)
class Algebra:
    """What the walk needs of arithmetic: the sum of two values, and a zero of a spec."""

    add: Callable[[Value, Value], Value]
    zeros: Callable[[Spec], Value]


def backprop(
    outputs: Sequence[Value],
    cotangents: Sequence[Value],
    sources: Sequence[Value],
    algebra: Algebra,
    since: int = -1,
    tell: Callable[[Value, Value], None] | None = None,
) -> list[Value | None]:
    """The cotangent of each source, None where no path of differentiable ops leads to it.

    Nodes recorded before `since` are not walked (they belong to another tape). tell: is given each
    result of a node on the way, and its cotangent.
    """
    wanted = {v.uid for v in sources}
    # A node's outputs have consecutive uids, the first of which tells its age.
    nodes = [n for n in reachable(outputs, lambda v: v.uid < since) if n.uids[0] >= since]
    needed = _needed(nodes, wanted)
    cts: dict[int, Value] = {}
    for out, ct in zip(outputs, cotangents, strict=True):
        _accumulate(cts, out, ct, algebra)
    place = Place()
    with places.pushed(place):
        for node in reversed(nodes):
            if node.uids[0] in needed and any(uid in cts for uid in node.uids):
                if tell is not None:
                    for i, uid in enumerate(node.uids):
                        if uid in cts:
                            tell(node.output(i), cts[uid])
                place.where = Where(node.where.path, backward=True)
                _backward(node, cts, needed, algebra)
                for uid in node.uids:
                    if uid not in wanted:  # no longer needed: eager cotangents are as large as data
                        cts.pop(uid, None)
    return [cts.get(v.uid) for v in sources]


def _needed(nodes: Sequence[Node], wanted: set[int]) -> set[int]:
    """The uids of all outputs on a path of differentiable inputs from what is wanted."""
    live = set(wanted)
    for node in nodes:
        if any(v.uid in live and node.op.gradient_of(i) for i, v in enumerate(node.inputs)):
            live.update(node.uids)
    return live


def _backward(node: Node, cts: dict[int, Value], live: set[int], algebra: Algebra) -> None:
    outs = tuple(node.output(i) for i in range(len(node.specs)))
    arrived = [cts.get(uid) for uid in node.uids]
    filled = [
        algebra.zeros(spec) if ct is None and is_float(spec.dtype) else ct
        for ct, spec in zip(arrived, node.specs, strict=True)
    ]
    ct, out = (tuple(filled), outs) if node.multi else (filled[0], outs[0])
    wanted = [i for i, v in enumerate(node.inputs) if v.uid in live and is_float(v.dtype)]
    for i, part in _parts(node, wanted, ct, out):
        if part is not None:
            _accumulate(cts, node.inputs[i], part, algebra)


def _parts(
    node: Node,
    wanted: list[int],
    ct: Value | tuple[Value | None, ...] | None,
    out: Value | tuple[Value, ...],
) -> Iterator[tuple[int, Value | None]]:
    """The cotangents of the wanted inputs, by position."""
    if node.op.joint is not None:
        parts = node.op.joint(set(wanted), ct, out, *node.inputs, **node.params)
        yield from ((i, parts[i]) for i in wanted)
        return
    for i in wanted:
        gradient = node.op.gradient_of(i)
        if gradient is not None:
            yield i, gradient(ct, out, *node.inputs, **node.params)


def _accumulate(cts: dict[int, Value], value: Value, part: Value, algebra: Algebra) -> None:
    before = cts.get(value.uid)
    cts[value.uid] = part if before is None else algebra.add(before, part)
