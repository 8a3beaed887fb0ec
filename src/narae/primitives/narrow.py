"""Products of narrow numbers, for executors with instructions that add up several of them at once.

Two rewrites of a graph without halves (`halves.py`):

- A product of float32 numbers that bfloat16 holds too is one of bfloat16, summed in float32. What it reads is kept as
  bfloat16 in memory, and each of the others that read it widens it for itself.
- A product of int32 numbers that are int8 or uint8 is one of those, summed in int32. The instructions multiply an
  unsigned number by a signed one. Where both are of a kind, y is moved by 128 and the result put right:
  Σ x y = Σ x (y + 128) - 128 Σ x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype
from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Op, Spec, Value
from narae.graph.recording import Place, places
from narae.graph.rewrite import over
from narae.primitives.record import constant
from narae.primitives.records.arithmetic import multiply, subtract
from narae.primitives.records.contract import dot, free_axes, wide_dot
from narae.primitives.records.logic import cast, rounded
from narae.primitives.records.reduce import reduce_sum
from narae.primitives.records.shape import broadcast_to, reshape, transpose

HALF, WIDE = "bfloat16", "float32"
BYTES = ("int8", "uint8")
SHORT = ("bool", *BYTES, "int16", "uint16")  # their products are those of int32, cut off
VIEWS = (reshape, transpose, broadcast_to)
OFFSET = {("int8", "int8"): 128, ("uint8", "uint8"): -128}


def narrowed(
    graph: Graph, also: Sequence[Value], dtypes: frozenset[str]
) -> tuple[Graph, list[Value]]:
    """An equal graph, and what stands for other values of it. dtypes: those of which the executor has products
    with wider sums."""
    if not any(_concerns(node, dtypes) for node in graph.nodes):
        return graph, list(also)
    narrowing = _Narrowing(graph, dtypes)
    with places.pushed(narrowing.place):
        for node in graph.nodes:
            narrowing.visit(node)
    outputs = [narrowing.now(v) for v in graph.outputs]
    return build(graph.inputs, outputs)[0], [narrowing.now(v) for v in also]


def _concerns(node: Node, dtypes: frozenset[str]) -> bool:
    if node.op is dot:
        return node.specs[0].dtype in (*SHORT, "int32")
    return HALF in dtypes and _rounds(node)


def _rounds(node: Node) -> bool:
    return node.op is rounded and node.params["dtype"] == HALF and node.specs[0].dtype == WIDE


class _Narrowing:
    """held: uids of the graph's float32 values that bfloat16 holds too. wanted: of those that products read."""

    def __init__(self, graph: Graph, dtypes: frozenset[str]) -> None:
        self.place, self._dtypes = Place(), dtypes
        self._env: dict[int, Value] = {}
        self._narrow: dict[int, Value] = {}  # uid of a new value -> the same numbers, narrow
        self._held = _held(graph) if HALF in dtypes else set[int]()
        self._wanted = _wanted(graph, self._held)

    def now(self, value: Value) -> Value:
        """What stands for a value."""
        return self._env.get(value.uid, value)

    def visit(self, node: Node) -> None:
        """Compute a node's outputs anew."""
        self.place.where = node.where
        self._env.update(zip(node.uids, self._made(node), strict=True))

    def _made(self, node: Node) -> tuple[Value, ...]:
        inputs = tuple(map(self.now, node.inputs))
        if node.op is dot:
            return (self._product(inputs, node.params),)
        if _rounds(node) and node.uids[0] in self._wanted:
            return (self._kept(inputs[0]),)
        if node.op is cast and node.params["dtype"] == HALF and inputs[0].uid in self._narrow:
            return (self._narrow[inputs[0].uid],)
        if node.op.elementwise:  # each widens what it reads for itself: that costs it no memory
            outs = over(node, tuple(map(self._widened, inputs)))
        else:
            outs = over(node, inputs)
        if node.uids[0] in self._wanted and node.op not in VIEWS:
            return (self._kept(outs[0]),)
        return outs

    def _kept(self, value: Value) -> Value:
        """A value as a half, and widened again."""
        half = cast(value, dtype=HALF)
        wide = cast(half, dtype=WIDE)
        self._narrow[wide.uid] = half
        return wide

    def _widened(self, value: Value) -> Value:
        half = self._narrow.get(value.uid)
        return value if half is None else cast(half, dtype=WIDE)

    # -- products ------------------------------------------------------------------------------

    def _product(self, inputs: Sequence[Value], params: dict[str, Any]) -> Value:
        x, y = inputs
        if x.dtype == WIDE and HALF in self._dtypes:
            halves = [h for v in inputs if (h := self._found(v, (HALF,))) is not None]
            if len(halves) == 2:
                return wide_dot(*halves, **params, dtype=WIDE, offset=0)
        if x.dtype == "int32" and self._dtypes.issuperset(BYTES):
            small = [b for v in inputs if (b := self._found(v, BYTES)) is not None]
            if len(small) == 2:
                return _of_bytes(small[0], small[1], params)
        if x.dtype in SHORT:
            wide = [cast(v, dtype="int32") for v in inputs]
            return cast(self._product(wide, params), dtype=x.dtype)
        return dot(x, y, **params)

    def _found(self, value: Value, dtypes: Sequence[str]) -> Value | None:
        """The same numbers in one of some narrow dtypes, where they are there already."""
        if value.uid in self._narrow:
            return self._narrow[value.uid]
        node = value.node
        if node is None:
            return _as_half(value) if HALF in dtypes else None
        if node.op is cast and node.inputs[0].dtype in dtypes:
            return node.inputs[0]
        if node.op in VIEWS and (inner := self._found(node.inputs[0], dtypes)) is not None:
            made = self._narrow[value.uid] = node.op(inner, **node.params)
            return made
        return None


