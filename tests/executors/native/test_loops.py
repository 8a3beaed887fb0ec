"""Loops and choices as native code: what bodies may do, against the same on the numpy executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.engine import config
from narae.engine.compiled import Compiled, compile_function
from narae.engine.tape import grad
from narae.executors import explain
from narae.executors.native import tuning
from narae.executors.native.lower import control, jumps, scan
from narae.graph.ir import Spec
from narae.utils import set_random_seed

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 4, 3)).astype("float32")
H = RNG.normal(size=(4, 3)).astype("float32")
W = (RNG.normal(size=(3, 3)) * 0.5).astype("float32")
I = RNG.integers(0, 4, (5, 4)).astype("int32")


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [2])


def cell(h: Any, x: Any, w: Any) -> Any:
    return ops.tanh(ops.matmul(h, w) + x)


def rnn(x: Any, h: Any, w: Any, **options: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        new = cell(h, x, w)
        return new, new * x

    return ops.scan(step, h, x, **options)


def two_carries(x: Any, h: Any, w: Any) -> Any:
    def step(carry: Any, x: Any) -> Any:
        h, c = carry
        z = ops.matmul(h, w) + x
        c = c * ops.sigmoid(z) + ops.tanh(z)
        return (ops.sigmoid(z) * ops.tanh(c), c), (c, h)

    return ops.scan(step, (h, h * 0.5), x)


def swapped(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda c, x: ((c[1], c[0] + x, c[2]), c[2]), (h, h * 2.0, h - 1.0), x)


def no_slices(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda h, _: (cell(h, x[0], w), ops.sum(h)), h, None, 4)


def no_carry(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda c, x: (c, ops.matmul(x, w) + ops.sum(h)), (), x)[1]


def constants_out(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda h, x: (ops.zeros_like(h) + 2.0, (x, w, ops.ones((2,)))), h, x)


def parts_of_weights(x: Any, h: Any, w: Any) -> Any:
    """Weights that do not lie in order are copied, and then laid out: one after the other."""
    both = ops.concatenate([w, w * 2.0], axis=1)
    first, second = both[:, :3], both[:, 3:]
    return ops.scan(lambda h, x: (cell(h, x, first) + ops.matmul(h, second), h), h, x)


def views_of_what_is_captured(x: Any, h: Any, w: Any) -> Any:
    """What does not lie in order outside, with another shape within."""
    turned = ops.transpose(h)
    flat = lambda: ops.reshape(turned, (12,))
    chosen = ops.cond(ops.sum(h * 0.0) == 0.0, flat, lambda: ops.zeros((12,)))
    return chosen, ops.scan(lambda c, _: (c + flat(), ()), chosen, None, 3)[0]


def transposed(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(
        lambda h, x: (cell(h, x, w), ops.transpose(h)),
        h,
        ops.transpose(x[:, :3], (2, 1, 0))[:, :, :3][:, [0, 1, 2, 2]],
    )


def views_out(x: Any, h: Any, w: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        new = cell(h, x, w)
        return new, (ops.reshape(new, (3, 4)), new[1:, ::2], ops.flip(new, 0))

    return ops.scan(step, h, x)


def nested(x: Any, h: Any, w: Any) -> Any:
    def outer(h: Any, rows: Any) -> Any:
        last, ys = ops.scan(lambda a, v: (ops.tanh(a * v + h[0]), a), h[1], rows, reverse=True)
        return h * 0.9 + last, ys

    return ops.scan(outer, h, x)


def counting(x: Any, h: Any, w: Any) -> Any:
    step = lambda c, x: ((c[0] + 1, ops.logical_not(c[1])), ops.where(c[1], x, -x))
    return ops.scan(step, (ops.convert_to_tensor(0), ops.convert_to_tensor(True)), x)


def doubles(x: Any, h: Any, w: Any) -> Any:
    x = ops.cast(x, "float64")
    return ops.scan(lambda h, x: (h * 0.5 + x, h), x[0], x)


def halves(x: Any, h: Any, w: Any) -> Any:
    x = ops.cast(x, "bfloat16")
    return ops.scan(lambda h, x: (h * 0.5 + x, h), x[0], x)


def gathers(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda h, i: (ops.take(h, i, axis=0) + w[0], h), h, ops.convert_to_tensor(I))[0]


def chooses(x: Any, h: Any, w: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        new = ops.cond(ops.sum(x) > 0, lambda: cell(h, x, w), lambda: h - x)
        return new, ops.sum(new, axis=0)

    return ops.scan(step, h, x)


def concatenates(x: Any, h: Any, w: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        a, b = ops.tanh(h + x), h * x
        joined = ops.concatenate([a, b, a, x, ops.matmul(b, w)], axis=-1)
        again = ops.concatenate([b, joined], axis=-1)
        return joined[:, 2:5] + a, (joined, ops.sum(again), ops.concatenate([a * b, b - a], axis=0))

    return ops.scan(step, h, x)


def reduces(x: Any, h: Any, w: Any) -> Any:
    return ops.scan(lambda h, x: (ops.softmax(h + x, axis=0), ops.mean(x)), h, x)


FORWARD_AND_BACK: dict[str, Callable[..., Any]] = {
    "recurrent": rnn,
    "reverse": lambda *a: rnn(*a, reverse=True),
    "one step": lambda x, h, w: rnn(x[:1], h, w),
    "no steps": lambda x, h, w: rnn(x[:0], h, w),
    "strided slices": lambda x, h, w: rnn(ops.transpose(x, (1, 0, 2))[:, :4], h, w),
    **{
        f.__name__: f
        for f in (
            *(two_carries, swapped, no_slices, no_carry, constants_out, views_out, nested),
            *(chooses, reduces, concatenates, parts_of_weights),
            views_of_what_is_captured,
        )
    },
}
FORWARD = {f.__name__: f for f in (counting, doubles, halves, gathers)} | {
    "while": lambda x, h, w: ops.while_loop(
        lambda n, h: ops.sum(h * h) < 40.0, lambda n, h: (n + 1, h * 1.5 + w[0]), (0, h)
    ),
    "while with a limit": lambda x, h, w: ops.while_loop(
        lambda n, h: n < 100, lambda n, h: (n + 1, ops.tanh(ops.matmul(h, w))), (0, h), 7
    ),
    "while that never runs": lambda x, h, w: ops.while_loop(
        lambda h: ops.sum(h) > 1e9, lambda h: (h * 1.5,), (h,)
    ),
    "while with views": lambda x, h, w: ops.while_loop(
        lambda n, s: n < ops.reshape(ops.transpose(h), (12,))[0] + 4.0,
        lambda n, s: (n + 1.0, s + ops.reshape(ops.transpose(h), (12,))),
        (0.0, ops.zeros((12,))),
    ),
    "while with swaps": lambda x, h, w: ops.while_loop(
        lambda n, a, b: n < 5, lambda n, a, b: (n + 1, b, a), (0, h, h * 2.0)
    ),
    "fori": lambda x, h, w: ops.fori_loop(1, 5, lambda i, h: cell(h, ops.cast(i, "float32"), w), h),
    **{
        f"branch {i}": lambda x, h, w, i=i: ops.switch(
            ops.cast(ops.sum(ops.zeros_like(h)), "int32") + i,
            [lambda h: h * 2.0, lambda h: cell(h, h, w), lambda h: h],
            h,
        )
        for i in (-3, 0, 1, 2, 9)
    },
}


def gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of a weighted sum of all float results."""

    def weighted(*arrays: Any) -> Any:
        total = ops.convert_to_tensor(0.0)
        for i, leaf in enumerate(narae.tree.flatten(function(*arrays))):
            total = total + ops.sum(ops.cos(leaf * (0.3 + 0.1 * i)))
        return total

    return grad(weighted, (0, 1, 2))


