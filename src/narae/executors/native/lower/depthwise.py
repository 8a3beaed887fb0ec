"""Convolutions of channels by themselves: a product and a sum for each tap, along the channels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.codegen.nodes import new_node
from narae.executors.native.lower.convolution import Kind, axes_of
from narae.executors.native.lower.elementwise import fill_tiles, loop_tiles
from narae.executors.native.lower.tiles import Lowered, Tile, size_of
from narae.graph.ir import Node, Spec, Value


def is_depthwise(node: Node) -> bool:
    """Whether every channel has filters of its own, and there are many."""
    x, w = (v.shape for v in node.inputs)
    groups = node.params["groups"]
    return (
        w[-2] == 1
        and groups == x[-1]
        and groups >= tuning.DEPTHWISE_GROUPS
        and size_of(w[:-2]) <= tuning.DEPTHWISE_TAPS
    )


def lower_depthwise(node: Node, ins: Sequence[np.ndarray], out: np.ndarray) -> Lowered:
    """out[n, o, c m] = the sum over taps of x[n, tap, c] w[tap, c m]."""
    x, w = ins
    p = node.params
    rank, channels = x.ndim - 2, x.shape[-1]
    many = w.shape[-1] // channels
    if w.strides[-1] != w.itemsize:
        raise Unlowered("depthwise kernels that lie apart")
    step = w.strides[-1]
    kernel = np.lib.stride_tricks.as_strided(
        w, (*w.shape[:rank], channels, many), (*w.strides[:rank], many * step, step)
    )
    into = out.reshape(*out.shape[:-1], channels, many)
    axes = axes_of(x, w, out.shape[1:-1], p)
    tiles: list[Tile] = []
    fills: list[Tile] = []
    for kind in itertools.product(*axes):
        if all(k.taps for k in kind):
            tiles += _tiles(kind, x, kernel, into)
        elif not fills:  # places that no tap meets
            fills = fill_tiles(out)
    return Lowered([fills, tiles], keep=[x, w, out])


def _tiles(
    kind: tuple[Kind, ...], x: np.ndarray, kernel: np.ndarray, into: np.ndarray
) -> list[Tile]:
    """Places of one kind."""
    target = into[(slice(None), *(_even(k.places) for k in kind))]
    spec = Spec(target.shape, x.dtype.name)
    nodes: list[Node] = []
    reads, arrays, total = [], [], None
    taps = itertools.product(*(zip(k.taps, k.steps, strict=True) for k in kind))
    for tap in taps:
        places = [_even(tuple(f + s for f in k.first)) for k, (_, s) in zip(kind, tap, strict=True)]
        image = x[(slice(None), *places)][..., None]
        weights = kernel[tuple(t for t, _ in tap)]
        pair = [Value(Spec(a.shape, x.dtype.name)) for a in (image, weights)]
        product = new_node("multiply", pair, spec, nodes)
        total = product if total is None else new_node("add", [total, product], spec, nodes)
        reads += [v.uid for v in pair]
        arrays += [image, weights]
    assert total is not None
    expression = Expression(nodes, reads, [total.uid], {})
    return loop_tiles(expression, target.shape, arrays, [target])


def _even(places: Sequence[int]) -> slice:
    """Places as a slice: those of one kind are evenly apart."""
    if len(places) == 1:
        return slice(places[0], places[0] + 1)
    step = places[1] - places[0]
    if any(b - a != step for a, b in itertools.pairwise(places)) or step < 1:
        raise Unlowered("places that are not evenly apart")
    return slice(places[0], places[-1] + 1, step)
