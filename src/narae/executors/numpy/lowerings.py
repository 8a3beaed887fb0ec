"""How each operation runs into memory that is there already: ufuncs as they are, the table's own,
and forwards whose result is copied for what has no lowering."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from narae.executors.numpy.calls import Arrays, BlockLoop, Call, call
from narae.executors.shared.memory import Scratch
from narae.executors.shared.params import Params
from narae.graph.ir import Node, Op


class Lowering(Protocol):
    """The calls that leave a node's results in `outs`, given arrays that live as long as the
    program.

    For an elementwise node the arrays may be blocks, of the shape of `outs` or broadcast to it.
    """

    def __call__(
        self, node: Node, ins: Arrays, outs: Arrays, scratch: Scratch
    ) -> Sequence[Call | BlockLoop]: ...


LOWERINGS: dict[str, Lowering] = {}


def lowering(*names: str) -> Callable[[Lowering], Lowering]:
    """Enter a function in the table under names of operations."""

    def entered(function: Lowering) -> Lowering:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return entered


def lower(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> Sequence[Call | BlockLoop]:
    """The calls for a node."""
    own = LOWERINGS.get(node.op.known)
    return generic(node, ins, outs) if own is None else own(node, ins, outs, scratch)


def generic(node: Node, ins: Arrays, outs: Arrays) -> list[Call]:
    """A ufunc into its place, or the op's forward and a copy of its result."""
    ufunc = ufunc_of(node.op)
    if ufunc is not None:
        return [call(ufunc, *ins, out=outs[0])]
    result = call(functools.partial(forward, node.op, node.params), *ins)
    if node.multi:
        return [call(store, tuple(outs), result)]
    return [call(np.copyto, outs[0], result)]


def ufunc_of(op: Op) -> np.ufunc | None:
    """The NumPy ufunc that is the whole forward of an op."""
    found = getattr(np, op.ufunc, None) if op.ufunc else None
    return found if isinstance(found, np.ufunc) and found.nout == 1 else None


def forward(op: Op, params: Params, *arrays: np.ndarray) -> Any:
    """An op's own forward on NumPy."""
    return op.forward(np, *arrays, **params)


def store(outs: Arrays, results: Arrays) -> None:
    """Copy each result to its place."""
    for out, result in zip(outs, results, strict=True):
        np.copyto(out, result)


def route(op: Op) -> str:
    """How the executor runs an op: 'own', 'generic' (a ufunc or a view), or 'falls back'."""
    if op.known in LOWERINGS:
        return "own"
    return "generic" if op.view or ufunc_of(op) is not None else "falls back"
