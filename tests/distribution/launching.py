"""Starting jobs of several processes, each with devices of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.compiling import flags_of_another

DEVICES = 4
JOB = Path(__file__).parent / "job.py"


def environment(**more: str) -> dict[str, str]:
    """Of a job in which a process that is made to wait for a minute is not taken for dead."""
    flags = flags_of_another(DEVICES)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NARAE_", "SLURM_"))}
    return kept | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "NARAE_HEARTBEAT": "120"} | more


def launched(
    script: Path, *arguments: Any, processes: int = 2, **more: str
) -> subprocess.CompletedProcess[str]:
    """What `narae launch` gives for a script."""
    return subprocess.run(
        [*command(processes), str(script), *map(str, arguments)],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def begun(script: Path, processes: int = 2) -> subprocess.Popen[str]:
    """`narae launch` of a script, whose lines can be read while it runs."""
    return subprocess.Popen(
        [*command(processes), str(script)], env=environment(), stdout=subprocess.PIPE, text=True
    )


def command(processes: int) -> list[str]:
    """`narae launch` as the beginning of a command."""
    return [sys.executable, "-m", "narae", "launch", "--processes", str(processes)]


def written(folder: Path, body: str) -> Path:
    """A script that joins the job and then does `body`, with names of use."""
    head = """
import os, sys, numpy as np, narae
from narae import distribution, layers
distribution.initialize()
rank = int(os.environ["NARAE_PROCESS_ID"])
"""
    path = folder / "script.py"
    path.write_text(head + body, encoding="utf-8")
    return path
