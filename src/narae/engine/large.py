"""Eager operations that are large enough for a program of their own: convolutions, which NumPy has none for.

Which ones follows from the operation and its shapes alone (`Op.large`), never from what ran before: the same call
gives the same bits each time. Only the native executor takes them; with the others NumPy does, as it does all that
is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import standardize_dtype
from narae.engine.compiled import Programs, compile_function
from narae.engine.config import executor
from narae.engine.scope import eagerly
from narae.graph.ir import Op, Spec, Value
from narae.primitives.records.shape import transpose

_programs = Programs(1 << 28)


def computed(
    op: Op, arrays: Sequence[np.ndarray], params: dict[str, Any]
) -> tuple[np.ndarray, ...] | None:
    """What an operation gives, in arrays of its own; None where NumPy is to do it."""
    if executor() != "native":
        return None
    laid = [_laid(a) for a in arrays]
    specs = [Spec(base.shape, standardize_dtype(base.dtype)) for base, _ in laid]
    orders = [order for _, order in laid]
    key = (op, repr(params), *specs, *orders)
    program = _programs.get(key)
    if program is None:

        def function(*bases: Value) -> Any:
            pairs = zip(bases, orders, strict=True)
            return op(*[transpose(b, axes=order) if order else b for b, order in pairs], **params)

        with eagerly():
            program = _programs.put(key, compile_function(function, *specs))
    with program.lock.held():
        for buffer, (base, _) in zip(program.inputs, laid, strict=True):
            np.copyto(buffer, base)
        result = program()
        results = result if isinstance(result, tuple) else (result,)
        return tuple([np.array(out) for out in results])


def _laid(array: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """An array as it lies in memory, and the order of axes that makes it the one that is meant: empty where it lies
    so, or lies with gaps. A program reads any order; to copy an array into another one takes as long as
    the product."""
    if not array.flags.c_contiguous:
        order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        base = array.transpose(order)
        if base.flags.c_contiguous:
            return base, tuple(map(int, np.argsort(order)))
    return array, ()
