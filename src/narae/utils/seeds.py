"""The state of a session: one seed for all randomness, and automatic names."""

from __future__ import annotations

import random

import numpy as np

from narae.base.names import reset_names
from narae.base.settings import DEFAULT_POLICY, enable_interactive_logging
from narae.random.keys import reset_global_seed


def set_random_seed(seed: int) -> None:
    """Fix Python's, NumPy's and narae's random numbers: the same seed gives the same bits.

    Args:
        seed: a whole number of at least 0.

    Raises:
        ValueError: it is something else.

    >>> set_random_seed(1)
    >>> a = np.random.rand()
    >>> set_random_seed(1)
    >>> a == np.random.rand()
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"a seed is a whole number of at least 0, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed) % 2**32)  # noqa: NPY002  what user code may draw from
    reset_global_seed()  # made anew, at its next use, from Python's generator


def clear_session(free_memory: bool = True) -> None:
    """Begin automatic names and the global random generator anew, and take back the default dtype policy.

    Args:
        free_memory: accepted for Keras's sake; Python frees what nothing refers to.

    >>> clear_session()
    """
    reset_names()
    reset_global_seed()
    DEFAULT_POLICY.clear()
    enable_interactive_logging()
