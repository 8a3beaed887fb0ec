"""Initializer, and the base of the random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, DTypeLike, Seed
from narae.random.keys import SeedGenerator, draw_key, make_default_seed
from narae.tensor.tensor import Tensor


class Initializer:
    """A function (shape, dtype) -> tensor, from which a variable begins. Subclasses define `__call__` and
    `get_config`.

    >>> from narae import ops
    >>> class Halves(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return ops.full(shape, 0.5, dtype)
    >>> Halves()((2,)).tolist()
    [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        """The tensor to start from."""
        raise NotImplementedError(
            f"{type(self).__name__} defines no __call__(self, shape, dtype=None)"
        )

    def get_config(self) -> Config:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The initializer that `get_config` described."""
        return cls(**config)

    def clone(self) -> Self:
        """Another one with the same arguments."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class RandomInitializer(Initializer):
    """Base of random initializers. Without a seed one is drawn once: the same object gives the same values
    again and again, as Keras's do; a SeedGenerator gives new ones at each call."""

    def __init__(self, seed: Seed = None) -> None:
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        self._given_seed = seed
        self.seed = make_default_seed() if seed is None else seed
        if isinstance(self.seed, bool) or not isinstance(self.seed, (int, SeedGenerator)):
            raise ValueError(f"seed is None, a whole number or a SeedGenerator, got {seed!r}")

    def key(self) -> Any:
        """The key of this call."""
        return draw_key(self.seed)

    def get_config(self) -> Config:
        """The constructor's arguments; the seed as it was given, so that a clone of one without a seed
        draws its own."""
        return {"seed": serialize_keras_object(self._given_seed)}
