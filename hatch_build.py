"""Build hook: no package leaves with a damaged data set."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = Path("src", "narae", "datasets", "data")


def verify(folder: Path) -> None:
    """Compare every file that SHA256SUMS names; ValueError names the damaged one and the mend."""
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split()
        got = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if got != expected:
            raise ValueError(
                f"{folder / name} is damaged: SHA-256 {got}, expected {expected}. "
                f"Restore it with `git checkout -- {DATA / name}`, or make it anew with "
                "tools/pack_mnist.py."
            )


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        verify(Path(self.root) / DATA)