def _as_half(value: Value) -> Value | None:
    """A constant of float32 as one of bfloat16, where that holds it."""
    if value.data is None or value.dtype != WIDE:
        return None
    half = value.data.astype(np_dtype(HALF))
    same = np.array_equal(half.astype(value.data.dtype), value.data)
    return Op.result_type(Spec(value.shape, HALF), half) if same else None


def _of_bytes(x: Value, y: Value, params: dict[str, Any]) -> Value:
    offset = OFFSET.get((x.dtype, y.dtype), 0)
    made = wide_dot(x, y, **params, dtype="int32", offset=offset)
    if not offset:
        return made
    contract, batch = params["contract"], params["batch"]
    free = free_axes(x.ndim, contract[0], batch[0])
    # sums below 2**24 are exact in float32, and made where the row is: see `graph/rowwise.py`
    depth = math.prod(x.shape[a] for a in contract[0])
    dtype = WIDE if depth < 1 << 16 else "int32"
    total = cast(reduce_sum(cast(x, dtype=dtype), axes=tuple(sorted(contract[0]))), dtype="int32")
    # batch axes first, in the product's order, then the free ones, then one for each of y's
    left = [a for a in range(x.ndim) if a not in contract[0]]
    order = tuple(left.index(a) for a in (*batch[0], *free))
    total = transpose(total, axes=order)
    total = reshape(total, shape=(*total.shape, *(1 for _ in range(made.ndim - total.ndim))))
    return subtract(made, multiply(total, constant(offset, "int32")))


def _held(graph: Graph) -> set[int]:
    """The float32 values that bfloat16 holds: rounded ones, and what passes numbers on."""
    held: set[int] = set()
    for node in graph.nodes:
        floats = [v for v in node.inputs if v.dtype == WIDE]
        passed = node.op.exact and bool(floats) and len(floats) + _others(node) == len(node.inputs)
        widened = node.op is cast and node.inputs[0].dtype == HALF
        if _rounds(node) or widened or (passed and all(_holds(v, held) for v in floats)):
            held.update(u for u, s in zip(node.uids, node.specs, strict=True) if s.dtype == WIDE)
    return held


def _others(node: Node) -> int:
    return sum(v.dtype == "bool" or "int" in v.dtype for v in node.inputs)


def _holds(value: Value, held: set[int]) -> bool:
    return value.uid in held or (value.node is None and _as_half(value) is not None)


def _wanted(graph: Graph, held: set[int]) -> set[int]:
    """The values that products of halves read, as they are or through views."""
    by_uid = {uid: node for node in graph.nodes for uid in node.uids}
    wanted: set[int] = set()
    for node in graph.nodes:
        if node.op is not dot or not all(_holds(v, held) for v in node.inputs):
            continue
        for value in node.inputs:
            uid = value.uid
            while uid in by_uid and by_uid[uid].op in VIEWS:
                uid = by_uid[uid].inputs[0].uid
            wanted.add(uid)
    return wanted & {n.uids[0] for n in graph.nodes if n.op is not cast and len(n.uids) == 1}
