"""The plan: an order of steps and a home for every value, fixed before the first run.

Homes in the arena are offsets in one stretch of memory, for blocks that are in use at different times (`pack`).

State is written where it lives by the step that computes it, when nothing reads the old value
later; else it is moved there at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from narae.graph.fuse import Fused, Step
from narae.graph.graph import Graph
from narae.graph.ir import Node, Spec, Value
from narae.graph.schedule import is_loop, schedule

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
_TOGETHER = 8192  # blocks that are packed into one another


@dataclass(eq=False)
class Block:
    """Bytes in use from step `start` to step `end`, both included."""

    size: int
    start: int
    end: int
    offset: int = -1


def pack(blocks: Sequence[Block]) -> int:
    """Give each block an offset, such that none shares a byte with another in use at the same time.

    The largest first, each at the lowest offset that is free. Those in use all the time come after
    them, and where there are very many the small ones have a stretch of their own, so that the work
    does not grow with the square of their number. Gives the bytes needed in all.

    >>> a, b, c = Block(64, 0, 1), Block(64, 1, 2), Block(64, 2, 3)
    >>> pack([a, b, c]), a.offset, b.offset, c.offset
    (128, 0, 64, 0)
    """
    span = (min((b.start for b in blocks), default=0), max((b.end for b in blocks), default=0))
    always = [b for b in blocks if (b.start, b.end) == span]
    passing = [b for b in blocks if (b.start, b.end) != span]
    passing.sort(key=lambda b: (-b.size, b.start))
    total = 0
    for first in range(0, len(passing), _TOGETHER):
        total = _packed(passing[first : first + _TOGETHER], total)
    for block in always:
        block.offset = total
        total += _aligned(block)
    return total


def _aligned(block: Block) -> int:
    return -(-block.size // ALIGNMENT) * ALIGNMENT


def _packed(blocks: Sequence[Block], bottom: int) -> int:
    """Blocks one after the other at the lowest place above `bottom`; where the last one ends."""
    placed, total = _Placed(len(blocks)), bottom
    for block in blocks:
        size = _aligned(block)
        block.offset = placed.lowest(block, size, bottom)
        if size:
            placed.add(block, size)
        total = max(total, block.offset + size)
    return total


class _Placed:
    """Blocks that have an offset, by offset: their first and last step, their first byte and the one
    after their last."""

    def __init__(self, most: int) -> None:
        self._rows = np.zeros((4, most), np.int64)
        self._count = 0

    def lowest(self, block: Block, size: int, bottom: int) -> int:
        """The lowest offset from which so many bytes are free while a block is in use."""
        start, end, low, high = self._rows[:, : self._count]
        beside = (start <= block.end) & (end >= block.start)
        lows, tops = low[beside], np.maximum.accumulate(high[beside])
        if not len(lows) or lows[0] - bottom >= size:
            return bottom
        fitting = lows[1:] - tops[:-1] >= size
        gap = int(fitting.argmax()) if len(fitting) else 0
        return int(tops[gap] if len(fitting) and fitting[gap] else tops[-1])

    def add(self, block: Block, size: int) -> None:
        """One more."""
        rows, count = self._rows, self._count
        place = int(np.searchsorted(rows[2, :count], block.offset, "right"))
        rows[:, place + 1 : count + 1] = rows[:, place:count]
        rows[:, place] = block.start, block.end, block.offset, block.offset + size
        self._count += 1


@dataclass(frozen=True, slots=True)
class Home:
    """Where a value lives. index: the position of the input or state; the offset in the arena in
    bytes.

    Inner values live only within their step; constants are known at load.
    """

    kind: Literal["input", "state", "constant", "arena", "inner"]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A copy from one value's home to another's, by uid."""

    source: int
    target: int


@dataclass(frozen=True, eq=False)
class Plan:
    """All that an executor needs to run a graph.

    Run the moves `before`, the steps, the moves `after`. inputs: the values that the caller
    fills; state: those that outlive the program. once: nodes to evaluate at load; views: nodes
    whose value is a view of their first input. homes: by the uid of each value that is no view.
    outputs: uids. written: positions of the states whose new values are the graph's last outputs.
    arena: bytes.
    """

    graph: Graph
    inputs: tuple[Value, ...]
    state: tuple[Value, ...]
    outputs: tuple[int, ...]
    written: tuple[int, ...]
    once: tuple[Node, ...]
    views: tuple[Node, ...]
    steps: tuple[Step, ...]
    before: tuple[Move, ...]
    after: tuple[Move, ...]
    homes: dict[int, Home]
    values: dict[int, Value]
    arena: int


