"""Paths of files: what is there is looked at before it is opened, so that nothing waits for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from narae.base.files import kind_of
from narae.base.language import tr

if TYPE_CHECKING:
    from narae.base.types import PathLike


class MissingFile(FileNotFoundError, ValueError):
    """A file that is not there: a ValueError too, as in Keras."""


class CorruptFile(ValueError):
    """A file that is damaged, or that was made to do harm."""


def as_path(filepath: PathLike) -> Path:
    """A path from a string or a path, `~` expanded. Raises TypeError for anything else."""
    if not isinstance(filepath, (str, bytes, os.PathLike)):
        raise TypeError(
            tr("a path is a string or a pathlib.Path, got {filepath!r:.80}", filepath=filepath)
        )
    path = Path(os.fsdecode(filepath))
    return path.expanduser() if str(path).startswith("~") else path


def check_source(path: Path, what: str = "a `.keras` file") -> None:
    """Before a file is read. Raises MissingFile (a FileNotFoundError and ValueError) where there is none,
    CorruptFile for a folder, a pipe or a device, PermissionError for a file that may not be read."""
    try:
        there = path.exists()
    except (OSError, ValueError) as error:  # a name that is too long, or with a zero byte
        raise MissingFile(
            tr("File not found: filepath={path}: {error}", path=path, error=error)
        ) from None
    if not there:
        fix = tr("; it is a link that leads nowhere") if path.is_symlink() else ""
        raise MissingFile(
            tr("File not found: filepath={path}: there is no file {path}{fix}", path=path, fix=fix)
        )
    kind = kind_of(path)
    if kind is not None:
        raise CorruptFile(
            tr("{path} is {kind}; {what} is expected", path=path, kind=tr(kind), what=tr(what))
        )
    if not os.access(path, os.R_OK):
        raise PermissionError(
            tr("{path} may not be read: its permissions do not allow it", path=path)
        )


def check_target(path: Path, overwrite: bool) -> None:
    """Before a file is written. Raises an error that names the folder or file when `path` cannot be."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            tr(
                "cannot write {path}: the folder {parent} is not there; make it first",
                path=path,
                parent=path.parent,
            )
        )
    kind = kind_of(path)
    if kind is not None:
        error = IsADirectoryError if kind == "a folder" else ValueError
        raise error(tr("cannot write {path}: it is {kind}", path=path, kind=tr(kind)))
    if path.exists() and not overwrite:
        raise FileExistsError(tr("{path} is there already; overwrite=True replaces it", path=path))
