"""The model of the machine: a file that is missing, damaged, false or another's changes no result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.base import machine
from narae.base.machine import USUAL, Machine, Rates
from narae.engine import config
from narae.executors.native import tuning
from narae.executors.native.jit import cache, target
from narae.executors.native.run import measuring

FOLDER = os.environ.get("NARAE_CACHE")
HERE = Machine(2, (machine.Cache(1, 32 << 10), machine.Cache(2, 1 << 20)), USUAL)
FAST = replace(USUAL, multiplications=100.0, reads=(90.0, 80.0, 10.0, 8.0))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is known, and a folder of one's own."""
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(machine, "_known", [])
    monkeypatch.setenv("NARAE_CACHE", str(tmp_path / "kernels"))


@pytest.fixture(scope="module")
def measured() -> Rates:
    """What is measured here; a machine as busy as one that runs tests may need some tries."""
    for _ in range(20):
        found = measuring.measure()
        if found is not None:
            return found
        time.sleep(0.1)
    pytest.skip("others keep this machine busy")


def test_what_is_measured_can_be_true(measured: Rates) -> None:
    lanes = 8 if narae.executors.native.run.measuring.host().width >= 32 else 4
    assert measured.multiplications > lanes / 4  # a multiplication in four cycles of 1 GHz
    assert measured.together <= measured.multiplications
    assert len(measured.reads) == len(machine.here().caches) + 1
    assert max(measured.reads[:2]) > measured.reads[-1] / 2
    assert 0.5 < measured.look < 1000


def test_without_memory_a_small_block_does(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    ones = np.ones
    monkeypatch.setattr(
        measuring.np, "ones", lambda n, dtype: sizes.append(4 * n) or ones(n, dtype)
    )
    monkeypatch.setattr(measuring, "_STEADY", 0.0)  # on a busy machine too
    monkeypatch.setattr(measuring, "_phases", lambda *_: 100.0)
    found = measuring.measure(memory=False)
    assert found is not None
    assert not found.memory
    assert found.reads[-1] <= USUAL.reads[-1]
    assert max(sizes) <= max(4 * machine.here().second.size, 1 << 20)


def test_rates_are_kept_and_read_again(measured: Rates) -> None:
    assert cache.read_rates() is None
    cache.keep_rates(measured)
    assert cache.read_rates() == measured
    found = list(cache.folder().glob("m*"))  # type: ignore[union-attr]
    assert len(found) == 1


def path() -> Path:
    folder = cache.folder()
    assert folder is not None
    return folder / cache.name_of_rates(machine.here())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"narae kernel 1\n",
        b"\x00" * 1000,
        b"narae kernel 1\n" + b"x" * 32 + b"{}",
    ],
)
def test_a_damaged_file_is_as_good_as_none(data: bytes) -> None:
    cache.keep_rates(FAST)
    path().write_bytes(data)
    assert cache.read_rates() is None
    cache.keep_rates(FAST)
    whole = path().read_bytes()
    for cut in range(0, len(whole), 7):
        path().write_bytes(whole[:cut])
        assert cache.read_rates() is None
    path().write_bytes(whole.replace(b"100.0", b"900.0"))
    assert cache.read_rates() is None
    path().write_bytes(whole)
    assert cache.read_rates() == FAST


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "7",
        "null",
        "{}",
        "[" * 100_000,
        '{"multiplications": 1e400}',
        *(
            json.dumps({**asdict(USUAL), name: value})
            for name, value in [
                ("multiplications", 0),
                ("multiplications", -5),
                ("multiplications", float("nan")),
                ("multiplications", 1e30),
                ("multiplications", 10**400),
                ("multiplications", "fast"),
                ("multiplications", None),
                ("meet", 0),
                ("call", float("inf")),
                ("look", -1),
                ("together", []),
                ("reads", []),
                ("reads", [1, float("nan")]),
                ("reads", 5),
                ("reads", ["a"]),
                ("reads", None),
                ("memory", 1),
                ("memory", None),
            ]
        ),
    ],
)
def test_a_whole_file_of_what_cannot_be_true_is_as_good_as_none(wrong: str) -> None:
    cache.write(path().name, wrong.encode())
    assert path().exists()
    assert cache.read_rates() is None


@pytest.mark.skipif(sys.platform == "win32", reason="owners and links of POSIX")
def test_files_that_others_could_write_are_not_believed(tmp_path: Path) -> None:
    cache.keep_rates(FAST)
    path().chmod(0o666)
    assert cache.read_rates() is None
    path().chmod(0o600)
    assert cache.read_rates() == FAST
    moved = path().rename(tmp_path / "elsewhere")
    path().symlink_to(moved)
    assert cache.read_rates() is None


