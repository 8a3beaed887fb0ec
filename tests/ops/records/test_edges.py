"""Where formulas break: zeros, ties, infinities and small arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from narae.base.errors import DtypeError, ShapeError
from narae.engine.tape import GradientTape
from narae.primitives.record import RECORDS
from narae.tensor.tensor import tensor_of


def slopes(name: str, *arrays: Any, **params: Any) -> list[Any]:
    inputs = [tensor_of(np.asarray(a, "float64")) for a in arrays]
    with GradientTape() as tape:
        tape.watch(inputs)
        out = RECORDS[name](*inputs, **params)
    return [g.tolist() for g in tape.gradient(out, inputs)]


EDGES = [
    ("power", ([0.0, 0.0, 2.0], [0.0, 2.0, 0.0]), {}, [[0, 0, 0], [0, 0, math.log(2)]]),
    ("maximum", ([1.0, 2.0], [1.0, 0.0]), {}, [[0.5, 1], [0.5, 0]]),
    ("minimum", ([1.0, 2.0], [1.0, 0.0]), {}, [[0.5, 0], [0.5, 1]]),
    ("reduce_max", ([3.0, 1.0, 3.0],), {"axes": (0,)}, [[0.5, 0, 0.5]]),
    ("reduce_prod", ([2.0, 0.0, 3.0],), {"axes": (0,)}, [[0, 6, 0]]),
    ("reduce_prod", ([0.0, 0.0, 3.0],), {"axes": (0,)}, [[0, 0, 0]]),
    # d/dx_i of x0 + x0 x1 + x0 x1 x2 at (2, 0, 3)
    ("cumprod", ([2.0, 0.0, 3.0],), {"axis": 0}, [[1, 8, 0]]),
    ("absolute", ([0.0, -2.0],), {}, [[0, -1]]),
]


@pytest.mark.parametrize(("name", "arrays", "params", "wanted"), EDGES)
def test_gradients_at_edges(name: str, arrays: Any, params: Any, wanted: Any) -> None:
    for got, expected in zip(slopes(name, *arrays, **params), wanted, strict=True):
        np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize(("name", "exact"), [("erf", math.erf), ("erfc", math.erfc)])
@pytest.mark.parametrize(("dtype", "ulps"), [("float64", 40), ("float32", 8)])
def test_the_error_function_keeps_its_digits(name: str, exact: Any, dtype: str, ulps: int) -> None:
    x = np.concatenate([np.linspace(-6, 6, 2401), [1e-20, -1e-8, 0.0]]).astype(dtype)
    if name == "erfc":  # float32's exp(-x²) alone loses digits as x² grows
        x = x[np.abs(x) < (6.1 if dtype == "float64" else 3)]
    wanted = np.array([exact(float(v)) for v in x])
    got = RECORDS[name](tensor_of(x)).numpy()
    allowed = ulps * np.finfo(dtype).eps * np.abs(wanted)
    assert (np.abs(got - wanted) <= allowed).all()


def test_the_error_functions_at_infinity() -> None:
    x = tensor_of(np.array([-np.inf, np.inf, np.nan]))
    np.testing.assert_array_equal(RECORDS["erf"](x).numpy(), [-1, 1, np.nan])
    np.testing.assert_array_equal(RECORDS["erfc"](x).numpy(), [2, 0, np.nan])
    y = tensor_of(np.array([-1.0, 1.0, 1.5]))
    np.testing.assert_array_equal(RECORDS["erfinv"](y).numpy(), [-np.inf, np.inf, np.nan])


def test_erfinv_undoes_erf() -> None:
    y = tensor_of(np.linspace(-0.999, 0.999, 501))
    back = RECORDS["erf"](RECORDS["erfinv"](y)).numpy()
    np.testing.assert_allclose(back, y.numpy(), rtol=1e-12, atol=1e-15)


def zeros(*shape: int, dtype: str = "float32") -> Any:
    return tensor_of(np.zeros(shape, dtype))


REFUSED = [
    ("add", (zeros(2, 3), zeros(2)), {}, ShapeError, "do not broadcast"),
    ("add", (zeros(2), zeros(2, dtype="int32")), {}, DtypeError, "one dtype"),
    ("exp", (zeros(2, dtype="int32"),), {}, DtypeError, "float"),
    ("gcd", (zeros(2, dtype="bool"),) * 2, {}, DtypeError, "integer"),
    ("reshape", (zeros(2, 3),), {"shape": (4,)}, ShapeError, "6 elements"),
    ("transpose", (zeros(2, 3),), {"axes": (0, 0)}, ShapeError, "each axis once"),
    ("broadcast_to", (zeros(2, 3),), {"shape": (2, 4)}, ShapeError, "match or be 1"),
    ("concatenate", (zeros(2, 3), zeros(3, 2)), {"axis": 0}, ShapeError, "agree elsewhere"),
    (
        "dot",
        (zeros(2, 3), zeros(2, 3)),
        {"contract": ((1,), (0,)), "batch": ((), ())},
        ShapeError,
        "contracted axes",
    ),
    ("reduce_max", (zeros(0, 3),), {"axes": (0,)}, ShapeError, "nothing in it"),
    ("argmax", (zeros(0, 3),), {"axis": 0}, ShapeError, "need something"),
    ("bitcast", (zeros(3),), {"dtype": "int64"}, DtypeError, "widths differ"),
    ("select", (zeros(3), zeros(3), zeros(3)), {}, DtypeError, "bool condition"),
    ("threefry", (zeros(3),) * 4, {}, DtypeError, "uint32"),
]


@pytest.mark.parametrize(("name", "inputs", "params", "error", "says"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(
    name: str, inputs: Any, params: Any, error: Any, says: str
) -> None:
    with pytest.raises(error, match=says):
        RECORDS[name](*inputs, **params)
