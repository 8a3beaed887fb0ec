"""Several processes as one job: which one this is, and what process 0 does for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from narae.executors import require

_place = [0, 1]  # this process, and how many there are
_told: Counter[str] = Counter()  # how often a word was exchanged: each time has a key of its own
_WAIT = 600.0  # seconds that a process waits for process 0 to write a file


def process_index() -> int:
    """Which process of the job this is, from 0.

    >>> process_index()
    0
    """
    return _place[0]


def process_count() -> int:
    """How many processes the job has.

    >>> process_count()
    1
    """
    return _place[1]


def leads() -> bool:
    """Whether this process is the one that writes files and shows progress.

    >>> leads()
    True
    """
    return _place[0] == 0


def joined(index: int, count: int) -> None:
    """Note that this process is one of several."""
    _place[:] = [index, count]


def runtime() -> Any:
    """JAX's side of it. Raises MissingExtra without JAX."""
    require("xla")
    from narae.executors.xla import processes

    return processes


def _key(what: str) -> str:
    _told[what] += 1
    return f"{what}/{_told[what]}"


@contextmanager
def written_once(what: str) -> Iterator[bool]:
    """Within it process 0 writes what all have; the others are here until it is done. Gives whether
    to write.

    Every process must come here, in the same order. Raises OSError in the others when process 0
    could not write.

    >>> with written_once("a file") as here:
    ...     here
    True
    """
    if process_count() == 1:
        yield True
        return
    key = _key(f"written/{what}")
    if not leads():
        yield False
        said = runtime().wait_for(key, _WAIT)
        if said:
            raise OSError(f"process 0 could not write {what}: {said}")
        return
    said = "it was interrupted"
    try:
        yield True
        said = ""
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise
    finally:
        runtime().tell(key, said)


def of_first(what: str, mine: str) -> str:
    """What process 0 has. Every process must ask."""
    if process_count() == 1:
        return mine
    key = _key(f"first/{what}")
    if not leads():
        return runtime().wait_for(key, _WAIT)
    runtime().tell(key, mine)
    return mine


def sizes(mine: int) -> list[int]:
    """A number of each process, by process. All of them must ask."""
    return [mine] if process_count() == 1 else runtime().gathered(mine)
