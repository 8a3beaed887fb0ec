"""Subnormal numbers are flushed or not, as the setting says; and no other code finds the processor in another mode."""

from __future__ import annotations

import ctypes
import functools
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.jit import compiler, target
from narae.executors.native.jit.target import FOREIGN
from narae.executors.native.run import driver, threads
from narae.graph.ir import Spec

X86 = target._kind(None).flushed == 0x8040
TINY = np.finfo("float32").tiny
# Its halves, sums and products are subnormal, or it is.
SMALL = np.array([1.5, 1, 0.25, 2**-10, 2**-23, 0, -0.5, -1.5], "float32") * TINY


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [2])
    yield
    narae.config.set_flush_subnormals(None)


def _write_mode(name: str) -> Function:
    f = Function(name, [PTR])
    if X86:
        f.call("void", "llvm.x86.sse.ldmxcsr", [(PTR, f.args[0])])
    else:
        f.call("void", "llvm.aarch64.set.fpcr", [(INT, f.load(INT, f.args[0]))])
    f.do("ret void")
    return f


def _read_mode(name: str) -> Function:
    f = Function(name, [PTR])
    if X86:
        f.call("void", "llvm.x86.sse.stmxcsr", [(PTR, f.args[0])])
    else:
        f.store(INT, f.call(INT, "llvm.aarch64.get.fpcr", []), f.args[0])
    f.do("ret void")
    return f


@functools.cache
def _doors() -> list[Any]:
    found = compiler.addresses([("r mode", _read_mode), ("w mode", _write_mode)], checked=False)
    return [ctypes.CFUNCTYPE(None, ctypes.c_void_p)(at) for at in found]


def mode() -> int:
    """This thread's mode, but for the flags that its own sums left (x86 has them in the same register)."""
    found = ctypes.c_uint64(0)
    _doors()[0](ctypes.addressof(found))
    return found.value & ~0x3F if X86 else found.value


@contextmanager
def another_mode() -> Iterator[int]:
    """Round towards zero, flush results but not operands: as no program of narae's does."""
    before = mode()
    other = (before | 0xE000) if X86 else (before | 3 << 22)
    try:
        _doors()[1](ctypes.byref(ctypes.c_uint64(other)))
        yield other
    finally:
        _doors()[1](ctypes.byref(ctypes.c_uint64(before)))


pytestmark = pytest.mark.skipif(
    not target.bits_wanted.__globals__["_FLUSHED"], reason="no mode on this processor"
)


def flushed(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < TINY, x * 0, x)


def programs() -> dict[str, Any]:
    """One tile, many, a phase of NumPy's between two, a loop, a loop that another thread runs, a product."""
    spec, many = Spec((8,), "float32"), Spec((1 << 16,), "float32")

    def endless(x: Any) -> Any:
        return ops.while_loop(lambda i, a: i < 1, lambda i, a: (i + 1, a * 1.0), (0, x))[1] * 0.5

    rounds = lambda x: ops.fori_loop(0, 3, lambda i, a: a * 1.0, x) * 0.5
    return {
        "tile": compile_function(lambda x: x * 0.5, spec),
        "tiles": compile_function(lambda x: x * 0.5, many),
        "host": compile_function(lambda x: ops.sort(x * 0.5) * 1.0, spec),
        "loop": compile_function(rounds, spec),
        "long": compile_function(endless, spec),
        "product": compile_function(
            lambda x: ops.matmul(ops.reshape(x, (8, 1)), np.full((1, 1), 0.5, "float32"))[:, 0],
            spec,
        ),
    }


def given(program: Any) -> np.ndarray:
    """Fill a program's input; what it is to be halved to."""
    x = np.resize(SMALL, program.inputs[0].shape)
    np.copyto(program.inputs[0], x)
    return x


def test_results_follow_the_setting() -> None:
    for name, program in programs().items():
        x = given(program)
        for number in (1, 2, 5):
            config._threads[:] = [number]
            for value in (True, False, True):
                narae.config.set_flush_subnormals(value)
                if value:
                    want = flushed(flushed(x) * np.float32(0.5))
                    assert not np.any((want != 0) & (np.abs(want) < TINY))
                else:
                    want = x * np.float32(0.5)
                want = np.sort(want) if name == "host" else want
                assert np.array_equal(program(), want), (name, number, value)


@pytest.mark.parametrize("value", [True, False])
def test_the_callers_mode_is_put_back(value: bool) -> None:
    narae.config.set_flush_subnormals(value)
    made = programs()
    before = mode()
    for name, program in made.items():
        given(program)
        program()
        assert mode() == before, name
        with another_mode() as other:
            program()
            assert mode() == other, name
        assert mode() == before


@pytest.mark.parametrize("failing", [False, True])
def test_pythons_phases_are_in_the_callers_mode(failing: bool) -> None:
    narae.config.set_flush_subnormals(True)
    program, seen = programs()["host"], []
    x = given(program)
    hosts = program.program.tables.hosts
    assert len(hosts) == 1

    def phase(inner: Callable[[], None], now: list[int]) -> None:
        now.append(mode())
        inner()
        if failing:
            raise ArithmeticError("as asked for")

    for number, inner in list(hosts.items()):
        hosts[number] = functools.partial(phase, inner, seen)
    before = mode()
    for _ in range(2):
        if failing:
            with pytest.raises(ArithmeticError):
                program()
        else:
            assert np.array_equal(program(), np.sort(flushed(flushed(x) * np.float32(0.5))))
        assert mode() == before
    assert seen == [before, before]