def plan(fused: Fused, states: int = 0, written: Sequence[int] = (), apart: int = 0) -> Plan:
    """Give every value of the graph a home.

    The last `states` inputs of the graph are state; its last outputs are the new values of the
    states at the positions `written`. apart: values of at most so many bytes have memory of their
    own, so that an executor may run their steps at other times.
    """
    return _Planner(fused, states, tuple(written)).plan(apart)


class _Planner:
    def __init__(self, fused: Fused, states: int, written: tuple[int, ...]) -> None:
        graph, self.aliases, self.written = fused.graph, fused.aliases, written
        first, results = len(graph.inputs) - states, len(graph.outputs) - len(written)
        self.graph, self.root = graph, dict(fused.aliases.root)
        self.values = dict(fused.aliases.values)
        self.inputs, self.state = graph.inputs[:first], graph.inputs[first:]
        self.results = [v.uid for v in graph.outputs[:results]]
        pairs = [(graph.outputs[results + n].uid, self.state[i].uid) for n, i in enumerate(written)]
        self.updates = [(new, old) for new, old in pairs if new != old]
        replaced: dict[int, int] = {}
        for new, old in self.updates:
            replaced.setdefault(new, old)  # a value has one home, whatever takes it over
        self.replaced, self.changing = replaced, {old for _, old in self.updates}
        self.given = {v.uid for v in graph.inputs}
        self.steps = schedule(fused, replaced)
        self.end = len(self.steps)
        self.reads = _reads(self.steps, self.root)
        self.kept = {self.root[v.uid] for v in graph.outputs}
        self.homes: dict[int, Home] = {}
        self.blocks: dict[int, Block] = {}  # uid -> its block of the arena
        self.before: list[Move] = []
        self.after: list[Move] = []

    def plan(self, apart: int) -> Plan:
        """Homes for what is given, for what each step makes, for what is saved; then the arena."""
        self._settle_given()
        for time, step in enumerate(self.steps):
            self._settle_step(time, step)
        outputs = [self._result(uid) for uid in self.results]
        for new, old in self.updates:
            self._update(new, old)
        blocks = list({id(b): b for b in self.blocks.values()}.values())
        _keep_apart(blocks, self.steps)
        room = _ROOM
        for block in sorted(blocks, key=lambda b: b.size):
            room -= block.size
            if block.size > apart or room < 0:
                break
            block.start, block.end = -1, self.end
        arena = pack(blocks)
        self.homes.update((uid, Home("arena", b.offset)) for uid, b in self.blocks.items())
        return Plan(
            graph=self.graph,
            inputs=self.inputs,
            state=self.state,
            outputs=tuple(outputs),
            written=self.written,
            once=self.aliases.once,
            views=tuple(n for n in self.aliases.views if not self._is_inner(n)),
            steps=self.steps,
            before=tuple(self.before),
            after=tuple(self.after),
            homes=self.homes,
            values=self.values,
            arena=arena,
        )

    def _is_inner(self, view: Node) -> bool:
        """Whether a view is of what a step has for itself alone."""
        home = self.homes.get(self.root[view.uids[0]])
        return home is not None and home.kind == "inner"

    def _settle_given(self) -> None:
        constants = [v.uid for v in self.graph.constants]
        constants += [uid for node in self.aliases.once for uid in node.uids]
        self.homes.update((uid, Home("constant")) for uid in constants)
        self.homes.update((v.uid, Home("input", i)) for i, v in enumerate(self.inputs))
        self.homes.update((v.uid, Home("state", i)) for i, v in enumerate(self.state))

    def _settle_step(self, time: int, step: Step) -> None:
        self.homes.update((uid, Home("inner")) for uid in step.inner)
        taken: set[int] = set()
        for place, node in enumerate(step.nodes):
            for uid, spec in zip(node.uids, node.specs, strict=True):
                if uid in step.inner:
                    continue
                old = self.replaced.get(uid)
                if old is not None and self._may_overwrite(old, time, place, spec):
                    self.homes[uid] = self.homes[old]
                else:
                    self._settle_in_arena(uid, spec, time, place, taken)

    def _settle_in_arena(
        self, uid: int, spec: Spec, time: int, place: int, taken: set[int]
    ) -> None:
        """In the place of an input that dies here when the step allows it, else in a block anew."""
        end = self.end if uid in self.kept else max([time, *self.reads.get(uid, {})])
        for old in self.steps[time].reads:
            block = self.blocks.get(old)
            if (
                block is None
                or block.end != time
                or id(block) in taken
                or self.values[old].spec.shape != spec.shape
            ):
                continue
            if block.size == spec.nbytes and self._may_overwrite(old, time, place, spec):
                taken.add(id(block))
                block.end = end
                self.blocks[uid] = block
                return
        self.blocks[uid] = Block(spec.nbytes, time, end)

    def _may_overwrite(self, old: int, time: int, place: int, spec: Spec) -> bool:
        """Whether node `place` of step `time` may write where `old` lives: its last readers are
        this step's nodes up to that one, element by element."""
        times = self.reads.get(old, {})
        if any(t > time for t in times):
            return False
        step = self.steps[time]
        if time not in times:
            return True
        last, direct = times[time]
        if step.shape is None or not direct or self.values[old].shape != step.shape:
            return False
        # a ufunc may write over what it reads; other forwards may read what they have written
        node = step.nodes[place]
        return last < place or (
            last == place and node.op.ufunc is not None and self.values[old].spec == spec
        )

    def _result(self, uid: int) -> int:
        """The uid under which the caller finds a result: a copy of it when it is an input, or state
        that changes again before the next call."""
        root = self.root[uid]
        if self.homes.get(root, _ARENA).kind not in ("input", "state"):
            return uid
        return self._saved(uid, root in self.given)

    def _saved(self, uid: int, before: bool) -> int:
        """A copy of a value, made before the first step or after the last."""
        copy = Value(self.values[uid].spec)
        self.values[copy.uid] = copy
        self.root[copy.uid] = copy.uid
        self.blocks[copy.uid] = Block(copy.spec.nbytes, -1 if before else self.end, self.end)
        (self.before if before else self.after).append(Move(uid, copy.uid))
        return copy.uid

    def _update(self, new: int, old: int) -> None:
        """Bring a new value to its state, unless the step that made it has."""
        if self.homes.get(new) == self.homes[old]:
            return
        again = self.root[new] in self.changing
        source = self._saved(new, before=True) if again else new
        self.after.append(Move(source, old))


