"""The plan: values share storage only when they are never needed at once; state comes out right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.random_graphs import Program, programs

from narae.executors.numpy.program import NumpyProgram
from narae.graph.autodiff import backprop
from narae.graph.fuse import fuse
from narae.graph.graph import build
from narae.graph.ir import Spec, Value
from narae.graph.plan import ALIGNMENT, Block, Home, Plan, pack, plan
from narae.graph.rewrite import simplify
from narae.graph.verify import Malformed, verify_plan
from narae.primitives.record import constant
from narae.primitives.records import arithmetic as A
from narae.primitives.records import shape as S
from narae.primitives.records.body import ALGEBRA
from narae.primitives.records.contract import dot
from narae.primitives.records.scan import scan_over
from narae.tensor.tensor import Tensor


@settings(max_examples=200, deadline=None, report_multiple_bugs=False)
@given(programs(), st.booleans())
def test_two_runs_equal_node_by_node(program: Program, simplified: bool) -> None:
    inputs, state = program.arrays()
    graph = simplify(program.graph) if simplified else program.graph
    planned = verify_plan(plan(fuse(graph), program.states, program.written))
    mine = [np.array(s) for s in state]
    loaded = NumpyProgram(planned, mine)
    for _ in range(2):
        for buffer, array in zip(loaded.inputs, inputs, strict=True):
            np.copyto(buffer, array)
        outputs, state = program.reference(inputs, state)
        for got, want in zip([*loaded(), *mine], [*outputs, *state], strict=True):
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


row = st.tuples(st.integers(0, 900), st.integers(-1, 8), st.integers(0, 5))


@settings(max_examples=200, deadline=None, report_multiple_bugs=False)
@given(st.lists(row, max_size=12))
def test_blocks_in_use_at_once_share_no_byte(rows: list[tuple[int, int, int]]) -> None:
    made = [Block(size, start, start + length) for size, start, length in rows]
    total = pack(made)
    for i, a in enumerate(made):
        assert 0 <= a.offset <= total - a.size
        assert a.offset % ALIGNMENT == 0
        for b in made[:i]:
            at_once = a.start <= b.end and b.start <= a.end
            overlap = a.offset < b.offset + b.size and b.offset < a.offset + a.size
            assert not (at_once and overlap and a.size and b.size)


def spec(*shape: int) -> Tensor:
    return Tensor(Spec(shape, "float32"))


def planned(inputs: list[Value], outputs: list[Value], states: int, *written: int) -> Plan:
    return verify_plan(plan(fuse(build(inputs, outputs)[0]), states, written))


def test_an_update_is_written_where_the_state_lives() -> None:
    w, g = spec(8, 4), spec(8, 4)
    new = w - g * constant(0.1, "float32")
    made = planned([g, w], [new], 1, 0)
    assert made.homes[new.uid] == Home("state", 0)
    assert not made.after
    assert made.arena == 0


def test_an_update_waits_for_readers_of_the_old_value() -> None:
    w, x = spec(4, 4), spec(4, 4)
    new = w - x
    read = dot(x, w, contract=((1,), (0,)), batch=((), ()))  # recorded after the update
    made = planned([x, w], [read, new], 1, 0)
    assert [s.nodes[0].op.name for s in made.steps] == ["dot", "subtract"]
    assert made.homes[new.uid] == Home("state", 0)


def test_states_that_need_each_other_are_copied_once() -> None:
    a, b = spec(8), spec(8)
    made = planned([a, b], [b, a], 2, 0, 1)
    assert (len(made.before), len(made.after)) == (2, 2)
    total = a + b
    made = planned([a, b], [total, a], 2, 0, 1)  # a = a + b; b = the old a
    assert len(made.before) == 1
    assert made.homes[total.uid] == Home("state", 0)


def test_a_dying_input_gives_its_place() -> None:
    x, y = spec(64, 64), spec(64, 64)
    product = dot(x, y, contract=((1,), (0,)), batch=((), ()))
    out = A.exp(product)
    made = planned([x, y], [out], 0)
    assert made.homes[out.uid] == made.homes[product.uid]
    assert made.arena == 64 * 64 * 4
    kept = planned([x, y], [product, out], 0)  # not when it is asked for later
    assert kept.homes[out.uid] != kept.homes[product.uid]


def test_weights_are_updated_as_soon_as_their_gradients_are_there() -> None:
    x, ws = spec(32, 32), [spec(32, 32) for _ in range(6)]
    grads = [dot(x, w, contract=((1,), (0,)), batch=((), ())) for w in ws]
    news = [w - g for w, g in zip(ws, grads, strict=True)]
    assert planned([x, *ws], news, 6, *range(6)).arena == 32 * 32 * 4  # one gradient at a time


def test_an_output_that_is_given_is_a_copy() -> None:
    x, w = spec(3), spec(3)
    turned = S.reshape(w, shape=(3, 1))
    made = planned([x, w], [x, w, turned, w + x], 1, 0)
    assert [made.homes[uid].kind for uid in made.outputs] == ["arena"] * 3
    assert len(made.before) == 3


def test_loops_that_do_not_need_each_other_come_together_and_share_no_memory() -> None:
    x, xs = spec(64), spec(5, 64)

    def loop(start: Value, xs: Value) -> list[Value]:
        return list(scan_over(lambda c, x: [c + x, c * x], [start], [xs], 5, False))

    _, first = loop(x, A.exp(xs))
    between = A.exp(first)
    _, second = loop(x, A.sin(xs))
    made = planned([x, xs], [between + second], 0)
    names = [s.nodes[0].op.name for s in made.steps]
    at = names.index("scan")
    assert names[at : at + 2] == ["scan", "scan"]
    homes = [made.homes[u] for s in made.steps[at : at + 2] for u in (*s.reads, *s.outputs)]
    arena = {h for h in homes if h.kind == "arena"}
    assert len(arena) == 2 + 4  # what each reads, and what it makes


def test_the_gradient_of_a_turned_order_is_turned() -> None:
    x = spec(3, 4)
    turned = S.flip_axes(x, (0,))
    (ct,) = backprop([turned], [spec(3, 4)], [x], ALGEBRA, 0)
    assert ct.node.op.name == "slice"  # and no copy into zeros


@pytest.mark.parametrize("wrong", ["swapped", "early"])
def test_the_checker_sees_what_is_wrong(wrong: str) -> None:
    x, y = spec(8, 8), spec(8, 8)
    product = dot(x, y, contract=((1,), (0,)), batch=((), ()))
    out = dot(product, y, contract=((1,), (0,)), batch=((), ())) + product
    made = planned([x, y], [out], 0)
    if wrong == "early":
        broken = dataclasses.replace(made, steps=made.steps[::-1])
    else:
        homes = {u: Home("arena", 0) if h.kind == "arena" else h for u, h in made.homes.items()}
        broken = dataclasses.replace(made, homes=homes)
    with pytest.raises(Malformed, match="is read where"):
        verify_plan(broken)
