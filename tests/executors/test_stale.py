"""What ran before never decides what runs now: programs follow what records, layers and arguments are at
present, in this process and in the next."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.graph.ir import Op, Spec
from narae.graph.rewrite import simplify
from narae.primitives.record import RECORDS, elementwise_rule
from narae.tensor.tensor import Tensor

VECTOR = Spec((3,), "float32")


def op_of(name: str, forward: Callable[..., Any], **fields: Any) -> Op:
    return Op(name, elementwise_rule(name), forward, **{"elementwise": True, **fields})


def run(function: Callable[..., Any], *arrays: Any) -> Any:
    program = compile_function(function, *(Spec(np.shape(a), "float32") for a in arrays))
    for buffer, array in zip(program.inputs, arrays, strict=True):
        buffer[...] = array
    return program()


_PROGRAM = """
import sys
import numpy as np, narae
from narae.graph.ir import Op
from narae.primitives.record import elementwise_rule

factor = {factor}
table = {{"factor": {factor}}}

def by_closure(k):
    return lambda xp, x: x * k

def by_default(xp, x, k={factor}):
    return x * k

ways = [
    lambda xp, x: x * {factor},
    lambda xp, x: x * factor,
    lambda xp, x: x * table["factor"],
    by_closure({factor}),
    by_default,
]
for forward in ways:
    op = Op("scaled", elementwise_rule("scaled"), forward, elementwise=True)
    f = narae.jit(lambda x: op(x) + x * 0)
    print(f(np.ones(5, "float32")).numpy()[0], op(narae.ops.ones(1)).numpy()[0])
"""


def test_a_record_that_changed_between_two_processes(tmp_path: pathlib.Path) -> None:
    """Literals, globals, closures and defaults; the kernels of the process before are on disk."""
    env = {**os.environ, "NARAE_CACHE": str(tmp_path / "c"), "NARAE_EXECUTOR": "native"}
    for factor in (2.0, 3.0, 2.0):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(factor=factor)],
            capture_output=True,
            text=True,
            env=env,
            check=True,
        )
        assert done.stdout.split() == [str(factor)] * 10


@pytest.mark.usefixtures("each_executor")
class TestInOneProcess:
    def test_two_records_of_one_name(self) -> None:
        two, three = (op_of("twin", lambda xp, x, k=k: x * k) for k in (2.0, 3.0))
        a, b = run(lambda x: (two(x), three(x)), np.ones(3))
        assert (a[0], b[0]) == (2, 3)
        assert run(lambda x: three(two(x)) - two(x), np.ones(3))[0] == 4
        for op, want in ((two, 2), (three, 3), (two, 2)):
            assert run(lambda x, op=op: op(x), np.ones(3))[0] == want

    def test_a_record_of_ones_own_under_a_known_name(self) -> None:
        """Executors' own code for an operation is for that record alone."""
        x = np.arange(6.0).reshape(2, 3)
        for name in ("relu", "erf", "add", "rounded"):
            mine = op_of(name, lambda xp, x: x * 0 + 7)
            assert run(lambda x, op=mine: op(x), x).tolist() == [[7.0] * 3] * 2

        def rule(x: Spec, **_: Any) -> Spec:
            return Spec((2,), x.dtype)

        for name in ("reduce_sum", "dot", "cumsum", "take", "argmax", "reshape", "sort"):
            mine = Op(name, rule, lambda xp, x, **_: x[:, 1] * 10)
            assert run(lambda x, op=mine: op(x, axes=(1,), axis=1), x).tolist() == [10, 40]

    def test_what_a_forward_reads_changes(self) -> None:
        held = {"k": 2.0}
        op = op_of("reads", lambda xp, x: x * held["k"])
        for k in (2.0, 5.0):
            held["k"] = k
            assert run(lambda x: op(x), np.ones(3))[0] == k

    def test_parameters_that_print_alike(self) -> None:
        class Same:
            def __init__(self, k: float) -> None:
                self.k = k

            def __repr__(self) -> str:
                return "same"

        op = op_of("by", lambda xp, x, by: x * by.k)
        a, b = run(lambda x: (op(x, by=Same(2.0)), op(x, by=Same(3.0))), np.ones(3))
        assert (a[0], b[0]) == (2, 3)
        long = [np.ones(2000), np.ones(2000)]
        long[1][1000] = 4  # NumPy prints both alike
        op = op_of("by", lambda xp, x, by: x * float(by[1000]))
        a, b = run(lambda x: (op(x, by=long[0]), op(x, by=long[1])), np.ones(3))
        assert (a[0], b[0]) == (1, 4)

    def test_a_program_for_a_layer_that_changed(self) -> None:
        dense = layers.Dense(2, activation="relu", kernel_initializer="ones")
        model = narae.Sequential([layers.Input((3,)), dense])
        model.compile("sgd", "mae")
        x = -np.ones((4, 3), "float32")
        ways = (
            lambda: model(x).numpy()[0, 0],
            lambda: model.predict(x, verbose=0)[0, 0],
            lambda: model.evaluate(x, np.zeros((4, 2)), verbose=0),
        )
        for activation in ("relu", "tanh", "sigmoid", "relu"):
            dense.activation = narae.activations.get(activation)
            want = dense.activation(narae.ops.array([-3.0])).numpy()[0]
            for way in ways:
                for _ in range(3):
                    np.testing.assert_allclose(abs(way()), abs(want), rtol=1e-5)

    def test_a_number_of_a_layer_that_changed(self) -> None:
        drop = layers.Dropout(0.5)
        model = narae.Sequential([layers.Input((1000,)), drop])
        model.compile("sgd", "mae")
        x = np.ones((8, 1000), "float32")
        model.fit(x, x, verbose=0)
        drop.rate = 0.9  # of 1000 numbers some 900 become 0, others 10
        loss = model.fit(x, x, verbose=0).history["loss"][0]
        assert 1.6 < loss < 2.0  # 0.9 * 1 + 0.1 * 9


def test_equal_parameters_that_are_not_the_same_are_not_shared() -> None:
    op = op_of("by", lambda xp, x, by: x)
    x = Tensor(VECTOR)
    from narae.graph.graph import build

    for a, b in ((0.0, -0.0), (1, True), (1, 1.0), ((0.0,), (-0.0,))):
        graph = simplify(build([x], [op(x, by=a), op(x, by=b)])[0])
        assert len(graph.nodes) == 2, (a, b)
    assert len(simplify(build([x], [op(x, by=0.5), op(x, by=0.5)])[0]).nodes) == 1


def test_no_kernel_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is one kernel, whatever it is written for."""
    from narae.executors.native.jit import compiler

    monkeypatch.setattr(config, "_chosen", ["native"])
    x = np.ones(3)
    run(lambda x: RECORDS["tanh"](x) * 3, x)
    made: list[str] = []
    real = compiler._load
    monkeypatch.setattr(compiler, "_load", lambda *a: made.extend(a[0]) or real(*a))
    same = op_of("other", RECORDS["tanh"].forward)
    assert run(lambda x: same(x) * 3, np.ones(7))[0] == pytest.approx(3 * np.tanh(1))
    assert made == []
