"""Progbar: how far a loop is, in Keras's look."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from narae.base.language import tr
from narae.base.names import printable
from narae.base.settings import is_interactive_logging_enabled
from narae.distributed.processes import leads

Values = Mapping[str, Any] | Iterable[tuple[str, Any]] | Callable[[], Mapping[str, Any]] | None
_SHORTEST = 2e-5  # seconds: no step of a program takes less
_BOLD, _GREEN, _WHITE, _END = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """Progress of a loop: a live bar on a terminal or in a notebook, one plain line at the end
    elsewhere.

    Until the last step, which shows values as they are given, those not in `stateful_metrics` are averaged over
    the steps (or only those in `stateless_metrics`, when these are given instead). NO_COLOR in the environment
    turns colours off.

    Args:
        target: the number of steps; None when it is not known.
        width: columns of the bar.
        verbose: 0 is silent, 1 a bar, 2 one line at the end.
        interval: seconds between two drawings, at least.
        stateful_metrics: names of values that are shown as they are; None for none.
        stateless_metrics: names of the only values that are averaged; None for all but the stateful ones.
        unit_name: what a step is called.

    Raises:
        ValueError: both kinds of names are given.

    >>> bar = Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 0.5)])
    >>> bar.update(2, [("loss", 0.25)])
    2/2 - 0s - ...step - loss: 0.2500
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("give stateful_metrics or stateless_metrics, not both")
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, list[Any]] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._first: float | None = None  # when the first step was done, if it was told alone
        self._next = 0.0  # when the next drawing is due
        self._drawn = 0  # columns of the present line that are drawn on
        self._live, self._style = _terminal()

    def update(self, current: int, values: Values = None, finalize: bool | None = None) -> None:
        """Show that `current` steps are done.

        Args:
            current: steps done, from the beginning.
            values: (name, value) pairs, or a function that gives a dict by name, which is called only
                when the line is drawn.
            finalize: whether this is the last time; None: when `current` is the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        now = time.perf_counter()
        if self._first is None and current == 1:
            self._first = now
        lazy = callable(values)
        if values is not None and not lazy:
            self._count(values, current - self._seen, finalize)
        self._seen = current
        if not finalize and (now < self._next or self.verbose != 1 or not self._live):
            return
        if values is not None and lazy:
            self._sums.update({name: [value, None] for name, value in values().items()})  # type: ignore[operator]
        self._next = now + self.interval
        if self.verbose:
            self._draw(current, now - self._start, bool(finalize))

    def add(self, n: int, values: Values = None) -> None:
        """Show that more steps are done.

        Args:
            n: steps done since.
            values: as of `update`.
        """
        self.update(self._seen + n, values)

    def _count(self, values: Any, steps: int, last: bool) -> None:
        for name, value in values.items() if isinstance(values, Mapping) else values:
            stateless = self.stateless_metrics
            averaged = name not in self.stateful_metrics if stateless is None else name in stateless
            if last or not averaged:
                self._sums[name] = [value, None]
            else:
                weight = max(steps, 1)
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = [total + value * weight, count + weight]

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self, current: int, elapsed: float, last: bool) -> None:
        per_step, unit = self._per_step(current), tr(self.unit_name)
        if self.verbose == 2:
            head = f"{self._numbers(current)} - {elapsed:.0f}s - {duration(per_step)}/{unit}"
            self._write(f"{head}{self._metrics()}", "", last)
            return
        bold, end = (_BOLD, _END) if self._style else ("", "")
        waiting = (
            clock(per_step * (self.target - current))
            if self.target and not last
            else f"{elapsed:.0f}s"
        )
        head = f"{bold}{self._numbers(current)}{end}{self._bar(current)} {bold}{waiting}{end} "
        self._write(head, f"{duration(per_step)}/{unit}{self._metrics()}", last)

    def _numbers(self, current: int) -> str:
        if self.target is None:
            unknown = tr("Unknown")
            return f"{current:7d}/{unknown}" if self.verbose == 1 else f"{current}/{current}"
        return f"{current:{len(str(self.target))}d}/{self.target}"

    def _bar(self, current: int) -> str:
        if self.target is None:
            return ""
        full = (
            min(self.width, int(self.width * current / self.target)) if self.target else self.width
        )
        done, rest = "━" * full, "━" * (self.width - full)
        # without colours the two halves would look alike
        return (
            f" {_GREEN}{done}{_END}{_WHITE}{rest}{_END}"
            if self._style
            else f" {done}{'─' * len(rest)}"
        )

    def _per_step(self, current: int) -> float:
        """Seconds per step. The first one is left out once there are more, where it was told alone: it holds the
        compilation. Steps that were over when the first was told have no time of their own."""
        now = time.perf_counter()
        if self._first is not None and current > 1:
            rest = (now - self._first) / (current - 1)
            if rest >= _SHORTEST:
                return rest
        return (now - self._start) / max(current, 1)

    def _metrics(self) -> str:
        return "".join(
            f" - {printable(name)}: {number(value if count is None else value / max(count, 1))}"
            for name, (value, count) in self._sums.items()
        )

    def _write(self, head: str, tail: str, last: bool) -> None:
        visible = _visible(head) + len(tail)
        if self._live and not last:  # a line that wraps could not be drawn over
            import shutil  # start-up

            room = shutil.get_terminal_size().columns - 1
            tail = tail[: max(0, room - _visible(head))]
            visible = _visible(head) + len(tail)
        blank = " " * max(0, self._drawn - visible)
        start = "\r" if self._live and self.verbose == 1 else ""
        self._drawn = 0 if last else visible
        emit(f"{start}{head}{tail}{blank if start else ''}" + ("\n" if last else ""))


def emit(text: str) -> None:
    """Write to stdout at once, or to the log where that is asked for, in process 0 of a job."""
    if not leads():
        return
    if not is_interactive_logging_enabled():
        import logging  # start-up

        logging.getLogger("narae").info(text.strip())
    elif sys.stdout is not None:  # None: a program without a console
        _write(sys.stdout, text)


def _write(out: Any, text: str) -> None:
    """Signs that the encoding of `out` lacks are replaced."""
    try:
        out.write(text)
    except UnicodeEncodeError:
        plain = text.replace("━", "=").replace("─", ".")
        encoding = out.encoding or "ascii"
        out.write(plain.encode(encoding, errors="replace").decode(encoding))
    out.flush()


def _terminal() -> tuple[bool, bool]:
    """(whether a line can be drawn over, whether it may have colours)."""
    out = sys.stdout
    # A notebook's kernel has a stream of its own; a program that only imports one of its modules has not.
    in_notebook = type(out).__module__.partition(".")[0] == "ipykernel"
    live = in_notebook or bool(out is not None and hasattr(out, "isatty") and out.isatty())
    return live, live and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _visible(text: str) -> int:
    for code in (_BOLD, _GREEN, _WHITE, _END):
        text = text.replace(code, "")
    return len(text)


def number(value: Any) -> str:
    """A metric as Keras shows it: four places, or an exponent for what would be lost in them.

    >>> number(0.25), number(0.00002), number([1.0, 3.0])
    ('0.2500', '2.0000e-05', '2.0000')
    """
    try:
        value = float(np.mean(value))
    except (TypeError, ValueError):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 or not math.isfinite(value) else f"{value:.4e}"


def duration(seconds: float) -> str:
    """Seconds in the unit that fits.

    >>> duration(2.0), duration(0.004), duration(0.00002)
    ('2s', '4ms', '20us')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds * 1e6:.0f}us" if seconds >= 5e-7 else "<1us"


def clock(seconds: float) -> str:
    """A time to wait, as H:MM:SS, M:SS or seconds.

    >>> clock(5), clock(65), clock(3700)
    ('5s', '1:05', '1:01:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"
