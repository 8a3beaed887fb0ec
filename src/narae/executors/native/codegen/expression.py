"""Elementwise nodes as one expression over lanes, and the loop that computes it along a row."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from narae.executors.native.codegen.ir import INT, Function
from narae.executors.native.codegen.lanes import KINDS, Lanes, Unlowered, broadcast, vector
from narae.executors.native.codegen.namespace import OWN, XP
from narae.executors.native.tuning import LANES
from narae.graph.ir import Node, Op

Access = Literal["along", "same", "apart"]


@dataclass(frozen=True)
class Operand:
    """How an array lies along the row: its elements next to each other, one for all, or apart."""

    dtype: str
    access: Access


class Expression:
    """Nodes that are computed together, element by element.

    reads, outputs: uids in the order of the operands. numbers: uids of constants that are written
    into the code. Raises Unlowered when an operation has no code on lanes (found by trying).
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        reads: Sequence[int],
        outputs: Sequence[int],
        numbers: Mapping[int, float],
    ) -> None:
        self.nodes, self.reads, self.outputs = tuple(nodes), tuple(reads), tuple(outputs)
        self.numbers = dict(numbers)
        self.dtypes = {v.uid: v.dtype for node in nodes for v in node.inputs}
        self.dtypes.update(
            (u, s.dtype) for n in nodes for u, s in zip(n.uids, n.specs, strict=True)
        )
        self.key = self._key()

    def _key(self) -> str:
        names = {uid: f"r{i}" for i, uid in enumerate(self.reads)}
        names.update((uid, repr(number)) for uid, number in self.numbers.items())
        lines = []
        for i, node in enumerate(self.nodes):
            names.update((uid, f"n{i}.{j}") for j, uid in enumerate(node.uids))
            ins = ",".join(f"{names[v.uid]}:{v.dtype}" for v in node.inputs)
            outs = ",".join(spec.dtype for spec in node.specs)
            params = shown_params(node)
            said = f"{node.op.name}@{id(node.op)}{params}({ins})->{outs}"
            lines.append(said if is_fixed(node, params) else f"{said}{PASSING}{next(_serial)}")
        return ";".join([*lines, "out " + ",".join(names[uid] for uid in self.outputs)])

    def emit(self, f: Function, given: Mapping[int, Lanes], count: int) -> list[Lanes]:
        """Write the expression; the outputs' lanes. given: the reads' lanes by uid."""
        values = dict(given)
        for uid, number in self.numbers.items():
            dtype = self.dtypes[uid]
            values[uid] = Lanes(f, "", dtype, count).full(number)
        for node in self.nodes:
            made = emit_node(node, [values[v.uid] for v in node.inputs])
            values.update(zip(node.uids, made, strict=True))
        return [values[uid] for uid in self.outputs]


def identity(uid: int, dtype: str) -> Expression:
    """Gives what it reads."""
    made = Expression((), [uid], [uid], {})
    made.dtypes[uid] = dtype
    return made


PASSING = "#"  # in the key of what says nothing about another program's kernels
_serial = itertools.count()
_ops: dict[int, Op] = {}  # of fixed nodes, by id: they live on, so that no other has theirs


def is_fixed(node: Node, params: str) -> bool:
    """Whether a node's forward writes the same each time: others' may read what changes. params: as they are shown."""
    op = node.op
    if _ops.get(id(op)) is not op:
        written_in = getattr(op.forward, "__globals__", {}).get("__name__", "")
        if not written_in.startswith("narae."):
            return False
        _ops[id(op)] = op
    return not params.startswith("[@")


def shown_params(node: Node) -> str:
    """A node's parameters, so that what differs is shown otherwise: as text where that says all."""
    if all(map(_says_all, node.params.values())):
        return repr(sorted(node.params.items())) if node.params else ""
    return f"[@{id(node.params)}]"


def _says_all(param: object) -> bool:
    return all(map(_says_all, param)) if type(param) is tuple else isinstance(param, _PLAIN)


_PLAIN = (str, bool, int, float, complex, type(None), np.generic)


def shown(operands: Sequence[Operand]) -> str:
    """Operands as the keys of kernels have them."""
    return " ".join(f"{o.dtype}/{o.access}" for o in operands)


def emit_node(node: Node, ins: Sequence[Lanes]) -> tuple[Lanes, ...]:
    """One operation on lanes."""
    own = OWN.get(node.op.known)
    try:
        made: Any = own(*ins) if own else node.op.forward(XP, *ins, **node.params)
    except (AttributeError, TypeError) as error:
        raise Unlowered(f"{node.op.name}: {error}") from error
    made = made if isinstance(made, tuple) else (made,)
    for lanes, spec in zip(made, node.specs, strict=True):
        if not isinstance(lanes, Lanes) or lanes.dtype_name != spec.dtype:
            raise Unlowered(f"{node.op.name} of {[x.dtype_name for x in ins]}")
    return made


def emit_row(
    f: Function,
    expression: Expression,
    operands: Sequence[Operand],
    places: Sequence[str],
    gaps: Sequence[str],
    n: str,
) -> None:
    """Compute n elements. operands: of the reads, then of the outputs; places: where each begins;
    gaps: bytes between elements, of those that lie apart.

    Elements that lie apart are taken one by one; otherwise the last lanes of a row are masked, so
    that no access is out of bounds.
    """
    row = _Row(f, expression, operands, places, gaps)
    if any(o.access == "apart" for o in operands):
        row.hoist(1)
        with f.loop(0, n) as loop:
            row.step(loop.i, 1)
        return
    row.hoist(LANES)
    whole = f.let(f"and i64 {n}, {-LANES}")
    with f.loop(0, whole, LANES) as loop:
        row.step(loop.i, LANES)
    rest = f.sub(n, whole)
    with f.when(f.let(f"icmp sgt i64 {rest}, 0")):
        row.step(whole, LANES, mask_of(f, rest))


