"""Messages of the map of digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from narae.app.bounds import Choice, Flag, Number
from narae.base.types import Json


@dataclass(frozen=True)
class Map:
    """What `map` asks for: a network and a layer of it (-1: pixels), a method, how many neighbours count, and
    whether the page still needs the images."""

    network: str
    layer: int
    method: str
    perplexity: float
    images: bool


@dataclass(frozen=True)
class Stop:
    """End the t-SNE that runs."""


@dataclass(frozen=True)
class Place:
    """A drawing to be placed in the map, ink (size, size) of bytes."""

    image: np.ndarray


def read_place(given: dict[str, Any], picture: Callable[[Json, int], np.ndarray]) -> Place:
    """A `place` message; picture: reads the ink of a size. Raises BadMessage."""
    size = Number(8, 128).check("size", given.get("size"))
    return Place(picture(given.get("image"), size))


def read_map(given: dict[str, Any], networks: tuple[str, ...]) -> Map:
    """A `map` message. Raises BadMessage."""
    return Map(
        Choice(networks).check("network", given.get("network")),
        Number(-1, 20).check("layer", given.get("layer")),
        Choice(("pca", "tsne")).check("method", given.get("method")),
        Number(2, 100, whole=False).check("perplexity", given.get("perplexity", 30)),
        Flag().check("images", given.get("images", False)),
    )
