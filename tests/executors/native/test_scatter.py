"""Sums at indices, and updates that read them: NumPy's sums bit for bit, the same on any number of threads; rows that
no index names keep what the whole update would leave."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops, optimizers
from narae.engine.compiled import Compiled, compile_function
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower import scatter
from narae.executors.native.lower.tiles import address
from narae.graph.ir import Spec
from narae.primitives.record import RECORDS

pytestmark = pytest.mark.usefixtures("each_executor")
native = pytest.mark.parametrize("each_executor", ["native"], indirect=True)

WAYS: dict[str, tuple[int, tuple[int, ...], tuple[int, ...]]] = {  # rows, indices, a row
    "few": (70, (3,), (5,)),
    "two axes": (2000, (32, 25), (64,)),
    "more than memory near a core": (9000, (40,), (64,)),
    "many for few rows": (3, (700,), (37,)),
    "many for few short rows": (40, (4000,), (2,)),
    "numbers": (50, (9, 40), ()),
    "one index": (50, (), (6,)),
    "none": (50, (0,), (6,)),
}


def _case(way: str, index_type: str) -> tuple[np.ndarray, np.ndarray]:
    rows, index, row = WAYS[way]
    rng = np.random.default_rng(0)
    low = 0 if index_type.startswith("u") else -rows
    kept = min(rows, np.iinfo(index_type).max)
    where = rng.integers(max(low, -kept), kept, index).astype(index_type)
    return where, rng.normal(size=(*index, *row)).astype("float32")


def _sums(
    way: str, index: np.ndarray, x: np.ndarray, then: Callable[[Any], Any] | None
) -> Compiled:
    rows, _, row = WAYS[way]

    def function(index: Any, x: Any) -> Any:
        out = RECORDS["add_at"](index, x, axis=0, shape=(rows, *row))
        return out if then is None else then(out)

    return compile_function(function, Spec(index.shape, str(index.dtype)), Spec(x.shape, "float32"))


def _run(function: Compiled, *arrays: np.ndarray) -> np.ndarray:
    for buffer, array in zip(function.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    function()
    return np.array(function())  # the second run finds what the first left in memory


@native
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("index_type", ["int32", "int64", "uint8"])
def test_sums_are_numpy_s_bit_for_bit(way: str, index_type: str) -> None:
    index, x = _case(way, index_type)
    rows, _, row = WAYS[way]
    want = np.zeros((rows, *row), "float32")
    np.add.at(want, index, x)
    np.testing.assert_array_equal(_run(_sums(way, index, x, None), index, x), want)
    doubled = _run(_sums(way, index, x, lambda out: out * 2.0 + 1.0), index, x)
    np.testing.assert_array_equal(doubled, want * np.float32(2) + np.float32(1))


@native
@pytest.mark.parametrize("then", [None, lambda out: out * 2.0 + 1.0])
@pytest.mark.parametrize("far", [2000, -2001, 2**31 - 1, -(2**31)])
def test_an_index_out_of_range_is_an_error(then: Any, far: int) -> None:
    index, x = _case("two axes", "int32")
    index[3, 4] = far
    function = _sums("two axes", index, x, then)
    with pytest.raises(IndexError, match=f"index {far} is out of range for an axis of length 2000"):
        _run(function, index, x)


# An optimizer; whether its update leaves rows as they are that a batch does not name.
MADE: dict[str, tuple[Callable[[], Any], bool]] = {
    "SGD": (lambda: optimizers.SGD(0.1), True),
    "SGD with momentum": (lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True), False),
    "SGD with decay": (lambda: optimizers.SGD(0.1, weight_decay=0.01), False),
    "SGD clipped by value": (lambda: optimizers.SGD(0.1, clipvalue=0.01), False),
    "SGD clipped by norm": (lambda: optimizers.SGD(0.1, clipnorm=0.5), False),
    "SGD of steps": (lambda: optimizers.SGD(0.1, gradient_accumulation_steps=2), False),
    "SGD with averages": (lambda: optimizers.SGD(0.1, use_ema=True), True),
    "RMSprop": (lambda: optimizers.RMSprop(0.01), True),
    "RMSprop centered": (lambda: optimizers.RMSprop(0.01, centered=True), True),
    "RMSprop without epsilon": (lambda: optimizers.RMSprop(0.01, epsilon=0.0), False),
    "Adagrad": (lambda: optimizers.Adagrad(0.1), True),
    "Adadelta": (lambda: optimizers.Adadelta(0.1), True),
    "Adam": (lambda: optimizers.Adam(0.01), False),
    "AdamW": (lambda: optimizers.AdamW(0.01), False),
    "Ftrl": (lambda: optimizers.Ftrl(0.1), False),
    "Lion": (lambda: optimizers.Lion(0.01), False),
}
X = np.random.default_rng(1).integers(0, 300, (24, 7)).astype("int32")
Y = np.random.default_rng(2).normal(size=(24, 1)).astype("float32")


def _trained(optimizer: Any) -> list[np.ndarray]:
    table = np.random.default_rng(3).normal(size=(2000, 8)).astype("float32")
    model = narae.Sequential(
        [
            layers.Embedding(2000, 8, weights=table),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(optimizer, "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # 0 / 0 is NaN, and told
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return [v.numpy() for v in (*model.weights, *optimizer.variables)]


@native
@pytest.mark.parametrize("name", MADE)
def test_updates_of_named_rows_are_those_of_the_whole_table(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, stays = MADE[name]
    got = _trained(make())
    rest: list[Any] = []

    def whole(*_: Any) -> Any:
        raise Unlowered("a test wants the sums in memory")

    real = scatter._update_tiles

    def watched(*arguments: Any) -> Any:
        rest.append(scatter.unchanged(*arguments[1:]))
        return real(*arguments)

    monkeypatch.setattr(scatter, "_update_tiles", watched)
    _trained(make())
    assert bool(rest and rest[0]) == stays
    monkeypatch.setattr(scatter, "_update_tiles", whole)
    want = _trained(make())
    for mine, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(mine, other)


@native
def test_the_gradient_of_a_table_is_nowhere_in_memory() -> None:
    """The sums are made and read part by part: no array of the program is as large as the table but itself."""
    arrays = _step(0.1).program._arrays.values()
    assert len({address(a) for a in arrays if a.shape == (2000, 8)}) == 1  # before and after it


def _step(rate: float) -> Any:
    table, speed = narae.Variable(np.zeros((2000, 8), "float32")), narae.Variable(rate)

    def function(index: Any, x: Any) -> Any:
        sums = RECORDS["add_at"](index, x, axis=0, shape=(2000, 8))
        table.assign(table.value - ops.multiply(speed.value, sums))
        return index

    return compile_function(function, Spec((5,), "int32"), Spec((5, 8), "float32"))


@native
def test_an_index_out_of_range_leaves_the_table_as_it_was() -> None:
    function = _step(0.1)
    index, x = np.array([3, 1, 2000, 4, 5], "int32"), np.ones((5, 8), "float32")
    for buffer, array in zip(function.inputs, (index, x), strict=True):
        np.copyto(buffer, array)
    with pytest.raises(IndexError, match="index 2000"):
        function()
    table = next(s.array for s in function.program.stores if s.array.shape == (2000, 8))
    assert not table.any()
    function.inputs[0][2] = 7
    function()
    assert (table[[1, 3, 4, 5, 7]] == np.float32(-0.1)).all()
    assert np.count_nonzero(table) == 40
