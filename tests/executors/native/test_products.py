"""Products of matrices: whatever the cut, the order of work and the threads, the same numbers in the same order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from narae import ops
from narae.base import machine
from narae.base.machine import Cache
from narae.engine.compiled import compile_function
from narae.executors.native import tuning
from narae.executors.native.kernels import registers
from narae.executors.native.lower import partition, products
from narae.graph.ir import Spec
from narae.tensor.tensor import Tensor, TensorLike

# m, k, n: tails of every kind, and A's rows so far apart that its copy is of some rows and some k at a time.
SHAPES = (
    *((32, 32, 32), (17, 300, 65), (64, 257, 10), (300, 128, 10), (513, 1030, 70)),
    *((1024, 1024, 64), (40, 2048, 1100)),
)
TURNED = {"forward": (False, False), "weights": (True, False), "inputs": (False, True)}


def computed(a: np.ndarray, b: np.ndarray, turned: tuple[bool, bool]) -> np.ndarray:
    """The product of a program that reads both as they lie."""

    def product(*both: TensorLike) -> Tensor:
        pairs = zip(both, turned, strict=True)
        return ops.matmul(*(ops.transpose(x) if t else x for x, t in pairs))

    compiled = compile_function(product, *(Spec(x.shape, x.dtype.name) for x in (a, b)))
    for buffer, array in zip(compiled.inputs, (a, b), strict=True):
        np.copyto(buffer, array)
    return compiled().copy()


def given(shape: tuple[int, int, int], turned: tuple[bool, bool]) -> list[np.ndarray]:
    m, k, n = shape
    rng = np.random.default_rng(0)
    shapes = (k, m) if turned[0] else (m, k), (n, k) if turned[1] else (k, n)
    return [rng.normal(size=s).astype(np.float32) for s in shapes]


@pytest.mark.parametrize("kind", TURNED)
def test_products_are_those_of_numpy(kind: str) -> None:
    turned = TURNED[kind]
    for shape in SHAPES:
        a, b = given(shape, turned)
        exact = [
            x.astype(np.float64).T if t else x.astype(np.float64)
            for x, t in zip((a, b), turned, strict=True)
        ]
        size = np.abs(exact[0]) @ np.abs(exact[1])
        error = np.abs(computed(a, b, turned) - exact[0] @ exact[1])
        bound = (
            np.finfo(np.float32).eps * (shape[1] + 1) / 2
        )  # of a sum of k products, each rounded
        assert (error <= bound * size).all(), shape


@pytest.mark.parametrize("kind", TURNED)
def test_bits_do_not_depend_on_how_a_product_is_cut(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = TURNED[kind]
    for shape in SHAPES:
        a, b = given(shape, turned)
        expected = computed(a, b, turned)
        with monkeypatch.context() as other:  # small tiles, short stretches, A where it lies
            other.setattr(tuning, "workers", lambda: 7)
            other.setattr(tuning, "stretch", lambda: 1 << 14)
            other.setattr(tuning, "columns_bytes", lambda: 1 << 13)
            np.testing.assert_array_equal(computed(a, b, turned), expected)
            other.setattr(products, "in_columns", lambda part, size: False)
            np.testing.assert_array_equal(computed(a, b, turned), expected)


def test_every_row_and_column_is_in_one_tile() -> None:
    tile = registers.RegisterTile(8, 3, 16)
    for rows, columns, most in ((20, 100, 16), (100_000, 70, 64), (4096, 4096, 256), (7, 1, 16)):
        part = partition.Product(
            *(0, 0, np.arange(rows) * 4, np.zeros((1, 2), np.int64)),
            256,
            4 * rows,
            4 * columns,
            4,
            columns,
        )
        for limit in (0, most):
            found = np.zeros((rows, columns), np.int8)
            for (r0, r1), (c0, c1) in partition.grid(part, tile, 2, True, limit):
                assert not limit or r1 - r0 < limit + tile.rows
                found[r0:r1, c0:c1] += 1
            assert (found == 1).all()


def test_rows_that_come_from_memory_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long gradient's rows of a page each: no processor brings these ahead, whatever it reads in order."""
    caches = tuple(Cache(i + 1, size, 64, 8) for i, size in enumerate((1 << 15, 1 << 20, 1 << 25)))
    fast = replace(machine.USUAL, multiplications=1.0)
    monkeypatch.setattr(machine, "_known", [machine.Machine(2, caches, fast)])
    assert tuning.comes_soon(4096, 192, 1024, 0.5)
    assert not tuning.comes_soon(4096, 192, 6400, 0.5)
