"""Lowerings that take several roads: each road gives what the operation's forward gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from narae.base.dtypes import standardize_dtype
from narae.engine.compiled import compile_function
from narae.executors.numpy import convolution
from narae.graph.ir import Spec, run
from narae.primitives.record import RECORDS
from narae.primitives.records import shape as S
from narae.tensor.tensor import tensor_of

pytestmark = pytest.mark.usefixtures("each_executor")


def planned(name: str, arrays: list[np.ndarray], orders: Any = None, **params: Any) -> np.ndarray:
    """The op's result from the executor; orders: transposes on the way in, to lay operands out."""
    orders = orders or [tuple(range(a.ndim)) for a in arrays]
    back = [tuple(np.argsort(order)) for order in orders]
    turned = [a.transpose(order) for a, order in zip(arrays, orders, strict=True)]

    def function(*xs: Any) -> Any:
        views = [S.transpose(x, axes=tuple(map(int, b))) for x, b in zip(xs, back, strict=True)]
        return RECORDS[name](*views, **params)

    specs = [Spec(a.shape, standardize_dtype(a.dtype)) for a in turned]
    program = compile_function(function, *specs)
    for _ in range(2):
        for buffer, array in zip(program.inputs, turned, strict=True):
            np.copyto(buffer, array)
        got = program()
    return got


def same(name: str, arrays: list[np.ndarray], orders: Any = None, **params: Any) -> None:
    want = run(RECORDS[name], arrays, params)[0]
    np.testing.assert_allclose(planned(name, arrays, orders, **params), want, rtol=1e-9, atol=1e-9)


def _conv(**changed: Any) -> dict[str, Any]:
    ones = (1, 1)
    plain = {"strides": ones, "padding": ((0, 0), (0, 0)), "lhs_dilation": ones}
    return {**plain, "rhs_dilation": ones, "groups": 1, **changed}


CONVOLUTIONS = {
    "plain": ((2, 7, 6, 3), (3, 2, 3, 4), _conv()),
    "one channel": ((2, 7, 9, 1), (3, 3, 1, 4), _conv()),
    "strided": ((2, 8, 7, 3), (3, 3, 3, 4), _conv(strides=(2, 3), padding=((1, 0), (2, 1)))),
    "spread": ((2, 4, 5, 3), (3, 3, 3, 4), _conv(lhs_dilation=(2, 3), padding=((2, 2), (1, 3)))),
    "cropped": ((2, 7, 6, 3), (2, 2, 3, 4), _conv(padding=((-1, -2), (-1, 1)))),
    "dilated": ((2, 9, 9, 3), (3, 3, 3, 4), _conv(rhs_dilation=(2, 3))),
    "few windows": ((3, 4, 4, 2), (4, 3, 2, 5), _conv()),
    "grouped": ((2, 5, 6, 4), (3, 2, 2, 6), _conv(groups=2, strides=(1, 2))),
    "depthwise": ((2, 5, 6, 4), (3, 2, 1, 4), _conv(groups=4, padding=((1, 1), (0, 0)))),
    "depthwise of one tap": ((2, 5, 6, 4), (1, 1, 1, 4), _conv(groups=4)),
}
LAID = {
    "as it lies": None,
    "channels first": [(0, 3, 1, 2), (3, 2, 0, 1)],
    "batch last": [(3, 1, 2, 0), (2, 0, 1, 3)],
}


@pytest.mark.parametrize("laid", LAID)
@pytest.mark.parametrize("chunk", [1 << 18, 40])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(case: str, chunk: int, laid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "CHUNK", chunk)
    x_shape, w_shape, params = CONVOLUTIONS[case]
    rng = np.random.default_rng(0)
    same("conv", [rng.normal(size=x_shape), rng.normal(size=w_shape)], LAID[laid], **params)


PRODUCTS = {
    "matrices": ((5, 3), (3, 4), ((1,), (0,)), ((), ())),
    "transposed": ((3, 5), (4, 3), ((0,), (1,)), ((), ())),
    "vectors": ((6,), (6,), ((0,), (0,)), ((), ())),
    "outer": ((3,), (4,), ((), ()), ((), ())),
    "two axes": ((2, 3, 4), (3, 5, 2), ((0, 1), (2, 0)), ((), ())),
    "heads": ((2, 5, 3, 4), (2, 6, 3, 4), ((3,), (3,)), ((0, 2), (0, 2))),
    "stacked": ((2, 3, 4), (2, 4, 5), ((2,), (1,)), ((0,), (0,))),
    "one row": ((1, 4), (4, 3), ((1,), (0,)), ((), ())),
    # rows of the left one side by side, far apart along the sum: in one stretch, and in several
    "columns": ((35, 300), (35, 70), ((0,), (0,)), ((), ())),
    "long columns": ((2400, 257), (2400, 65), ((0,), (0,)), ((), ())),
    "nothing inside": ((3, 0), (0, 2), ((1,), (0,)), ((), ())),
}


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("case", PRODUCTS)
@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_products_of_views(case: str, turn: bool, dtype: str) -> None:
    x, y, contract, batch = PRODUCTS[case]
    rng = np.random.default_rng(0)
    arrays = [(rng.normal(size=s) * 9).astype(dtype) for s in (x, y)]
    orders = [tuple(reversed(range(a.ndim))) for a in arrays] if turn else None
    same("dot", arrays, orders, contract=contract, batch=batch)


