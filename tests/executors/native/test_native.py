"""What the native executor promises beyond the operations' results: threads, processes, bits."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors.native.codegen.expression import Expression, Operand
from narae.executors.native.jit import cache, compiler
from narae.executors.native.jit.target import FOREIGN
from narae.executors.native.kernels import contraction, registers
from narae.executors.native.run import driver
from narae.graph.ir import Spec
from narae.models import Sequential
from narae.utils import set_random_seed


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(config, "_threads", [2])


def data(rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((rows, 12, 12, 1)).astype("float32"), rng.integers(0, 5, rows)


def network() -> Any:
    set_random_seed(7)
    model = Sequential(
        [
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(64, activation="tanh"),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(threads: int) -> tuple[dict[str, list[float]], list[bytes]]:
    config.set_num_threads(threads)
    model = network()
    history = model.fit(*data(), epochs=3, batch_size=32, verbose=0).history
    return history, [w.tobytes() for w in model.get_weights()]


def test_threads_change_no_bit() -> None:
    first = trained(1)
    for threads in (2, 3, 4):
        assert trained(threads) == first


def test_numpy_and_native_agree_over_a_training_run(monkeypatch: pytest.MonkeyPatch) -> None:
    native, _ = trained(2)
    monkeypatch.setattr(config, "_chosen", ["numpy"])
    reference, _ = trained(2)
    for name in reference:
        np.testing.assert_allclose(native[name], reference[name], rtol=2e-4)


def test_an_epoch_at_once_is_the_epoch_step_by_step() -> None:
    x, y = data()
    at_once = network()
    one = at_once.fit(x, y, epochs=2, batch_size=32, verbose=0)

    class Batches(narae.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    seen: list[int] = []
    by_steps = network()
    other = by_steps.fit(x, y, epochs=2, batch_size=32, verbose=0, callbacks=[Batches()])
    assert seen == [*range(10), *range(10)]
    assert one.history == other.history
    for a, b in zip(at_once.get_weights(), by_steps.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        at_once.predict(x, batch_size=32, verbose=0), at_once.predict(x, batch_size=300, verbose=0)
    )
    assert at_once.evaluate(x, y, batch_size=32, verbose=0) == pytest.approx(
        at_once.evaluate(x, y, batch_size=7, verbose=0), rel=1e-5
    )


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64", "float16"])
def test_rows_of_any_dtype_are_gathered(dtype: str) -> None:
    x, y = data()
    x = (x * 9).astype(dtype)
    history = network().fit(x, y, batch_size=32, verbose=0).history
    assert history == network().fit(x.astype("float32"), y, batch_size=32, verbose=0).history


def test_the_short_last_batch_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.executors.native.jit import compiler

    model = network()
    model.fit(*data(288), batch_size=32, verbose=0)
    made = []
    monkeypatch.setattr(compiler, "_load", lambda missing: made.extend(missing))
    model.fit(*data(300), batch_size=32, verbose=0)
    assert made == []


def test_an_epoch_writes_no_kernel_of_its_step_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    model.fit(*data(288), batch_size=32, verbose=0)
    written = []
    real = compiler.text_of
    monkeypatch.setattr(compiler, "text_of", lambda f: written.append(f) or real(f))
    model.fit(*data(288), batch_size=32, verbose=0)
    assert len(written) <= 3  # what gathers x and y, and what keeps the results


def test_programs_run_from_several_threads_at_once() -> None:
    programs = [compile_function(lambda x: ops.matmul(x, x), Spec((200, 200), "float32"))] * 2
    programs.append(compile_function(lambda x: ops.matmul(x, x) + 1, Spec((200, 200), "float32")))
    x = np.random.default_rng(0).random((200, 200)).astype("float32")
    for program in programs:
        program.inputs[0][...] = x
    want = [program().copy() for program in programs]
    wrong = []

    def run(i: int) -> None:
        for _ in range(50):
            with programs[i].lock.held():
                if programs[i]().tobytes() != want[i].tobytes():
                    wrong.append(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in (0, 1, 2, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


_POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import numpy as np, narae

def product(seed):
    f = narae.jit(lambda x: narae.ops.sum(narae.ops.matmul(x, x)))
    return float(f(np.full((150, 150), seed, "float32")))

if __name__ == "__main__":
    narae.config.set_num_threads(2)
    here = [product(1), product(2)]  # threads are there when a process forks
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(product, [1, 2], timeout=60)) == here
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_process_pool_works(way: str, tmp_path: pathlib.Path) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {way} here")
    script = tmp_path / "pooled.py"
    script.write_text(_POOL)  # in a process of its own: others here have threads of other libraries
    done = subprocess.run(
        [sys.executable, str(script), way], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_an_index_out_of_range_stops_an_epoch() -> None:
    model = Sequential([layers.Dense(3)])
    table = narae.Variable(np.eye(4, dtype="float32"))

    class Lookup(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.take(table, ops.cast(x[:, 0], "int32"), axis=0)

    model = Sequential([Lookup(), layers.Dense(2)])
    model.compile("sgd", "mse")
    x = np.zeros((64, 1), "float32")
    model.fit(x, np.zeros((64, 2)), batch_size=8, verbose=0)
    before = [w.copy() for w in model.get_weights()]
    x[0] = 9
    with pytest.raises(IndexError, match="index 9 is out of range for an axis of length 4"):
        model.fit(x, np.zeros((64, 2)), batch_size=8, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_memory_is_kept_over_many_fits() -> None:
    import resource

    model, (x, y) = network(), data(64)
    for _ in range(20):
        model.fit(x, y, batch_size=16, verbose=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):
        model.fit(x, y, batch_size=16, verbose=0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000  # kB


def test_without_llvmlite_numpy_runs_it_all() -> None:
    code = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'llvmlite' else find(name, *a)\n"
        "import narae, numpy as np\n"
        "assert narae.config.executor() == 'numpy'\n"
        "m = narae.Sequential([narae.layers.Dense(2)]); m.compile('sgd', 'mse')\n"
        "m.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_threads", [])
    monkeypatch.setenv("NARAE_NUM_THREADS", "3")
    assert narae.config.num_threads() == 3
    monkeypatch.setenv("NARAE_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="whole number of at least 1, got 'many'"):
        narae.config.num_threads()
    for bad in (0, -1, 1.5, None):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            narae.config.set_num_threads(bad)
    narae.config.set_num_threads(2)
    assert narae.config.num_threads() == 2


def test_the_driver_ends_what_it_began() -> None:
    program = compile_function(lambda x: x + 1, Spec((3,), "float32"))
    program.inputs[0][...] = 1
    assert program().tolist() == [2, 2, 2]
    control = program.program._control
    assert control[driver.WORD] >> 32 == driver.END


_CHECKED = """
import numpy as np, narae
from narae import layers, ops
from narae.executors.native.jit import bounds
assert bounds.enabled()
rng = np.random.default_rng(0)
x, y = rng.random((70, 11, 10, 3)).astype("float32"), rng.integers(0, 5, 70)
model = narae.Sequential([
    layers.Conv2D(18, 3, activation="relu", padding="same"), layers.MaxPooling2D(2, padding="same"),
    layers.Conv2D(5, (2, 3), strides=2), layers.BatchNormalization(), layers.AveragePooling2D(2),
    layers.Flatten(), layers.Dropout(0.2), layers.Dense(50, "gelu"), layers.Dense(5, "softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=2, verbose=0, validation_split=0.2)
model.predict(x, batch_size=9, verbose=0)
"""


def _checked(code: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NARAE_CHECK_BOUNDS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env
    )


def test_every_access_of_a_training_run_is_in_bounds() -> None:
    done = _checked(_CHECKED)
    assert done.returncode == 0, done.stderr


def test_the_records_samples_are_in_bounds(tmp_path: pathlib.Path) -> None:
    here = pathlib.Path(__file__).parents[1] / "test_records.py"
    code = f"""
import sys, pytest
sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "--basetemp", {str(tmp_path / "inner")!r}, "-k",
    "planned_equals_forward and native", {str(here)!r}]))