def test_the_mode_is_put_back_after_an_error_and_in_threads_that_help() -> None:
    narae.config.set_flush_subnormals(True)
    program = compile_function(
        lambda x, i: ops.take(x, i, axis=0) * 0.5, Spec((1 << 16,), "float32"), Spec((1,), "int32")
    )
    before = mode()
    program.inputs[1][:] = 1 << 20
    for _ in range(20):
        with pytest.raises(IndexError):
            program()
        assert mode() == before
    model = narae.Sequential([narae.Input((64,)), layers.Dense(64, "relu"), layers.Dense(64)])
    model.compile("rmsprop", "mse")
    x = np.full((512, 64), 1e-20, "float32")
    model.fit(x, x, batch_size=64, epochs=3, verbose=0)
    assert mode() == before
    seen: queue.SimpleQueue[int] = queue.SimpleQueue()
    ended: threads.Ended = queue.SimpleQueue()
    threads.pool().ask(lambda: seen.put(mode()), 4, ended)
    for _ in range(4):
        ended.get(timeout=10)
    assert {seen.get() for _ in range(4)} == {before}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
def test_the_mode_is_put_back_after_ctrl_c() -> None:
    narae.config.set_flush_subnormals(True)
    model = narae.Sequential([narae.Input((256,)), layers.Dense(512, "relu"), layers.Dense(256)])
    model.compile("rmsprop", "mse")
    x = np.full((2048, 256), 1e-20, "float32")
    model.fit(x, x, verbose=0)
    before, seen = mode(), []

    def stop(*_: object) -> None:
        seen.append(
            mode()
        )  # Python's handler runs between its instructions, never in a program's mode
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, x, epochs=10_000, verbose=0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert seen == [before]
    assert mode() == before


def test_a_thread_that_comes_late_takes_the_mode_of_the_run_that_it_helps() -> None:
    """The word of the control record decides for each tile, not what it was when the thread came in."""
    f = driver._work("work")
    text = f.text()
    assert text.count("ldmxcsr" if X86 else "set.fpcr") == 3  # a tile's, and both ways out
    program = programs()["tile"]
    for value in (True, False):
        narae.config.set_flush_subnormals(value)
        program()
        assert bool(program.program._control[driver.FLUSHED]) is value


def test_eager_operations_and_the_numpy_executor_are_exact() -> None:
    narae.config.set_flush_subnormals(True)
    want = SMALL * np.float32(0.5)
    assert np.array_equal((ops.convert_to_tensor(SMALL) * 0.5).numpy(), want)
    config._chosen[:] = ["numpy"]
    assert np.array_equal(narae.jit(lambda x: x * 0.5)(SMALL).numpy(), want)


def test_same_bits_on_any_number_of_threads() -> None:
    """With a state that decays through the subnormal numbers."""

    def weights(number: int) -> list[bytes]:
        config._threads[:] = [number]
        narae.utils.set_random_seed(1)
        model = narae.Sequential([narae.Input((64,)), layers.Dense(96, "relu"), layers.Dense(8)])
        model.compile(narae.optimizers.RMSprop(rho=0.1), "mse")
        x = np.random.default_rng(0).random((256, 64)).astype("float32") * (np.arange(64) % 3 == 0)
        x[64:] *= 1e-18
        model.fit(x, x[:, :8], batch_size=32, epochs=4, shuffle=False, verbose=0)
        return [np.asarray(v).tobytes() for v in (*model.weights, *model.optimizer.variables)]

    assert weights(1) == weights(2) == weights(7)


@pytest.mark.parametrize(
    ("value", "want"), [("0", "False"), ("1", "True"), ("", str(X86)), ("yes", "ValueError")]
)
def test_the_environment_decides_what_was_not_set(value: str, want: str) -> None:
    code = (
        "import narae\n"
        "try: print(narae.config.flush_subnormals())\n"
        "except ValueError as error: print('ValueError' * ('NARAE_FLUSH_SUBNORMALS' in str(error)))"
    )
    env = {**os.environ, "NARAE_FLUSH_SUBNORMALS": value}
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert found.stdout.strip() == want, found.stderr


def test_other_values_are_refused() -> None:
    for bad in (1, "yes", 0.0):
        with pytest.raises(TypeError, match="flush_subnormals"):
            narae.config.set_flush_subnormals(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "machine"), [("neon", "aarch64"), ("avx2", "x86_64")])
def test_code_compiles_for_other_processors(name: str, machine: str) -> None:
    f = Function("f", [PTR])
    own = target.float_mode(f, machine)
    own.enter(f, f.load(INT, f.args[0]))
    own.leave(f)
    f.do("ret void")
    assert compiler.compile_text(compiler.text_of(f, FOREIGN[name]), FOREIGN[name])
