"""Loops of unknown length and choices as tiles: each is one that runs those of its bodies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native.kernels import loops
from narae.executors.native.lower.body import Body, flat
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Rounds,
    Tile,
    address,
    chained,
    link_places,
    lowers,
)
from narae.graph.fuse import Step

_FOREVER = (1 << 63) - 1
_NOTHING_FIXED = Rounds(frozenset())


@lowers("while")
def lower_while(step: Step, context: Context) -> Lowered:
    """Rounds while a test holds. The state is changed in place, in the results."""
    node = step.nodes[0]
    ins, outs = context.ins(node), [context.arrays[u] for u in node.uids]
    test, graph, count = node.params["test"], node.params["body"], node.params["count"]
    limit = node.params["limit"]
    captured = ins[count:]
    holds = np.zeros((), np.bool_)
    tested = Body(test, test.inputs, test.outputs, fixed=test.inputs[count:])
    rounds = Rounds(tested.fixed)
    phases, kept = tested.phases([*outs, *captured], [], [holds], context.error, rounds)
    tests = flat(phases)
    order = [*graph.inputs[count:], *graph.inputs[:count]]
    body = Body(graph, order, graph.outputs, count, graph.inputs[count:])
    inside = Rounds(body.fixed)
    phases, also = body.phases(captured, outs, [], context.error, inside)
    links = flat(phases)
    record = loops.While(
        holds=address(holds),
        limit=_FOREVER if limit is None else int(limit),
        error=context.error,
        test_count=len(tests),
        link_count=len(links),
        links=[loops.Link(kernel=0, record=0)] * (len(tests) + len(links)),
    )
    all_ = [*tests, *links]
    places = link_places(all_, loops.While.word_count(links=0))
    loop = Tile(
        "while", loops.build_while, record.numbers(), _scratch(all_), 0, tuple(all_), places
    )
    before = [t for x, out in zip(ins[:count], outs, strict=True) for t in copy_tiles(x, out)]
    keep = [
        ins,
        outs,
        holds,
        kept,
        also,
        *(part for r in (rounds, inside) for part in (r.prepared, r.keep)),
    ]
    return Lowered([*rounds.before, *inside.before, [chained([*before, loop])]], keep=keep)


@lowers("switch")
def lower_switch(step: Step, context: Context) -> Lowered:
    """The links of one of several branches."""
    node = step.nodes[0]
    (index, *given), outs = context.ins(node), [context.arrays[u] for u in node.uids]
    links: list[Tile] = []
    branches, keep = [], [index, given, outs]
    for graph in node.params["branches"]:
        body = Body(graph, graph.inputs, graph.outputs)
        phases, kept = body.phases(given, [], outs, context.error, _NOTHING_FIXED)
        found = flat(phases)
        branches.append(loops.Branch(first=len(links), count=len(found)))
        links += found
        keep.append(kept)
    record = loops.Switch(
        index=address(index),
        branch_count=len(branches),
        branches=branches,
        links=[loops.Link(kernel=0, record=0)] * len(links),
    )
    dtype = index.dtype.name
    places = link_places(links, loops.Switch.word_count(branches=len(branches), links=0))
    build = partial(loops.build_switch, dtype=dtype)
    tile = Tile(
        f"switch {dtype}", build, record.numbers(), _scratch(links), 0, tuple(links), places
    )
    return Lowered([[tile]], keep=keep)


@lowers("custom_gradient")
def lower_custom_gradient(step: Step, context: Context) -> Lowered:
    """The steps of its forward pass, where they are."""
    node, graph = step.nodes[0], step.nodes[0].params["forward"]
    outs = [context.arrays[u] for u in node.uids]
    body = Body(graph, graph.inputs, graph.outputs)
    phases, kept = body.phases(
        context.ins(node), [], outs, context.error, context.loop and _NOTHING_FIXED
    )
    return Lowered(phases, keep=kept)


def _scratch(links: Sequence[Tile]) -> int:
    return max((link.scratch for link in links), default=0)
