"""Op, Node, Value, and `bind`: the one door through which every operation runs or is recorded."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from narae.base import limits
from narae.base.context import quietly
from narae.base.dtypes import np_dtype
from narae.base.freed import keep_freed
from narae.base.names import scopes
from narae.graph.notation import Term
from narae.graph.recording import Where, is_traced, places, taping

if TYPE_CHECKING:
    from types import ModuleType

    from narae.graph.graph import Inside

_uids = itertools.count()
keep_freed()  # an eager operation makes an array, and most leave it soon


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a value before it is computed: its shape and the name of its dtype."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """The number of elements."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def nbytes(self) -> int:
        """The bytes that the elements take."""
        return self.size * np_dtype(self.dtype).itemsize


class Value:
    """One result of the computation: concrete (`data`), recorded (`node`), or both.

    A traced value has no data; an eager one has no node; under a GradientTape it has both.
    `uid` is its identity: two handles with one uid are one value.
    """

    __slots__ = ("__weakref__", "data", "index", "node", "spec", "tracked", "uid")

    def __init__(
        self,
        spec: Spec,
        data: np.ndarray | None = None,
        node: Node | None = None,
        index: int = 0,
        uid: int | None = None,
    ) -> None:
        self.spec = spec
        self.data = data
        self.node = node
        self.index = index
        self.uid = next(_uids) if uid is None else uid
        self.tracked = False  # a source that a tape watches

    if TYPE_CHECKING:  # arithmetic comes with the subclass `Op.result_type`: gradients use it

        def __add__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.spec.shape)


@dataclass(frozen=True, eq=False)
class Op:
    """One operation's whole record. See `narae.primitives.record` for the helpers that make them.

    rule(*specs, **params) -> Spec or a tuple of Specs; raises ShapeError or DtypeError.
    forward(xp, *arrays, **params) -> array or a tuple of arrays, in the namespace `xp`.
    vjp: one function per input, (ct, out, *inputs, **params) -> cotangent, None where no gradient
        flows; for an op of many inputs a function (i, ct, out, *inputs, **params).
    joint: in place of vjp where the cotangents are computed together: (wanted, ct, out, *inputs,
        **params) -> one per input, None where no gradient flows or i is not in the set `wanted`.
    simplify(*inputs, **params) -> an equal Value that is cheaper, or None.
    inside(node) -> the graphs that the operation runs, each an `Inside`, for people to read.
    prune(node, used) -> the node with fewer results, a `Less`; None where it stays as it is.
    rows(node, ins, outs, length) -> the `Split` that agrees with the axes known so far, or None.
    cost(node) -> floating-point operations; shown(node, operands) -> the formula that people see.
    """

    name: str
    rule: Callable[..., Any]
    forward: Callable[..., Any]
    vjp: Sequence[Callable[..., Any] | None] | Callable[..., Any] | None = None
    joint: Callable[..., Any] | None = None
    samples: Callable[..., Any] | None = None
    oracle: Callable[..., Any] | None = None
    simplify: Callable[..., Any] | None = None
    ufunc: str | None = None  # the xp function that is the whole forward and takes `out`
    elementwise: bool = False  # each output element depends on one element of each input
    view: bool = False  # NumPy's forward returns a view of the first input
    tiled: bool = False  # made tile by tile: what follows element by element can be done on a tile
    smooth: bool = True  # has second derivatives worth checking
    commutes: bool = False
    cost: Callable[[Node], int] | None = None  # None: see `narae.graph.cost.flops`
    shown: Callable[[Node, Sequence[Term]], Term] | None = None  # None: name(operands)
    inside: Callable[[Node], Sequence[Inside]] | None = None  # None: it runs none
    flat: bool = False  # has no gradient on purpose
    exact: bool = False  # gives what it is given: a half's result is a half without rounding
    narrow: bool = False  # depends on the width of what it reads: a half stays a half
    slow: bool = False  # takes many instructions for each number
    rows: Callable[..., Any] | None = None  # see `narae.graph.rows`; None: a batch never splits
    prune: Callable[..., Any] | None = None  # see `narae.graph.prune`; None: all results stay
    large: Callable[..., bool] | None = (
        None  # (spec of the result, of the inputs) -> see `computed`
    )
    index: int | None = None  # the input of indices into params["axis"], checked before use

    result_type: ClassVar[type[Value]] = Value

    @property
    def known(self) -> str:
        """The name by which executors may have code of their own for this record: empty where it
        computes something else than the record that was entered under its name first."""
        return self.name if _forwards.get(self.name) is self.forward else ""

    def __call__(self, *args: Value, **params: Any) -> Any:
        return bind(self, args, params)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def gradient_of(self, i: int) -> Callable[..., Any] | None:
        """The function that gives the cotangent of input i, or None where no gradient flows."""
        if self.joint is not None:
            joint = self.joint
            return lambda *args, **params: joint({i}, *args, **params)[i]
        if self.vjp is None:
            return None
        if callable(self.vjp):
            vjp = self.vjp
            return lambda *args, **params: vjp(i, *args, **params)
        return self.vjp[i]


