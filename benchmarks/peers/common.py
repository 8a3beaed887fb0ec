"""What all peers share: the data, the clock, a busy neighbour, and the line they print."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

Task = Callable[[], dict[str, float]]

QUICK = "--quick" in sys.argv
# Rows of MNIST, and epochs over them.
ROWS, EPOCHS = (12800, 1) if QUICK else (60000, 2)
WARM = 256 + ROWS % 128  # rows of a first fit: some peers compile for the last batch's size
BUDGET = 0.15 if QUICK else 0.5  # seconds that a short work is repeated for
TINY_ROWS, TINY_BATCH = 4000, 16
DEEP, DEEP_BATCH, DEEP_ROWS = (1024, 1024, 1024, 10), 256, 256 * (10 if QUICK else 40)
CNN_BATCH, CNN_ROWS = 64, 64 * (10 if QUICK else 20)
# This process's child: busy for as long as its parent is there.
NEIGHBOUR = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"


def mnist() -> tuple[Any, Any]:
    """Images (ROWS, 784) in [0, 1], float32, and labels, int32, from the folder of the runner.

    Read without narae, so that no peer carries another's code.
    """
    import numpy as np

    folder = Path(os.environ["BENCH_DATA"])
    images = np.load(folder / "images.npy")[:ROWS].astype("float32")
    images /= 255  # in place: a second copy would be the peak of every peer
    return images, np.load(folder / "labels.npy")[:ROWS].astype("int32")


def pictures() -> tuple[Any, Any]:
    """MNIST for the convolutional network: (CNN_ROWS, 28, 28, 1) and labels."""
    images, labels = mnist()
    return images[:CNN_ROWS].reshape(-1, 28, 28, 1).copy(), labels[:CNN_ROWS].copy()


def tiny() -> tuple[Any, Any]:
    """Data of the tiny network: (TINY_ROWS, 13) and (TINY_ROWS, 1), float32."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(TINY_ROWS, 13)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def seconds(work: Callable[[], Any], repeats: int = 1) -> float:
    """The median time of some work."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def epoch_s(train: Callable[[int], Any]) -> float:
    """The median time of an epoch, from a function that trains one on so many rows."""
    train(WARM)
    return seconds(lambda: train(ROWS), EPOCHS)


def per_call_ms(work: Callable[[], Any]) -> float:
    """The median of what a short work takes, in milliseconds, after two to warm up."""
    work()
    once = seconds(work)
    return 1e3 * seconds(work, min(1000, max(5, int(BUDGET / once))))


def per_step_ms(epochs: Callable[[int], Any], steps: int) -> float:
    """Milliseconds for a step, from a function that trains some epochs of so many steps."""
    epochs(1)
    count = max(1, int(BUDGET / seconds(lambda: epochs(1))))
    return 1e3 * seconds(lambda: epochs(count), 3) / (count * steps)


def least_s(work: Callable[[], Any]) -> float:
    """The shortest of some timings of a work, each long enough for the clock."""
    work()
    once = seconds(work)
    count = max(1, int(0.002 / max(once, 1e-7)))

    def often() -> None:
        for _ in range(count):
            work()

    turns = min(40, max(2, int(BUDGET / 4 / (count * once))))
    return min(seconds(often) for _ in range(turns)) / count


@contextmanager
def neighbour() -> Iterator[None]:
    """Another process, busy on one core."""
    child = subprocess.Popen([sys.executable, "-c", NEIGHBOUR])
    try:
        time.sleep(0.2)
        yield
    finally:
        child.kill()
        child.wait()


def quiet_and_busy(train: Callable[[int], Any]) -> dict[str, float]:
    """An epoch's time alone, and beside a busy process."""
    quiet = epoch_s(train)
    with neighbour():
        return {"quiet_s": quiet, "busy_s": seconds(lambda: train(ROWS), EPOCHS)}


def peak_mb() -> float:
    """This process's peak memory.

    Linux's ru_maxrss counts the parent's memory too, from before the exec; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(li for li in status.read_text().splitlines() if li.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(tasks: Mapping[str, Task], imported: float) -> None:
    """Do the task that the command line names and print its figures as the last line."""
    task = next(argument for argument in sys.argv[1:] if argument in tasks)
    print(json.dumps(tasks[task]() | {"import_s": imported, "peak_mb": peak_mb()}))
