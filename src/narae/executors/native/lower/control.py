"""Loops of unknown length and choices as tiles: each is one that runs those of its bodies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from narae.executors.native.kernels import loops
from narae.executors.native.kernels.chain import Link
from narae.executors.native.lower.body import Body, flat, in_order
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.jumps import Phases, is_large, one_of, rounds_while
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Rounds,
    Tile,
    address,
    chained,
    link_places,
    lowers,
    needs,
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
    limit = _FOREVER if node.params["limit"] is None else int(node.params["limit"])
    (captured, first), holds = in_order(ins[count:]), np.zeros((), np.bool_)
    tested = Body(test, test.inputs, test.outputs, fixed=test.inputs[count:])
    order = [*graph.inputs[count:], *graph.inputs[:count]]
    body = Body(graph, order, graph.outputs, count, graph.inputs[count:])
    before = [t for x, out in zip(ins[:count], outs, strict=True) for t in copy_tiles(x, out)]

    def lowered(alone: bool) -> tuple[Phases, Phases, list[object], Phases]:
        rounds = [Rounds(b.fixed) if alone else None for b in (tested, body)]
        tests, kept = tested.phases([*outs, *captured], [], [holds], context.error, rounds[0])
        links, also = body.phases(captured, outs, [], context.error, rounds[1])
        keep = [kept, also, *(part for r in rounds if r for part in (r.prepared, r.keep))]
        return tests, links, keep, [phase for r in rounds if r for phase in r.before]

    keep: list[object] = [ins, captured, outs, holds]
    if context.loop is None:
        tests, links, kept, _ = lowered(alone=False)
        if is_large([*tests, *links]):
            inside = rounds_while(tests, holds, limit, links)
            return Lowered([[*first, *before], *inside], keep=[keep, kept])
    tests, links, kept, prepared = lowered(alone=True)
    loop = _while_tile(flat(tests), flat(links), holds, limit, context.error)
    return Lowered([first, *prepared, [chained([*before, loop])]], keep=[keep, kept])


def _while_tile(
    tests: Sequence[Tile], links: Sequence[Tile], holds: np.ndarray, limit: int, error: int
) -> Tile:
    all_ = (*tests, *links)
    record = loops.While(
        holds=address(holds),
        limit=limit,
        error=error,
        test_count=len(tests),
        link_count=len(links),
        links=[Link(kernel=0, record=0)] * len(all_),
    )
    places = link_places(all_, loops.While.word_count(links=0))
    return Tile("while", loops.build_while, record.numbers(), *needs(all_), all_, places)


@lowers("switch")
def lower_switch(step: Step, context: Context) -> Lowered:
    """One of several branches."""
    node = step.nodes[0]
    (index, *given), outs = context.ins(node), [context.arrays[u] for u in node.uids]
    given, first = in_order(given)
    bodies = [Body(graph, graph.inputs, graph.outputs) for graph in node.params["branches"]]
    found = [b.phases(given, [], outs, context.error, _inside(context)) for b in bodies]
    keep = [index, given, outs, *(kept for _, kept in found)]
    branches = [phases for phases, _ in found]
    if context.loop is None and any(map(is_large, branches)):
        return Lowered([first, *one_of(index, branches)], keep=keep)
    if context.loop is None:
        found = [b.phases(given, [], outs, context.error, _NOTHING_FIXED) for b in bodies]
        keep = [index, given, outs, *(kept for _, kept in found)]
    return Lowered([first, [_switch_tile(index, [flat(p) for p, _ in found])]], keep=keep)


def _switch_tile(index: np.ndarray, branches: Sequence[Sequence[Tile]]) -> Tile:
    links = tuple(tile for tiles in branches for tile in tiles)
    counts = [len(tiles) for tiles in branches]
    record = loops.Switch(
        index=address(index),
        branch_count=len(branches),
        branches=[loops.Branch(first=sum(counts[:i]), count=n) for i, n in enumerate(counts)],
        links=[Link(kernel=0, record=0)] * len(links),
    )
    dtype = index.dtype.name
    places = link_places(links, loops.Switch.word_count(branches=len(branches), links=0))
    build = partial(loops.build_switch, dtype=dtype)
    return Tile(f"switch {dtype}", build, record.numbers(), *needs(links), links, places)


@lowers("custom_gradient")
def lower_custom_gradient(step: Step, context: Context) -> Lowered:
    """The steps of its forward pass, where they are."""
    node, graph = step.nodes[0], step.nodes[0].params["forward"]
    outs = [context.arrays[u] for u in node.uids]
    body = Body(graph, graph.inputs, graph.outputs)
    given, first = in_order(context.ins(node))
    phases, kept = body.phases(given, [], outs, context.error, _inside(context))
    return Lowered([first, *phases], keep=kept)


def _inside(context: Context) -> Rounds | None:
    """What the steps of a body that runs once know of the loop around it."""
    return None if context.loop is None else _NOTHING_FIXED
