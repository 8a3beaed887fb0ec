"""Single products in float32, GFLOP/s: x w, xᵀ dy, dy wᵀ, on one thread and on two.

python gemm.py narae | openblas | mkl TASK [--quick]

All are called by native code, so that no Python is in between: narae's program runs many steps of one product, the
libraries' `sgemm` is called in a loop. The same operands again and again.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import common

PEER = sys.argv[1]
if PEER == "mkl":  # its threads stay with their cores: it is slow where two of them share one
    os.environ.setdefault("OMP_PROC_BIND", "true")
start = time.perf_counter()
import numpy as np  # noqa: E402

import narae  # noqa: E402
from narae import ops  # noqa: E402
from narae.engine.compiled import compile_function  # noqa: E402
from narae.executors.native.codegen.ir import INT, PTR, Function  # noqa: E402
from narae.executors.native.jit.compiler import addresses  # noqa: E402
from narae.graph.ir import Spec  # noqa: E402
from narae.tensor.tensor import Tensor, TensorLike  # noqa: E402

if PEER == "mkl":
    import torch
imported = time.perf_counter() - start
from groups.gemm import KINDS, ROWS, THREADS, Shape  # noqa: E402

ROUNDS = 3 if common.QUICK else 7
BURST_S = 0.005 if common.QUICK else 0.02
Burst = Callable[[int], None]  # computes a product so many times
# Whether A and B are turned; all lie row by row.
TURNED = {"forward": (False, False), "weights": (True, False), "inputs": (False, True)}


class Work(NamedTuple):
    """C = A B, (m, k) by (k, n); a, b: as they lie in memory, turned or not."""

    m: int
    k: int
    n: int
    turned: tuple[bool, bool]
    a: np.ndarray
    b: np.ndarray

    @property
    def operations(self) -> float:
        """Two for each multiplication with addition."""
        return 2.0 * self.m * self.k * self.n

    def check(self, c: np.ndarray) -> None:
        """Raises AssertionError where a product is not this one's. Without NumPy's products: their threads would go on
        looking for work, beside what is measured."""
        a, b = (x.T if t else x for x, t in zip((self.a, self.b), self.turned, strict=True))
        np.testing.assert_allclose(c[:4], np.einsum("ij,jk->ik", a[:4], b), rtol=1e-3)


def work_of(shape: Shape, kind: str) -> Work:
    """A product of a layer with a batch (m) and widths k and n, of numbers from 0 to 1."""
    batch, below, above = shape
    rng = np.random.default_rng(0)
    x, w, dy = (rng.random(s, np.float32) for s in ((batch, below), (below, above), (batch, above)))
    orders = {
        "forward": (batch, below, above, x, w),
        "weights": (below, batch, above, x, dy),
        "inputs": (batch, above, below, dy, w),
    }
    m, k, n, a, b = orders[kind]
    return Work(m, k, n, TURNED[kind], a, b)


def narae_burst(work: Work) -> Burst:
    """A program of one product, run as `fit` runs its steps."""

    def product(*both: TensorLike) -> Tensor:
        pairs = zip(both, work.turned, strict=True)
        return ops.matmul(*(ops.transpose(x) if turn else x for x, turn in pairs))

    compiled = compile_function(product, *(Spec(x.shape, "float32") for x in (work.a, work.b)))
    for buffer, array in zip(compiled.inputs, (work.a, work.b), strict=True):
        np.copyto(buffer, array)
    program = compiled.program

    def run(times: int) -> None:
        for _ in program._many(times, program.tables, compiled):
            continue

    run(1)
    work.check(program.outputs[0])
    return run


def _library() -> tuple[ctypes.CDLL, int]:
    """The library that a package brought, and where its sgemm with lengths of 64 bits is."""
    if PEER == "mkl":
        package, pattern, name = Path(torch.__file__).parent, "lib/libtorch_cpu*", "SGEMM_64"
    else:
        package = Path(np.__file__).parent.parent
        pattern, name = "numpy.libs/*openblas*", "scipy_sgemm_64_"
    for path in package.glob(pattern):
        library = ctypes.CDLL(str(path))
        if hasattr(library, name):
            return library, ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    raise RuntimeError(f"no {name} in {package / pattern}: is the package one from PyPI?")


def _caller(name: str) -> Function:
    """(times, sgemm, its arguments)"""
    f = Function(name, [INT, PTR, PTR])
    lengths = "i64 1, i64 1"  # of the two letters
    shown = ", ".join([f"ptr {f.field(f.args[2], i, PTR)}" for i in range(13)])
    with f.loop(0, f.args[0]):
        f.do(f"call void {f.args[1]}({shown}, {lengths})")
    f.do("ret void")
    return f


def library_burst(work: Work) -> Burst:
    """A library's sgemm in a native loop. Its matrices lie column by column: Cᵀ = Bᵀ Aᵀ."""
    c = np.zeros((work.m, work.n), np.float32)
    words = np.array([work.n, work.m, work.k, work.b.shape[1], work.a.shape[1], work.n], np.int64)
    letters = np.array([ord("T" if t else "N") for t in work.turned[::-1]], np.uint8)
    factors = np.array([1, 0], np.float32)  # of the product, and of what is in C
    n, m, k, ldb, lda, ldc = (words.ctypes.data + 8 * i for i in range(6))
    one, zero = (factors.ctypes.data + 4 * i for i in range(2))
    turns = [letters.ctypes.data + i for i in range(2)]
    a, b = work.a.ctypes.data, work.b.ctypes.data
    arguments = [*turns, n, m, k, one, b, ldb, a, lda, zero, c.ctypes.data, ldc]
    alive = (np.array(arguments, np.int64), c, words, letters, factors, work)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)(
        addresses([("bench caller of sgemm", _caller)])[0]
    )
    sgemm = _library()[1]

    def run(times: int) -> None:
        kernel(times, sgemm, alive[0].ctypes.data)

    run(1)
    work.check(c)
    return run


def set_threads(count: int) -> None:
    """Let products take so many threads."""
    if PEER == "openblas":
        _library()[0].scipy_openblas_set_num_threads64_(count)
    elif PEER == "mkl":
        torch.set_num_threads(count)
    else:
        narae.config.set_num_threads(count)


def counted(burst: Burst, seconds: float) -> int:
    """How many times a product is computed in so many seconds."""
    times = 1
    while True:
        begin = time.perf_counter()
        burst(times)
        taken = time.perf_counter() - begin
        if taken > seconds / 4:
            return max(1, int(times * seconds / taken))
        times *= 4


def rate(work: Work, burst: Burst) -> float:
    """GFLOP/s: the median of several bursts."""
    times = counted(burst, BURST_S)
    taken = common.seconds(partial(burst, times), ROUNDS)
    return work.operations * times / taken / 1e9


def rates(shapes: tuple[Shape, ...]) -> dict[str, float]:
    """GFLOP/s: {"m k n kind threads": ...}."""
    found = {}
    for shape in shapes:
        for kind in KINDS:
            work = work_of(shape, kind)
            burst = narae_burst(work) if PEER == "narae" else library_burst(work)
            for threads in THREADS:
                set_threads(threads)
                found[" ".join(map(str, (*shape, kind, threads)))] = rate(work, burst)
    return found


if __name__ == "__main__":
    tasks = {row: partial(rates, shapes) for row, shapes in ROWS.items()}
    common.main(tasks, imported)
