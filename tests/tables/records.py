"""The records of all operations, their samples, and what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import narae.ops  # noqa: F401  (fills the table)
from narae.base.dtypes import np_dtype, standardize_dtype
from narae.graph.ir import Op, Spec, run
from narae.primitives.record import RECORDS

OPS = list(RECORDS.values())

# Their gradient is an error that says so.
REFUSE = frozenset({"while", "lu_factor"})
# Their samples' graphs are of float64.
OF_GRAPHS = frozenset({"switch", "while", "scan", "custom_gradient"})
SMOOTH = [op for op in OPS if not op.flat and op.name not in REFUSE and op.smooth]
DIFFERENTIABLE = [op for op in OPS if not op.flat and op.name not in REFUSE]


def named(ops: Sequence[Op]) -> Any:
    return pytest.mark.parametrize("op", ops, ids=[op.name for op in ops])


def samples(op: Op, dtype: str = "float64") -> list[Any]:
    """The op's samples, their floats in a dtype, read-only: no forward writes to its inputs."""
    assert op.samples is not None
    rows = []
    for arrays, params in op.samples(np.random.default_rng(7)):
        arrays = [
            np.array(a, np_dtype(dtype)) if a.dtype.kind == "f" else np.array(a) for a in arrays
        ]
        for array in arrays:
            array.flags.writeable = False
        rows.append((arrays, params))
    return rows


def results(op: Op, arrays: Sequence[np.ndarray], params: dict[str, Any]) -> tuple[np.ndarray, ...]:
    return run(op, arrays, params)


def specs_of(op: Op, arrays: Sequence[np.ndarray], params: dict[str, Any]) -> tuple[Spec, ...]:
    found = op.rule(*(Spec(a.shape, standardize_dtype(a.dtype)) for a in arrays), **params)
    return found if isinstance(found, tuple) else (found,)
