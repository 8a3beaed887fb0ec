"""Timing the steps of a program: one time for each, and the program is as it was."""

from __future__ import annotations

import numpy as np
import pytest

from narae import Variable, ops
from narae.engine.compiled import compile_function
from narae.engine.variable import touch
from narae.executors import step_times
from narae.executors.native.run.phases import Tables
from narae.graph.ir import Spec


def test_each_step_has_a_time_and_the_state_is_put_back(
    each_executor: str, rng: np.random.Generator
) -> None:
    weight, count = Variable(rng.normal(size=(6, 6))), Variable(0, dtype="int32")

    def step(x: object) -> object:
        out = ops.softmax(ops.matmul(x, weight), axis=-1)
        weight.assign(weight * 0.5 + ops.mean(out))
        count.assign_add(1)
        return ops.qr(out)[1], ops.sort(out)

    compiled = compile_function(step, Spec((5, 6), "float32"))
    compiled.inputs[0][...] = rng.normal(size=(5, 6))
    before = [v.numpy() for v in (weight, count)]
    times = step_times(each_executor, compiled.program)
    assert len(times) == len(compiled.program.plan.steps)
    assert all(0 < t < 1 for t in times)
    touch([weight, count])
    assert all((v.numpy() == old).all() for v, old in zip((weight, count), before, strict=True))
    first = [np.array(out) for out in compiled()]
    assert count.numpy() == 1
    weight.assign(before[0])
    assert all((a == b).all() for a, b in zip(compiled(), first, strict=True))


@pytest.mark.parametrize("each_executor", ["native"], indirect=True)
@pytest.mark.usefixtures("each_executor")
def test_a_thread_may_come_late_from_the_run_of_another_step() -> None:
    """It works on in the next step's run: on scratch that suffices, and looks up no phase that is not there."""
    function = compile_function(
        lambda x, w: ops.relu(ops.sort(x @ w)) @ w,
        Spec((90, 90), "float32"),
        Spec((90, 90), "float32"),
    )
    whole = function.program.tables
    for stage in function.program.stages:
        alone = Tables([stage.lowered], whole)
        assert alone.scratch == whole.scratch
        assert len(alone._phases) >= whole.count
