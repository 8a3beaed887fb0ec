"""Products of narrow numbers: halves summed in float32, bytes in int32, where a processor has instructions for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.base.dtypes import np_dtype
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.engine.jit import jit
from narae.engine.trace import trace
from narae.executors.native.codegen.expression import Expression, Operand
from narae.executors.native.jit import compiler
from narae.executors.native.jit.target import FOREIGN, host
from narae.executors.native.kernels import contraction, words
from narae.graph.graph import evaluate
from narae.graph.ir import Spec
from narae.models import Sequential
from narae.primitives.halves import without_halves
from narae.primitives.narrow import narrowed
from narae.tensor.tensor import tensor_of

HERE = host().narrow
ALL = frozenset({"bfloat16", "int8", "uint8"})
halves = pytest.mark.skipif("bfloat16" not in HERE, reason="no instructions for bfloat16")


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [2])


# rows, k, columns: less than a group, a panel, a word; more than one of each; parts of a sum; one row
SIZES = [(1, 8, 5), (3, 7, 2), (17, 64, 33), (128, 130, 100), (200, 129, 65), (16, 3000, 48)]
WAYS = [(x, y) for x in (False, True) for y in (False, True)]  # whether each lies transposed


def operands(rng: Any, size: tuple[int, int, int], way: tuple[bool, bool], make: Any) -> Any:
    """Two arrays, and the function that multiplies them."""
    m, k, n = size
    shapes = ((k, m) if way[0] else (m, k), (n, k) if way[1] else (k, n))

    def product(x: Any, y: Any) -> Any:
        return ops.matmul(ops.transpose(x) if way[0] else x, ops.transpose(y) if way[1] else y)

    return product, [make(shape) for shape in shapes]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products_of_halves_are_exact_but_for_their_sums(size: tuple[int, int, int]) -> None:
    """Each product is exact in float32, each addition rounds by 2**-24, the result by 2**-8, whatever the order."""
    rng = np.random.default_rng(0)
    for way in WAYS:
        product, arrays = operands(
            rng, size, way, lambda shape: rng.normal(size=shape).astype(np_dtype("bfloat16"))
        )
        got = np.asarray(ops.cast(jit(product)(*map(tensor_of, arrays)), "float64"))
        x, y = (
            np.asarray(a, "float64").T if t else np.asarray(a, "float64")
            for a, t in zip(arrays, way, strict=True)
        )
        want, sums = x @ y, np.abs(x) @ np.abs(y)
        room = (size[1] + 1) * 2.0**-24 * sums + 2.0**-8 * np.abs(want)
        assert (np.abs(got - want) <= room).all(), way


@pytest.mark.parametrize(
    "dtypes",
    [("int8", "int8"), ("uint8", "uint8"), ("int8", "uint8"), ("uint8", "int8"), ("int16", "int16"),
     ("int32", "int32"), ("uint32", "uint32"), ("int64", "int64"), ("int32", "int8"), ("bool", "bool")],
    ids=str,
)  # fmt: skip
def test_products_of_whole_numbers_are_exact(dtypes: tuple[str, str]) -> None:
    """Those of all values, the ends too; what goes beyond the result's dtype wraps, as NumPy's does."""
    rng = np.random.default_rng(0)
    for size in SIZES:
        for way in WAYS:
            drawn = iter(dtypes)

            def make(shape: Any) -> np.ndarray:
                dtype = next(drawn)  # noqa: B023
                if dtype == "bool":
                    return rng.integers(0, 2, shape).astype(bool)
                low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
                return rng.integers(low, high, shape, dtype, endpoint=True)

            product, arrays = operands(rng, size, way, make)
            program: Any = compile_function(product, *(Spec(a.shape, a.dtype.name) for a in arrays))
            hosts = [s.lowered.why for s in program.program.stages if s.lowered.host is not None]
            assert not hosts
            for buffer, array in zip(program.inputs, arrays, strict=True):
                np.copyto(buffer, array)
            got = np.asarray(program())
            x, y = (a.T if t else a for a, t in zip(arrays, way, strict=True))
            wide = "bool" if dtypes == ("bool", "bool") else "int64"
            np.testing.assert_array_equal(got, (x.astype(wide) @ y.astype(wide)).astype(got.dtype))


@halves
@pytest.mark.parametrize("along", [(0,), (1,), (0, 1)], ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_an_operand_that_is_the_same_along_an_axis(along: tuple[int, ...], turned: bool) -> None:
    """A view without a step there: the same numbers for each k, or for each row or column."""
    rng = np.random.default_rng(0)
    for m, k, n in ((5, 7, 39), (20, 16, 40)):
        shapes = [(m, k), (n, k) if turned else (k, n)]
        small = [tuple(1 if a in along else d for a, d in enumerate(s)) for s in shapes]
        arrays = [rng.integers(-3, 4, s).astype(np_dtype("bfloat16")) for s in small]

        def product(x: Any, y: Any) -> Any:
            y = ops.broadcast_to(y, shapes[1])  # noqa: B023
            return ops.matmul(x, ops.transpose(y) if turned else y)

        whole = [np.broadcast_to(a, s) for a, s in zip(arrays, shapes, strict=True)]
        x, y = (a.astype("float32") for a in whole)
        got = jit(product)(tensor_of(whole[0].copy()), tensor_of(arrays[1]))
        want = (x @ (y.T if turned else y)).astype(np_dtype("bfloat16"))  # exact sums
        np.testing.assert_array_equal(np.asarray(got), want)


def test_extremes_do_not_saturate() -> None:
    """The sums of the largest products, which a saturating instruction would cut off at 16 bits."""
    for low, high in ((-128, -128), (-128, 127), (127, 127)):
        x, y = np.full((8, 64), low, "int8"), np.full((64, 32), high, "int8")
        got = jit(ops.matmul)(tensor_of(x), tensor_of(y)).numpy()
        assert got.dtype == np.int32
        assert (got == 64 * low * high).all()


@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_batches_axes_and_places(dtype: str) -> None:
    """einsum and tensordot over other axes than the last, slices that begin anywhere, batches."""
    rng = np.random.default_rng(0)

    def make(*shape: int) -> Any:
        return tensor_of(rng.integers(-9, 9, shape).astype(np_dtype(dtype)))

    cases: list[tuple[Any, Any]] = [
        (lambda x, y: ops.einsum("bhik,bhjk->bhij", x, y), (make(2, 3, 5, 8), make(2, 3, 7, 8))),
        (lambda x, y: ops.einsum("bikh,bjkh->bij", x, y), (make(2, 5, 3, 4), make(2, 6, 3, 4))),
        (lambda x, y: ops.einsum("kib,jkb->bij", x, y), (make(4, 3, 2), make(5, 4, 2))),
        (lambda x, y: ops.matmul(x[:, 1:], y[1:]), (make(20, 9), make(9, 40))),
        (lambda x, y: ops.matmul(x[:, 1:7:2], y[1:7:2, 3:]), (make(20, 9), make(9, 40))),
        (lambda x, y: ops.matmul(x, y), (make(3, 4, 8), make(8))),
        (lambda x, y: ops.tensordot(x, y, 2), (make(3, 4, 5), make(4, 5, 6))),
    ]
    for function, arrays in cases:
        got = np.asarray(jit(function)(*arrays))
        want = np.asarray(function(*arrays))
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)  # whole numbers this small are exact in float32


def network() -> Any:
    narae.utils.set_random_seed(7)
    model = Sequential(
        [
            layers.Dense(70, activation="relu", dtype="mixed_bfloat16"),
            layers.Dense(33, activation="tanh", dtype="mixed_bfloat16"),
            layers.Dense(5, activation="softmax", dtype="mixed_bfloat16"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return model


def trained(threads: int) -> Any:
    config.set_num_threads(threads)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(150, 45)).astype("float32"), rng.integers(0, 5, 150)
    model = network()
    history = model.fit(x, y, batch_size=40, epochs=3, verbose=0).history["loss"]
    return history, [w.tobytes() for w in model.get_weights()]


def test_threads_change_no_bit_of_training_in_halves() -> None:
    assert trained(1) == trained(2) == trained(3)


def test_training_in_halves_is_that_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for halves that fall on the other side where sums have another order: 2**-8 of a loss, at most."""
    native = trained(2)[0]
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    np.testing.assert_allclose(native, trained(1)[0], rtol=2.0**-8)