"""
    done = _checked(code)
    assert done.returncode == 0, done.stdout[-2000:]


def test_an_access_out_of_bounds_is_reported() -> None:
    code = """
from narae.executors.native.lower import elementwise
elementwise.cuts = lambda n, *a: [(0, n + 500)]
import numpy as np, narae
narae.jit(lambda x: x + 1)(np.ones(300, "float32"))
"""
    done = _checked(code)
    assert "out of bounds" in done.stderr


@pytest.mark.parametrize("target", sorted(FOREIGN))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["in turn", "beside", "of a row", registers.COLUMNS])
def test_products_compile_for_other_processors(target: str, dtype: str, order: str) -> None:
    identity = Expression((), [1], [1], {})
    identity.dtypes[1] = dtype
    operands = [Operand(dtype, "along")]
    made = contraction.build("k", FOREIGN[target], dtype, 1, identity, operands, order)
    code = compiler.compile_text(compiler.text_of(made, FOREIGN[target]), FOREIGN[target])
    assert code[:4] == b"\x7fELF"
    tile = registers.register_tile(FOREIGN[target], dtype, order)
    assert tile.lanes * (4 if dtype == "float32" else 8) == FOREIGN[target].width


def test_the_cache_refuses_what_is_not_its_own(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kernels"
    monkeypatch.setenv("NARAE_CACHE", str(folder))
    cache.write("k1", b"code")
    assert cache.read(["k1"]) == {"k1": b"code"}
    path = folder / "k1"
    path.write_bytes(path.read_bytes()[:-1])  # cut short
    assert cache.read(["k1"]) == {}
    cache.write("k1", b"code")
    (folder / "k2").write_bytes(path.read_bytes())  # another kernel's
    (folder / "k2").chmod(0o600)
    assert cache.read(["k2"]) == {}
    path.chmod(0o666)  # others may have written it
    assert cache.read(["k1"]) == {}
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setenv("NARAE_CACHE", str(open_to_all))
    cache.write("k1", b"code")
    assert list(open_to_all.iterdir()) == []
    monkeypatch.setenv("NARAE_CACHE", "/proc/no")  # where nothing can be written
    cache.write("k1", b"code")
    assert cache.read(["k1"]) == {}


def test_the_cache_does_not_grow_for_ever(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARAE_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "_MOST", 2)
    tmp_path.chmod(0o700)
    old, new, newer = (f"k{i:040x}" for i in range(3))
    others = ["letter.txt", "k", "tmp12345"]  # not ours: a folder may be somebody's home
    for i, name in enumerate((*others, old, new, newer, ".kabc.part", ".kdef.part")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (i, i))
    os.utime(tmp_path / ".kdef.part")  # somebody may be writing it
    (tmp_path / f"k{9:040x}").mkdir()
    cache.write("k1", b"code")
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {*others, new, newer, ".kdef.part", f"k{9:040x}", "k1"}


def _pipe(path: pathlib.Path) -> None:
    os.mkfifo(path)


def _link(path: pathlib.Path) -> None:
    cache.write("other", b"code")
    whole = path.parent / "whole"
    path.replace(whole) if path.exists() else whole.write_bytes(b"")
    path.symlink_to(whole)


def _huge(path: pathlib.Path) -> None:
    path.touch(mode=0o600)
    os.truncate(path, 1 << 40)  # takes no room


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links there")
@pytest.mark.parametrize("make", [_pipe, _link, _huge, pathlib.Path.mkdir])
def test_what_lies_in_the_cache_cannot_hold_up_or_mislead(
    make: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARAE_CACHE", str(tmp_path / "c"))
    cache.write("k1", b"code")
    path = tmp_path / "c" / "k1"
    if make is not _link:
        path.unlink()
    make(path)
    assert cache.read(["k1"]) == {}
    cache.write("k1", b"new")  # takes its place, where that can be
    assert cache.read(["k1"]) == ({} if path.is_dir() else {"k1": b"new"})


@pytest.mark.skipif(sys.platform == "win32", reason="/dev")
def test_a_folder_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    for bad in (
        "/dev/zero",
        str(tmp_path / "file"),
        str(tmp_path / "pipe"),
        "~nobody_here/c",
        "$NONE_SUCH/c",
    ):
        monkeypatch.setenv("NARAE_CACHE", bad)
        cache.write("k1", b"code")
        assert cache.read(["k1"]) == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "pipe"]


def test_the_cache_folders_name_is_expanded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERE", "deep")
    monkeypatch.setenv("NARAE_CACHE", "~/$WHERE/${WHERE}er")
    assert cache.folder() == tmp_path / "deep" / "deeper"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NARAE_CACHE", "here")
    assert cache.folder() == tmp_path / "here"
    monkeypatch.delenv("NARAE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says its specification
    if sys.platform == "linux":
        assert cache.folder() == tmp_path / ".cache" / "narae" / "kernels"


_WRITER = """
import sys
from narae.executors.native.jit import cache
for i in range(300):
    cache.write(f"k{i % 3}", bytes([i % 3]) * 20000)
    found = cache.read([f"k{i % 3}"])
    assert found == {f"k{i % 3}": bytes([i % 3]) * 20000}