def test_another_processor_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep_rates(FAST)
    assert cache.read_rates() == FAST
    here = machine.here()
    for other in (replace(here, cores=here.cores + 1), replace(here, caches=HERE.caches)):
        if other == here:
            continue
        monkeypatch.setattr(machine, "_known", [other])
        assert cache.read_rates() is None
    monkeypatch.setattr(machine, "_known", [here])
    monkeypatch.setattr(cache, "processor_signature", lambda: "another")
    assert cache.read_rates() is None


def trained() -> list[bytes]:
    narae.utils.set_random_seed(2)
    x = narae.Input((20, 24))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    y = layers.Conv1D(40, 3, activation="gelu")(layers.GRU(16, return_sequences=True)(y))
    y = layers.Dense(300, "relu")(layers.Flatten()(y))
    model = narae.Model(x, layers.Dense(4)(y))
    model.compile("adam", "mse")
    data = np.random.default_rng(0).random((128, 20, 24)).astype("float32")
    model.fit(data, data[:, :4, 0], batch_size=64, epochs=2, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def test_bits_do_not_depend_on_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on the sizes of caches: the same seed gives the same bits in every process of a machine."""
    if FOLDER is None:  # where kernels may be there already
        monkeypatch.delenv("NARAE_CACHE")
    else:
        monkeypatch.setenv("NARAE_CACHE", FOLDER)
    small = (machine.Cache(1, 16 << 10), machine.Cache(2, 128 << 10))
    large = (
        machine.Cache(1, 64 << 10),
        machine.Cache(2, 16 << 20),
        machine.Cache(3, 1 << 30),
    )
    slow = Rates(1.0, 1.0, (1.0, 0.5, 0.1), 0.1, meet=1e5, call=1e4, look=500.0)
    quick = Rates(1500.0, 1500.0, (1e4, 1e4, 1e4, 1e3), 1e4, meet=20.0, call=1.0, look=0.2)
    first = trained()
    for known in (
        Machine(2, small, slow, True),
        Machine(1, large, quick, True),
        Machine(16, small, quick, True),
        Machine(64, large, slow, True),
    ):
        monkeypatch.setattr(machine, "_known", [known])
        assert trained() == first, known


def test_a_far_third_cache_makes_copies_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_known", [HERE])
    near = tuning.copy_b(1 << 20)
    monkeypatch.setattr(machine, "_known", [replace(HERE, rates=FAST)])
    assert tuning.copy_b(1 << 20) > 3 * near
    assert tuning.copy_a(1 << 20) == 2 * tuning.copy_b(1 << 20)
    assert tuning.meet() > tuning.call() > 0


def test_sizes_follow_the_second_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_known", [HERE])
    small = tuning.stretch(), tuning.near(), tuning.columns_bytes()
    second = (HERE.caches[0], machine.Cache(2, 2 << 20))
    monkeypatch.setattr(machine, "_known", [replace(HERE, caches=second)])
    assert (tuning.stretch(), tuning.near(), tuning.columns_bytes()) == tuple(2 * n for n in small)


def ran(seconds: float) -> None:
    """As programs do after a run."""
    if machine.ran(seconds, tuning.SETTLED):
        measuring.learn_now(memory=False)


def test_a_run_measures_once_and_only_when_it_was_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(machine, "_ran", [0.0])
    monkeypatch.setattr(measuring, "measure", lambda memory: asked.append(memory) or FAST)
    for _ in range(4):
        ran(tuning.SETTLED / 4)
    assert not asked
    for _ in range(4):
        ran(1.0)
    assert asked == [False]  # of memory there is as much as before
    assert machine.here().measured
    assert cache.read_rates() == FAST
    monkeypatch.setattr(machine, "_ran", [0.0])
    ran(10 * tuning.SETTLED)
    assert asked == [False]  # known already


def test_where_others_work_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_ran", [0.0])
    monkeypatch.setattr(measuring, "_multiplications", lambda: (50.0, 20.0))
    ran(10 * tuning.SETTLED)
    assert not machine.here().measured
    assert cache.read_rates() is None


def test_a_first_program_reads_what_another_process_kept(tmp_path: Path) -> None:
    code = (
        "import sys, narae\n"
        "from narae.base import machine\n"
        "from narae.executors.native.jit import cache\n"
        "narae.jit(lambda x: x + 1.0)(narae.ops.ones(1))\n"
        "print(machine.here().measured, machine.here().rates.multiplications)\n"
        "cache.keep_rates(machine.Rates(77.0, 70.0, (9.0, 8.0, 7.0, 6.0), 9.0, 300.0, 5.0, 20.0))\n"
    )

    def run() -> str:
        env = {**os.environ, "NARAE_EXECUTOR": "native"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        assert not done.stderr
        return done.stdout.strip()

    assert run() == f"False {USUAL.multiplications}"
    assert run() == "True 77.0"


@pytest.mark.parametrize("name", ["multiplications", "together", "shared", "meet", "call", "look"])
def test_rates_that_no_machine_has_are_refused(name: str) -> None:
    for bad in (0.0, -1.0, float("nan"), float("inf"), 1e12):
        with pytest.raises(ValueError, match=name):
            replace(USUAL, **{name: bad})


def test_a_machine_has_a_core_and_two_caches() -> None:
    for bad in ({"cores": 0}, {"caches": HERE.caches[:1]}):
        with pytest.raises(ValueError, match="at least"):
            replace(HERE, **bad)  # type: ignore[arg-type]


def test_no_room_to_measure_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(measuring.np, "ones", full)
    assert measuring.measure() is None


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    from narae.cli.machine import print_machine

    print_machine("--measure" in words, "--json" in words)
    return capsys.readouterr().out


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine of 8 cores, whose file is there."""
    third = machine.Cache(3, 60 << 20, cores=8)
    found = Machine(8, (*HERE.caches, third), USUAL)
    monkeypatch.setattr(machine, "_known", [found])
    cache.adopt.cache_clear()
    cache.keep_rates(FAST)
    return found


def test_narae_machine_says_what_is_known_and_what_it_means(
    known: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(config, "_threads", [])
    monkeypatch.setattr(measuring, "measure", lambda memory: pytest.fail("the rates are known"))
    said = printed(capsys)
    assert "8 cores for this process" in said
    assert "200 GFLOP/s on one thread, 944 on 8" in said  # 8 times 2 times 59
    for words in (
        "first cache | 32 kB | 1 | 90 GB/s",
        "second cache | 1 MB | 1 | 80 GB/s",
        "third cache | 60 MB | 8 | 10 GB/s",
        "memory | | | 8 GB/s",
    ):
        assert words in " ".join(said.replace("│", "|").split())
    assert f"{tuning.stretch() >> 10} kB at a time" in said
    assert f"cut in tiles for 8 threads: one more tile costs {tuning.call():,}" in said
    assert "2048, 2048, 2048" in said


def test_narae_machine_for_programs(known: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "--json"))
    assert found["measured"] is True
    assert found["cores"] == 8
    assert found["rates"] == json.loads(json.dumps(asdict(FAST)))
    assert [c["size"] for c in found["caches"]] == [c.size for c in known.caches]
    first = found["products"][0]
    assert first["shape"] == [128, 784, 512]
    threads = found["threads"]
    rate = FAST.together if threads > 1 else FAST.multiplications
    assert first["least_ms"] == pytest.approx(128 * 784 * 512 / threads / rate / 1e6)
    assert first["tiles"] >= threads


def test_narae_machine_measures_where_nothing_is_known_and_when_it_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.adopt.cache_clear()
    rates = [FAST, replace(FAST, multiplications=120.0)]
    monkeypatch.setattr(measuring, "measure", lambda memory: rates.pop(0))
    assert "200 GFLOP/s" in printed(capsys)
    assert "200 GFLOP/s" in printed(capsys)
    assert "240 GFLOP/s" in printed(capsys, "--measure")
    assert cache.read_rates() == replace(FAST, multiplications=120.0)


def test_narae_machine_says_where_nothing_could_be_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.adopt.cache_clear()
    monkeypatch.setenv("NARAE_CACHE", os.devnull)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(measuring, "measure", lambda memory: FAST)
    said = printed(capsys)
    assert f"Measured, but {os.devnull} does not keep it" in said
    assert "kept in" not in said


def test_narae_machine_says_where_it_could_not_measure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.adopt.cache_clear()
    monkeypatch.setattr(measuring, "measure", lambda memory: None)
    assert "others keep the cores busy" in printed(capsys)
    assert json.loads(printed(capsys, "--json"))["measured"] is False


def test_cores_that_run_two_threads_share_what_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a core's rate is right there, and a sign of other work elsewhere."""
    monkeypatch.setattr(measuring, "_multiplications", lambda: (50.0, 50.0))
    monkeypatch.setattr(measuring, "_all_cores", lambda cores, best: 0.5 * best)
    monkeypatch.setattr(measuring, "_phases", lambda *_: 100.0)
    first = machine.Cache(1, 32 << 10, cores=2)
    monkeypatch.setattr(machine, "_known", [replace(HERE, caches=(first, HERE.caches[1]))])
    found = measuring.measure()
    assert found is not None
    assert found.together == 25.0
    monkeypatch.setattr(machine, "_known", [HERE])
    assert measuring.measure() is None


def test_code_does_not_depend_on_what_llvm_calls_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It took a Xeon of today for a "rocketlake"."""
    own = target.host()
    if not own.triple.startswith("x86_64"):
        pytest.skip("elsewhere the name says what features there are")
    monkeypatch.setattr(target.llvm, "get_host_cpu_name", lambda: "rocketlake")
    assert target.host.__wrapped__() == own
    assert own.cpu == {64: "x86-64-v4", 32: "x86-64-v3", 16: "x86-64"}[own.width]
