"""The table of native lowerings: what may be in it, and what each has to take along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from narae import ops
from narae.base.dtypes import standardize_dtype
from narae.engine.compiled import compile_function
from narae.executors import explain
from narae.executors.native.lower.steps import lower_step
from narae.executors.native.lower.tiles import LOWERINGS
from narae.graph.ir import Spec, run
from narae.primitives.record import RECORDS

pytestmark = pytest.mark.usefixtures("each_executor")
native = pytest.mark.parametrize("each_executor", ["native"], indirect=True)
TILED = sorted(name for name, op in RECORDS.items() if op.tiled)


@native
def test_only_records_are_in_it_that_would_have_no_code_else() -> None:
    """Elementwise ones and views are lowered by what they are: an entry would never be asked."""
    assert lower_step.__module__.startswith("narae.executors.native")  # the table is full
    assert LOWERINGS.keys() <= RECORDS.keys()
    assert not [name for name in LOWERINGS if RECORDS[name].elementwise or RECORDS[name].view]


@native
@pytest.mark.parametrize("name", TILED)
def test_what_follows_a_tiled_operation_in_its_step_is_computed(name: str) -> None:
    op = RECORDS[name]
    assert op.samples is not None
    for arrays, params in op.samples(np.random.default_rng(0)):
        arrays = [np.asarray(a) for a in arrays]
        want = run(op, arrays, params)[0]
        if want.size == 0 or want.dtype.kind != "f":
            continue

        def followed(*xs: Any, op: Any = op, params: dict[str, Any] = params) -> Any:
            return ops.maximum(op(*xs, **params), 0.25) * 3.0

        function = compile_function(
            followed, *(Spec(a.shape, standardize_dtype(a.dtype)) for a in arrays)
        )
        steps = function.program.plan.steps
        assert any(step.headed and len(step.nodes) > 1 for step in steps) or want.dtype.itemsize < 4
        for buffer, array in zip(function.inputs, arrays, strict=True):
            np.copyto(buffer, array)
        eps = np.finfo(want.dtype).eps
        terms = max(a.size for a in arrays)
        got = np.asarray(function())
        np.testing.assert_allclose(
            got, np.maximum(want, 0.25) * 3, rtol=eps * terms, atol=eps * terms
        )
        assert explain("native", function.program)
