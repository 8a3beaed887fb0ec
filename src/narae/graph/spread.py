"""How a program's values lie over several devices, told to the executor without its words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Mesh(Protocol):
    """Devices by name, in a grid whose axes have names."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def axis_names(self) -> tuple[str, ...]: ...
    @property
    def devices(self) -> np.ndarray: ...


Axes = tuple[str | None, ...]  # for each axis of a value, the mesh's axis that splits it


class Layout(Protocol):
    """How one value lies over a mesh."""

    @property
    def axes(self) -> Axes: ...
    @property
    def device_mesh(self) -> Mesh | None: ...


@dataclass(frozen=True, eq=False)
class Spread:
    """The layouts of a program's inputs and state, in its plan's order."""

    mesh: Mesh
    inputs: Sequence[Axes]
    state: Sequence[Axes]
    processes: int = 1
