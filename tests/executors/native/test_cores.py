"""More threads than cores never hurt; and what there is of cores decides how work is cut, never what comes out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.base import machine
from narae.engine import config
from narae.executors.native import tuning
from narae.executors.native.run import threads
from narae.executors.native.run.program import NativeProgram
from narae.models import Sequential


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])


def network() -> Any:
    narae.utils.set_random_seed(3)
    model = Sequential(
        [
            narae.Input((12, 12, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(200, activation="gelu"),
            layers.Dense(10),
        ]
    )
    model.compile("rmsprop", "mse")
    return model


def working(monkeypatch: pytest.MonkeyPatch, number: int, fit: Any) -> list[int]:
    """How many threads work in the runs of `fit`, where so many are asked for."""
    counts: list[int] = []
    real = NativeProgram._threads

    def seen(self: NativeProgram, tables: Any) -> int:
        counts.append(real(self, tables))
        return counts[-1]

    with monkeypatch.context() as patched:
        patched.setattr(NativeProgram, "_threads", seen)
        patched.setattr(config, "_threads", [number])
        fit()
    return counts


@pytest.mark.parametrize(
    ("cores", "number", "want"), [(2, 8, 2), (1, 2, 1), (3, 2, 2), (2, 64, 2), (8, 4, 4)]
)
def test_no_more_threads_work_than_there_are_cores(
    cores: int, number: int, want: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    x, y = np.ones((64, 12, 12, 3), "float32"), np.ones((64, 10), "float32")
    fit = lambda: network().fit(x, y, batch_size=32, verbose=0)
    assert set(working(monkeypatch, number, fit)) == {want}


def test_no_more_threads_work_than_there_are_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_threads", [64])
    monkeypatch.setattr(
        tuning, "meet", lambda: 60_000
    )  # measured, it may be more than a busy machine shares out
    program = narae.engine.compiled.compile_function(
        lambda x: x + 1.0, narae.graph.ir.Spec((2 * 16384,), "float32")
    ).program
    assert program.tables.most == 2
    assert program._threads(program.tables) == 2


@pytest.mark.parametrize(("units", "want"), [((64, 64, 1), 1), ((512, 512), 2)])
def test_one_thread_works_where_two_would_spend_more_on_meeting(
    units: tuple[int, ...], want: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is as small as the network 13-64-64-1, rows are gathered by two tiles, and that is all."""
    monkeypatch.setattr(tuning, "meet", lambda: 60_000)
    model = Sequential([narae.Input((13,)), *map(layers.Dense, units)])
    model.compile("rmsprop", "mse")
    x, y = np.ones((160, 13), "float32"), np.ones((160, units[-1]), "float32")
    fit = lambda: model.fit(x, y, batch_size=16, verbose=0)
    assert set(working(monkeypatch, 2, fit)) == {want}


def test_bits_do_not_depend_on_the_cores_that_products_are_cut_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = machine.here()
    x = np.random.default_rng(0).random((96, 12, 12, 3)).astype("float32")

    def trained(cores: int) -> list[bytes]:
        monkeypatch.setattr(machine, "_known", [replace(here, cores=cores)])
        model = network()
        model.fit(x, x[:, :10, 0, 0], batch_size=32, epochs=2, verbose=0)
        return [w.tobytes() for w in model.get_weights()]

    first = trained(1)
    for cores in (2, 3, 8, 64):
        assert trained(cores) == first, cores


def test_products_are_cut_for_the_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine.here()
    spec = narae.graph.ir.Spec((1024, 1024), "float32")
    most = []
    for cores in (2, 8, 64):
        monkeypatch.setattr(machine, "_known", [replace(here, cores=cores)])
        program = narae.engine.compiled.compile_function(narae.ops.matmul, spec, spec).program
        most.append(program.tables.most)
        assert most[-1] >= cores
    assert most == sorted(most)


def groups(tmp_path: Any, files: dict[str, str]) -> Any:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "files", "want"),
    [
        (["0::/a/b"], {"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, 1.5),
        (["0::/"], {"cpu.max": "50000 100000"}, 0.5),
        (["0::/a"], {}, float("inf")),
        (["0::/a"], {"a/cpu.max": "nonsense"}, float("inf")),
        (["0::/a"], {"a/cpu.max": "100 0"}, float("inf")),
        (
            ["4:memory:/m", "2:cpu,cpuacct:/x/y"],
            {
                "cpu,cpuacct/x/y/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/x/y/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/x/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            3.0,
        ),
        (["", ":", "1:cpu:"], {}, float("inf")),
    ],
)
def test_limits_of_control_groups(
    lines: list[str], files: dict[str, str], want: float, tmp_path: Any
) -> None:
    assert min(machine._limits(lines, groups(tmp_path, files)), default=float("inf")) == want


def test_a_part_of_a_core_counts_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = machine.usable_cores()
    for allowed, want in ((0.2, 1), (1.0, 1), (1.5, min(2, bound)), (float("inf"), bound)):
        monkeypatch.setattr(machine, "_allowed", lambda allowed=allowed: allowed)
        assert machine.usable_cores() == want
        monkeypatch.setattr(config, "_threads", [])
        monkeypatch.delenv("NARAE_NUM_THREADS", raising=False)
        assert narae.config.num_threads() == want


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are bound on Linux")
def test_a_process_bound_to_one_core_has_one() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import narae; print(narae.config.num_threads())\n"
        "from narae.executors.native.run import threads; print(threads.cores())"
    )
    env = {k: v for k, v in os.environ.items() if k != "NARAE_NUM_THREADS"}
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert found.stdout.split() == ["1", "1"], found.stderr


def test_caches_as_linux_says_them(tmp_path: Any) -> None:
    names = (
        "level",
        "type",
        "size",
        "shared_cpu_list",
        "coherency_line_size",
        "ways_of_associativity",
    )

    def index(number: int, *values: str) -> dict[str, str]:
        return {f"index{number}/{n}": v + "\n" for n, v in zip(names, values, strict=True)}

    files = {
        **index(0, "1", "Data", "48K", "0,32", "64", "12"),
        **index(1, "1", "Instruction", "32K", "0,32", "64", "8"),
        **index(2, "2", "Unified", "2048K", "0,32", "64", "16"),
        **index(3, "3", "Unified", "60M", "0-31,32-63", "64", "15"),
    }
    Cache = machine.Cache
    assert list(machine._of_linux(groups(tmp_path, files))) == [
        Cache(1, 48 << 10, 64, 12, 2),
        Cache(2, 2 << 20, 64, 16, 2),
        Cache(3, 60 << 20, 64, 15, 64),
    ]


@pytest.mark.parametrize(
    "said",
    [
        [],
        [(3, 1 << 20)],
        [(1, 64 << 10)],
        [(1, 1 << 20), (2, 1 << 20)],
        [(2, 256 << 10), (4, 1 << 30), (3, 1 << 20)],
        [(1, 128 << 10), (2, 12 << 20)],
    ],
)
def test_what_the_system_does_not_say_of_caches_is_usual(
    said: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_of_system", lambda: [machine.Cache(*c) for c in said])
    found = machine.caches.__wrapped__()
    assert len(found) >= 2
    assert [c.size for c in found] == sorted({c.size for c in found})
    if len(said) == 2 and said[0][1] < said[1][1]:
        assert [(c.level, c.size) for c in found][:2] == said


@pytest.mark.parametrize(
    "bad", [(0, 1 << 20), (1, 10), (1, 1 << 40), (9, 1 << 20), (1, 1 << 20, 0)]
)
def test_what_is_no_cache_is_refused(bad: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no cache"):
        machine.Cache(*bad)
