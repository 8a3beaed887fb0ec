"""How XLA compiles in tests: each case is a program of its own that runs once, so quickly before well.

`make test-xla` and `make test-all` compile as users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

DEVICES = 8  # for programs that are split
# A program is compiled in half the processor time, and then runs slower, which nobody notices.
QUICK = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
# What reads the flags, without a program or a device.
_READS = "from jaxlib import xla_client; xla_client.CompileOptions()"


def set_flags(quick: bool) -> None:
    """Set XLA's flags, for this process and those that it starts, unless they are set."""
    if "XLA_FLAGS" in os.environ:
        return
    os.environ["XLA_FLAGS"] = flags(DEVICES)
    quickly = flags(DEVICES, QUICK)
    if quick and _known(quickly):
        os.environ["XLA_FLAGS"] = quickly


def flags_of_another(devices: int) -> str:
    """Those of a process that has so many devices, and compiles as this one does."""
    here = os.environ.get("XLA_FLAGS", "").split()
    return flags(devices, [flag for flag in QUICK if flag in here])


def flags(devices: int, more: Sequence[str] = ()) -> str:
    """No process is ended that is made to wait for others."""
    needed = (
        f"--xla_force_host_platform_device_count={devices}",
        "--xla_cpu_collective_call_terminate_timeout_seconds=600",
    )
    return " ".join((*needed, *more))


def _known(given: str) -> bool:
    """Whether this version of XLA has them: it ends a process whose flags it does not know."""
    tried = subprocess.run(
        [sys.executable, "-c", _READS],
        env={**os.environ, "XLA_FLAGS": given},
        capture_output=True,
    )
    return tried.returncode == 0
