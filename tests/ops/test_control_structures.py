"""What loops and choices carry: kinds of numbers, and None, are those that their functions make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops

# each adds x three times to what it starts from
LOOPS: dict[str, Callable[[Any, Any], Any]] = {
    "scan": lambda start, x: ops.scan(lambda c, _: (c + x, None), start, length=3)[0],
    "fori_loop": lambda start, x: ops.fori_loop(0, 3, lambda i, c: c + x, start),
    "while_loop": lambda start, x: ops.while_loop(
        lambda i, c: i < 3, lambda i, c: (i + 1, c + x), (0, start)
    )[1],
    # floats that come to the second place one step later than to the first
    "one after the other": lambda start, x: ops.while_loop(
        lambda i, b, c: i < 4, lambda i, b, c: (i + 1, b + x, b), (0, start, start)
    )[2],
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("start", [0, 2, True, np.int64(3)])
def test_a_loop_from_whole_numbers_is_that_from_floats(name: str, start: Any) -> None:
    loop, x = LOOPS[name], ops.array(0.5)
    found = loop(start, x)
    assert found.dtype == "float32"
    assert found.item() == float(start) + 1.5
    assert narae.jit(lambda x: loop(start, x))(x).item() == float(start) + 1.5


def test_whole_numbers_stay_where_the_body_leaves_them() -> None:
    for loop in LOOPS.values():
        assert loop(ops.array(2, "uint8"), 1).dtype == "uint8"
        assert loop(ops.array(2.0, "float16"), np.float32(1)).dtype == "float16"


def test_a_loop_begun_with_whole_numbers_takes_each_step_once() -> None:
    steps = narae.Variable(0, dtype="int32", trainable=False)

    def body(i: Any, c: Any) -> Any:
        steps.assign_add(1)
        return i + 1, c + 0.5

    ops.while_loop(lambda i, c: i < 3, body, (0, 0))
    ops.fori_loop(0, 3, lambda i, c: body(i, c)[1], 0)
    ops.scan(lambda c, _: (body(0, c)[1], None), 0, length=3)
    assert steps.numpy() == 9


@pytest.mark.parametrize("known", [True, False])
def test_none_stays_none(known: bool) -> None:
    found: list[Any] = []

    def give(x: Any) -> Any:
        found.clear()
        holds = True if known else x > 0
        found.append(ops.cond(holds, lambda: None, lambda: None))
        found.append(ops.switch(ops.cast(holds, "int32"), [lambda a: (None, a[1])] * 2, (None, x)))
        found.append(ops.while_loop(lambda a, i: i < 2, lambda a, i: (None, i + x), (None, 0)))
        found.append(ops.scan(lambda c, i: ((None, c[1] + i), None), (None, x), ops.ones(2)))
        return found[1][1] + found[2][1] + found[3][0][1]

    assert (give(ops.array(1.0)).item() if known else narae.jit(give)(ops.array(1.0)).item()) == 6
    assert found[0] is None
    assert found[1][0] is None
    assert found[2][0] is None
    assert found[3][0][0] is None
    assert found[3][1] is None


@pytest.mark.parametrize(
    "others",
    [
        (lambda x: {"a": x}, lambda x: {"b": x}),
        (lambda x: (x, None), lambda x: (None, x)),
        (lambda x: x, lambda x: None),
    ],
)
def test_functions_of_a_choice_give_one_structure(others: Any) -> None:
    with pytest.raises(ValueError, match=r"structure|outputs|expected"):
        narae.jit(lambda x: ops.switch(ops.cast(x, "int32"), list(others), x))(ops.array(1.0))
