"""`narae launch`: one script in several processes of this machine."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from narae.base.language import tr

_GRACE = 10.0  # seconds from asking a process to end to ending it
_LOOK = 0.1


def launch(script: Path, arguments: Sequence[str], processes: int) -> int:
    """Run the script in `processes` processes that can join each other; the job's exit code.

    Each line that they print begins with their number. The first that fails ends all: with SIGTERM,
    and with SIGKILL ten seconds later. Its exit code is the job's; 128 + the signal where a signal
    ended it. Ctrl-C and SIGTERM go to all of them. Raises FileNotFoundError without the script.
    """
    if not script.is_file():
        raise FileNotFoundError(errno.ENOENT, tr("there is no script"), str(script))
    port, job = _free_port(), _Job()
    before = {number: signal.signal(number, job.asked) for number in _SIGNALS}
    try:
        for rank in range(processes):
            job.add(rank, _start(script, arguments, _environment(rank, processes, port)))
        return job.wait()
    finally:
        job.end()
        for number, handler in before.items():
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Job:
    """The processes, until the last has ended."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._ended: list[int] = []  # exit codes, the first that ended first
        self._signal: int | None = None
        self._deadline: float | None = None

    def add(self, rank: int, process: subprocess.Popen[bytes]) -> None:
        """Watch over a process that has begun."""
        self._processes.append(process)
        copies = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        self._threads += [
            threading.Thread(target=lambda: self._ended.append(process.wait())),
            *(threading.Thread(target=_copy, args=(rank, *pair)) for pair in copies),
        ]
        for thread in self._threads[-3:]:
            thread.start()

    def asked(self, number: int, frame: FrameType | None) -> None:
        """A signal came to this process: pass it on."""
        self._signal = number
        self._send(number)
        self._deadline = time.monotonic() + _GRACE

    def wait(self) -> int:
        """Until all have ended; the exit code of the first that failed, 0 when none did."""
        while len(self._ended) < len(self._processes):
            if any(self._ended) and self._deadline is None:
                self._send(signal.SIGTERM)
                self._deadline = time.monotonic() + _GRACE
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._send(signal.SIGKILL)
            time.sleep(_LOOK)
        if self._signal is not None:
            return 128 + self._signal
        failed = next((code for code in self._ended if code), 0)
        return failed if failed >= 0 else 128 - failed

    def end(self) -> None:
        """End what still runs."""
        self._send(signal.SIGKILL)
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        for process in self._processes:
            process.send_signal(number)  # it leaves alone what has ended


def _start(
    script: Path, arguments: Sequence[str], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    # a session of its own: a Ctrl-C at the terminal reaches it once, through `asked`
    return subprocess.Popen(
        [*_python(), str(script), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


# prctl(PR_SET_PDEATHSIG, SIGTERM): what it asks for stays when the process becomes another program.
_ENDS_WITH_ITS_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
os.execv(sys.executable, [sys.executable, "-u", *sys.argv[1:]])
"""


def _python() -> list[str]:
    """The beginning of a process's command. On Linux the process gets SIGTERM when this one dies,
    even by SIGKILL, which nobody could pass on."""
    if sys.platform != "linux":
        return [sys.executable, "-u"]
    return [sys.executable, "-I", "-S", "-c", _ENDS_WITH_ITS_PARENT]


def _environment(rank: int, processes: int, port: int) -> dict[str, str]:
    given = {
        "NARAE_COORDINATOR": f"127.0.0.1:{port}",
        "NARAE_NUM_PROCESSES": str(processes),
        "NARAE_PROCESS_ID": str(rank),
    }
    return {"NARAE_EXECUTOR": "xla", **os.environ, **given}


def _free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _copy(rank: int, source: IO[bytes] | None, target: IO[str]) -> None:
    """Each line at once and whole, with its process's number."""
    if source is None:
        return
    with source:
        for line in source:
            text = line.decode("utf-8", errors="replace").rstrip("\n")
            target.write(f"[{rank}] {text}\n")
            target.flush()
