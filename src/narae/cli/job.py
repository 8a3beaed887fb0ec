"""What `narae train` is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """The flags of `train`. None: what suits the data."""

    epochs: int | None = None
    batch_size: int = 128
    units: int | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    seed: int = 1
    out: Path = Path(".")
    plot: bool = True
    validation: float = 0.1
    test: float = 0.2


@dataclass(frozen=True)
class Asked:
    """The flags that belong to one kind of data."""

    size: int = 32
    grey: bool | None = None
    target: str | None = None
    task: str | None = None
    ignore: Sequence[str] = ()
