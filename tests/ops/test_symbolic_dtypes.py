"""What an operation says of tensors to come is what it computes: dtypes and ranks, whatever lengths are unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.grid.cases_symbolic import _ROWS, Symbol, _filled
from tests.ops.oracle import flat_leaves

import narae
from narae.base.dtypes import np_dtype

DTYPES = ("bool", "uint8", "int8", "int32", "int64", "uint32", "bfloat16", "float16", "float64")
ROWS = [(name, row) for names, rows in _ROWS for name in names.split() for row in rows]
# A place in a sequence of unknown length has 64 bits, as in Keras; which unknown lengths are 1 is not known.
EXCEPT = {("searchsorted", True), ("squeeze", True)}


def numbers(symbol: Symbol) -> np.ndarray:
    """1, 2, 3 over and over; matrices with a strong diagonal."""
    found = np.arange(int(np.prod(symbol.shape))).reshape(symbol.shape) % 3 + 1.0
    if symbol.dtype == "int32":  # places
        return (found - 1).astype("int32")
    if len(symbol.shape) > 1 and symbol.shape[-1] == symbol.shape[-2]:
        found = (found + np.swapaxes(found, -1, -2)) / 2 + 9 * np.eye(symbol.shape[-1])
    return found.astype(np_dtype(symbol.dtype))


def called(name: str, row: tuple[Any, ...], make: Any) -> list[Any]:
    args, options = (row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {})
    args, options = _filled((args, options), make)
    return flat_leaves(getattr(narae.ops, name)(*args, **options))


def misfits(name: str, row: tuple[Any, ...]) -> list[str]:
    """The lengths known or not, for which what is said is not what comes."""
    try:
        computed = called(name, row, numbers)
    except (ValueError, TypeError, IndexError):
        return []
    found = []
    for unknown in (False, True):

        def symbol(s: Symbol, unknown: bool = unknown) -> Any:
            shape = tuple(None for _ in s.shape) if unknown and s.open_ else s.shape
            return narae.KerasTensor(shape, s.dtype)

        try:
            said = called(name, row, symbol)
        except (ValueError, TypeError):
            continue
        if (name, unknown) in EXCEPT:
            continue
        for s, c in zip(said, computed, strict=False):
            if not hasattr(c, "dtype"):
                continue
            if s.dtype != c.dtype or len(s.shape) != len(c.shape):
                found.append(
                    f"{name}{row} unknown={unknown}: {s.dtype}{s.shape}, computed {c.dtype}{c.shape}"
                )
    return found


def of_dtype(row: Any, dtype: str) -> Any:
    return _filled(
        row, lambda s: Symbol(s.shape, dtype if s.dtype == "float32" else s.dtype, s.open_)
    )


@pytest.mark.parametrize("dtype", ["float32", *DTYPES])
def test_dtypes(dtype: str) -> None:
    found = [m for name, row in ROWS for m in misfits(name, of_dtype(row, dtype))]
    assert found == []
