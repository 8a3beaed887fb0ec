"""Compiled kernels in the user's cache folder, and beside them the machine's rates.

Nothing that lies there is believed before it is looked at: what is no plain file of ours, or not whole, is
as good as not there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from narae.base import machine
from narae.base.machine import Machine, Rates, processor_signature
from narae.executors.native.jit.target import host

_HEADER = b"narae kernel 1\n"
_MOST = 4096  # files, of some 5 kB
_LARGEST = 1 << 24  # bytes of a file: a hundred times the largest kernel
_ABANDONED = 3600  # seconds after which nobody still writes a file
_KERNEL, _UNFINISHED = re.compile(r"k[0-9a-f]{40}"), re.compile(r"\.k.*\.part")


def folder() -> Path | None:
    """Where compiled kernels are kept: NARAE_CACHE, with ~ and $NAME for what they stand for, else
    `narae/kernels` in the user's cache. None where there is no such place."""
    given = os.environ.get("NARAE_CACHE")
    if given:
        path = os.path.expandvars(os.path.expanduser(given))
        unknown = path.startswith("~") or (path == os.path.expandvars(path) and "$" in path)
        return None if unknown else Path(os.path.abspath(path))
    try:
        return _of_user() / "narae" / "kernels"
    except RuntimeError:  # nobody's home
        return None


def _of_user() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    given = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return given if given.is_absolute() else Path.home() / ".cache"


def name_of(text: str) -> str:
    """A kernel's name: a digest of its IR, and of all else that its machine code depends on."""
    return "k" + hashlib.sha256(f"{_origin()}\n{text}".encode()).hexdigest()[:40]


@functools.cache
def _origin() -> str:
    return str(host())


def _trusted() -> Path | None:
    """The folder, where it is ours alone: code is read from it."""
    path = folder()
    if path is None:
        return None
    try:
        if not path.exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except (OSError, ValueError):  # ValueError: no name of a file
        return None
    return path if stat.S_ISDIR(found.st_mode) and _ours(found) else None


def _ours(found: os.stat_result) -> bool:
    """Whether it belongs to us and nobody else may write it."""
    if sys.platform == "win32":
        return True
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def read(names: Iterable[str]) -> dict[str, bytes]:
    """The object files of those kernels that are there and whole."""
    path = _trusted()
    found = {} if path is None else {name: _read(os.path.join(path, name), name) for name in names}
    return {name: code for name, code in found.items() if code is not None}


def _read(path: str, name: str) -> bytes | None:
    try:
        data = _contents(path)
    except OSError:
        return None
    start = len(_HEADER) + 32
    if data[: len(_HEADER)] != _HEADER or data[len(_HEADER) : start] != _digest(name, data[start:]):
        return None
    return data[start:]


def _contents(path: str) -> bytes:
    """What is in a plain file of ours; nothing of a pipe, a device, a link or what is too large."""

    def fits(found: os.stat_result) -> bool:
        return stat.S_ISREG(found.st_mode) and _ours(found) and found.st_size <= _LARGEST

    if not fits(os.lstat(path)):
        return b""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        return file.read(_LARGEST) if fits(os.fstat(file.fileno())) else b""


def write(name: str, code: bytes) -> None:
    """Keep a kernel. A folder that cannot be written is no error: it is compiled again."""
    path = _trusted()
    if path is None or len(code) > _LARGEST - 100:
        return
    try:
        _prune(path)
        handle, temporary = tempfile.mkstemp(prefix=".k", suffix=".part", dir=path)
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
    """Once in a process that writes: keep no more kernels than a few versions of narae would leave,
    and nothing that a process left unfinished. Other files in the folder are not ours to remove."""
    kernels, abandoned, now = [], [], time.time()
    with os.scandir(path) as entries:
        for entry in entries:
            kernel = _KERNEL.fullmatch(entry.name)
            if not kernel and not _UNFINISHED.fullmatch(entry.name):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:  # another process was faster
                continue
            if not stat.S_ISREG(found.st_mode):
                continue
            if kernel:
                kernels.append((found.st_mtime, entry.path))
            elif now - found.st_mtime > _ABANDONED:
                abandoned.append(entry.path)
    for file in [*abandoned, *(p for _, p in sorted(kernels)[:-_MOST])]:
        try:
            os.unlink(file)
        except OSError:
            continue


def _digest(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + code).digest()


# -- rates --------------------------------------------------------------------------------------------


def name_of_rates(here: Machine) -> str:
    """The file's name: of this processor, these caches and so many cores. Another machine has another."""
    known = f"1 {processor_signature()} {host().features} {here.cores} {here.caches}"
    return "m" + hashlib.sha256(known.encode()).hexdigest()[:40]


def read_rates() -> Rates | None:
    """The rates that were kept of this machine, if they are there and whole and can be true."""
    name = name_of_rates(machine.here())
    data = read([name]).get(name)
    if data is None:
        return None
    try:
        return _decoded(json.loads(data))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _decoded(found: Any) -> Rates:
    others = ("reads", "memory")
    numbers = {name: float(found[name]) for name in Rates.__annotations__ if name not in others}
    reads = tuple(float(rate) for rate in found["reads"])
    return Rates(reads=reads, memory=found["memory"], **numbers)


def keep_rates(rates: Rates) -> None:
    """Keep them for other processes. A folder that cannot be written is no error."""
    write(name_of_rates(machine.here()), json.dumps(asdict(rates)).encode())


@functools.cache
def adopt() -> None:
    """Know the rates that were kept, once in a process: before the first program is made."""
    rates = read_rates()
    if rates is not None:
        machine.learn(rates)
