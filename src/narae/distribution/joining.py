"""Joining a job of several processes: who this one is, and where process 0 listens."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

import numpy as np

from narae.distributed import processes
from narae.random.keys import reset_global_seed

# What says it, the first that is set: narae's own, Keras's, Slurm's, those of Kubernetes's indexed jobs.
_ADDRESS = ("NARAE_COORDINATOR", "KERAS_DISTRIBUTION_JOB_ADDRESSES")
_COUNT = ("NARAE_NUM_PROCESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES", "SLURM_NTASKS")
_INDEX = (
    *("NARAE_PROCESS_ID", "KERAS_DISTRIBUTION_PROCESS_ID"),
    *("SLURM_PROCID", "JOB_COMPLETION_INDEX"),
)
# Seconds, and how many when nothing is said: without a sign of life until a process is taken for
# dead, of waiting for all to come, of waiting for all to leave.
_SECONDS = {"NARAE_HEARTBEAT": 20, "NARAE_JOIN_TIMEOUT": 300, "NARAE_LEAVE_TIMEOUT": 300}


def initialize(
    job_addresses: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Join the other processes of the job; before anything is computed with JAX.

    What is not given is taken from NARAE_COORDINATOR, NARAE_NUM_PROCESSES and NARAE_PROCESS_ID (which
    `narae launch` sets), Keras's KERAS_DISTRIBUTION_..., Slurm's variables, or Kubernetes's JOB_COMPLETION_INDEX; on
    Cloud TPUs JAX knows it all. A job of one process has nothing to join.

    From here on all processes have the random state of process 0. One that gives no sign of life
    for NARAE_HEARTBEAT seconds (20) ends the job; an exception that nothing catches ends its process
    at once, after its traceback. NARAE_JOIN_TIMEOUT (300) is how long to wait for all to come,
    NARAE_LEAVE_TIMEOUT (300) how long the first that is done waits for the others.

    Args:
        job_addresses: "host:port" of process 0, or of all processes, by commas.
        num_processes: how many there are.
        process_id: which one this is, from 0.

    Raises:
        ValueError: they do not fit.
        MissingExtra: JAX is not installed.
        RuntimeError: JAX has computed something already.

    >>> initialize("localhost:1234", num_processes=1, process_id=0)
    """
    address, count, index = identity(job_addresses, num_processes, process_id, os.environ)
    if count == 1:
        return
    seconds = [_seconds(name, usual) for name, usual in _SECONDS.items()]
    processes.joined(*processes.runtime().join(address, count, index, *seconds))
    _leave_at_once_when_failed()
    _share_random_state()


def identity(
    addresses: str | None, count: int | None, index: int | None, environment: Mapping[str, str]
) -> tuple[str | None, int | None, int | None]:
    """(address of process 0, number of processes, this one), from arguments and environment."""
    found = addresses or _first(_ADDRESS, environment) or _slurm_address(environment)
    count = _whole(count, _COUNT, environment)
    index = _whole(index, _INDEX, environment)
    if found and "," in found:
        every = [part.strip() for part in found.split(",")]
        if count is not None and count != len(every):
            raise ValueError(
                f"The provided job_addresses {every} has {len(every)} jobs, but num_processes is "
                f"{count}"
            )
        found, count = every[0], len(every)
    if count == 1:
        return found, 1, 0
    if found and not re.fullmatch(r".+:\d+", found):
        raise ValueError(f'the address of process 0 is "host:port", got {found!r}')
    given = {"the address of process 0 (NARAE_COORDINATOR)": found}
    given |= {"how many there are (NARAE_NUM_PROCESSES)": count}
    given |= {"which one this is (NARAE_PROCESS_ID)": index}
    missing = [name for name, value in given.items() if value is None]
    if 0 < len(missing) < 3:
        raise ValueError(f"of the job's processes is not known: {'; '.join(missing)}")
    if count is not None and index is not None and not 0 <= index < count:
        raise ValueError(f"process_id is from 0 to {count - 1}, got {index}")
    return found, count, index


def _first(names: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _whole(
    given: int | str | None, names: tuple[str, ...], environment: Mapping[str, str]
) -> int | None:
    found = _first(names, environment) if given is None else given
    try:
        return None if found is None else int(found)
    except ValueError:
        raise ValueError(f"{names[0]} is a whole number, got {found!r}") from None


def _slurm_address(environment: Mapping[str, str]) -> str | None:
    """The first node of a Slurm step, and a port that follows from the job's number: steps that
    run side by side on it should not meet."""
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST")
    if not nodes or not environment.get("SLURM_JOB_ID", "").isdigit():
        return None
    # "node[007-010,12],other" begins with node007
    begin = re.match(r"([^\[,]+)(?:\[([^\],-]+))?", nodes)
    if begin is None:
        return None
    return f"{begin[1]}{begin[2] or ''}:{20000 + int(environment['SLURM_JOB_ID']) % 10000}"


def _seconds(name: str, usual: int) -> int:
    text = os.environ.get(name, str(usual))
    if not text.isdigit() or not int(text):
        raise ValueError(f"{name} is a whole number of seconds, got {text!r}")
    return int(text)


def _leave_at_once_when_failed() -> None:
    """Python's ordinary end would wait for the others to leave the job, and they for this one's part
    of the next step."""
    shown = sys.excepthook

    def leave(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        shown(kind, error, trace)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(130 if issubclass(kind, KeyboardInterrupt) else 1)

    sys.excepthook = leave


def _share_random_state() -> None:
    """All processes go on from the state of process 0: weights and shuffles are the same then."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  what user code may draw from
    mine = json.dumps([random.getstate(), [kind, np.asarray(keys).tolist(), *rest]])
    python, numpy_state = json.loads(processes.of_first("random state", mine))
    random.setstate((python[0], tuple(python[1]), python[2]))
    np.random.set_state((numpy_state[0], np.array(numpy_state[1], np.uint32), *numpy_state[2:]))  # noqa: NPY002
    reset_global_seed()