def _pool(*axes: int, **changed: Any) -> dict[str, Any]:
    n = len(axes)
    plain = {"window": (2,) * n, "strides": (2,) * n, "padding": ((0, 0),) * n}
    return {"axes": axes, "dilation": (1,) * n, **plain, **changed}


POOLS = {
    "halved": _pool(1, 2),
    "overlapping": _pool(1, 2, window=(3, 2), strides=(1, 1)),
    "padded": _pool(1, 2, window=(3, 3), padding=((1, 1), (2, 0))),
    "one axis": _pool(2, window=(3,), dilation=(2,), padding=((1, 1),)),
}


@pytest.mark.parametrize("case", POOLS)
@pytest.mark.parametrize("kind", ["max", "min", "sum"])
@pytest.mark.parametrize("dtype", ["float64", "int32"])
def test_pooling_and_its_gradient(case: str, kind: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (2, 6, 7, 3)).astype(dtype)  # with ties
    same("reduce_window", [x], kind=kind, **POOLS[case])
    if kind != "sum":
        peak = run(RECORDS["reduce_window"], [x], {"kind": kind, **POOLS[case]})[0]
        same("place_extremes", [rng.normal(size=peak.shape), x, peak], **POOLS[case])


@pytest.mark.parametrize("x", [(4, 3), (5,), (2, 3, 4)])
@pytest.mark.parametrize("turned", [False, True])
def test_indices_into_views(x: tuple[int, ...], turned: bool) -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=x)
    for axis, n in enumerate(x):
        index = rng.integers(-n, n, (2, 3)).astype("int32")
        orders = [tuple(reversed(range(len(x)))), (1, 0)] if turned else None
        same("take", [data, index], orders, axis=axis)
        shape = (*x[:axis], 2, *x[axis + 1 :])
        along = rng.integers(0, n, shape).astype("int64")
        orders = [tuple(reversed(range(len(x))))] * 2 if turned else None
        same("take_along", [data, along], orders, axis=axis)
        updates = rng.normal(size=shape)
        same("put_along", [along, updates], orders, axis=axis, shape=x)
        spread = rng.normal(size=(*x[:axis], 2, 3, *x[axis + 1 :]))
        same("add_at", [index % n, spread], axis=axis, shape=x)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "bool"])
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_written_at_computed_places(dtype: str, turned: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5, 20)).astype(dtype)
    for axis, n in enumerate(x.shape):
        index = rng.integers(-n, n, (2, 4)).astype("int32")  # several of them for one place
        updates = rng.normal(size=(*x.shape[:axis], 2, 4, *x.shape[axis + 1 :])).astype(dtype)
        last = tuple(reversed(range(updates.ndim)))
        orders = [(2, 0, 1), (1, 0), last] if turned else None
        same("set_at", [x, index, updates], orders, axis=axis)
        if dtype not in ("bool", "float16"):
            for kind in ("max", "min"):
                found = planned(
                    "extreme_at", [index % n, updates], axis=axis, shape=x.shape, kind=kind
                )
                want = run(
                    RECORDS["extreme_at"],
                    [index % n, updates],
                    {"axis": axis, "shape": x.shape, "kind": kind},
                )[0]
                np.testing.assert_array_equal(found, want)
    orders = [(2, 0, 1), (0,)] if turned else None
    for start in ([0, 0, 0], [2, 1, 13], [-3, 9, 2], [5, 4, 19]):
        place = np.asarray(start, "int32")
        same("dynamic_slice", [x, place], orders, shape=(3, 5, 4))
        same("dynamic_slice", [x, place.astype("int64")], orders, shape=(1, 1, 20))
        box = rng.normal(size=(3, 2, 4)).astype(dtype)
        more = [*orders, (1, 2, 0)] if orders else None
        same("dynamic_update", [x, place, box], more)


def test_erf_in_float32_is_exact_to_some_units_in_the_last_place() -> None:
    x = np.concatenate([np.linspace(-6, 6, 20001), np.geomspace(1e-30, 1, 2001)])
    x = np.concatenate([x, [np.inf, -np.inf, np.nan, -0.0]]).astype("float32")
    got, want = planned("erf", [x]), np.vectorize(math.erf)(x.astype("float64"))
    np.testing.assert_allclose(got, want, rtol=3.5e-7, atol=0)
    assert np.signbit(got[-1])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float16", "float32", "bool"])
@pytest.mark.parametrize("name", ["reduce_sum", "reduce_prod", "reduce_max", "cumsum"])
def test_reductions_keep_the_dtype(name: str, dtype: str, each_executor: str) -> None:
    x = (np.random.default_rng(0).normal(size=(40, 6)) * 9).astype(dtype)
    x = x.astype("int8") if dtype == "bool" and name != "reduce_max" else x  # these take numbers
    params = {"axis": 0} if name == "cumsum" else {"axes": (0,)}
    want = RECORDS[name](tensor_of(x), **params).numpy()
    got = planned(name, [x], **params)
    assert got.dtype == want.dtype
    if each_executor == "xla" and want.dtype.kind == "f":  # in another order
        np.testing.assert_allclose(got, want, rtol=10 * np.finfo(want.dtype).eps, atol=0.05)
    else:
        np.testing.assert_array_equal(got, want)
