"""Folders that callbacks write to, checked before training begins rather than after an epoch."""

from __future__ import annotations

import os
from pathlib import Path

from narae.base.files import PathLike, kind_of


def check_log(path: Path, purpose: str) -> None:
    """Before a file is opened that grows row by row. Raises an error that names it for a folder, a socket, and a
    pipe that nobody reads, at which opening would wait for ever."""
    kind = kind_of(path)
    if kind == "a folder":
        raise IsADirectoryError(f"{purpose} writes a file, {path} is a folder")
    if kind == "a socket":
        raise ValueError(f"{purpose} writes a file, {path} is a socket")
    if kind == "a pipe":
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            raise ValueError(f"{purpose}: {path} is a pipe that nobody reads") from error


def writable_folder(folder: PathLike, purpose: str) -> Path:
    """The folder, made if it is missing. Raises OSError that names it when nothing can be written
    there."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(
            error.errno, f"{purpose} cannot make the folder {path}: {error.strerror}"
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{purpose} cannot write to the folder {path}: no permission. Name another folder, or "
            "change its permissions"
        )
    return path