CASES = [
    *(pytest.param(f, id=name) for name, f in {**FORWARD_AND_BACK, **FORWARD}.items()),
    *(pytest.param(gradients(f), id=f"gradient of {name}") for name, f in FORWARD_AND_BACK.items()),
]


def on(executor: str, function: Callable[..., Any], *arrays: np.ndarray) -> Compiled:
    config._chosen[:] = [executor]
    specs = [Spec(a.shape, a.dtype.name) for a in arrays]
    compiled = compile_function(function, *specs)
    for buffer, a in zip(compiled.inputs, arrays, strict=True):
        buffer[...] = a
    return compiled


def results(compiled: Compiled) -> list[np.ndarray]:
    return [np.array(a) for a in narae.tree.flatten(compiled())]


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are split wherever their rows do not meet, however small they are."""
    for name, least in (("LOOP_UNIT", 1), ("LOOP_WORK", 1), ("LOOP_REUSE", 0)):
        monkeypatch.setattr(tuning, name, least)


@pytest.fixture
def in_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies are phases of the program, however small they are, and their steps have several tiles."""
    monkeypatch.setattr(tuning, "LOOP_WORK", 1 << 40)
    monkeypatch.setattr(tuning, "TILE", 4)
    monkeypatch.setattr(tuning, "ROW_UNIT", 2)
    monkeypatch.setattr(jumps, "is_large", lambda phases: any(phases))
    for module in (scan, control):
        monkeypatch.setattr(module, "is_large", jumps.is_large)


@pytest.fixture(params=["whole", "in_parts", "in_phases"])
def each_way(request: pytest.FixtureRequest) -> None:
    """The ways in which loops run."""
    if request.param != "whole":
        request.getfixturevalue(request.param)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("function", CASES)
