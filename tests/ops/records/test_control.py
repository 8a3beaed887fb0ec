"""Control flow: a choice, a loop and a scan against plain Python, in values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae.base.errors import DtypeError, NotYet, ShapeError
from narae.engine.jit import jit
from narae.engine.tape import GradientTape, grad
from narae.engine.variable import Variable
from narae.primitives.record import constant
from narae.primitives.records.arithmetic import add, multiply, tanh
from narae.primitives.records.index import take
from narae.primitives.records.logic import less
from narae.primitives.records.loop import repeat_while
from narae.primitives.records.matrix import matmul
from narae.primitives.records.reduce import reduce_sum
from narae.primitives.records.scan import scan_over
from narae.primitives.records.switch import choose
from narae.tensor.tensor import Tensor, tensor_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 2, 3))
H = RNG.normal(size=(2, 3))
W = RNG.normal(size=(3, 3)) * 0.5


def total(x: Any) -> Any:
    return reduce_sum(x, axes=tuple(range(x.ndim)))


def at(x: Any, i: int) -> Any:
    return take(x, constant(i, "int32"), axis=0)


def cell(h: Any, x: Any, w: Any) -> Any:
    return tanh(add(matmul(h, add(w, w)), x))


def scanned(h: Any, xs: Any, w: Any, reverse: bool = False) -> Any:
    """The sum of the last state and of its outputs' squares, by a scan."""

    def step(h: Any, x: Any) -> list[Any]:
        new = cell(h, x, w)
        return [new, multiply(new, x)]

    last, ys = scan_over(step, [h], [xs], xs.shape[0], reverse)
    return add(total(last), total(multiply(ys, ys)))


def unrolled(h: Any, xs: Any, w: Any, reverse: bool = False) -> Any:
    """The same, step by step."""
    out = []
    for t in reversed(range(xs.shape[0])) if reverse else range(xs.shape[0]):
        h = cell(h, at(xs, t), w)
        y = multiply(h, at(xs, t))
        out.append(total(multiply(y, y)))
    value = total(h)
    for y in out:
        value = add(value, y)
    return value


WAYS = [pytest.param(lambda f: f, id="eager"), pytest.param(jit, id="jit")]


def close(a: Any, b: Any) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-9)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_equals_the_loop_and_so_do_its_gradients(way: Any, reverse: bool) -> None:
    args = [tensor_of(a) for a in (H, X, W)]
    a = way(lambda *args: scanned(*args, reverse))(*args)
    close([a], [unrolled(*args, reverse)])
    ours = way(grad(lambda *args: scanned(*args, reverse), (0, 1, 2)))(*args)
    close(ours, grad(lambda *args: unrolled(*args, reverse), (0, 1, 2))(*args))


@pytest.mark.parametrize("way", WAYS)
def test_gradients_of_gradients_go_through_a_scan(way: Any) -> None:
    def second(f: Any) -> Any:
        def norm(h: Any, xs: Any, w: Any) -> Any:
            parts = grad(f, (0, 1, 2))(h, xs, w)
            return add(add(*(total(multiply(p, p)) for p in parts[:2])), total(parts[2]))

        return grad(norm, (0, 1, 2))

    args = [tensor_of(a) for a in (H, X, W)]
    close(way(second(scanned))(*args), second(unrolled)(*args))


def test_a_scan_captures_variables_and_watched_tensors() -> None:
    w = Variable(W, dtype="float64")
    h, xs = tensor_of(H), tensor_of(X)
    for run in (scanned, unrolled):
        with GradientTape() as tape:
            value = run(h, xs, w.value)
        found = tape.gradient(value, w)
        if run is scanned:
            first = found
    close([first], [found])

    def step(h: Any, x: Any) -> list[Any]:
        return [cell(h, x, w.value)]  # read within the body

    with GradientTape() as tape:
        (last,) = scan_over(step, [h], [xs], 4)
        value = total(last)
    inside = tape.gradient(value, w)
    with GradientTape() as tape:
        state = h
        for t in range(4):
            state = cell(state, at(xs, t), w.value)
        value = total(state)
    close([inside], [tape.gradient(value, w)])


def test_scans_nest() -> None:
    def nested(x: Any, w: Any) -> Any:
        def outer(acc: Any, row: Any) -> list[Any]:
            (inner,) = scan_over(lambda a, v: [multiply(add(a, v), w)], [acc], [row], row.shape[0])
            return [inner]

        return scan_over(outer, [w], [x], x.shape[0])[0]

    def loops(x: Any, w: Any) -> Any:
        acc = w
        for i in range(2):
            for j in range(3):
                acc = multiply(add(acc, at(at(x, i), j)), w)
        return acc

    args = tensor_of(RNG.normal(size=(2, 3))), tensor_of(np.asarray(0.7))
    close([nested(*args)], [loops(*args)])
    close(grad(nested, (0, 1))(*args), grad(loops, (0, 1))(*args))
    twice = [grad(lambda w, f=f: grad(f, 1)(args[0], w)) for f in (nested, loops)]
    close([twice[0](args[1])], [twice[1](args[1])])


