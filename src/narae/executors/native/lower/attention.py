"""Attention as tiles: ranges of queries of one head, and for the gradient ranges of keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from narae.base.dtypes import HIDDEN
from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import attention as kernel
from narae.executors.native.kernels import attention_gradient as gradient
from narae.executors.native.kernels.scores import Kind
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.reductions import reduce_array
from narae.executors.native.lower.tiles import (
    Context,
    Lowered,
    Tile,
    address,
    cuts,
    indices,
    lowers,
)
from narae.graph.fuse import Step
from narae.graph.ir import Node


class _Given:
    """The arrays of a node, where kernels can read them: what lies along memory nowhere is copied before.

    tile: rows and columns of a product in registers; block: keys of a block.
    """

    def __init__(self, node: Node, arrays: Sequence[np.ndarray]) -> None:
        params = node.params
        self.before: list[list[Tile]] = []
        self.keep: list[np.ndarray] = list(arrays)
        self.q, self.k, self.v = (self.rows(x) for x in arrays[:3])
        self.dtype, self.size = self.q.dtype.name, self.q.itemsize
        if self.dtype not in ("float32", "float64"):
            raise Unlowered(f"{node.op.name} of {self.dtype}")
        self.batch, self.length, self.heads, self.width = self.q.shape
        self.keys, self.shared = self.k.shape[1:3]
        self.wide = self.v.shape[3]
        self.groups = self.heads // max(1, self.shared)
        full = (self.batch, self.heads, self.length, self.keys)
        rest = list(arrays[3:])
        self.bias = self._beside(rest.pop(0), full) if params["biased"] else None
        self.mask = self._beside(rest.pop(0), full) if params["masked"] else None
        self.kind = Kind(
            self.dtype,
            _access(self.bias),
            _access(self.mask),
            params["causal"],
            params["cap"] is not None,
            HIDDEN,
        )
        self.scale, self.cap = self.bits(params["scale"]), self.bits(params["cap"] or 1.0)
        rows, vectors = tuning.attention_tile(host().registers)
        self.tile = (rows, vectors * host().lanes(self.size))
        self.block = self._block()

    def _block(self) -> int:
        """Keys of a block: what the first cache holds, in about equal parts."""
        unit = self.tile[1]
        most = tuning.ATTENTION_BYTES // (self.size * max(1, self.width))
        most = max(unit, min(tuning.ATTENTION_BLOCK, most) // unit * unit)
        parts = max(1, -(-self.keys // most))
        return max(unit, -(-self.keys // (parts * unit)) * unit)

    def bits(self, number: float) -> int:
        """A number as a word of a record."""
        return int(np.array(number, self.dtype).view(f"int{8 * self.size}"))

    def rows(self, x: np.ndarray) -> np.ndarray:
        """An array whose last axis lies along memory."""
        if x.shape[-1] <= 1 or x.strides[-1] == x.itemsize:
            return x
        return self._copied(x)

    def _copied(self, x: np.ndarray) -> np.ndarray:
        made = np.empty(x.shape, x.dtype)
        self.before.append(copy_tiles(x, made))
        self.keep.append(made)
        return made

    def _beside(self, x: np.ndarray, full: tuple[int, ...]) -> np.ndarray:
        """A bias or mask as large as the scores, without repeating it."""
        if x.shape[-1] > 1:
            x = self.rows(x)
        return np.broadcast_to(x, full)


def _access(x: np.ndarray | None) -> str:
    if x is None:
        return ""
    return "same" if x.strides[-1] == 0 else "along"


def _at(x: np.ndarray | None, *index: int) -> int:
    """Where an element lies; 0 for none."""
    if x is None:
        return 0
    return address(x) + sum(i * s for i, s in zip(index, x.strides, strict=False))


def _gap(x: np.ndarray | None, axis: int) -> int:
    return 0 if x is None else x.strides[axis]


@lowers("attention")
def lower_attention(step: Step, context: Context) -> Lowered:
    """Each range of queries of each head."""
    node = step.nodes[0]
    g = _Given(node, context.ins(node))
    out, peak, total = (context.arrays[uid] for uid in node.uids)
    if 0 in out.shape or not g.keys or not g.width:
        raise Unlowered("attention of nothing")
    tiles = []
    build: Any = partial(kernel.build, target=host(), kind=g.kind)
    parts = -(-g.length // tuning.ATTENTION_ROWS)
    for b, n in indices((g.batch, g.heads)):
        for begin, end in cuts(g.length, parts, g.tile[0]):
            record = kernel.Attention(
                q=_at(g.q, b, begin, n),
                k=_at(g.k, b, 0, n // g.groups),
                v=_at(g.v, b, 0, n // g.groups),
                out=_at(out, b, begin, n),
                peak=_at(peak, b, n, begin),
                total=_at(total, b, n, begin),
                bias=_at(g.bias, b, n, begin),
                mask=_at(g.mask, b, n, begin),
                q_gap=_gap(g.q, 1),
                k_gap=_gap(g.k, 1),
                v_gap=_gap(g.v, 1),
                out_gap=_gap(out, 1),
                bias_gap=_gap(g.bias, 2),
                mask_gap=_gap(g.mask, 2),
                first=begin,
                rows=end - begin,
                keys=g.keys,
                width=g.width,
                wide=g.wide,
                block=g.block,
                scale=g.scale,
                cap=g.cap,
            )
            room = kernel.scratch(g.tile, g.size, end - begin, g.width, g.wide, g.block)
            work = (end - begin) * g.keys * (g.width + g.wide)
            tiles.append(Tile(f"attention {g.kind.key}", build, record.numbers(), room, work))
    return Lowered([*g.before, tiles], keep=[*g.keep, out, peak, total])


@lowers("attention_gradient")
def lower_gradient(step: Step, context: Context) -> Lowered:
    """Each head of keys; where there are few, ranges of keys, whose parts of dq are added up."""
    node = step.nodes[0]
    ct, out, peak, total, *given = context.ins(node)
    g = _Given(node, given)
    dq, dk, dv, *ds = (context.arrays[uid] for uid in node.uids)
    if 0 in (*g.q.shape, *g.v.shape):
        raise Unlowered("attention of nothing")
    ct, out = g.rows(ct), g.rows(out)
    blocks = -(-g.keys // g.block)
    parts = min(blocks, -(-tuning.ATTENTION_TILES // (g.batch * g.shared)))
    ranges = cuts(g.keys, parts, g.block)
    # what a range of keys leaves out, since no query sees it, stays zero
    own = dq[None] if len(ranges) == 1 else np.zeros((len(ranges), *dq.shape), dq.dtype)
    tall = -(-min(g.length, tuning.ATTENTION_TALL) // g.tile[0]) * g.tile[0]
    room = gradient.scratch(g.tile, g.size, g.width, g.wide, g.block, tall)
    build: Any = partial(gradient.build, target=host(), kind=g.kind, with_scores=bool(ds))
    tiles = []
    for b, n in indices((g.batch, g.shared)):
        for part, (begin, end) in enumerate(ranges):
            record = gradient.AttentionGradient(
                **_heads(
                    g, b, n * g.groups, ct, out, peak, total, own[part], ds[0] if ds else None
                ),
                k=_at(g.k, b, begin, n),
                v=_at(g.v, b, begin, n),
                dk=_at(dk, b, begin, n),
                dv=_at(dv, b, begin, n),
                k_gap=_gap(g.k, 1),
                v_gap=_gap(g.v, 1),
                dk_gap=_gap(dk, 1),
                dv_gap=_gap(dv, 1),
                groups=g.groups,
                rows=g.length,
                first=begin,
                keys=end - begin,
                width=g.width,
                wide=g.wide,
                block=g.block,
                tall=tall,
                scale=g.scale,
                cap=g.cap,
            )
            record.ds += begin * g.size if ds else 0
            work = g.groups * g.length * (end - begin) * (3 * g.width + 2 * g.wide)
            key = f"attention gradient {g.kind.key} scores={bool(ds)}"
            tiles.append(Tile(key, build, record.numbers(), room, work))
    phases = [*g.before, tiles]
    keep = [*g.keep, ct, out, peak, total, own, dq, dk, dv, *ds]
    if len(ranges) > 1:
        added = reduce_array("reduce_sum", own.reshape(len(ranges), -1), (0,), dq.reshape(-1))
        phases += added.phases
        keep += added.keep
    return Lowered(phases, keep=keep)


def _heads(
    g: _Given,
    batch: int,
    head: int,
    ct: np.ndarray,
    out: np.ndarray,
    peak: np.ndarray,
    total: np.ndarray,
    dq: np.ndarray,
    ds: np.ndarray | None,
) -> dict[str, int]:
    """The fields of a record that are of heads of queries: where the first one begins, rows, and the next head."""
    found = {
        "peak": _at(peak, batch, head),
        "total": _at(total, batch, head),
        "row_head": peak.strides[1],
    }
    for name, x in {"q": g.q, "ct": ct, "out": out, "dq": dq}.items():
        found[name], found[f"{name}_gap"] = _at(x, batch, 0, head), _gap(x, 1)
        found[f"{name}_head"] = _gap(x, 2)
    for name, x in {"bias": g.bias, "mask": g.mask, "ds": ds}.items():
        found[name], found[f"{name}_gap"] = _at(x, batch, head), _gap(x, 2)
        found[f"{name}_head"] = _gap(x, 1)
    return found
