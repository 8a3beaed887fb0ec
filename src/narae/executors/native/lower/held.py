"""Which weights a program holds by panels from step to step, with the optimizer's state that belongs to them.

A weight that products read as B, and whose update follows the product that gives its gradient, is held in the order in
which products read it: panels of columns, one after the other, each row after row. What its gradient's product gives
lies so too, and the optimizer's state. So the update is one loop along memory, nothing is copied in a step, and a core
reads, updates and writes the same part of a weight in all phases of a step, in its own caches. (Where threads share out
rows in one phase and columns in another, each line of a weight goes from core to core twice a step. And in columns of
an ordinary matrix, what the processor fetches ahead is the other core's.)

The variables' own arrays have the numbers when somebody looks: see `Store.keep`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.jit import bounds
from narae.executors.native.jit.target import host
from narae.executors.native.kernels.registers import register_tile
from narae.executors.native.lower.partition import Product
from narae.executors.native.lower.tiles import address
from narae.executors.shared.memory import Layout, Store, aligned
from narae.graph.fuse import Step
from narae.graph.plan import Home, Plan


@dataclass(frozen=True)
class Lies:
    """Where a matrix by panels lies. row, across: bytes from a row of a panel to the next, and for each column from
    the beginning of a panel to that of another."""

    place: int
    row: int
    across: int


def by_form(part: Product, form: Form) -> Product:
    """A product with B, a matrix as it is, by panels."""
    taps = part.taps.copy()
    taps[:, 1] = np.arange(len(taps)) * part.inner * form.lies.row
    lies = form.lies
    return replace(
        part,
        b=lies.place,
        taps=taps,
        b_down=lies.row,
        b_across=lies.across,
        panels=True,
        by=form.wide,
    )


class Form(Layout):
    """A variable's matrix by panels: (panels, rows, wide), complete with columns that nobody reads.

    The store has it when it is newer; it has the store weakly, so that both are free at once.
    """

    def __init__(self, store: Store, wide: int) -> None:
        self._store, self.wide = weakref.ref(store), wide
        self.rows, self.columns = store.array.shape
        count = -(-self.columns // wide)
        memory = aligned(4 * count * self.rows * wide).view(np.float32)
        memory[:] = 0
        self.array = memory.reshape(count, self.rows, wide)
        self.lies = Lies(address(self.array), 4 * wide, 4 * self.rows)

    def bring(self) -> None:
        """Take the store's numbers, unless they are here."""
        store = self._store()
        if store is not None and store.form is not self:
            self._copy(store.host(), out=False)

    def mark(self) -> None:
        """The newest numbers are here."""
        store = self._store()
        if store is not None:
            store.keep(self, Form.fetch)

    def fetch(self) -> np.ndarray:
        """The matrix."""
        found = np.empty((self.rows, self.columns), np.float32)
        self._copy(found, out=True)
        return found

    def _copy(self, matrix: np.ndarray, out: bool) -> None:
        whole = self.columns // self.wide
        split = whole * self.wide
        left = matrix[:, :split].reshape(self.rows, whole, self.wide).transpose(1, 0, 2)
        pairs = [(left, self.array[:whole])]
        if split < self.columns:
            pairs.append((matrix[:, split:], self.array[whole, :, : self.columns - split]))
        for ordinary, panels in pairs:
            np.copyto(*((ordinary, panels) if out else (panels, ordinary)))


@dataclass(frozen=True, eq=False)
class Held:
    """forms: by uid, of the values that states have before and after a step. places: which states they are."""

    forms: Mapping[int, Form] = field(default_factory=dict)
    places: frozenset[int] = frozenset()

    def all(self) -> list[Form]:
        """Each form once."""
        return list({id(form): form for form in self.forms.values()}.values())

    def concerns(self, step: Step) -> bool:
        """Whether a step reads or writes one of them."""
        return any(u in self.forms for u in (*step.reads, *step.outputs))


_forms: weakref.WeakValueDictionary[tuple[int, int], Form] = weakref.WeakValueDictionary()


def choose(plan: Plan, stores: Sequence[Store]) -> Held:
    """The states that a plan's steps read and write in no other way than is done by panels."""
    if bounds.enabled():
        return Held()
    wide = register_tile(host(), "float32", "in turn").wide
    busy = _busy(plan)
    forms: dict[int, Form] = {}
    places: set[int] = set()
    for update in plan.steps:
        group = _updated(update, plan, busy)
        if not group:
            continue
        needed = [(id(stores[home.index]), wide) for home in group.values()]
        there = sum(form.array.nbytes for form in list(_forms.values()))
        more = sum(stores[home.index].array.nbytes for home in set(group.values()))
        if there + more > tuning.HELD and not all(key in _forms for key in needed):
            continue
        for uid, home in group.items():
            store = stores[home.index]
            form = _forms.get((id(store), wide))
            if form is None:
                form = _forms[id(store), wide] = Form(store, wide)
            forms[uid] = form
            places.add(home.index)
    return Held(forms, frozenset(places))


def _busy(plan: Plan) -> set[int]:
    """Values that something else than a step's own nodes has to do with."""
    moved = [uid for move in (*plan.before, *plan.after) for uid in (move.source, move.target)]
    viewed = [v.uid for node in plan.views for v in node.inputs]
    return {*moved, *viewed, *plan.outputs}


def _updated(step: Step, plan: Plan, busy: set[int]) -> dict[int, Home] | None:
    """The states that an update changes, by the uids of their old and new values; None where it is no update of a
    weight that is only multiplied with, or has to do with other matrices."""
    head, rest = step.nodes[0], step.nodes[1:]
    spec = head.specs[0]
    if head.op.known != "dot" or not rest or len(spec.shape) != 2 or spec.dtype != "float32":
        return None
    if spec.nbytes < tuning.PASS_FROM or spec.shape[1] < tuning.COLUMNS_WIDE:
        return None
    homes = {v.uid: Home("state", i) for i, v in enumerate(plan.state)}
    mine = {v.uid for v in head.inputs}
    read = [u for u in step.reads if u not in mine and plan.values[u].spec.size > 1]
    written = {u: plan.homes[u] for u in step.outputs}
    group = {u: homes[u] for u in read if u in homes} | written
    alike = all(plan.values[u].spec == spec for u in group)
    own = set(read) <= homes.keys() and set(written.values()) == {
        homes[u] for u in read if u in homes
    }
    if not alike or not own or not written or mine & group.keys() or busy & group.keys():
        return None
    weights = []
    for uid in group:
        found = list(_readings(uid, plan, step))
        if any(how != "forward" for how in found) or (found and uid in written):
            return None
        weights += found
    return group if weights else None


def _readings(uid: int, plan: Plan, update: Step) -> Iterator[str]:
    """How steps other than its update read a value."""
    for step in plan.steps:
        if step is update or uid not in step.reads:
            continue
        head = step.nodes[0]
        others = [v.uid for node in step.nodes[1:] for v in node.inputs]
        plain = head.op.known == "dot" and uid not in others and head.inputs[0].uid != uid
        if plain and not step.rows and not any(map(len, head.params["batch"])):
            yield "forward" if tuple(head.params["contract"][1]) == (0,) else "turned"
        else:
            yield "else"
