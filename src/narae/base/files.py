"""Files: whole or not at all, and the folder for what can be made again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

PathLike = str | os.PathLike[str]


@contextmanager
def atomic_write(path: PathLike, mode: str = "wb", *, sync: bool = True) -> Iterator[IO[Any]]:
    """Open a file that appears under `path` only when the block ends well.

    The bytes go to a temporary name in the same folder, are flushed to the disk (unless
    `sync=False`, for caches that are verified when read) and take the place of `path` in one
    step. When the block raises, the old file stays as it was and the temporary one is removed.

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
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        # "x" makes the file with the user's usual permissions, which mkstemp's 0600 would not.
        with open(
            temporary, mode.replace("w", "x"), encoding=None if "b" in mode else "utf-8"
        ) as f:
            yield f
            f.flush()
            if sync:
                os.fsync(f.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


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
