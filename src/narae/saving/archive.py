"""The zip file (or folder) behind `.keras`, read with care: size, names and contents are checked before use.

Nothing that the zip's directory says of sizes is believed: a member is read in pieces, and no more of it than
the file's own bytes can honestly hold.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from narae.base.files import kind_of
from narae.base.language import tr
from narae.saving.paths import CorruptFile, check_source

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_JSON_LIMIT = 16 << 20  # a configuration of 16 MB would be some 10,000 layers
_DIRECTORY_LIMIT = (
    1 << 20
)  # a list of members of 1 MB would be some 10,000 of them; there are three
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound
# What zipfile raises for damage depends on the byte that is damaged.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError, LookupError, OverflowError, NotImplementedError),
)
# Weights hardly compress; those of a model that has not trained are mostly zeros beside them.
_RATIO, _FREE = 8, 24 << 20
_PIECE = 1 << 18
_DEPTH_LIMIT = 200
_NAMES_LIMIT = 20_000  # objects to be made


class Written(zipfile.ZipFile):
    """A `.keras` file that is being written: nothing is added to it when it is let go, only when it is closed."""

    def __del__(self) -> None:
        """After an interrupt the file below it is closed, and gone, before Python collects this one."""


class Archive:
    """An open `.keras` file."""

    def __init__(self, path: Path, file: zipfile.ZipFile, folder: Path) -> None:
        self._path, self._file, self._folder = path, file, folder

    def json(self, name: str) -> Any:
        """A JSON member. Raises CorruptFile when it is missing, too large, too deep or no JSON."""
        most = min(
            _JSON_LIMIT, 40 * self._stored(name) + (1 << 18)
        )  # text packs well, but not more
        text = b"".join(self._pieces(name, most))
        return parsed(text, f"{self._path}: {name}", self._stored(name))

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return name in self._file.namelist()

    def weights(self) -> Path:
        """The weights file, unpacked next to nothing else in a temporary folder."""
        target = self._folder / WEIGHTS
        with open(target, "wb") as out:
            for piece in self._pieces(WEIGHTS, _RATIO * self._stored(WEIGHTS) + _FREE):
                out.write(piece)
        return target

    def _stored(self, name: str) -> int:
        """How many bytes a member takes, by its own word, but no more than the file has."""
        return min(self._info(name).compress_size, self._path.stat().st_size)

    def _pieces(self, name: str, limit: int) -> Iterator[bytes]:
        """The contents of a member. Raises CorruptFile beyond `limit` bytes, and for damage."""
        info, count = self._info(name), 0
        if info.flag_bits & 1:
            raise CorruptFile(
                tr("{path}: {name} is encrypted: refused", path=self._path, name=name)
            )
        if info.compress_type not in _KINDS:
            raise CorruptFile(
                tr(
                    "{path}: {name} is packed in a way that `.keras` files are not: refused",
                    path=self._path,
                    name=name,
                )
            )
        try:
            with self._file.open(info) as source:
                while piece := source.read(_PIECE):
                    count += len(piece)
                    if count > limit:
                        raise CorruptFile(
                            tr(
                                "{path}: {name} would unpack {stored:,} bytes to more than {limit:,}, more than any "
                                "model needs: refused",
                                path=self._path,
                                name=name,
                                stored=self._stored(name),
                                limit=limit,
                            )
                        )
                    yield piece
        except CorruptFile:
            raise
        except _DAMAGE as error:
            raise CorruptFile(
                tr(
                    "{path}: {name} is damaged: {reason}",
                    path=self._path,
                    name=name,
                    reason=_reason(error),
                )
            ) from None

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._file.getinfo(name)
        except KeyError:
            raise CorruptFile(
                tr(
                    "{path} has no {name}: it is no `.keras` file of Keras 3 or narae",
                    path=self._path,
                    name=name,
                )
            ) from None


class Folder:
    """A model saved as a folder (`zipped=False`), read like an archive."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def json(self, name: str) -> Any:
        """A JSON file of the folder. Raises CorruptFile as `Archive.json` does."""
        path = self._file(name)
        size = path.stat().st_size
        if size > _JSON_LIMIT:
            raise CorruptFile(
                tr(
                    "{path} has {size:,} bytes, more than any model needs: refused",
                    path=path,
                    size=size,
                )
            )
        return parsed(path.read_bytes(), str(path), size)

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self._path / name).is_file()

    def weights(self) -> Path:
        """The weights file."""
        return self._file(WEIGHTS)

    def _file(self, name: str) -> Path:
        path = self._path / name
        check_source(path, f"the {name} of a model")
        return path


