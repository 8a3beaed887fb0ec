"""Whether the expression of a large product (`tuning.PASS_FROM`) is a pass of its own, after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression
from narae.executors.native.kernels import registers
from narae.executors.native.lower.tiles import Context
from narae.executors.shared.memory import ArrayMap
from narae.graph.ir import Spec


def place_for(
    expression: Expression,
    product: int,
    spec: Spec,
    context: Context,
    operands: Sequence[np.ndarray],
) -> np.ndarray | None:
    """Where the product goes, if its expression is better a pass of its own; None where it is not.

    product: its uid among what the expression reads; operands: what the product reads.
    """
    arrays = context.arrays
    others = [u for u in expression.reads if u != product]
    if not is_heavy(expression, others, spec, arrays):
        return None
    read = [*operands, *(arrays[u] for u in others)]
    for out in (arrays[u] for u in expression.outputs):
        fits = out.shape == spec.shape and out.dtype.name == spec.dtype and out.flags.c_contiguous
        if fits and not any(np.may_share_memory(out, x) for x in read):
            return out
    return context.spare.take(spec)


def is_heavy(expression: Expression, others: Sequence[int], spec: Spec, arrays: ArrayMap) -> bool:
    """A panel's part of a row is short: there, each of several arrays waits for memory, and slow operations for each
    other."""
    beside = sum(arrays[u].size == spec.size for u in (*others, *expression.outputs[1:]))
    return registers.is_slow(expression) or beside >= tuning.PASS_ARRAYS
