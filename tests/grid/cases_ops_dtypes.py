"""The dtype of what every operation gives, for every dtype and pair of dtypes, Python's numbers among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.grid.cases_ops import _BINARY, _BITS, _NAN, _REDUCED, _UNARY
from tests.grid.grid import Case
from tests.grid.kinds import DTYPES, array, results

_A = np.array([[1, 2, 3], [4, 5, 6]])
_SQUARE = np.array([[3, 1, 0], [1, 2, 1], [0, 1, 4]])
_NUMBERS = [2, 2.5, True]

_MORE = (
    "argmax argmin argsort average bincount concatenate copy count_nonzero cumprod cumsum diag diagonal diff "
    "expand_dims flip full_like hstack moveaxis nan_to_num nancumsum nanquantile nonzero norm ones_like pad "
    "percentile quantile ravel repeat reshape roll sort split squeeze stack swapaxes take tile top_k trace "
    "transpose trapezoid tril triu unique vander zeros_like corrcoef moments normalize layer_normalization "
    "rms_normalization histogram searchsorted digitize meshgrid stop_gradient unstack in_top_k"
)
_ARGUMENTS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "bincount": lambda x: (x[0],),
    "concatenate": lambda x: ([x, x],),
    "hstack": lambda x: ([x, x],),
    "stack": lambda x: ([x, x],),
    "expand_dims": lambda x: (x, 0),
    "full_like": lambda x: (x, 2),
    "moveaxis": lambda x: (x, 0, 1),
    "swapaxes": lambda x: (x, 0, 1),
    "pad": lambda x: (x, 1),
    "nanquantile": lambda x: (x, 0.5),
    "quantile": lambda x: (x, 0.5),
    "percentile": lambda x: (x, 50.0),
    "repeat": lambda x: (x, 2),
    "reshape": lambda x: (x, (3, 2)),
    "roll": lambda x: (x, 1),
    "split": lambda x: (x, 2),
    "take": lambda x: (x, np.array([0, 1], "int32")),
    "tile": lambda x: (x, 2),
    "top_k": lambda x: (x, 2),
    "vander": lambda x: (x[0],),
    "histogram": lambda x: (x[0],),
    "meshgrid": lambda x: (x[0], x[1]),
    "moments": lambda x: (x, 0),
    "searchsorted": lambda x: (x[0], x),
    "digitize": lambda x: (x, x[0]),
    "in_top_k": lambda x: (np.array([0, 1], "int32"), x, 1),
    "glu": lambda x: (np.concatenate([x, x], 1),),
}
# JAX refuses numbers of other kinds
_FLOATS = ("bfloat16", "float16", "float32")
_FLOATS_ONLY = [
    "erf",
    "glu",
    "layer_normalization",
    "log_sigmoid",
    "log_softmax",
    "normalize",
    "rms_normalization",
    "round",
    "rsqrt",
    "sigmoid",
    "silu",
    "softmax",
    "swish",
    "vander",
]
# Keras asks for the numbers of these, which tracing does not have
_RUN = ("nonzero", "unique", "histogram", "bincount")


def _unary(name: str) -> Case:
    def code(k: Any) -> Any:
        given = _ARGUMENTS.get(name, lambda x: (x,))
        rows = [given(array(_A, d)) for d in (_FLOATS if name in _FLOATS_ONLY else DTYPES)]
        return results(k, [lambda row=row: getattr(k.ops, name)(*row) for row in rows])

    return Case(f"dtypes.{name}", code, warnings=False)


def _pairs(name: str, dtype: str) -> Case:
    def code(k: Any) -> Any:
        function, x = getattr(k.ops, name), array(_A, dtype)
        others = [*(array(_A + 1, d) for d in DTYPES), *_NUMBERS]
        calls = [lambda y=y: function(x, y) for y in others]
        # without whole numbers to negative powers: a constant is no array to JAX
        return results(k, [*calls, *(lambda y=y: function(y, x) for y in _NUMBERS)])

    return Case(f"dtypes.{name}({dtype}, any)", code, warnings=False)


_PRODUCTS = (
    "matmul dot inner outer tensordot vdot kron correlate cross einsum where append searchsorted isin "
    "cdist clip"
)


def _product(name: str, dtype: str) -> Case:
    def code(k: Any) -> Any:
        x, function = array(_SQUARE, dtype), getattr(k.ops, name)

        # JAX refuses two of booleans here
        others = DTYPES[1:] if dtype == "bool" and name in ("kron", "cdist") else DTYPES

        def call(y: Any) -> Any:
            if name == "where":
                return function(_SQUARE > 1, x, y)
            if name == "einsum":
                return function("ij,jk->ik", x, y)
            if name == "tensordot":
                return function(x, y, 1)
            if name in ("correlate", "searchsorted"):
                return function(x[0], y[0])
            if name == "clip":
                return function(x, y[0], y[1])
            return function(x, y)

        return results(k, [lambda d=d: call(array(_SQUARE, d)) for d in others])

    return Case(f"dtypes.{name}({dtype}, array)", code, warnings=False)


_NAMES = {*_UNARY.split(), *_REDUCED.split(), *_NAN.split(), *_MORE.split()}
CASES = [
    *(_unary(name) for name in sorted(_NAMES - set(_RUN))),
    *(
        _pairs(name, dtype)
        for name in sorted({*_BINARY.split(), *_BITS.split()})
        for dtype in DTYPES
    ),
    *(_product(name, dtype) for name in _PRODUCTS.split() for dtype in DTYPES),
]
