"""The zip file behind `.keras`, read with care: size, names and contents are checked before use."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from narae.saving.h5 import CorruptFile

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_JSON_LIMIT = 16 << 20  # a configuration of 16 MB would be some 10,000 layers
_PARTS_LIMIT = 400_000  # objects and lists in it: each takes far more memory than its two letters
_NAMES_LIMIT = 20_000  # objects to be made
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound
# What zipfile raises for damage depends on the byte that is damaged.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError, LookupError, OverflowError),
)
_RATIO_LIMIT = 200  # weights hardly compress; what unpacks to more is made to fill memory
_DEPTH_LIMIT = 200


class Archive:
    """An open `.keras` file."""

    def __init__(self, path: Path, file: zipfile.ZipFile, folder: Path) -> None:
        self._path, self._file, self._folder = path, file, folder

    def json(self, name: str) -> Any:
        """A JSON member. Raises CorruptFile when it is missing, too large, too deep or no JSON."""
        info = self._info(name, _JSON_LIMIT)
        try:
            text = self._file.read(info)
        except _DAMAGE as error:
            raise CorruptFile(f"{self._path}: {name} is damaged: {error}") from None
        if (
            text.count(b"[") + text.count(b"{") > _PARTS_LIMIT
            or text.count(b'"class_name"') > _NAMES_LIMIT
        ):
            raise CorruptFile(f"{self._path}: {name} has more parts than any model: refused")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CorruptFile(f"{self._path}: {name} is no sound JSON: {error}") from None
        _check_depth(data)
        return data

    def weights(self) -> Any:
        """The weights file, unpacked next to nothing else in a temporary folder."""
        info = self._info(WEIGHTS, None)
        target = self._folder / WEIGHTS
        try:
            with self._file.open(info) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
        except _DAMAGE as error:
            raise CorruptFile(f"{self._path}: {WEIGHTS} is damaged: {error}") from None
        return target

    def weights_size(self) -> int:
        """The bytes of the weights file when unpacked."""
        return self._info(WEIGHTS, None).file_size

    def _info(self, name: str, limit: int | None) -> zipfile.ZipInfo:
        try:
            info = self._file.getinfo(name)
        except KeyError:
            raise CorruptFile(
                f"{self._path} has no {name}: it is no `.keras` file of Keras 3 or narae"
            ) from None
        if info.compress_type not in _KINDS:
            raise CorruptFile(
                f"{self._path}: {name} is packed in a way that `.keras` files are not: refused"
            )
        if limit is not None and info.file_size > limit:
            raise CorruptFile(
                f"{self._path}: {name} claims {info.file_size:,} bytes, more than any model needs"
            )
        if info.file_size > (1 << 20) and info.file_size > _RATIO_LIMIT * max(
            info.compress_size, 1
        ):
            raise CorruptFile(
                f"{self._path}: {name} would unpack {info.compress_size:,} bytes to {info.file_size:,}: refused"
            )
        return info


def _check_depth(data: Any) -> None:
    todo = [(data, 0)]
    while todo:
        item, depth = todo.pop()
        if depth > _DEPTH_LIMIT:
            raise CorruptFile(f"the configuration is nested more than {_DEPTH_LIMIT} deep: refused")
        if isinstance(item, dict):
            todo += [(value, depth + 1) for value in item.values()]
        elif isinstance(item, list):
            todo += [(value, depth + 1) for value in item]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A `.keras` file, its list of members checked. Raises CorruptFile when it is no sound one."""
    if path.is_dir():
        raise CorruptFile(f"{path} is a folder; a `.keras` file is expected")
    try:
        file = zipfile.ZipFile(path)
    except PermissionError:
        raise
    except _DAMAGE as error:
        raise CorruptFile(
            f"{path} is no sound `.keras` file (a zip file; cut off while it was copied?): {error}"
        ) from None
    with file, tempfile.TemporaryDirectory(prefix="narae-") as folder:
        for info in file.infolist():
            parts = Path(info.filename.replace("\\", "/")).parts
            if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename:
                raise CorruptFile(
                    f"{path} has a member {info.filename!r} that points out of it: refused"
                )
        yield Archive(path, file, Path(folder))
