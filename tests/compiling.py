"""How XLA compiles in tests: each case is a program of its own that runs once, so quickly before well.

`make test-xla` and `make test-all` compile as users do."""

from __future__ import annotations

import os
import subprocess
import sys

# Eight devices, for programs that are split; and no end of a test whose process is made to wait.
NEEDED = (
    "--xla_force_host_platform_device_count=8",
    "--xla_cpu_collective_call_terminate_timeout_seconds=600",
)
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
    flags = " ".join((*NEEDED, *QUICK))
    os.environ["XLA_FLAGS"] = flags if quick and _known(flags) else " ".join(NEEDED)


def _known(flags: str) -> bool:
    """Whether this version of XLA has them: it ends a process whose flags it does not know."""
    tried = subprocess.run(
        [sys.executable, "-c", _READS],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
    )
    return tried.returncode == 0
