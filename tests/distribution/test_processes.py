"""What several processes share, and what each does alone; `narae launch`."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.distribution.launching import begun, launched, written
from tests.distribution.small import BATCH, dataset, model_of, numbers

import narae
from narae import distribution
from narae.engine import config

TOGETHER = """
import json
from pathlib import Path
folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
from tests.distribution.small import BATCH, ROWS, dataset, model_of, numbers
distribution.set_distribution(distribution.DataParallel())
found = {}
x, y = dataset()
shards = [np.array_split(np.arange(i, min(i + BATCH, ROWS)), 2) for i in range(0, ROWS, BATCH)]
mine = np.concatenate([parts[rank] for parts in shards])

# arrays: the rows of the other process are never read
poisoned = np.full_like(x, np.nan)
poisoned[mine] = x[mine]
found["arrays"] = numbers(model_of(), lambda m: m.fit(
    poisoned, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0))

# batches that come ready-made are each process's part
class Batches:
    def __iter__(self):
        return ((x[parts[rank]], y[parts[rank]]) for parts in shards)
found["batches"] = numbers(model_of(), lambda m: m.fit(
    Batches(), epochs=3, shuffle=False, verbose=0))

# arrays that are each process's own
distribution.set_distribution(distribution.DataParallel(auto_shard_dataset=False))
found["own"] = numbers(model_of(), lambda m: m.fit(
    x[mine], y[mine], batch_size=BATCH // 2, epochs=3, shuffle=False, verbose=0))
try:
    model_of().fit(x[: 8 + 2 * rank], y[: 8 + 2 * rank], batch_size=32, verbose=0)
except ValueError as error:
    found["lengths"] = str(error)

def broken():
    yield x[:4], y[:4]
    if rank == 1:
        raise KeyError("the file")
    yield x[:4], y[:4]
try:
    model_of().fit(broken(), shuffle=False, verbose=0)
except (KeyError, RuntimeError) as error:
    found["broken"] = repr(error)

# a weight that lies over both processes: read whole, written once
mesh = distribution.DeviceMesh((1, 8), ("batch", "model"))
layouts = distribution.LayoutMap(mesh)
layouts[".*hidden/kernel"] = (None, "model")
distribution.set_distribution(distribution.ModelParallel(layout_map=layouts))
model = model_of()
keep = narae.callbacks.ModelCheckpoint(str(folder / "kept.keras"))
log = narae.callbacks.CSVLogger(folder / "log.csv")
found["split"] = numbers(model, lambda m: m.fit(
    x, y, batch_size=BATCH, epochs=3, shuffle=False, callbacks=[keep, log], verbose=2))
kernel = model.get_layer("hidden").kernel
found["part"] = list(kernel.store.device.addressable_shards[0].data.shape)
model.save_weights(folder / "all.weights.h5")
found["written"] = sorted(path.name for path in folder.iterdir() if path.suffix != ".json")
again = narae.saving.load_model(folder / "kept.keras")
found["again"] = np.abs(again.get_layer("hidden").kernel.numpy() - kernel.numpy()).max().item()
found["drawn"] = narae.random.uniform((2,)).tolist()
(folder / f"{rank}.json").write_text(json.dumps(found))
"""


def test_two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    done = launched(written(tmp_path, TOGETHER), tmp_path, root)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    monkeypatch.setattr(config, "_chosen", ["xla"])
    x, y = dataset()
    wanted = numbers(
        model_of(),
        lambda m: m.fit(x, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0),
    )
    for rank, one in enumerate(found):
        for way in ("arrays", "batches", "own", "split"):
            for name, values in wanted.items():
                np.testing.assert_allclose(one[way][name], values, atol=1e-5, err_msg=way)
        assert "[8, 10] samples" in one["lengths"]
        assert ("the data of process 1 failed" in one["broken"]) == (rank == 0)
        assert one["part"] == [6, 2]
        assert one["written"] == ["all.weights.h5", "kept.keras", "log.csv", "script.py"]
        assert one["again"] == 0
        assert one["drawn"] == found[0]["drawn"]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4
    shown = [line for line in done.stdout.splitlines() if "accuracy" in line]
    assert len(shown) == 3
    assert all(line.startswith("[0] ") for line in shown)
    kept = narae.saving.load_model(tmp_path / "kept.keras")
    loss, _ = kept.evaluate(x, y, verbose=0)
    assert np.isfinite(loss)


# -- narae launch ----------------------------------------------------------------------------------


def plain(folder: Path, body: str) -> Path:
    path = folder / "script.py"
    path.write_text("import os, sys, time\nrank = int(os.environ['NARAE_PROCESS_ID'])\n" + body)
    return path


def test_lines_bear_their_process_and_arguments_go_through(tmp_path: Path) -> None:
    script = plain(tmp_path, "print(sys.argv[1:]); print('é', rank, file=sys.stderr)")
    done = launched(script, "--epochs", 3, "-x", processes=3)
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == [f"[{i}] ['--epochs', '3', '-x']" for i in range(3)]
    assert sorted(done.stderr.splitlines()) == [f"[{i}] é {i}" for i in range(3)]


@pytest.mark.parametrize(
    ("end", "code"),
    [("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", 137), ("raise ValueError('no')", 1)],
)
def test_the_first_that_fails_ends_all(tmp_path: Path, end: str, code: int) -> None:
    done = launched(plain(tmp_path, f"if rank == 1: {end}\ntime.sleep(600)"))
    assert done.returncode == code


def test_who_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.cli import launch

    monkeypatch.setattr(launch, "_GRACE", 0.3)
    body = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if rank == 1: time.sleep(0.5); sys.exit(3)
time.sleep(600)
"""
    assert launch.launch(plain(tmp_path, body), [], 2) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_process_outlives_a_launcher_that_is_killed(tmp_path: Path) -> None:
    body = "print(os.getpid())\ntime.sleep(600)"
    with begun(plain(tmp_path, body)) as job:
        assert job.stdout is not None
        pids = [int(job.stdout.readline().split()[1]) for _ in range(2)]
        job.kill()
    end = time.monotonic() + 20
    while any(map(alive, pids)):
        assert time.monotonic() < end, "still there"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_all(tmp_path: Path, number: signal.Signals) -> None:
    body = """
import signal
def end(number, frame):
    print("heard", number)
    sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, end)
print("ready")
time.sleep(600)
"""
    with begun(plain(tmp_path, body)) as job:
        assert job.stdout is not None
        for _ in range(2):
            assert "ready" in job.stdout.readline()
        job.send_signal(number)
        said = job.stdout.read()
    assert job.returncode == 128 + number
    assert sorted(said.splitlines()) == [f"[{i}] heard {int(number)}" for i in range(2)]


def test_a_script_that_is_not_there() -> None:
    done = launched(Path("nowhere.py"))
    assert done.returncode == 1
    assert "nowhere.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_jax_s_own_initialize_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from narae.executors.xla import placement

    monkeypatch.setattr(config, "_chosen", ["xla"])
    monkeypatch.setattr(placement.jax, "process_count", lambda: 2)
    model = model_of()
    with (
        distribution.DataParallel().scope(),
        pytest.raises(RuntimeError, match=r"narae\.distribution\.initialize"),
    ):
        model.predict(dataset()[0], verbose=0)
