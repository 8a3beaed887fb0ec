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
    return f"{kind()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def kind() -> str:
    """The processor: figures of another kind are kept beside this one's. Names such as "AMD EPYC" are
    given to many, so its family and model belong to it."""
    info = Path("/proc/cpuinfo")
    said = info.read_text().split("\n\n")[0].splitlines() if info.exists() else []
    facts = {key.strip(): value.strip() for key, _, value in (li.partition(":") for li in said)}
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    family, model = (facts.get(key, "?") for key in ("cpu family", "model"))
    return f"{facts['model name']} (family {family}, model {model})"


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