def _keep_apart(blocks: Sequence[Block], steps: Sequence[Step]) -> None:
    """Let loops that follow each other share no memory: an executor may run them at once."""
    loops = [is_loop(step) for step in steps]
    first, last = list(range(len(steps))), list(range(len(steps)))
    for i in range(1, len(steps)):
        if loops[i] and loops[i - 1]:
            first[i] = first[i - 1]
    for i in reversed(range(len(steps) - 1)):
        if loops[i] and loops[i + 1]:
            last[i] = last[i + 1]
    for block in blocks:
        block.start = first[block.start] if 0 <= block.start < len(steps) else block.start
        block.end = last[block.end] if 0 <= block.end < len(steps) else block.end


_ARENA = Home("arena")
_ROOM = 1 << 22  # bytes for values that have memory of their own, in all


def bytes_of(step: Step, plan: Plan) -> tuple[int, int]:
    """Bytes that a step reads and writes, each value once, what it keeps for itself not counted."""
    reads = sum(plan.values[uid].spec.nbytes for uid in step.reads)
    return reads, sum(plan.values[uid].spec.nbytes for uid in step.outputs)


def _reads(steps: Sequence[Step], root: dict[int, int]) -> dict[int, dict[int, tuple[int, bool]]]:
    """For each root: by the time of each step that reads it, the place of its last reader there and
    whether all of them read it element by element, none through a view of it."""
    found: dict[int, dict[int, tuple[int, bool]]] = {}
    for time, step in enumerate(steps):
        for place, node in enumerate(step.nodes):
            whole = step.headed and place == 0  # a head reads more than the element it writes
            for v in node.inputs:
                times = found.setdefault(root[v.uid], {})
                direct = times.get(time, (0, True))[1] and v.uid == root[v.uid] and not whole
                times[time] = (place, direct)
    return found
