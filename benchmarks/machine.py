"""The machine, and how much room packages take on it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from packaging.requirements import Requirement

SOURCES = Path(__file__).parent.parent / "src"


def machine() -> str:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def installed_mb(packages: str) -> float:
    """The size of packages and of all that they need, as installed here."""
    seen: dict[str, float] = {}
    todo = packages.split()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        found = importlib.metadata.distribution(name)
        seen[name] = own_mb(found)
        needs = map(Requirement, found.requires or ())
        todo += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    return sum(seen.values())


def own_mb(found: importlib.metadata.Distribution) -> float:
    """The size of one package's files."""
    if found.metadata["Name"] == "narae":  # installed in place: a wheel holds its sources
        files = [path for path in SOURCES.rglob("*") if path.suffix != ".pyc"]
    else:
        files = [Path(str(found.locate_file(file))) for file in found.files or ()]
    return sum(path.stat().st_size for path in files if path.is_file()) / 2**20
