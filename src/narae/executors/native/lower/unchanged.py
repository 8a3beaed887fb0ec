"""Which results of an expression stay what they are where one of its inputs is 0: the rows of a table that a batch
does not name, when gradient descent, RMSprop, Adagrad or Adadelta update it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np

from narae.executors.native.codegen.expression import Expression
from narae.executors.shared.memory import ArrayMap


class Known(Enum):
    """What is known of a value's numbers, whatever the others are."""

    ZERO = "0"
    NATURAL = "at least 0"
    POSITIVE = "more than 0"
    SHIFTED = "more than 0, if what a positive number was added to is not below 0"


_Fact: TypeAlias = "Known | int | None"  # an int: the value of this uid, as it is


def unchanged(expression: Expression, zero: int, arrays: ArrayMap) -> set[int]:
    """The outputs that are in the memory of a value that they equal, where the value `zero` is 0.

    Numbers that a zero is multiplied with are taken for finite, and those under a root for not negative: learning
    rates and sums of squares. Where they are not, training is lost anyway.
    """
    facts: dict[int, _Fact] = {uid: uid for uid in expression.reads}
    facts[zero] = Known.ZERO
    for node in expression.nodes:
        facts.update((v.uid, _constant(v.data)) for v in node.inputs if _is_constant(v))
        fact = _fact(node.op.known, [facts.get(v.uid) for v in node.inputs])
        facts.update(dict.fromkeys(node.uids, fact))
    return {
        uid
        for uid in expression.outputs
        if isinstance(same := facts.get(uid), int) and _in_place(arrays[uid], arrays[same])
    }


def _is_constant(value: object) -> bool:
    return getattr(value, "data", None) is not None and getattr(value, "node", None) is None


def _constant(data: np.ndarray | None) -> _Fact:
    numbers = np.asarray(data)
    if not numbers.any():
        return Known.ZERO
    return Known.POSITIVE if (numbers > 0).all() else None


def _fact(op: str, ins: Sequence[_Fact]) -> _Fact:
    rule = _RULES.get(op)
    return None if rule is None else rule(*ins)


def _multiply(a: _Fact, b: _Fact) -> _Fact:
    if Known.ZERO in (a, b):
        return Known.ZERO
    if a is b is Known.POSITIVE:
        return a
    return Known.NATURAL if {a, b} <= _NATURAL else None


def _divide(a: _Fact, b: _Fact) -> _Fact:
    return Known.ZERO if a is Known.ZERO and b is Known.POSITIVE else None


def _add(a: _Fact, b: _Fact) -> _Fact:
    if Known.ZERO in (a, b):
        return b if a is Known.ZERO else a
    if {a, b} <= _NATURAL:
        return Known.POSITIVE if Known.POSITIVE in (a, b) else Known.NATURAL
    return Known.SHIFTED if Known.POSITIVE in (a, b) else None


def _subtract(a: _Fact, b: _Fact) -> _Fact:
    return a if b is Known.ZERO else None


def _sqrt(a: _Fact) -> _Fact:
    if a is Known.ZERO:
        return a
    return Known.POSITIVE if a in (Known.POSITIVE, Known.SHIFTED) else Known.NATURAL


def _square(a: _Fact) -> _Fact:
    return a if a in (Known.ZERO, Known.POSITIVE) else Known.NATURAL


def _still_zero(a: _Fact) -> _Fact:
    return a if a is Known.ZERO else None


_NATURAL = {Known.POSITIVE, Known.NATURAL, Known.ZERO}
_RULES = {
    "multiply": _multiply,
    "divide": _divide,
    "add": _add,
    "subtract": _subtract,
    "sqrt": _sqrt,
    "square": _square,
    "negative": _still_zero,
}


def _in_place(a: np.ndarray, b: np.ndarray) -> bool:
    return (a.ctypes.data, a.strides, a.shape, a.dtype) == (
        b.ctypes.data,
        b.strides,
        b.shape,
        b.dtype,
    )