def mask_of(f: Function, count: str, lanes: int = LANES) -> str:
    """True in the first `count` lanes."""
    return f.let(
        f"icmp slt {vector('i64', lanes)} {_order(lanes)}, {broadcast(f, 'i64', count, lanes)}"
    )


def few_of(f: Function, count: str, lanes: int) -> str:
    """The same, made of a number's bits: in an innermost loop LLVM would make the comparison anew each time."""
    low = f.call(INT, "llvm.smax.i64", [(INT, count), (INT, "0")])
    some = f.call(INT, "llvm.smin.i64", [(INT, low), (INT, str(lanes))])
    ones = f.sub(f.let(f"shl i64 1, {some}"), 1)
    return f.let(f"bitcast i{lanes} {f.let(f'trunc i64 {ones} to i{lanes}')} to <{lanes} x i1>")


@functools.cache
def _order(lanes: int) -> str:
    """0, 1, 2, ..."""
    return f"<{', '.join(f'i64 {i}' for i in range(lanes))}>"


class _Row:
    def __init__(
        self,
        f: Function,
        expression: Expression,
        operands: Sequence[Operand],
        places: Sequence[str],
        gaps: Sequence[str],
    ) -> None:
        self._f, self._expression = f, expression
        count = len(expression.reads)
        rows = list(zip(operands, places, gaps, strict=True))
        self._reads = list(zip(expression.reads, rows[:count], strict=True))
        self._writes = rows[count:]
        self._same: dict[int, Lanes] = {}

    def hoist(self, count: int) -> None:
        """Load what is the same for the whole row."""
        for uid, (operand, place, _) in self._reads:
            if operand.access == "same":
                self._same[uid] = load(self._f, operand.dtype, place, 1).broadcast(count)

    def step(self, i: str, count: int, mask: str = "") -> None:
        """Elements i to i + count: all is read before anything is written."""
        given = dict(self._same)
        for uid, (operand, place, gap) in self._reads:
            if operand.access != "same":
                at = self._at(operand, place, gap, i)
                given[uid] = load(self._f, operand.dtype, at, count, mask)
        made = self._expression.emit(self._f, given, count)
        for lanes, (operand, place, gap) in zip(made, self._writes, strict=True):
            store(self._f, lanes, self._at(operand, place, gap, i), mask)

    def _at(self, operand: Operand, place: str, gap: str, i: str) -> str:
        size = gap if operand.access == "apart" else itemsize(operand.dtype)
        return self._f.at(place, self._f.mul(i, size))


@functools.cache
def itemsize(dtype: str) -> int:
    """Bytes of one element."""
    return 1 if dtype == "bool" else int(dtype.lstrip("buintfloa")) // 8


_BITS = {"bool": "i8", "bfloat16": "i16"}  # as what they are loaded and stored


def load(f: Function, dtype: str, place: str, count: int, mask: str = "") -> Lanes:
    """Lanes from memory; zeros where a mask is False."""
    if dtype not in KINDS:
        raise Unlowered(f"numbers of dtype {dtype}")
    kind = vector(_BITS.get(dtype, KINDS[dtype]), count)
    size = itemsize(dtype)
    if mask:
        suffix = _suffix(kind)
        masks = vector("i1", count)
        args = [("ptr", f"align {size} {place}"), (masks, mask), (kind, "zeroinitializer")]
        name = f.call(kind, f"llvm.masked.load.{suffix}.p0", args)
    else:
        name = f.load(kind, place, size)
    if dtype == "bool":
        zero = "0" if count == 1 else "zeroinitializer"
        name = f.let(f"icmp ne {kind} {name}, {zero}")
    elif dtype == "bfloat16":
        name = f.let(f"bitcast {kind} {name} to {vector('bfloat', count)}")
    return Lanes(f, name, dtype, count)


def _suffix(kind: str) -> str:
    """A vector type as the names of intrinsics have it: <16 x float> is v16f32."""
    count, of = kind[1:-1].split(" x ")
    return f"v{count}{ {'float': 'f32', 'double': 'f64'}.get(of, of) }"


def store(f: Function, lanes: Lanes, place: str, mask: str = "") -> None:
    """Lanes to memory; only those where a mask is True."""
    kind, name = lanes.kind, lanes.name
    if lanes.dtype_name == "bool":
        kind = vector("i8", lanes.count)
        name = f.let(f"zext {lanes.kind} {name} to {kind}")
    elif lanes.dtype_name == "bfloat16":
        kind = vector("i16", lanes.count)
        name = f.let(f"bitcast {lanes.kind} {name} to {kind}")
    size = itemsize(lanes.dtype_name)
    if not mask:
        f.store(kind, name, place, size)
        return
    suffix = _suffix(kind)
    masks = vector("i1", lanes.count)
    args = [(kind, name), ("ptr", f"align {size} {place}"), (masks, mask)]
    f.call("void", f"llvm.masked.store.{suffix}.p0", args)
