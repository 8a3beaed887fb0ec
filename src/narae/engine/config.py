"""Which executor runs compiled functions, and on how many threads."""

from __future__ import annotations

import importlib.util
import os

from narae.base import changes
from narae.base.errors import unknown_name
from narae.base.machine import usable_cores
from narae.executors import EXECUTORS, require

_chosen: list[str] = []
_threads: list[int] = []


def executor() -> str:
    """The name of the executor in use: the one set, else NARAE_EXECUTOR, else 'native' where
    llvmlite is installed, else 'numpy'. See `set_executor` for what they are.

    >>> executor() in ("native", "numpy")
    True
    """
    if _chosen:
        return _chosen[-1]
    given = os.environ.get("NARAE_EXECUTOR")
    if given:
        return _checked(given)
    return "native" if importlib.util.find_spec("llvmlite") else "numpy"


def set_executor(name: str) -> None:
    """Choose the executor for functions compiled from now on.

    Results agree up to rounding.

    Args:
        name: 'native', machine code for this processor, by llvmlite; 'numpy', NumPy alone, the reference;
            'xla', JAX, for GPUs and TPUs, which needs the extra `xla`.

    Raises:
        ValueError: it is another name.
        MissingExtra: 'xla' without JAX.

    >>> before = executor()
    >>> set_executor("numpy")
    >>> executor()
    'numpy'
    >>> set_executor(before)
    """
    require(_checked(name))
    _chosen[:] = [name]


def num_threads() -> int:
    """How many threads run a native program: the number set, else NARAE_NUM_THREADS, else one for each core
    that this process may use, by `taskset` and by a container's limit. Results do not depend on it.

    >>> num_threads() >= 1
    True
    """
    if _threads:
        return _threads[-1]
    given = os.environ.get("NARAE_NUM_THREADS")
    if given:
        return _positive(given)
    return usable_cores()


def set_num_threads(number: int) -> None:
    """Choose the number of threads for programs run from now on. Results do not depend on it. More threads than cores
    never work: what there is to do is shared out among those that have one.

    Args:
        number: a whole number of at least 1.

    Raises:
        ValueError: it is something else.

    >>> before = num_threads()
    >>> set_num_threads(1)
    >>> num_threads()
    1
    >>> set_num_threads(before)
    """
    _threads[:] = [_positive(number)]
    changes.note()


def _positive(number: int | str) -> int:
    try:
        found = int(number)
    except (TypeError, ValueError):
        found = 0
    if found < 1 or (isinstance(number, float) and found != number):
        raise ValueError(f"the number of threads is a whole number of at least 1, got {number!r}")
    return found


def _checked(name: str) -> str:
    if name not in EXECUTORS:
        raise unknown_name("executor", name, EXECUTORS)
    return name
