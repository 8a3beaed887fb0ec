"""Runs that may take long, or never end: Python waits for them beside, so that Ctrl-C is heard.

Python hears an interrupt between its own instructions. While a thread is in a kernel there are none: a `while_loop`
whose test always holds would keep the process for ever.
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable

from narae.executors.native import tuning
from narae.executors.native.run import threads
from narae.graph.cost import flops
from narae.graph.ir import Node

_CALL = 5000  # multiplications: a step of a body takes some 50 nanoseconds, however small


def may_run_long(node: Node) -> bool:
    """Whether there is a loop in a node of which it is not known that it ends soon."""
    return node.op.inside is not None and _work(node) > tuning.LONG


def _work(node: Node) -> float:
    """A node's work in multiplications, as far as it is known: a loop without a limit has no end."""
    own = flops(node) / 2 + _CALL
    if node.op.inside is None:
        return own
    graphs = node.op.inside(node)
    rounds = graphs[0].times or 1
    if node.op.known == "while":
        limit = node.params["limit"]
        rounds = math.inf if limit is None else limit
    return max(own, rounds * sum(_work(n) for one in graphs for n in one.graph.nodes))


class _Asked:
    """What another thread does, unless it is called off before it begins."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.failed: BaseException | None = None
        self.off = False

    def __call__(self) -> None:
        try:
            if not self.off:
                self._work()
        except BaseException as error:
            self.failed = error


def wait_for(work: Callable[[], None], give_up: Callable[[], None]) -> None:
    """Let another thread do the work, and wait. Raises what it raises; on Ctrl-C it has `tuning.PATIENCE` to come to
    its end, then `give_up` is called until it does."""
    asked, ended = _Asked(work), queue.SimpleQueue[None]()
    try:
        threads.pool().ask(asked, 1, ended)
        while not _is_over(ended):
            continue
    except BaseException:
        asked.off = True
        patience = time.monotonic() + tuning.PATIENCE
        while not _is_over(ended):
            if time.monotonic() > patience:
                give_up()
        raise
    if asked.failed is not None:
        raise asked.failed


def _is_over(ended: threads.Ended) -> bool:
    """Whether the work came to its end within a moment."""
    try:
        ended.get(timeout=tuning.LOOK)
    except queue.Empty:
        return False
    return True
