"""Files: whole or not at all, and the folder for what can be made again."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from narae.base.language import mark

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PathLike = str | os.PathLike[str]


@contextmanager
def atomic_write(path: PathLike, mode: str = "wb", *, sync: bool = True) -> Iterator[IO[Any]]:
    """Open a file that appears under `path` only when the block ends well.

    The bytes go to a temporary name in the same folder, are flushed to the disk (unless
    `sync=False`, for caches that are verified when read) and take the place of `path` in one
    step. When the block raises, the old file stays as it was and the temporary one is removed. What a
    process leaves that is killed meanwhile goes at the next write of the same file.

    Raises ValueError for a mode other than "wb" or "w", OSError as `open` does.

    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_write(target, "w") as file:
    ...     _ = file.write("whole")
    ...     target.exists()
    False
    >>> target.read_text()
    'whole'
    """
    if mode not in ("wb", "w"):
        raise ValueError(f'atomic_write writes whole files: mode must be "wb" or "w", got {mode!r}')
    # A link keeps pointing where it did: the file it leads to is the one replaced.
    target = Path(os.path.realpath(path))
    _sweep(target)
    temporary, file = _temporary(target, mode)
    try:
        with file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
            if fcntl is not None:  # before it is closed: until then it is seen that we live
                os.replace(temporary, target)
        if fcntl is None:  # no open file can be renamed there
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _temporary(target: Path, mode: str) -> tuple[Path, IO[Any]]:
    """A new file beside the target, held: another process that finds it sees that its writer lives."""
    while True:
        path = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
        # "x" makes the file with the user's usual permissions, which mkstemp's 0600 would not.
        encoding = None if "b" in mode else "utf-8"
        file = open(path, mode.replace("w", "x"), encoding=encoding)  # noqa: SIM115
        if fcntl is None:
            return path, file
        with suppress(
            OSError
        ):  # a file system without locks: nobody takes it for a dead one's either
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()  # swept away between the two


def _sweep(target: Path) -> None:
    """Remove what writers of this file left that were killed: their locks went with them."""
    if fcntl is None:
        return
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.tmp")
    with suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(target.parent)):
            with suppress(OSError), open(target.parent / name, "rb", opener=_at_once) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(target.parent / name)


def _at_once(path: str, flags: int) -> int:
    """Open without waiting, should a pipe have the name."""
    return os.open(path, flags | os.O_NONBLOCK)


_KINDS = (
    (stat.S_ISDIR, mark("a folder")),
    (stat.S_ISFIFO, mark("a pipe")),
    (stat.S_ISSOCK, mark("a socket")),
    (stat.S_ISCHR, mark("a device")),
    (stat.S_ISBLK, mark("a device")),
)


def kind_of(path: Path) -> str | None:
    """What a path leads to when it is no file of data: "a pipe"; None for a file, or nothing."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return next((name for test, name in _KINDS if test(mode)), None)


def cache_dir() -> Path:
    """The folder for what can be made again: $NARAE_HOME, else $XDG_CACHE_HOME/narae, else
    ~/.cache/narae. It need not exist.

    >>> cache_dir().is_absolute()
    True
    """
    home = os.environ.get("NARAE_HOME")
    if home:
        return Path(home).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification says to ignore a relative path.
    root = Path(cache) if cache and os.path.isabs(cache) else Path.home() / ".cache"
    return root / "narae"