def test_a_loop_gives_what_the_numpy_executor_gives(function: Callable[..., Any]) -> None:
    native = on("native", function, X, H, W)
    hows = explain("native", native.program)
    assert {how.way for how in hows if how.step.nodes[-1].op.name != "cast"} <= {"native"}
    wanted = results(on("numpy", function, X, H, W))
    for _ in range(2):  # a run leaves nothing that the next one would meet
        for a, b in zip(results(native), wanted, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(
                a.astype("float64"), b.astype("float64"), rtol=3e-5, atol=3e-6
            )


@pytest.mark.usefixtures("in_parts")
def test_the_rows_of_a_batch_are_shared_out() -> None:
    native = on("native", two_carries, X, H, W)
    (tiles,) = {
        h.tiles for h in explain("native", native.program) if h.step.nodes[0].op.name == "scan"
    }
    assert tiles == 4 + 1  # and one that lays out the weights
    mixing = on("native", reduces, X, H, W)
    (tiles,) = {
        h.tiles for h in explain("native", mixing.program) if h.step.nodes[0].op.name == "scan"
    }
    assert tiles == 1


@pytest.mark.usefixtures("in_parts")
def test_loops_that_do_not_need_each_other_share_their_phases() -> None:
    def both_ways(x: Any, h: Any, w: Any) -> Any:
        there, ys = rnn(x, h, w)
        ys = ops.exp(ys)  # recorded between the two
        back, zs = rnn(x, h, w, reverse=True)
        return there, back, ys, ops.exp(zs)

    native = on("native", both_ways, X, H, W)
    program: Any = native.program
    scans = [s for s in program.stages if s.step and s.step.nodes[0].op.name == "scan"]
    tiles = [{id(t) for phase in s.lowered.phases for t in phase} for s in scans]
    phases = [{id(t) for t in phase} for part in program._parts for phase in part.phases]
    shared = [sum(bool(one & phase) for one in tiles) for phase in phases]
    assert shared.count(2) == 2  # where weights are laid out, and the rounds
    for a, b in zip(results(native), results(on("numpy", both_ways, X, H, W)), strict=True):
        np.testing.assert_allclose(a, b, rtol=3e-5, atol=3e-6)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("name", ["recurrent", "two_carries"])
def test_a_loop_gives_the_same_bits_on_any_number_of_threads(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, h = RNG.normal(size=(12, 96, 24)), RNG.normal(size=(96, 24))
    w = RNG.normal(size=(24, 24)) * 0.3
    arrays = [a.astype("float32") for a in (x, h, w)]
    function = gradients(FORWARD_AND_BACK[name])
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(config, "_threads", [threads])
        found.append([a.tobytes() for a in results(on("native", function, *arrays))])
    assert found[0] == found[1] == found[2]


@pytest.mark.usefixtures("each_way")
def test_an_index_out_of_range_in_a_body_ends_the_run() -> None:
    compiled = on(
        "native",
        lambda i, h: (
            gathers(None, h, h)
            if i is None
            else ops.scan(lambda h, i: (ops.take(h, i, axis=0), h), h, i)[0]
        ),
        I,
        H,
    )
    compiled()
    compiled.inputs[0][2, 1] = 4
    with pytest.raises(IndexError, match="index 4 is out of range for an axis of length 4"):
        compiled()
    endless = on(
        "native",
        lambda i, h: ops.while_loop(
            lambda h: ops.all(h == h), lambda h: (ops.take(h, i, axis=0),), (h,)
        ),
        I[0],
        H,
    )
    endless.inputs[0][1] = 9
    with pytest.raises(IndexError, match="index 9"):
        endless()


def test_a_body_without_native_code_runs_through_numpy_and_says_why() -> None:
    compiled = on("native", lambda x: ops.scan(lambda c, x: (c, ops.sort(x)), (), x)[1], X)
    (why,) = {how.why for how in explain("native", compiled.program)} - {""}
    assert why == "a step of its body: sort has no native code: NumPy's own sort"
    (found,) = results(compiled)
    assert found.tolist() == np.sort(X).tolist()


class Recurrent(layers.Layer):
    """A network with a scan and its dropout."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 8), initializer="glorot_uniform")
        self.recurrent = self.add_weight(shape=(8, 8), initializer="orthogonal")

    def call(self, x: Any) -> Any:
        x = ops.transpose(ops.matmul(x, self.kernel), (1, 0, 2))
        start = ops.zeros_like(x[0])
        return ops.scan(lambda h, x: (cell(h, x, self.recurrent.value), ()), start, x)[0]


@pytest.mark.usefixtures("each_way")
def test_loops_run_in_epochs_and_the_numpy_executor_agrees() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(70, 6, 3)).astype("float32"), rng.normal(size=(70, 1))
    histories = []
    for executor in ("native", "numpy"):
        config._chosen[:] = [executor]
        set_random_seed(1)
        model = narae.Sequential([Recurrent(), layers.Dense(1)])
        model.compile("adam", "mse")
        histories.append(model.fit(x, y, batch_size=16, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5)