"""


@pytest.mark.parametrize(
    ("name", "where"),  # each has a kernel of its own
    [("sin", "add_object_file"), ("cos", "finalize_object"), ("tanh", "get_function_address")],
)
def test_an_interrupt_while_code_is_linked(
    name: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was linked before goes on working, and the same kernels are linked when next asked for."""
    x = np.arange(5.0)
    before = compile_function(lambda x: ops.abs(x) - x * x * x, Spec((5,), "float64"))

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    def make() -> Any:
        function = getattr(ops, name)
        return compile_function(lambda x: function(x * x) - x * x * x, Spec((5,), "float64"))

    with monkeypatch.context() as patched:
        patched.setattr(compiler.llvm.ExecutionEngine, where, interrupt)
        with pytest.raises(KeyboardInterrupt):
            make()
    for program, first in ((before, np.abs(x)), (make(), getattr(np, name)(x * x))):
        program.inputs[0][:] = x
        np.testing.assert_allclose(program(), first - x**3, rtol=1e-14)


def test_processes_that_write_at_once(tmp_path: pathlib.Path) -> None:
    env = {**os.environ, "NARAE_CACHE": str(tmp_path / "c")}
    running = [subprocess.Popen([sys.executable, "-c", _WRITER], env=env) for _ in range(3)]
    assert [p.wait(60) for p in running] == [0, 0, 0]
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == ["k0", "k1", "k2"]


