"""Single products in float32, GFLOP/s: x w, xᵀ dy, dy wᵀ, on one thread and on two.

python gemm.py narae | openblas | mkl TASK [--quick]

The same operands again and again; each way writes its result to the same place.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import common

PEER = sys.argv[1]
start = time.perf_counter()
import numpy as np  # noqa: E402

if PEER == "narae":
    import narae
elif PEER == "mkl":
    import torch
imported = time.perf_counter() - start
from groups.gemm import KINDS, ROWS, THREADS  # noqa: E402

Product = Callable[[], Any]


def operands(kind: str, m: int, k: int, n: int) -> tuple[Any, Any, bool, bool]:
    """Two arrays as they lie in memory, and which of them is read turned."""
    rng = np.random.default_rng(0)
    x, w, dy = (rng.random(shape, np.float32) for shape in ((m, k), (k, n), (m, n)))
    return {
        "forward": (x, w, False, False),
        "weights": (x, dy, True, False),
        "inputs": (dy, w, False, True),
    }[kind]


def by_openblas(a: Any, b: Any, turn_a: bool, turn_b: bool) -> Product:
    left, right = a.T if turn_a else a, b.T if turn_b else b
    out = np.empty((len(left), right.shape[1]), np.float32)
    return lambda: np.matmul(left, right, out=out)


def by_mkl(a: Any, b: Any, turn_a: bool, turn_b: bool) -> Product:
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    left, right = left.T if turn_a else left, right.T if turn_b else right
    out = torch.empty((len(left), right.shape[1]))
    return lambda: torch.mm(left, right, out=out)


def by_narae(a: Any, b: Any, turn_a: bool, turn_b: bool) -> Product:
    """A program over variables: nothing is copied in or out."""
    left, right = narae.Variable(a), narae.Variable(b)
    rows, columns = a.shape[1 if turn_a else 0], b.shape[0 if turn_b else 1]
    out = narae.Variable(np.zeros((rows, columns), np.float32))

    def product() -> None:
        x, w = (
            narae.ops.transpose(left) if turn_a else left,
            narae.ops.transpose(right) if turn_b else right,
        )
        out.assign(narae.ops.matmul(x, w))

    return narae.jit(product)


MAKERS = {"openblas": by_openblas, "mkl": by_mkl, "narae": by_narae}


def set_threads(count: int) -> None:
    """Let products take so many threads."""
    if PEER == "openblas":
        from threadpoolctl import threadpool_limits

        threadpool_limits(count)
    elif PEER == "mkl":
        torch.set_num_threads(count)
    else:
        narae.config.set_num_threads(count)


def rates(shapes: tuple[tuple[int, int, int], ...]) -> dict[str, float]:
    """GFLOP/s: {"m k n kind threads": ...}."""
    found = {}
    for threads in THREADS:
        set_threads(threads)
        for m, k, n in shapes:
            for kind in KINDS:
                run = MAKERS[PEER](*operands(kind, m, k, n))
                found[f"{m} {k} {n} {kind} {threads}"] = 2 * m * k * n / common.least_s(run) / 1e9
    return found


TASKS = {row: (lambda shapes=shapes: rates(shapes)) for row, shapes in ROWS.items()}
common.main(TASKS, imported)
