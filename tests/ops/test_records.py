"""Laws of every operation, generated from the table of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from tests.tables.records import (
    DIFFERENTIABLE,
    OF_GRAPHS,
    OPS,
    REFUSE,
    SMOOTH,
    named,
    results,
    samples,
    specs_of,
)

import narae.ops  # noqa: F401  (fills the table)
from narae.base.dtypes import is_float, standardize_dtype
from narae.base.errors import DtypeError
from narae.engine.tape import GradientTape
from narae.graph.cost import flops
from narae.graph.ir import Node, Op, Spec
from narae.graph.notation import Term
from narae.inspect.explanation.formulas import term
from narae.primitives.record import RECORDS
from narae.tensor.tensor import Tensor, tensor_of


def test_every_record_has_samples_and_a_gradient_or_a_reason() -> None:
    assert [op.name for op in OPS if op.samples is None] == []
    assert [op.name for op in OPS if op.flat != (op.vjp is None and op.joint is None)] == []
    assert set(RECORDS) >= REFUSE


@named(OPS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_the_rule_foretells_shape_and_dtype(op: Op, dtype: str) -> None:
    for arrays, params in samples(op):
        if dtype == "int32":  # positive ones: 1 / 0 and 2^-1 have no integer
            cast = [
                np.asarray(np.abs(a) * 3 + 1, dtype) if a.dtype.kind == "f" else a for a in arrays
            ]
        else:
            cast = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        try:
            wanted = specs_of(op, cast, params)
        except DtypeError:
            assert dtype == "int32" or op.name in OF_GRAPHS, f"{op.name} refuses {dtype}"
            continue
        got = tuple(Spec(a.shape, standardize_dtype(a.dtype)) for a in results(op, cast, params))
        assert got == wanted


def pulled(
    op: Op, floats: Sequence[np.ndarray], rest: Any, params: Any, cts: Sequence[Any]
) -> list[Tensor]:
    """The cotangents of the float inputs, for cotangents of the float outputs."""
    with GradientTape(persistent=True) as tape:
        inputs = [x if isinstance(x, Tensor) else tensor_of(np.asarray(x)) for x in floats]
        tape.watch(inputs)
        out = op(*merged(inputs, rest), **params)
    return tape.gradient(float_outputs(out), inputs, list(cts), unconnected_gradients="zero")


def merged(floats: Sequence[Any], rest: Sequence[np.ndarray | None]) -> list[Any]:
    """The inputs in their order: `rest` has None where a float goes."""
    source = iter(floats)
    return [next(source) if a is None else tensor_of(a) for a in rest]


def float_outputs(out: Any) -> list[Tensor]:
    return [t for t in (out if isinstance(out, tuple) else (out,)) if is_float(t.dtype)]


def split(op: Op, arrays: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """The float inputs that have a gradient, and the others in their places."""
    moves = [a.dtype.kind == "f" and op.gradient_of(i) is not None for i, a in enumerate(arrays)]
    floats = [a for a, moved in zip(arrays, moves, strict=True) if moved]
    return floats, [None if moved else a for a, moved in zip(arrays, moves, strict=True)]


def slope(
    f: Callable[..., float], xs: Sequence[np.ndarray], ds: Sequence[np.ndarray], h: float
) -> float:
    """The central difference of f at xs in the direction ds, of order h^4."""

    def at(k: int) -> float:
        return f([x + k * h * d for x, d in zip(xs, ds, strict=True)])

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)


def applied(op: Op, xs: Sequence[Any], rest: Any, params: Any) -> list[Tensor]:
    """The float outputs for these float inputs."""
    inputs = [tensor_of(np.asarray(x)) for x in xs]
    return float_outputs(op(*merged(inputs, rest), **params))


def inner(tensors: Sequence[Tensor], weights: Sequence[np.ndarray]) -> float:
    return sum(float((t.data * w).sum()) for t, w in zip(tensors, weights, strict=True))


def draws(op: Op, count: int) -> Iterator[tuple[Any, ...]]:
    """Float inputs, the other inputs, parameters, and random cotangents of the float outputs."""
    rng = np.random.default_rng(1)
    for arrays, params in samples(op)[:count]:
        floats, rest = split(op, arrays)
        cts = [rng.normal(size=t.shape) for t in applied(op, floats, rest, params)]
        yield floats, rest, params, cts, rng


@named(DIFFERENTIABLE)
def test_the_gradient_is_the_difference_quotient(op: Op) -> None:
    for floats, rest, params, cts, rng in draws(op, 99):
        value = lambda xs, a=(rest, params), w=cts: inner(applied(op, xs, *a), w)
        got = pulled(op, floats, rest, params, cts)
        for i, (x, g) in enumerate(zip(floats, got, strict=True)):
            assert g.shape == x.shape
            for _ in range(3):
                ds = [rng.normal(size=y.shape) * (i == j) for j, y in enumerate(floats)]
                wanted = slope(value, floats, ds, 1e-4)
                np.testing.assert_allclose(inner([g], [ds[i]]), wanted, rtol=2e-6, atol=1e-7)


@named(SMOOTH)
def test_the_gradient_of_the_gradient_is_its_difference_quotient(op: Op) -> None:
    """<vjp(x; ct), w> differentiated in x and in ct together."""
    for floats, rest, params, cts, rng in draws(op, 3):
        moving, weights = [*floats, *cts], [rng.normal(size=x.shape) for x in floats]

        def pull(values: Any, n: int = len(floats), a: Any = (rest, params)) -> list[Tensor]:
            return pulled(op, values[:n], *a, values[n:])

        with GradientTape() as tape:
            inputs = [tensor_of(np.asarray(x)) for x in moving]
            tape.watch(inputs)
            found = pull(inputs)
        got = tape.gradient(found, inputs, weights, unconnected_gradients="zero")
        for _ in range(2):
            ds = [rng.normal(size=x.shape) for x in moving]
            value = lambda xs, f=pull, w=weights: inner(f(xs), w)
            wanted = slope(value, moving, ds, 1e-3)
            np.testing.assert_allclose(inner(got, ds), wanted, rtol=1e-5, atol=1e-6)


@named([op for op in OPS if op.oracle is not None])
def test_the_forward_equals_an_independent_one(op: Op) -> None:
    for arrays, params in samples(op):
        wanted = op.oracle(*arrays, **params)  # type: ignore[misc]
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for a, b in zip(results(op, arrays, params), wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def scattered(array: np.ndarray) -> np.ndarray:
    """An equal array whose memory is neither in C nor in Fortran order."""
    if array.ndim == 0:
        return array
    wide = np.repeat(np.moveaxis(array, -1, 0)[..., None], 2, axis=-1)
    return np.moveaxis(wide[..., 0], 0, -1)


@named(OPS)
def test_the_order_of_memory_does_not_matter(op: Op) -> None:
    for arrays, params in samples(op):
        plain = results(op, arrays, params)
        moved = results(op, [scattered(a) for a in arrays], params)
        for a, b in zip(plain, moved, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e30, 1e-30])


@named([op for op in OPS if op.elementwise])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "bool"])
def test_elementwise_means_each_element_alone(op: Op, dtype: str) -> None:
    arrays, params = samples(op)[0]
    pool = SPECIAL if dtype.startswith("float") else np.array([0, 1, 2, 3, 5, 7])
    grids = np.meshgrid(*[pool.astype(dtype)] * len(arrays), indexing="ij")
    mixed = len({a.dtype for a in arrays}) > 1  # select's condition stays a bool
    arrays = [
        np.ravel(grid != 0 if mixed and a.dtype == bool else grid)
        for a, grid in zip(arrays, grids, strict=True)
    ]
    try:
        specs_of(op, arrays, params)
    except DtypeError:
        return
    together = results(op, arrays, params)
    for i in range(0, arrays[0].size, 1 + arrays[0].size // 17):
        alone = results(op, [a[i : i + 1] for a in arrays], params)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[i : i + 1], b, rtol=1e-6)


@named([op for op in OPS if op.view])
def test_a_view_shares_its_memory(op: Op) -> None:
    for arrays, params in samples(op):
        (out,) = results(op, arrays, params)
        assert not out.size or np.shares_memory(out, arrays[0])


@named([op for op in OPS if op.commutes])
def test_operands_of_a_commuting_op_change_places(op: Op) -> None:
    for (x, y), params in samples(op):
        for a, b in zip(results(op, [x, y], params), results(op, [y, x], params), strict=True):
            np.testing.assert_array_equal(a, b)


@named([op for op in OPS if op.ufunc is not None])
def test_a_ufunc_is_the_whole_forward_and_takes_out(op: Op) -> None:
    for arrays, params in samples(op):
        (wanted,) = results(op, arrays, params)
        out = np.empty_like(wanted)
        getattr(np, op.ufunc)(*arrays, out=out)  # type: ignore[arg-type]
        np.testing.assert_array_equal(out, wanted)


@named([RECORDS[name] for name in sorted(REFUSE)])
def test_a_missing_gradient_says_so(op: Op) -> None:
    arrays, params = samples(op)[0]
    floats, rest = split(op, arrays)
    outs = applied(op, floats, rest, params)
    with pytest.raises(NotImplementedError, match=op.name):
        pulled(op, floats, rest, params, [np.ones(t.shape) for t in outs])


@named([op for op in OPS if op.index is not None])
def test_the_input_of_indices_has_whole_numbers_of_an_axis(op: Op) -> None:
    for arrays, params in samples(op):
        assert arrays[op.index].dtype.kind in "iu"  # type: ignore[index]
        assert isinstance(params["axis"], int)


def node_of(op: Op, arrays: Sequence[np.ndarray], params: dict[str, Any]) -> Node:
    specs = specs_of(op, arrays, params)
    inputs = tuple(map(tensor_of, arrays))
    return Node(op, inputs, params, specs, (None,) * len(specs), len(specs) > 1)


@named(OPS)
def test_a_cost_is_a_whole_number_and_moving_numbers_costs_nothing(op: Op) -> None:
    for arrays, params in samples(op):
        cost = flops(node_of(op, arrays, params))
        assert type(cost) is int
        assert cost >= 0
        assert not (op.view and cost)


@named(OPS)
def test_a_formula_shows_every_operand_once(op: Op) -> None:
    for arrays, params in samples(op):
        names = [f"operand{i}" for i in range(len(arrays))]
        shown = term(node_of(op, arrays, params), [Term(name) for name in names]).text
        assert [shown.count(name) for name in names] == [1] * len(names), shown
