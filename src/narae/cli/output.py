"""What the commands print, and the pictures they write."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from narae.base.errors import MissingExtra
from narae.base.language import tr
from narae.base.names import printable

_TRIED = 1 << 16  # bytes: a disk that is full takes an empty file


def say(line: str) -> None:
    """Print at once; control characters other than the line's end as escapes."""
    print("\n".join(printable(part) for part in line.split("\n")), flush=True)


def complain(line: str) -> None:
    """A line for standard error: what was left out, or went wrong, while the work goes on."""
    print("narae:", printable(" ".join(line.split())), file=sys.stderr, flush=True)


def check_writable(folder: Path, *names: str) -> None:
    """Make the folder of results, and see that a file can be written there: before the work, whose results
    would be lost. names: of files to come, in whose place a folder may stand. Raises OSError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIED))
            file.flush()
        for name in names:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    except OSError as error:
        raise OSError(
            tr(
                "no files can be written into {folder}: {reason}; --out takes another folder",
                folder=error.filename if isinstance(error, IsADirectoryError) else folder,
                reason=error.strerror,
            )
        ) from error


class Pictures:
    """The pictures of one command, in one folder. Without matplotlib the rest of the command still works,
    and the way to get pictures is said."""

    def __init__(self, folder: Path, wanted: bool) -> None:
        if wanted:
            check_writable(folder)
        self._folder, self._wanted = folder, wanted
        self._written: list[Path] = []
        self._missing: MissingExtra | None = None

    @property
    def written(self) -> list[Path]:
        """Those that were drawn."""
        return list(self._written)

    def draw(self, name: str, draw: Callable[[Path], Any]) -> None:
        """Write one picture by `draw(path)`."""
        if not self._wanted or self._missing is not None:
            return
        try:
            draw(self._folder / name)
        except MissingExtra as error:
            self._missing = error
        else:
            self._written.append(self._folder / name)

    def report(self) -> None:
        """Say which pictures there are."""
        if self._missing is not None:
            say(tr("no pictures: {reason}", reason=self._missing))
        for path in self._written:
            say(tr("drew {path}", path=path))


def bar(share: float, width: int = 24) -> str:
    """A bar of text for a share in [0, 1].

    >>> bar(0.5, 4)
    '██  '
    """
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + " " * (width - full)