def test_a_second_process_compiles_nothing(tmp_path: pathlib.Path) -> None:
    code = """
import numpy as np, narae
from narae.executors.native.jit import compiler
made = []
real = compiler.compile_text
compiler.compile_text = lambda *a: made.append(1) or real(*a)
narae.jit(lambda x: narae.ops.softmax(x @ x))(np.ones((9, 9), "float32"))
print(len(made))
"""
    env = {**os.environ, "NARAE_CACHE": str(tmp_path / "c"), "NARAE_EXECUTOR": "native"}
    counts = [
        int(subprocess.run([sys.executable, "-c", code], capture_output=True, env=env).stdout)
        for _ in range(2)
    ]
    assert counts[0] > 0
    assert counts[1] == 0


def test_fused_steps_give_what_single_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.executors import native
    from narae.executors.native.run import program

    fused = trained(2)
    monkeypatch.setattr(native, "HEADS", False)
    monkeypatch.setattr(program, "overlapped", lambda stages: [s.lowered for s in stages])
    assert trained(2) == fused


def test_stages_that_share_memory_keep_their_order() -> None:
    from narae.executors.native.lower.tiles import Lowered, Tile
    from narae.executors.native.run.phases import Stage, overlapped

    memory = np.zeros(8)
    a, b, c = memory[:2], memory[2:4], memory[4:6]

    def stage(name: str, tiles: int, reads: list[Any], writes: list[Any]) -> Stage:
        made = [Tile(name, driver._work, [0]) for _ in range(tiles)]
        return Stage(Lowered([made]), reads, writes)

    def shown(stages: list[Stage]) -> list[list[str]]:
        found = []
        for lowered in overlapped(stages):
            for phase in lowered.phases:
                found.append([x.key for t in phase for x in (t.links or (t,))])
        return found

    big, small = stage("big", 3, [a], [b]), stage("small", 1, [c], [memory[6:]])
    assert shown([small, big]) == shown([big, small]) == [["small", "big", "big", "big"]]
    needed = stage("needed", 1, [c], [a])
    assert shown([needed, big]) == [["needed"], ["big"] * 3]
    after = stage("after", 1, [b], [c])
    assert shown([big, after]) == [["big"] * 3, ["after"]]
    overwrites = stage("overwrites", 1, [], [a])  # what `big` still reads
    assert shown([big, overwrites]) == [["big"] * 3, ["overwrites"]]
    passed = stage("passed", 1, [c], [memory[6:7]])  # `after` is in between, and writes c
    assert shown([big, after, passed])[1:] == [["after"], ["passed"]]
    one, other = (stage(n, 2, [a], [m]) for n, m in (("one", b), ("other", c)))
    for later in (one, other):  # of two phases each: these run beside each other one by one
        later.lowered.phases.insert(
            0, [Tile(f"before {later.lowered.phases[0][0].key}", driver._work, [0])]
        )
    # in step: threads take tiles from both ends, and each has its half of both
    assert shown([one, other]) == [["before one", "before other"], ["one", "other"] * 2]
    many = stage("many", 4, [a], [b])
    few = stage("few", 2, [a], [c])
    assert shown([many, few]) == [["many", "few", "many", "many", "few", "many"]]
    assert shown([one, big])[0] == ["before one"]
    again: list[Tile] = []
    loop = stage("loop", 1, [a], [b])
    loop.lowered.phases += [again]
    loop.lowered.phases[0][0].jumps.append((0, again))
    assert shown([loop, stage("beside", 1, [a], [c])]) == [["loop"], [], ["beside"]]


