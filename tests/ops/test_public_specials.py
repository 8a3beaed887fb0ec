"""Public functions, made of several records, at zeros, infinities and NaN: what NumPy's give."""

from __future__ import annotations

import numpy as np
import pytest

from narae import ops

ONE = [
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arcsin",
    "arccos",
    "arctan",
    "arcsinh",
    "arccosh",
    "arctanh",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "square",
    "sign",
    "floor",
    "ceil",
    "round",
    "trunc",
    "absolute",
    "isnan",
    "isinf",
    "isfinite",
    "reciprocal",
    "negative",
    "signbit",
    "deg2rad",
    "nan_to_num",
    "sinc",
]
TWO = [
    "mod",
    "power",
    "true_divide",
    "maximum",
    "minimum",
    "arctan2",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "heaviside",
    "subtract",
    "multiply",
    "less",
    "equal",
    "floor_divide",
    "fmin",
    "fmax",
]
VALUES = np.array([-3, 3, 0, -0.0, np.inf, -np.inf, np.nan, 1.5, -2.5, 3e38, 1, -1, 0.5])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", ONE + TWO)
def test_special_values(name: str, dtype: str, own_executor: str) -> None:
    with np.errstate(all="ignore"):
        values = np.where(
            np.abs(VALUES) > 1e30, VALUES / (1 if dtype == "float32" else 1e34), VALUES
        )
        values = values.astype(dtype)
        given = [values] if name in ONE else [a.copy() for a in np.meshgrid(values, values)]
        want = getattr(np, name)(*given)
        got = np.asarray(getattr(ops, name)(*given))
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        if want.dtype.kind == "f":  # a few roundings in functions of several records
            same |= np.abs(got - want) <= 64 * np.finfo(dtype).eps * np.abs(want)
            same &= (want != 0) | (np.signbit(got) == np.signbit(want))
            if name.startswith("logaddexp"):  # max + log1p(...): absolute, of the larger
                same |= np.abs(got - want) <= 8 * np.finfo(dtype).eps * np.maximum(
                    *map(np.abs, given)
                )
    where = np.flatnonzero(~same)
    assert not where.size, [
        (*(float(a.flat[i]) for a in given), float(got.flat[i]), float(want.flat[i]))
        for i in where[:5]
    ]
