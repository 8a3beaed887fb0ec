"""Seeds and keys: where randomness comes from, explicitly; the orders of data too."""

from __future__ import annotations

import random
from typing import Any, TypeAlias

import numpy as np

from narae.base.copying import Copied
from narae.base.errors import unknown_arguments
from narae.base.names import auto_name, name_scope
from narae.base.registry import builtin
from narae.base.types import AnyTensor, Array, Config, Seed
from narae.engine.scope import eagerly
from narae.engine.variable import Variable
from narae.tensor.tensor import Tensor, as_tensor, tensor_of

# What functions take as `seed`: a seed, or a key of two uint32 words, used as it is.
SeedLike: TypeAlias = "Seed | AnyTensor | Array"


def make_default_seed() -> int:
    """A seed from Python's generator, which `set_random_seed` fixes."""
    return random.randint(1, int(1e9))


@builtin("keras.random")
class SeedGenerator(Copied):
    """A stream of keys: a seed and a counter, kept in a variable so that a traced step advances it.

    Args:
        seed: the seed, a whole number of at least 0; None: a new one, from Python's generator, which
            `narae.utils.set_random_seed` fixes.
        name: its name, by which its state is found in files; None: "seed_generator" with a number.

    Raises:
        ValueError: the seed is none, or there are other arguments.

    >>> g = SeedGenerator(7)
    >>> g.next().tolist(), g.next().tolist()
    ([7, 0], [7, 1])
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise unknown_arguments("SeedGenerator", kwargs, SeedGenerator.__init__)
        self._initial_seed = (
            seed  # None says in a config that each that is made of it draws its own
        )
        seed = make_default_seed() if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ValueError(f"a seed is a whole number of at least 0, got {seed!r}")
        self.name = name or auto_name("seed_generator")
        low = np.array([seed % 2**32, 0], np.uint32)
        with name_scope(self.name):
            self.state = Variable(low, dtype="uint32", trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Tensor:
        """The next key, used once.

        Args:
            ordered: has no effect: keys are always drawn one after another.

        Returns: two uint32 words, (2,).
        """
        key = self.state.value
        self.state.assign(key + tensor_of(np.array([0, 1], np.uint32)))
        return key

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        seed = self._initial_seed
        return {"seed": None if seed is None else int(seed), "name": self.name}

    @classmethod
    def from_config(cls, config: Config) -> SeedGenerator:
        """The generator that `get_config` described."""
        return cls(**config)


_global: list[SeedGenerator] = []


def global_seed_generator() -> SeedGenerator:
    """The generator behind random functions that are called without a seed."""
    if not _global:
        _global.append(SeedGenerator(name="global_seed_generator"))
    return _global[0]


def reset_global_seed() -> None:
    """Begin the global generator anew, as Python's generator says, which goes on as if it was not asked.

    The variable stays the same one: programs that are compiled hold it.
    """
    asked = random.Random()
    asked.setstate(random.getstate())
    seed = asked.getrandbits(32)
    if not _global:
        _global.append(SeedGenerator(seed, name="global_seed_generator"))
    with eagerly():
        _global[0].state.assign(np.array([seed, 0], np.uint32))


def draw_key(seed: SeedLike = None) -> Tensor:
    """A key, two uint32 words, from what functions take as `seed`: None, an int (the same key each time), a
    SeedGenerator, or a key itself. Raises ValueError for others."""
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return tensor_of(np.array([int(seed) % 2**32, 0], np.uint32))
    if not hasattr(seed, "shape"):
        raise ValueError(f"a seed is None, an int, a SeedGenerator or a key, got {seed!r}")
    key = as_tensor(seed, "uint32")
    if key.shape != (2,):
        raise ValueError(
            f"a seed is None, an int, a SeedGenerator or a key of two words, got {seed!r} of shape "
            f"{key.shape}"
        )
    return key


def shuffle_rows(rows: np.ndarray, seed: int, passed: int) -> None:
    """Shuffle numbers (n,) in place, for pass `passed` over the data.

    >>> rows = np.arange(5)
    >>> shuffle_rows(rows, seed=1, passed=0)
    >>> sorted(rows.tolist())
    [0, 1, 2, 3, 4]
    """
    key = np.array([seed, passed], np.uint64)
    np.random.Generator(np.random.Philox(key=key)).shuffle(rows)
