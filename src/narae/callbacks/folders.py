"""Folders that callbacks write to, checked before training begins rather than after an epoch."""

from __future__ import annotations

import os
from pathlib import Path

from narae.base.files import PathLike


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
