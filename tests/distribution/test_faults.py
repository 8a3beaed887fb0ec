"""A process that dies ends the job, and a job that begins again ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.distribution.launching import JOB, environment, launched, written

HEARTBEAT = 10
ENDLESS = """
distribution.set_distribution(distribution.DataParallel())
class Going(narae.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 5:
            print("going", flush=True)
            if sys.argv[1] == "raises" and rank == 1:
                raise KeyError("mine")
model = narae.Sequential([narae.Input((8,)), layers.Dense(4)])
model.compile("sgd", "mse")
model.fit(np.zeros((64000, 8)), np.zeros((64000, 4)), 8, 1000, 0, [Going()])
"""


def started(script: Path, *arguments: str) -> list[subprocess.Popen[str]]:
    """Two processes that nothing watches over."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    given = environment(
        NARAE_EXECUTOR="xla",
        NARAE_COORDINATOR=address,
        NARAE_NUM_PROCESSES="2",
        NARAE_HEARTBEAT=str(HEARTBEAT),
        XLA_FLAGS="--xla_force_host_platform_device_count=1",
    )
    return [
        subprocess.Popen(
            [sys.executable, "-u", str(script), *arguments],
            env=given | {"NARAE_PROCESS_ID": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]


def going(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if "going" in line:
            return
    raise AssertionError("it ended before it trained")


@pytest.mark.parametrize(
    ("end", "victim"),
    [
        ("SIGKILL", 1),
        ("raises", 1),
        pytest.param("SIGKILL", 0, marks=pytest.mark.slow),
        pytest.param("SIGSTOP", 0, marks=pytest.mark.slow),  # it hangs, or its machine is cut off
        pytest.param("SIGSTOP", 1, marks=pytest.mark.slow),
    ],
)
def test_the_others_end_with_an_error(tmp_path: Path, end: str, victim: int) -> None:
    both = started(written(tmp_path, ENDLESS), end)
    try:
        for process in both:
            going(process)
        begin = time.monotonic()
        if end != "raises":
            both[victim].send_signal(getattr(signal, end))
        assert both[1 - victim].wait(timeout=300) != 0
        taken = time.monotonic() - begin
        # alone it takes a heartbeat; a machine that does much else at once may be slow
        assert taken < HEARTBEAT * 10
    finally:
        for process in both:
            process.kill()
            process.communicate()


def test_after_a_kill_it_goes_on_to_the_same_result(tmp_path: Path) -> None:
    backup = ["--backup", str(tmp_path / "backup")]
    killed = launched(JOB, "mlp", *backup, "--out", tmp_path / "first", "--kill-at", 60)
    assert killed.returncode == 137, killed.stderr
    assert (tmp_path / "backup" / "training_metadata.json").exists()
    assert results(tmp_path, *backup) == pytest.approx(alone(), abs=1e-5)
    assert not (tmp_path / "backup").exists()


@pytest.mark.slow
@pytest.mark.parametrize("layout", [[], ["--split"]], ids=["data", "split"])
def test_after_a_kill_it_goes_on_bit_for_bit(tmp_path: Path, layout: list[str]) -> None:
    whole = results(tmp_path, "--backup", str(tmp_path / "other"), *layout)
    backup = ["--backup", str(tmp_path / "backup"), *layout]
    killed = launched(JOB, "mlp", *backup, "--out", tmp_path / "first", "--kill-at", 60)
    assert killed.returncode == 137, killed.stderr
    assert results(tmp_path, *backup) == whole


def results(folder: Path, *arguments: str) -> list[float]:
    """A job's last losses and its weights, the same in both processes."""
    done = launched(JOB, "mlp", *arguments, "--out", folder / "found")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads((folder / f"found.{rank}.json").read_text())["mlp"] for rank in (0, 1)]
    assert found[0] == found[1]
    return last(found[0])


def last(found: dict[str, Any]) -> list[float]:
    return [*found["losses"][-60:], *(w / np.ceil(w) for w in found["weights"])]


def alone() -> list[float]:
    """The same of one device, without a break."""
    from tests.distribution import job

    from narae.engine import config

    before = list(config._chosen)
    config._chosen[:] = ["xla"]
    try:
        return last(job.steps("mlp"))
    finally:
        config._chosen[:] = before


def test_two_folders_of_backups_are_noticed(tmp_path: Path) -> None:
    body = """
backup = narae.callbacks.BackupAndRestore(os.path.join(sys.argv[1], str(rank)))
distribution.set_distribution(distribution.DataParallel())
model = narae.Sequential([narae.Input((8,)), layers.Dense(4)])
model.compile("sgd", "mse")
x = np.zeros((8, 8))
if rank == 1:
    os.makedirs(backup.backup_dir)
    (backup.backup_dir / "training_metadata.json").write_text(
        '{"backups": [{"epoch": 1, "batch": 0, "weights": "a", "metrics": "b"}]}')
model.fit(x, x[:, :4], callbacks=[backup], verbose=0)
"""
    done = launched(written(tmp_path, body), tmp_path)
    assert done.returncode == 1
    assert "a folder that all processes share" in done.stderr
