"""Steps that go row by row: the numbers of steps of one kind each, for rows of all lengths, however operands lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from narae import ops
from narae.engine import config
from narae.engine.compiled import Compiled, compile_function
from narae.graph import groups
from narae.graph.ir import Spec


def normalized(x: Any, y: Any, column: Any, row: Any) -> Any:
    """A normalization, with its statistics, which are asked for too."""
    mean = ops.mean(x, axis=-1, keepdims=True)
    centered = x - mean
    scale = 1 / ops.sqrt(ops.mean(centered * centered, axis=-1, keepdims=True) + 0.001)
    return centered * scale * column + y, mean, scale


def weighted(x: Any, y: Any, column: Any, row: Any) -> Any:
    """A softmax and its gradient."""
    z = ops.exp(x - ops.max(x, axis=-1, keepdims=True))
    p = z / ops.sum(z, axis=-1, keepdims=True)
    return p * (y - ops.sum(p * y, axis=-1, keepdims=True)) * row


def of_columns(x: Any, y: Any, column: Any, row: Any) -> Any:
    """Sums of all rows, of what is there and of what is made, one of them used by all rows after."""
    axes = tuple(range(len(x.shape) - 1))
    z = x * y + row
    total = ops.sum(z, axis=axes)
    return ops.sum(x, axis=axes), ops.max(z, axis=axes), z - total, total * column


def without_axis(x: Any, y: Any, column: Any, row: Any) -> Any:
    """What a row gives in two shapes; in a square it is as long as a column, which it must not be taken for."""
    s = ops.sum(x * y, axis=-1)
    t = ops.sqrt(ops.abs(s) + 1)
    return t, x * t[..., None], ops.min(x / t[..., None], axis=-1), ops.sum(x, axis=0) * 2


def beside_a_square(x: Any, y: Any, column: Any, row: Any) -> Any:
    """A row's numbers as a column's: only where they are as many."""
    s = ops.sum(x * y, axis=-1)
    return x * s if x.ndim == 2 and x.shape[0] == x.shape[1] else x * ops.sum(s)


def turned(x: Any, y: Any, column: Any, row: Any) -> Any:
    """Operands that do not lie as rows do."""
    back = ops.swapaxes(ops.reshape(y, (x.shape[-1], -1)), 0, 1)
    z = x + ops.reshape(back, x.shape) * 2
    return z * ops.sum(z, axis=-1, keepdims=True), ops.sum(z + column, axis=-1)


def of_few(x: Any, y: Any, column: Any, row: Any) -> Any:
    """An operand that is the same for the first axis, and not for those after it."""
    part = y[:1]
    z = x * part + row[:1]
    return z - ops.mean(z, axis=-1, keepdims=True), ops.sum(z, axis=tuple(range(x.ndim - 1)))


def with_flags(x: Any, y: Any, column: Any, row: Any) -> Any:
    """Numbers of other dtypes in between."""
    keep = x > 0
    z = ops.where(keep, x, y)
    n = ops.sum(ops.cast(keep, "float32"), axis=-1, keepdims=True)
    return z / ops.maximum(n, 1), ops.cast(n, "int32"), keep


def after_a_product(x: Any, y: Any, column: Any, row: Any) -> Any:
    """What a product made, and several arrays beside it."""
    w = ops.reshape(column, (1, -1)) * ops.reshape(column, (-1, 1))
    z = ops.matmul(x, w)
    a, b = z * y, z * x
    return a - ops.sum(a, axis=-1, keepdims=True) + b * ops.sum(b, axis=-1, keepdims=True)


FUNCTIONS = (
    normalized,
    weighted,
    of_columns,
    without_axis,
    beside_a_square,
    turned,
    of_few,
    with_flags,
    after_a_product,
)
SHAPES = ((40, 16), (33, 33), (64, 64), (5, 7, 48), (2, 20, 3, 37), (300, 100), (20, 4096))


def arrays_of(shape: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(len(shape) + shape[-1])
    shapes = (shape, shape, shape[-1:], (*shape[:-1], 1))
    return [(rng.normal(size=s) / np.sqrt(shape[-1])).astype("float32") for s in shapes]


def compiled(function: Callable[..., Any], arrays: list[np.ndarray]) -> Compiled:
    return compile_function(function, *[Spec(a.shape, "float32") for a in arrays])


def results(program: Compiled, arrays: list[np.ndarray]) -> list[np.ndarray]:
    for buffer, array in zip(program.inputs, arrays, strict=True):
        np.copyto(buffer, array)
    out = program()
    return [np.array(a) for a in (out if isinstance(out, tuple) else (out,))]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_rows_are_those_of_whole_arrays(
    function: Callable[..., Any], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = arrays_of(shape)
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    wanted = results(compiled(function, arrays), arrays)
    monkeypatch.setattr(config, "_chosen", ["native"])
    program = compiled(function, arrays)
    found = results(program, arrays)
    for g, w in zip(found, wanted, strict=True):
        # sums of up to 4096 numbers, which may nearly cancel: errors are of the size of their terms
        scale = max(1.0, float(np.abs(w).max()))
        np.testing.assert_allclose(g, w, rtol=2e-4, atol=2e-5 * scale)
    for _ in range(2):  # what lies where something else was has not been read after it was written
        for g, w in zip(results(program, arrays), found, strict=True):
            np.testing.assert_array_equal(g, w)


def test_a_normalization_is_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    for function in (normalized, weighted):
        plan = compiled(function, arrays_of((40, 64))).program.plan
        assert [step.rows for step in plan.steps] == [True]
        # nothing of the array's size is stored but the result
        large = [u for u in plan.steps[0].outputs if plan.values[u].spec.shape == (40, 64)]
        assert len(large) == 1


def test_few_rows_and_long_ones_are_shared_out_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    for shape in ((groups.FEW - 1, 64), (64, groups.LONGEST + 1), (64, groups.SHORTEST - 1)):
        plan = compiled(weighted, arrays_of(shape)).program.plan
        assert not any(step.rows for step in plan.steps)


def test_bits_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    found = []
    for number in (1, 2, 3):
        monkeypatch.setattr(config, "_threads", [number])
        for function in (weighted, of_columns):
            arrays = arrays_of((500, 300))
            found.append(results(compiled(function, arrays), arrays))
    for i, got in enumerate(found[2:]):
        for g, w in zip(got, found[i % 2], strict=True):
            np.testing.assert_array_equal(g, w)


def test_a_row_step_that_numpy_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One operation without native code: the whole step is NumPy's, views of what it makes among it."""

    def function(x: Any, y: Any, column: Any, row: Any) -> Any:
        z = ops.nextafter(x, y) if hasattr(ops, "nextafter") else ops.arctan2(x, y)
        return z - ops.mean(z, axis=-1, keepdims=True)

    arrays = arrays_of((40, 64))
    monkeypatch.setattr(config, "_chosen", ["native"])
    program = compiled(function, arrays)
    z = np.nextafter(arrays[0], arrays[1]) if hasattr(ops, "nextafter") else np.arctan2(*arrays[:2])
    np.testing.assert_allclose(
        results(program, arrays)[0], z - z.mean(axis=-1, keepdims=True), rtol=1e-5, atol=1e-6
    )