def test_a_scan_of_no_steps_gives_its_first_carry() -> None:
    h, xs = tensor_of(H), tensor_of(X[:0])
    last, ys = scan_over(lambda h, x: [add(h, x), x], [h], [xs], 0)
    close([last], [h])
    assert ys.shape == (0, 2, 3)
    assert grad(lambda h: scanned(h, xs, tensor_of(W)))(h).tolist() == np.ones((2, 3)).tolist()


def test_a_scan_without_inputs_counts() -> None:
    two = tensor_of(np.asarray(2.0))
    f = lambda x: scan_over(lambda a: [multiply(a, x)], [two], [], 3)[0]  # 2 x^3
    x = tensor_of(np.asarray(1.5))
    np.testing.assert_allclose([f(x).item(), grad(f)(x).item()], [6.75, 13.5])


def test_integers_pass_through_a_scan_beside_floats() -> None:
    def step(i: Any, a: Any) -> list[Any]:
        return [add(i, tensor_of(np.asarray(1, "int32"))), multiply(a, a), i]

    def f(a: Any) -> Any:
        return scan_over(step, [tensor_of(np.asarray(0, "int32")), a], [], 3)

    a = tensor_of(np.asarray(1.1))
    i, power, seen = f(a)
    assert (i.item(), seen.tolist()) == (3, [0, 1, 2])
    np.testing.assert_allclose(power.item(), 1.1**8)
    np.testing.assert_allclose(grad(lambda a: f(a)[1])(a).item(), 8 * 1.1**7)


@pytest.mark.parametrize("way", WAYS)
def test_a_choice_runs_one_branch_and_differentiates_it(way: Any) -> None:
    w = tensor_of(np.asarray(3.0))
    branches = [lambda x: [multiply(x, x)], lambda x: [multiply(x, w)], lambda x: [x]]

    def f(i: Any, x: Any) -> Any:
        return choose(i, branches, [x])[0]

    x = tensor_of(np.asarray(5.0))
    for i, value, slope in ((0, 25, 10), (1, 15, 3), (2, 5, 1), (-4, 25, 10), (9, 5, 1)):
        index = tensor_of(np.asarray(i, "int32"))
        assert way(f)(index, x).item() == value
        assert way(grad(f, 1))(index, x).item() == slope
        assert way(grad(grad(f, 1), 1))(index, x).item() == (2 if value == 25 else 0)


def test_a_known_choice_calls_one_function_only() -> None:
    called = []
    x = tensor_of(np.asarray(1.0))
    functions = [lambda x: called.append(0) or [x], lambda x: called.append(1) or [x]]
    choose(tensor_of(np.asarray(True)), functions, [x])
    assert called == [1]


@pytest.mark.parametrize("way", WAYS)
def test_while_repeats_and_stops_at_its_limit(way: Any) -> None:
    def f(x: Any, most: Any, limit: int | None) -> Any:
        return repeat_while(lambda x: less(x, most), lambda x: [add(x, x)], [x], limit)[0]

    x, most = tensor_of(np.asarray(1.0)), tensor_of(np.asarray(100.0))
    for limit, wanted in ((None, 128), (3, 8), (0, 1)):
        assert way(lambda x, m, n=limit: f(x, m, n))(x, most).item() == wanted


def test_a_while_is_differentiated_eagerly_and_refused_in_a_trace() -> None:
    def f(x: Any) -> Any:
        most = tensor_of(np.asarray(100.0))
        return repeat_while(lambda x: less(x, most), lambda x: [multiply(x, x)], [x])[0]

    x = tensor_of(np.asarray(3.0))
    assert grad(f)(x).item() == 8 * 3.0**7
    with pytest.raises(NotYet, match="scan or fori_loop"):
        jit(grad(f))(x)


def test_a_body_must_keep_its_carry() -> None:
    h = tensor_of(H)
    with pytest.raises(ShapeError, match="body of a scan"):
        scan_over(lambda h: [at(h, 0)], [h], [], 2)
    with pytest.raises(DtypeError, match="body of a scan"):
        scan_over(lambda h: [less(h, h)], [h], [], 2)
    with pytest.raises(ShapeError, match="branch"):
        jit(lambda i: choose(i, [lambda: [h], lambda: [at(h, 0)]], [])[0])(tensor_of(np.asarray(0)))
    with pytest.raises(ShapeError, match="of that length"):
        scan_over(lambda h, x: [h], [h], [tensor_of(X)], 3)


def test_a_traced_body_is_traced_once_for_all_steps() -> None:
    calls: list[Tensor] = []

    def step(h: Any) -> list[Any]:
        calls.append(h)
        return [add(h, h)]

    scan_over(step, [tensor_of(H)], [], 50)
    assert len(calls) == 1
