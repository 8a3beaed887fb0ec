"""What the machine can do: fused multiply-adds, a large copy, and reading from its caches.

The kernels are written as LLVM IR with the native executor's own tools, so that the peak is that of
the same vectors. Loops of a fixed length are timed, the best of several: it is a limit.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import common
import numpy as np

from narae.engine.config import num_threads
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.jit.target import host

THREADS = num_threads()
LANES = host().lanes(4)
CHAINS = 3 * host().registers // 4  # sums at once: they hide an instruction's latency
VECTOR = f"<{LANES} x float>"
TRIES = 5 if common.QUICK else 20
BLOCK = 4 * (784 * 512 + 512 + 512 * 10 + 10)  # bytes: the weights of the seed network


def _total(f: Function, sums: list[str]) -> None:
    """Keep the sums alive: their total goes to the second argument."""
    total = sums[0]
    for value in sums[1:]:
        total = f.let(f"fadd {VECTOR} {total}, {value}")
    f.store(VECTOR, total, f.args[1], 4)
    f.do("ret void")


def _multiply_add(name: str) -> Function:
    """(rounds, pointer): CHAINS chains of `rounds` fused multiply-adds."""
    f = Function(name, [INT, PTR])
    factor = f.load(VECTOR, f.args[1], 4)
    with f.loop(0, f.args[0], carry=[(VECTOR, factor)] * CHAINS) as loop:
        for i, value in enumerate(loop.values):
            operands = [(VECTOR, value), (VECTOR, factor), (VECTOR, factor)]
            loop.next[i] = f.call(VECTOR, f"llvm.fma.v{LANES}f32", operands)
    _total(f, loop.out)
    return f


def _read(name: str) -> Function:
    """(bytes, pointer to a vector, block): the sum of a block of whole rounds."""
    f = Function(name, [INT, PTR, PTR])
    with f.loop(0, f.args[0], 8 * 4 * LANES, [(VECTOR, "zeroinitializer")] * 8) as loop:
        for i, value in enumerate(loop.values):
            place = f.at(f.at(f.args[2], loop.i), i * 4 * LANES)
            loop.next[i] = f.let(f"fadd {VECTOR} {value}, {f.load(VECTOR, place, 4)}")
    _total(f, loop.out)
    return f


def _together(works: Sequence[Callable[[], object]]) -> float:
    """Seconds from the first start to the last end of threads with a work each, the best of
    several."""
    best = float("inf")
    for _ in range(TRIES):
        ready, times = threading.Barrier(len(works)), []

        def run(
            work: Callable[[], object],
            ready: threading.Barrier = ready,
            times: list[float] = times,
        ) -> None:
            ready.wait()
            times.append(time.perf_counter())
            work()
            times.append(time.perf_counter())

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = min(best, max(times) - min(times))
    return best


def fma_gflops(threads: int) -> float:
    """The peak of so many threads, an FMA counted as two operations."""
    place = addresses([(f"bench fma {CHAINS} {VECTOR}", _multiply_add)])[0]
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(place)
    rounds = 10**9 // (CHAINS * LANES)

    def work() -> None:
        out = np.full(LANES, 0.5, np.float32)
        kernel(rounds, out.ctypes.data)

    return threads * 2 * rounds * CHAINS * LANES / _together([work] * threads) / 1e9


def cache_gbs(threads: int, size: int = BLOCK) -> float:
    """GB/s at which threads read a block that the caches hold, a part each, again and again."""
    place = addresses([(f"bench read {VECTOR}", _read)])[0]
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)(place)
    part = size // threads
    part -= part % (32 * LANES)
    blocks = np.ones((threads, part // 4), np.float32)

    def work(block: np.ndarray) -> None:
        out = np.zeros(LANES, np.float32)
        for _ in range(200):
            kernel(part, out.ctypes.data, block.ctypes.data)

    return 200 * blocks.nbytes / _together([partial(work, block) for block in blocks]) / 1e9


def copy_gbs(threads: int) -> float:
    """GB/s, read and written, of a copy far larger than the caches, shared by threads."""
    source = np.ones((threads, 2**26 // threads), np.float32)
    target = np.zeros_like(source)
    parts = [partial(np.copyto, to, of) for to, of in zip(target, source, strict=True)]
    return 2 * source.nbytes / _together(parts) / 1e9


def limits() -> dict[str, float]:
    """All of them."""
    return {
        "fma_1_gflops": fma_gflops(1),
        "fma_all_gflops": fma_gflops(THREADS),
        "cache_gbs": cache_gbs(THREADS),
        "copy_gbs": copy_gbs(THREADS),
    }


if __name__ == "__main__":
    common.main({"limits": limits}, 0.0)
