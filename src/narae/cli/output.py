"""What the commands print, and the pictures they write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from narae.base.errors import MissingExtra


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


class Pictures:
    """The pictures of one command, in one folder. Without matplotlib the rest of the command still works,
    and the way to get pictures is said."""

    def __init__(self, folder: Path, wanted: bool) -> None:
        self._folder, self._wanted = folder, wanted
        self._written: list[Path] = []
        self._missing: MissingExtra | None = None

    def draw(self, name: str, draw: Callable[[Path], Any]) -> None:
        """Write one picture by `draw(path)`."""
        if not self._wanted or self._missing is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            draw(self._folder / name)
        except MissingExtra as error:
            self._missing = error
        else:
            self._written.append(self._folder / name)

    def report(self) -> None:
        """Say which pictures there are."""
        if self._missing is not None:
            say(f"no pictures: {self._missing}")
        for path in self._written:
            say(f"drew {path}")


def bar(share: float, width: int = 24) -> str:
    """A bar of text for a share in [0, 1].

    >>> bar(0.5, 4)
    '██  '
    """
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + " " * (width - full)
