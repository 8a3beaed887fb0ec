"""A graph that splits gives, on parts of its rows, the parts of its result; what mixes rows is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from narae.graph.graph import Graph, evaluate
from narae.graph.ir import Op, Spec, Value
from narae.graph.recording import traced
from narae.graph.rows import Axis, MixedRows, Rows, narrowed, rows_of
from narae.graph.verify import verify
from narae.primitives import records  # noqa: F401  (fills the table)
from narae.primitives.record import RECORDS, constant
from narae.primitives.records.arithmetic import add, multiply, tanh
from narae.primitives.records.body import gradient_graph, trace_graph
from narae.primitives.records.contract import dot
from narae.primitives.records.index import take
from narae.primitives.records.logic import cast, greater, less, select
from narae.primitives.records.loop import while_
from narae.primitives.records.reduce import cumsum, reduce_max, reduce_sum
from narae.primitives.records.scan import scan_over
from narae.primitives.records.shape import (
    broadcast_to,
    concatenate,
    full,
    iota,
    reshape,
    slice_,
    transpose,
)
from narae.primitives.records.switch import choose

B, T, U = 6, 4, 3  # rows, steps, units: all different, so that no axis is taken for another


def part_of(array: np.ndarray, axis: Axis, start: int, stop: int) -> np.ndarray:
    return array if axis is None else array[(slice(None),) * axis + (slice(start, stop),)]


def run_in_parts(
    rows: Rows, arrays: Sequence[np.ndarray], cuts: Sequence[int]
) -> Iterator[tuple[np.ndarray, ...]]:
    for start, stop in zip((0, *cuts), (*cuts, rows.length), strict=True):
        graph = verify(narrowed(rows, stop - start))
        given = [part_of(x, a, start, stop) for x, a in zip(arrays, rows.inputs, strict=True)]
        assert [x.shape for x in given] == [v.shape for v in graph.inputs]
        yield evaluate(graph, given, np)


def check_parts(rows: Rows, arrays: Sequence[np.ndarray], cuts: Sequence[int]) -> None:
    whole = evaluate(rows.graph, arrays, np)
    start = 0
    for stop, part in zip((*cuts, rows.length), run_in_parts(rows, arrays, cuts), strict=True):
        for got, want, axis in zip(part, whole, rows.outputs, strict=True):
            wanted = part_of(want, axis, start, stop)
            assert got.shape == wanted.shape
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)
        start = stop


# --- each record ---


def one_node(op: Op, arrays: Sequence[np.ndarray], params: dict) -> Graph:
    return trace_graph(
        lambda *xs: outputs(op(*xs, **params)), [Spec(x.shape, x.dtype.name) for x in arrays]
    )[0]


def outputs(found: Value | tuple[Value, ...]) -> list[Value]:
    return list(found) if isinstance(found, tuple) else [found]


M = np.arange(20.0).reshape(4, 5)
BOX = {"start": (0, 1), "stop": (4, 3), "step": (1, 1)}
# where the records' own samples cut every axis
MORE = {
    "slice": [((M,), BOX)],
    "unslice": [((M[:, :2],), {**BOX, "shape": (4, 7)})],
    "concatenate": [((M, M[:, :2]), {"axis": 1})],
    "dynamic_slice": [((M, np.asarray([3, 2])), {"shape": (4, 2)})],
    "dynamic_update": [((M, np.asarray([3, 2]), M[:, :2]), {})],
}
RULED = [n for n, op in RECORDS.items() if op.rows and op.samples and n != "while"]


@pytest.mark.parametrize("name", RULED)
def test_each_record_that_splits_says_so_rightly(name: str) -> None:
    """Every axis of every operand of every sample: it is refused, or parts make the whole. (A
    `while` is among the bodies below.)"""
    op, split = RECORDS[name], 0
    for arrays, params in [*op.samples(np.random.default_rng(3)), *MORE.get(name, [])]:
        if all(x.size for x in arrays):
            split += _try_all_axes(op, list(map(np.asarray, arrays)), params)
    assert split, f"no sample of {name} splits"


def _try_all_axes(op: Op, arrays: list[np.ndarray], params: dict) -> int:
    split = 0
    for i, x in enumerate(arrays):
        for axis in (a for a, n in enumerate(x.shape) if n > 1):
            ins = [axis if i == j else None for j in range(len(arrays))]
            try:
                rows = rows_of(one_node(op, arrays, params), ins)
            except MixedRows:
                continue
            check_parts(rows, arrays, [1])
            split += 1
    return split


# --- bodies ---


def product(x: Value, w: Value) -> Value:
    return dot(x, w, contract=((x.ndim - 1,), (0,)), batch=((), ()))


def cell(h: Value, x: Value, w: Value, u: Value, b: Value) -> list[Value]:
    new = tanh(add(add(product(x, w), product(h, u)), b))
    return [new, multiply(new, x)]


def gates(h: Value, c: Value, x: Value, w: Value) -> list[Value]:
    """Slices of one product, a constant that is the same for all rows, a cast of a comparison."""
    z = add(product(h, concatenate(w, w, axis=1)), concatenate(x, x, axis=1))
    part = lambda i: slice_(z, start=(0, i * U), stop=(B, i * U + U), step=(1, 1))
    keep = cast(greater(x, constant(0.0, "float64")), dtype="float64")
    new = add(multiply(tanh(part(0)), c), multiply(part(1), full(0.5, (B, U), "float64")))
    return [multiply(new, keep), new]


def heads(h: Value, w: Value) -> list[Value]:
    """Rows among other axes: a shared batch axis of a product, reshapes, transposes, a softmax."""
    x = transpose(reshape(h, shape=(B, U, 1, 2)), axes=(2, 0, 1, 3))  # (1, B, U, 2)
    scores = dot(x, x, contract=((3,), (3,)), batch=((0, 1), (0, 1)))
    top = broadcast_to(
        reshape(reduce_max(scores, axes=(3,)), shape=(1, B, U, 1)), shape=(1, B, U, U)
    )
    weights = tanh(scores - top)
    out = dot(weights, x, contract=((3,), (2,)), batch=((0, 1), (0, 1)))
    return [reshape(transpose(out, axes=(1, 2, 0, 3)), shape=(B, 2 * U)), reduce_sum(w, axes=(0,))]


def looked_up(h: Value, words: Value, table: Value) -> list[Value]:
    return [add(h, take(table, words, axis=0)), cumsum(h, axis=1)]


def counted(h: Value, n: Value) -> list[Value]:
    """What is the same for all rows, and stays so."""
    return [multiply(h, cast(n, dtype="float64")), add(n, constant(1, "int32"))]


def masked(h: Value, x: Value, m: Value) -> list[Value]:
    wide = broadcast_to(reshape(m, shape=(B, 1)), shape=(B, U))
    return [select(wide, add(h, x), h)]


def nested(h: Value, xs: Value, w: Value) -> list[Value]:
    """A scan over another axis of a slice, within a choice."""
    step = lambda c, x: [tanh(add(product(c, w), x)), c]
    scanned = lambda: scan_over(step, [h], [transpose(xs, axes=(1, 0, 2))], T)
    index = cast(reduce_sum(w, axes=(0, 1)), dtype="int32")
    return list(choose(index, [lambda: scanned()[:1], lambda: [h]], []))


def repeated(h: Value, w: Value) -> list[Value]:
    test = trace_graph(lambda h, n, w: [less(n, constant(3, "int32"))], *SPECS_OF_LOOP)[0]
    body = trace_graph(
        lambda h, n, w: [tanh(product(h, w)), add(n, constant(1, "int32"))], *SPECS_OF_LOOP
    )[0]
    start = cast(reduce_sum(w - w, axes=(0, 1)), dtype="int32")
    return list(while_(h, start, w, test=test, body=body, count=2, limit=None))


SPECS_OF_LOOP = ([Spec((B, U), "float64"), Spec((), "int32"), Spec((U, U), "float64")],)
ROW, STEP = ((B, U), 0), ((U, U), None)
BODIES: dict[str, tuple[Callable, list, list[Axis]]] = {
    "a cell": (cell, [ROW, ROW, STEP, STEP, ((U,), None)], [0, 0]),
    "gates": (gates, [ROW, ROW, ROW, STEP], [0, 0]),
    "heads": (heads, [((B, 2 * U), 0), STEP], [0, None]),
    "rows looked up": (looked_up, [ROW, ((B,), 0, "int32"), ((9, U), None)], [0, 0]),
    "what is the same for all": (counted, [ROW, ((), None, "int32")], [0, None]),
    "a mask": (masked, [ROW, ROW, ((B,), 0, "bool")], [0]),
    "control flow within": (nested, [ROW, ((B, T, U), 0), STEP], [0]),
    "a loop of unknown length": (repeated, [ROW, STEP], [0, None]),
}


def traced_body(body: Callable, values: list) -> tuple[Graph, list[np.ndarray]]:
    rng = np.random.default_rng(5)
    specs = [Spec(v[0], v[2] if len(v) > 2 else "float64") for v in values]
    graph = trace_graph(body, specs)[0]
    arrays = [
        rng.normal(size=s.shape)
        if s.dtype == "float64"
        else rng.integers(0, 2, s.shape).astype(s.dtype)
        for s in specs
    ]
    return graph, arrays


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("cuts", [(1,), (2, 4), ()])
def test_parts_make_the_whole(name: str, cuts: tuple[int, ...]) -> None:
    body, values, ends = BODIES[name]
    graph, arrays = traced_body(body, values)
    rows = rows_of(graph, [0, *[None] * (len(values) - 1)])  # the others' axes are found
    assert list(rows.inputs) == [v[1] for v in values]
    assert list(rows.outputs) == ends
    check_parts(rows, arrays, cuts)


def test_the_gradient_of_a_cell_splits_but_for_what_is_captured() -> None:
    graph, _ = traced_body(*BODIES["a cell"][:2])
    rng = np.random.default_rng(2)
    moving = gradient_graph(graph, [0, 1], [0, 1])
    arrays = [rng.normal(size=v.shape) for v in moving.inputs]
    check_parts(rows_of(moving, [0, *[None] * (len(moving.inputs) - 1)]), arrays, [2])
    with pytest.raises(MixedRows, match="dot"):
        rows_of(gradient_graph(graph, [0], [3]), [0, *[None] * 5])


def test_a_scan_says_how_it_splits() -> None:
    """What an executor asks of the node: the axes around it, and its parameters for fewer rows."""
    specs = [Spec((B, U), "float64"), Spec((T, B, U), "float64"), Spec((U, U), "float64")]
    step = lambda w: lambda h, x: [tanh(add(product(h, w), x)), h]
    graph, _ = trace_graph(lambda h, xs, w: scan_over(step(w), [h], [xs], T), specs)
    (node,) = graph.nodes
    split = node.op.rows(node, (0, None, None), (None, None), B)
    assert (split.ins, split.outs) == ((0, 1, None), (0, 1))
    rng = np.random.default_rng(0)
    h, xs, w = (rng.normal(size=s.shape) for s in specs)
    whole = node.op.forward(np, h, xs, w, **node.params)
    part = node.op.forward(np, h[2:], xs[:, 2:], w, **{**node.params, **split.params(B - 2)})
    np.testing.assert_allclose(part[0], whole[0][2:], rtol=1e-12)
    np.testing.assert_allclose(part[1], whole[1][:, 2:], rtol=1e-12)


NUMBERED = np.arange(B * 1.0).reshape(B, 1)

MIXING: dict[str, Callable] = {
    "a sum over rows": lambda h: reduce_sum(h, axes=(0,)),
    "a mean taken off": lambda h: h - reduce_sum(h, axes=(0,)),
    "a product over rows": lambda h: dot(h, h, contract=((0,), (0,)), batch=((), ())),
    "every row with every other": lambda h: dot(h, h, contract=((1,), (1,)), batch=((), ())),
    "another order": lambda h: slice_(h, start=(B - 1, 0), stop=(-1, U), step=(-1, 1)),
    "half of the rows": lambda h: slice_(h, start=(0, 0), stop=(3, U), step=(1, 1)),
    "a running sum": lambda h: cumsum(h, axis=0),
    "rows and their units as one axis": lambda h: reshape(h, shape=(B * U,)),
    "rows after each other": lambda h: concatenate(h, h, axis=0),
    "rows by number": lambda h: take(h, cast(iota(size=4, dtype="int32"), dtype="int32"), axis=0),
    "the number of a row": lambda h: add(h, reshape(iota(size=B, dtype="float64"), shape=(B, 1))),
    "a constant that differs": lambda h: add(h, constant(NUMBERED, "float64")),
    "a test of all rows": lambda h: choose(
        less(reduce_sum(h, axes=(0, 1)), constant(0.0, "float64")), [lambda: [h], lambda: [h]], []
    )[0],
    "rows as steps": lambda h: scan_over(lambda c, x: [add(c, x)], [h[0]], [h], B)[0],
    "a carry that sums rows": lambda h: scan_over(
        lambda c: [add(c, reduce_sum(h, axes=(0,)))], [full(0, (U,), "float64")], [], T
    )[0],
}


@pytest.mark.parametrize("name", MIXING)
def test_what_mixes_rows_is_refused(name: str) -> None:
    with traced():
        graph = trace_graph(lambda h: [MIXING[name](h)], [Spec((B, U), "float64")])[0]
    with pytest.raises(MixedRows):
        rows_of(graph, [0])
