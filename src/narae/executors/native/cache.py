"""Compiled kernels in the user's cache folder."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import llvmlite

from narae.executors.native.target import host

_HEADER = b"narae kernel 1\n"
_MOST = 4096  # files, of some 5 kB


def folder() -> Path:
    """Where compiled kernels are kept: NARAE_CACHE, else `narae/kernels` in the user's cache."""
    given = os.environ.get("NARAE_CACHE")
    if given:
        return Path(given)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "narae" / "kernels"


def name_of(key: str) -> str:
    """A kernel's name: a digest of its key, the processor and the code that writes kernels."""
    return "k" + hashlib.sha256(f"{_origin()}\n{key}".encode()).hexdigest()[:40]


@functools.cache
def _origin() -> str:
    target = host()
    here = Path(__file__).parent
    writers = hashlib.sha256()
    for path in sorted(here.glob("*.py")):
        writers.update(path.read_bytes())
    return "\n".join(
        [target.triple, target.cpu, target.features, llvmlite.__version__, writers.hexdigest()]
    )


@functools.cache
def _trusted(path: Path) -> bool:
    """Whether the folder is ours alone: code is read from it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError:
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def read(name: str) -> bytes | None:
    """A kernel's object file, None where there is none that is whole."""
    path = folder()
    if not _trusted(path):
        return None
    try:
        with open(path / name, "rb") as file:
            if sys.platform != "win32":
                found = os.fstat(file.fileno())
                if found.st_uid != os.getuid() or found.st_mode & 0o022:
                    return None
            data = file.read()
    except OSError:
        return None
    start = len(_HEADER) + 32
    if data[: len(_HEADER)] != _HEADER or data[len(_HEADER) : start] != _digest(name, data[start:]):
        return None
    return data[start:]


def write(name: str, code: bytes) -> None:
    """Keep a kernel. A folder that cannot be written is no error: it is compiled again."""
    path = folder()
    if not _trusted(path):
        return
    try:
        _prune(path)
        handle, temporary = tempfile.mkstemp(dir=path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_HEADER + _digest(name, code) + code)
            os.replace(temporary, path / name)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError:
        return


@functools.cache
def _prune(path: Path) -> None:
    """Once in a process that writes: keep no more files than a few versions of narae would leave."""
    files = sorted(path.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[:-_MOST]:
        file.unlink(missing_ok=True)


def _digest(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + code).digest()