def test_a_run_that_is_broken_off_anywhere_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.executors.native.run import threads

    x, y = data()
    model = network()
    model.fit(x, y, batch_size=32, verbose=0)

    class Interrupted:
        def ask(self, task: Any, count: int, ended: Any = None, beside: Any = None) -> None:
            raise KeyboardInterrupt

    before = int(model.optimizer.iterations.numpy())
    with monkeypatch.context() as patch:  # begun, and nobody has been asked to do it
        pool = Interrupted()  # one: another would be that of a forked process
        patch.setattr(threads, "pool", lambda: pool)
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, batch_size=32, verbose=0)
    model.fit(x, y, batch_size=32, verbose=0)
    done = int(model.optimizer.iterations.numpy()) - before
    assert done in (11, 12)  # ten steps, the short one, and the one that was broken off


def test_an_error_in_a_phase_of_python_ends_the_run() -> None:
    bad = [True]

    def shaky(x: np.ndarray) -> np.ndarray:
        if bad[0]:
            raise ValueError("not now")
        return np.sort(x)

    program = compile_function(lambda x: ops.sort(x) @ x, Spec((64, 64), "float32"))
    program.inputs[0][...] = np.random.default_rng(0).random((64, 64))
    want = program().copy()
    tables = program.program.tables
    assert tables.hosts
    kept = dict(tables.hosts)
    tables.hosts.update(dict.fromkeys(kept, lambda: shaky(program.inputs[0])))
    with pytest.raises(ValueError, match="not now"):
        program()
    tables.hosts.update(kept)
    np.testing.assert_array_equal(program(), want)


def test_steps_without_native_code_run_by_numpys_own_lowerings() -> None:
    """In a process where nobody asked for the NumPy executor: its table is full all the same."""
    script = (
        "import sys; import narae.executors.native; full = sys.modules['narae.executors.numpy.lowerings']; "
        "names = set(full.LOWERINGS); import narae.executors.numpy; "
        "assert 'scan' in names and names == set(full.LOWERINGS), names"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
