"""Several processes through JAX's runtime, and the few words they exchange beside the computation."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax._src import distributed  # the runtime's board of keys has no public door
from jax.experimental import multihost_utils

_PREFIX = "narae/"


def join(
    address: str | None,
    count: int | None,
    index: int | None,
    heartbeat: int,
    coming: int,
    leaving: int,
) -> tuple[int, int]:
    """Join the job: (this process, how many there are). heartbeat: seconds without a sign of life
    after which a process is taken for dead; coming, leaving: seconds to wait for all to come, and
    to leave.

    Raises RuntimeError when JAX has computed already, or when the others do not come.
    """
    # it would catch SIGTERM, and end nothing
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        address,
        count,
        index,
        initialization_timeout=coming,
        heartbeat_timeout_seconds=heartbeat,
        shutdown_timeout_seconds=leaving,
    )
    return jax.process_index(), jax.process_count()


def _board() -> Any:
    client = distributed.global_state.client
    if client is None:
        raise RuntimeError("the job is not there: narae.distribution.initialize() comes first")
    return client


def tell(key: str, text: str) -> None:
    """Write on the job's board."""
    _board().key_value_set(_PREFIX + key, "=" + text)


def wait_for(key: str, seconds: float) -> str:
    """What is written there, waiting for it. Raises RuntimeError when nothing comes."""
    try:
        return _board().blocking_key_value_get(_PREFIX + key, int(seconds * 1000))[1:]
    except jax.errors.JaxRuntimeError as error:
        if "DEADLINE_EXCEEDED" not in str(error):
            raise
        raise RuntimeError(
            f"nothing came from process 0 within {seconds:.0f} s ({key}): every process must save, "
            "load and read split variables at the same points of the script"
        ) from error


def gathered(number: int) -> list[int]:
    """A number of each process, by process."""
    found = multihost_utils.process_allgather(np.array([number], np.int32))
    return [int(n) for n in np.ravel(found)]