_forwards: dict[str, Callable[..., Any]] = {}  # what the records that have names compute


def enter(op: Op) -> None:
    """Let executors know a record by its name. The first one of a name stays the one that is meant:
    narae's own are there before anybody else's."""
    _forwards.setdefault(op.name, op.forward)


class Node:
    """One recorded application of an op. Holds the outputs' data, never the outputs themselves:
    no reference cycle, so that what a tape recorded goes when the last result goes. `where` is for
    people to read: nothing that runs depends on it."""

    __slots__ = ("datas", "inputs", "multi", "op", "params", "specs", "uids", "where")

    def __init__(
        self,
        op: Op,
        inputs: tuple[Value, ...],
        params: dict[str, Any],
        specs: tuple[Spec, ...],
        datas: tuple[np.ndarray | None, ...],
        multi: bool,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.specs = specs
        self.datas = datas
        self.multi = multi
        self.uids = tuple([next(_uids) for _ in specs]) if multi else (next(_uids),)
        place = places.top() if places.entries else None
        self.where = (place and place.where) or _where(scopes())

    def output(self, i: int) -> Value:
        """A handle on output i."""
        return Op.result_type(self.specs[i], self.datas[i], self, i, self.uids[i])

    @property
    def result(self) -> Any:
        """What the op's caller gets: one value, or a tuple of them."""
        if not self.multi:
            return self.output(0)
        return tuple([self.output(i) for i in range(len(self.specs))])

    def __repr__(self) -> str:
        return (
            f"<node {self.op.name} -> {', '.join(f'{s.dtype}{list(s.shape)}' for s in self.specs)}>"
        )


def _where(path: tuple[str, ...]) -> Where:
    return Where(path) if path else _OUTSIDE


_OUTSIDE = Where()  # of all layers


def now() -> int:
    """A point in the order of recording: values made later have a larger uid."""
    return next(_uids)


def bind(op: Op, args: tuple[Value, ...], params: dict[str, Any]) -> Any:
    """Run `op` at once when every argument is concrete; record a node when one is traced, or
    when a tape is active and an argument can be reached from what it watches."""
    given, arrays = [], []  # one pass: this is what a small operation costs
    watched = False
    for a in args:
        given.append(a.spec)
        if a.data is not None:
            arrays.append(a.data)
        if a.node is not None or a.tracked:
            watched = True
    specs = op.rule(*given, **params)
    multi = isinstance(specs, tuple)
    if limits.ACTIVE.entries:
        _charge(op, specs if multi else (specs,), args)
    if len(arrays) < len(args) or (not args and is_traced()):
        all_specs = specs if multi else (specs,)
        return Node(op, args, params, all_specs, (None,) * len(all_specs), multi).result
    if op.large is None:
        datas = run(op, arrays, params)
    else:
        datas = computed(op, specs, given, arrays, params)
    if watched and taping():
        return Node(op, args, params, specs if multi else (specs,), datas, multi).result
    if multi:
        return tuple(Op.result_type(s, d) for s, d in zip(specs, datas, strict=True))
    return Op.result_type(specs, datas[0])


# By name: it compiles, with the layers above, and is there when the first large operation comes.
_COMPILER = "narae.engine.large"


def computed(
    op: Op, out: Spec, given: Sequence[Spec], arrays: Sequence[Any], params: dict[str, Any]
) -> tuple[Any, ...]:
    """The op's forward, by a program of its own where it is large."""
    if op.large is not None and op.known and op.large(out, *given):
        found = importlib.import_module(_COMPILER).computed(op, arrays, params)
        if found is not None:
            return found
    return run(op, arrays, params)


def _charge(op: Op, specs: tuple[Spec, ...], args: tuple[Value, ...]) -> None:
    """While a file is being loaded: what is computed, and what is recorded, has bounds."""
    limits.step()
    if all(a.data is not None for a in args):
        limits.afford(sum(s.size for s in specs), 8, f"the result of {op.name}")


def run(
    op: Op, arrays: Sequence[Any], params: dict[str, Any], xp: ModuleType = np
) -> tuple[Any, ...]:
    """The op's forward in the namespace `xp`, always as a tuple of arrays."""
    out = quietly(op.forward, xp, *arrays, **params)
    if type(out) is np.ndarray:
        return (out,)
    outs = out if isinstance(out, tuple) else (out,)
    return tuple(map(np.asarray, outs)) if xp is np else outs
