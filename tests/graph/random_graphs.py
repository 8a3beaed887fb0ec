"""Random graphs for laws: a list of small instructions, each applied to values that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from narae.base.errors import DtypeError, ShapeError
from narae.graph.graph import Graph, build, evaluate
from narae.graph.ir import Spec, Value
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.contract import dot
from narae.tensor.tensor import Tensor

F, D = "float32", "float64"
INPUTS = (Spec((4, 3), F), Spec((3,), F), Spec((4, 1), F))
STATES = (Spec((4, 3), F), Spec((4, 3), F), Spec((3, 4), F), Spec((), F))


def _flat(x: Value) -> Value:
    return S.reshape(x, shape=(x.spec.size,))


def _turned(x: Value) -> Value:
    return S.transpose(x, axes=tuple(reversed(range(x.ndim))))


def _rows(x: Value) -> Value:
    return S.slice_(x, start=(1, 0), stop=x.shape, step=(2, 1)) if x.ndim == 2 else x


def _product(x: Value, y: Value) -> Value:
    return A.tanh(dot(x, y, contract=((x.ndim - 1,), (0,)), batch=((), ())))


INSTRUCTIONS: tuple[Callable[[Value, Value], Value], ...] = (
    A.add,
    A.subtract,
    lambda x, y: A.tanh(A.multiply(x, y)),
    A.maximum,
    lambda x, y: A.negative(x),
    lambda x, y: A.tanh(x),
    lambda x, y: L.select(L.greater(x, y), x, y),
    lambda x, y: L.select(L.less(x, y), x, constant(0, x.dtype)),
    lambda x, y: L.select(L.less(x, y), constant(0, x.dtype), y),
    lambda x, y: A.multiply(x, constant(1, x.dtype)),
    lambda x, y: A.add(x, constant(0, x.dtype)),
    lambda x, y: A.add(constant(0.5, F), constant(0.25, F)),
    lambda x, y: L.cast(L.cast(x, dtype=D), dtype=F),
    lambda x, y: L.stop_gradient(x),
    lambda x, y: S.broadcast_to(x, shape=(4, 3)),
    lambda x, y: S.reshape(x, shape=(3, 4)),
    lambda x, y: _turned(x),
    lambda x, y: _flat(_turned(x)),
    lambda x, y: _rows(x),
    lambda x, y: S.concatenate(x, x, axis=0),
    lambda x, y: R.reduce_sum(x, axes=tuple(range(x.ndim))[:1]),
    lambda x, y: R.reduce_max(x, axes=tuple(range(x.ndim))),
    _product,
)


@dataclass(frozen=True)
class Program:
    """A random graph whose last inputs are state, and whose last outputs are new values of it."""

    graph: Graph
    written: tuple[int, ...]

    @property
    def states(self) -> int:
        return len(STATES)

    def arrays(self, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Numbers for the inputs and the state."""
        rng = np.random.default_rng(seed)
        arrays = [np.asarray(rng.normal(size=v.shape), v.dtype) for v in self.graph.inputs]
        return arrays[: len(INPUTS)], arrays[len(INPUTS) :]

    def reference(
        self, inputs: list[np.ndarray], state: list[np.ndarray]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Outputs and next state, node by node."""
        found = evaluate(self.graph, [*inputs, *state], np)
        count = len(found) - len(self.written)
        after = [np.array(s) for s in state]
        for i, new in zip(self.written, found[count:], strict=True):
            after[i] = np.array(new)
        return [np.array(x) for x in found[:count]], after


def _applied(pool: list[Any], code: int, a: int, b: int) -> None:
    """Add the instruction's result on a recent value and the first other one that fits it."""
    x = pool[-1 - a % min(len(pool), 10)]
    for shift in range(len(pool)):
        try:
            pool.append(INSTRUCTIONS[code](x, pool[(b + shift) % len(pool)]))
            return
        except (ShapeError, DtypeError, IndexError):
            continue


@st.composite
def programs(draw: Any, size: int = 16) -> Program:
    """Programs of about `size` instructions, with results and state updates picked anywhere."""
    place = st.integers(0, 63)
    inputs = [Tensor(spec) for spec in (*INPUTS, *STATES)]
    pool: list[Any] = [*inputs]
    code = st.integers(0, len(INSTRUCTIONS) - 1)
    steps = st.lists(st.tuples(code, place, place), min_size=size // 2, max_size=size)
    for step in draw(steps):
        _applied(pool, *step)
    picks = draw(st.lists(place, min_size=1, max_size=4))
    results = [pool[-1 - i % len(pool)] for i in picks]
    written, news = [], []
    for i, spec in enumerate(STATES):
        fitting = [v for v in pool if v.spec == spec]
        pick = draw(st.integers(-1, 5))
        if pick >= 0:
            written.append(i)
            news.append(fitting[-1 - pick % len(fitting)])
    graph, captured = build(inputs, [*results, *news])
    assert not captured
    return Program(graph, tuple(written))