@halves
def test_halves_stay_halves_in_memory() -> None:
    """What products read is bfloat16: activations, weights and gradients between layers."""
    model = network()
    x, y = np.zeros((40, 45), "float32"), np.zeros(40, "int64")
    model.fit(x, y, batch_size=40, verbose=0)
    said = str(model.explain_plan(x, y))
    assert said.count("wide_dot") == 8
    assert "bfloat16[45, 70]" in said


def test_a_graph_says_the_same_with_narrow_products() -> None:
    """The rewrite alone, node by node in NumPy: products of halves in float32, bytes in int32."""

    def step(x: Any, w: Any, i: Any, j: Any) -> Any:
        h = ops.relu(ops.matmul(x, w))
        g = ops.matmul(ops.transpose(x), h)
        return ops.sum(ops.cast(h, "float32")), g, ops.matmul(i, j), ops.matmul(j, i)

    rng = np.random.default_rng(0)
    x, w = (rng.integers(-4, 5, s).astype(np_dtype("bfloat16")) for s in ((6, 8), (8, 5)))
    i, j = (
        rng.integers(-128, 128, (3, 4)).astype("int8"),
        rng.integers(-128, 128, (4, 3)).astype("int8"),
    )
    arrays = [x, w, i, j]
    traced = trace(step, *(Spec(a.shape, a.dtype.name) for a in arrays)).graph
    wide = without_halves(traced)[0]
    graph = narrowed(wide, [], ALL)[0]
    names = [n.op.name for n in graph.nodes]
    assert names.count("wide_dot") == 4
    assert "dot" not in names
    for a, b in zip(evaluate(graph, arrays, np), evaluate(wide, arrays, np), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert "wide_dot" not in [n.op.name for n in narrowed(wide, [], frozenset())[0].nodes]


@pytest.mark.parametrize("form", sorted(words.FORMS))
@pytest.mark.parametrize("order", ["in turn", "of a row", "columns of a"])
def test_kernels_compile_where_features_say_so(form: str, order: str) -> None:
    target = FOREIGN["avx512bf16"]
    assert target.narrow == ALL
    assert not FOREIGN["avx2"].narrow
    dtype = "float32" if form == "halves" else "int32"
    identity = Expression((), [1], [1], {})
    identity.dtypes[1] = dtype
    made = contraction.build(
        "k", target, dtype, 1, identity, (Operand(dtype, "along"),), order, form
    )
    text = compiler.text_of(made, target)
    assert ("dpbf16ps" if form == "halves" else "vpdpbusd") in text
    assert compiler.compile_text(text, target)


@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_weights_are_laid_out_until_they_change(dtype: str) -> None:
    """A variable's words stay from run to run, for all programs that read it so; a new value is seen by all."""
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (5, 12)).astype(np_dtype(dtype))
    w = narae.Variable(np.zeros((12, 40)), dtype=dtype, trainable=False)
    first, second = (jit(lambda x: ops.matmul(x, w)) for _ in "ab")
    for _ in range(3):
        value = rng.integers(-9, 9, (12, 40)).astype(np_dtype(dtype))
        w.assign(value)
        want = x.astype("float32") @ value.astype("float32")
        for rows in (5, 3):
            for function in (first, second, first):
                got = np.asarray(ops.cast(function(tensor_of(x[:rows])), "float32"))
                np.testing.assert_allclose(got, want[:rows], rtol=2.0**-8)