def parsed(text: bytes, shown: str, stored: int) -> Any:
    """Data from JSON. stored: how many bytes of a file it takes. Raises CorruptFile for what is no sound
    JSON, and for more parts than the file's bytes can be: each takes far more memory than its letters."""
    parts = text.count(b",") + text.count(b"[") + text.count(b"{")
    if parts > 600_000 + stored // 16 or text.count(b'"class_name"') > _NAMES_LIMIT:
        raise CorruptFile(tr("{shown} has more parts than any model: refused", shown=shown))
    try:
        data = json.loads(text)
    except RecursionError:
        raise CorruptFile(
            tr(
                "{shown} is nested more than {DEPTH_LIMIT} deep: refused",
                shown=shown,
                DEPTH_LIMIT=_DEPTH_LIMIT,
            )
        ) from None
    except ValueError as error:
        raise CorruptFile(
            tr("{shown} is no sound JSON: {error}", shown=shown, error=error)
        ) from None
    _check_depth(data, shown)
    return data


def _check_depth(data: object, shown: str) -> None:
    todo = [(data, 0)]
    while todo:
        item, depth = todo.pop()
        if depth > _DEPTH_LIMIT:
            raise CorruptFile(
                tr(
                    "{shown} is nested more than {DEPTH_LIMIT} deep: refused",
                    shown=shown,
                    DEPTH_LIMIT=_DEPTH_LIMIT,
                )
            )
        if isinstance(item, dict):
            todo += [(v, depth + 1) for v in item.values() if isinstance(v, (dict, list))]
        elif isinstance(item, list):
            todo += [(v, depth + 1) for v in item if isinstance(v, (dict, list))]


class _Careful:
    """A file whose list of members is read, but no more of it than a list of members is long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.limit = file, _DIRECTORY_LIMIT

    def read(self, count: int = -1) -> bytes:
        """Some bytes. Raises BadZipFile beyond the limit."""
        if self.limit:
            left = os.fstat(self._file.fileno()).st_size - self._file.tell()
            wanted = left if count < 0 else min(count, left)
            if wanted > self.limit:
                raise zipfile.BadZipFile(
                    tr("its list of members would have {wanted:,} bytes", wanted=wanted)
                )
        return self._file.read(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def opened(path: Path) -> Iterator[Archive | Folder]:
    """A `.keras` file, its list of members checked. Raises CorruptFile when it is no sound one."""
    if kind_of(path) == "a folder" and (path / CONFIG).exists():
        yield Folder(path)
        return
    check_source(path)
    with open(path, "rb") as raw, tempfile.TemporaryDirectory(prefix="narae-") as folder:
        careful = _Careful(raw)
        try:
            if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
                raise zipfile.BadZipFile(tr("it is no file of data"))
            file = zipfile.ZipFile(careful)  # type: ignore[arg-type]
        except PermissionError:
            raise
        except _DAMAGE as error:
            raise CorruptFile(
                tr(
                    "{path} is no sound `.keras` file (a zip file; cut off while it was copied?): {reason}",
                    path=path,
                    reason=_reason(error),
                )
            ) from None
        careful.limit = 0
        with file:
            _check_names(path, file)
            yield Archive(path, file, Path(folder))


def _check_names(path: Path, file: zipfile.ZipFile) -> None:
    seen: set[str] = set()
    for info in file.infolist():
        parts = Path(info.filename.replace("\\", "/")).parts
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename:
            raise CorruptFile(
                tr(
                    "{path} has a member {filename!r} that points out of it: refused",
                    path=path,
                    filename=info.filename,
                )
            )
        if info.filename in seen:
            raise CorruptFile(
                tr(
                    "{path} has two members {filename!r}: refused",
                    path=path,
                    filename=info.filename,
                )
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise CorruptFile(
                tr(
                    "{path} has a member {filename!r} that is a link: refused",
                    path=path,
                    filename=info.filename,
                )
            )
        seen.add(info.filename)


def _reason(error: Exception) -> str:
    return str(error) or f"its bytes make no sense ({type(error).__name__})"
