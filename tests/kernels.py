"""Notebooks run in a kernel of their own, of this clone, in English."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).resolve().parents[1] / "src"


def execute(book: Any, folder: Path, *, allow_errors: bool = False) -> None:
    """Run the cells of a notebook, which then has what they gave. folder: where they run."""
    nbclient = pytest.importorskip("nbclient")
    client = nbclient.NotebookClient(
        book,
        timeout=300,
        kernel_name="python3",
        allow_errors=allow_errors,
        resources={"metadata": {"path": str(folder)}},
    )
    handler = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SOURCES))
        patch.setenv("NARAE_LANG", "en")
        patch.delenv("MPLBACKEND", raising=False)
        try:
            client.execute()
        finally:
            signal.signal(signal.SIGINT, handler)  # asyncio leaves its own
