"""HDF5 files read with care: links, external data and shapes that lie are refused."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from narae.base.dtypes import np_dtype
from narae.saving.paths import CorruptFile

if TYPE_CHECKING:
    import h5py

    from narae.base.types import DTypeLike, PathLike, TensorLike


class MissingVariable(ValueError, KeyError):
    """A variable that a file does not have."""

    __str__ = Exception.__str__  # a KeyError would put it in quotes


def hdf5() -> ModuleType:
    """h5py, which many programs never need: it loads with the first file."""
    import h5py

    return h5py


def open_for_reading(source: PathLike, shown: str) -> Any:
    """An HDF5 file. Raises CorruptFile when it is none or was cut off."""
    try:
        _check_heaps(source)
        return hdf5().File(source, "r")
    except (OSError, ValueError, RuntimeError) as error:
        raise CorruptFile(
            f"{shown} is no sound HDF5 file (cut off while it was copied?): {error}"
        ) from None


def _check_heaps(source: PathLike) -> None:
    """Look over the heaps that texts lie in: HDF5's own reading goes on for ever at an entry without a
    length. Raises ValueError for one."""
    with open(source, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise ValueError("the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(b"GCOL\x01\0\0\0")
            while at >= 0:
                _check_heap(data, at)
                at = data.find(b"GCOL\x01\0\0\0", at + 8)


def _check_heap(data: mmap.mmap, at: int) -> None:
    if at + 16 > len(data):
        return
    end = at + min(int.from_bytes(data[at + 8 : at + 16], "little"), len(data) - at)
    at += 16
    while at + 16 <= end:
        index, size = struct.unpack_from("<H6xQ", data, at)
        step = 16 + -(-size // 8) * 8 if index else size
        if not 0 < step <= end - at:
            raise ValueError("a heap of texts in it is damaged")
        at += step


class Writer(MutableMapping[str, Any]):
    """The `vars` group of one part, for `save_own_variables`."""

    def __init__(self, file: h5py.Group, path: str, name: str) -> None:
        self._group = file.require_group(f"{path}/vars" if path else "vars")
        self._group.attrs["name"] = name

    def __setitem__(self, key: str, value: TensorLike) -> None:
        data = np.asarray(value)
        if data.dtype.name == "bfloat16":  # HDF5 has no such type: its bits, and a note
            item = self._group.create_dataset(key, data=data.view(np.uint16))
            item.attrs["dtype"] = "bfloat16"
            return
        self._group.create_dataset(key, data=data)

    def __getitem__(self, key: str) -> Any:
        return cast("h5py.Dataset", self._group[key])[()]

    def __delitem__(self, key: str) -> None:
        del self._group[key]

    def __iter__(self) -> Iterator[str]:
        return (str(name) for name in self._group)

    def __len__(self) -> int:
        return len(self._group)


class Stored:
    """One stored array: its shape is known, and that the file has its bytes, before anything is read."""

    def __init__(self, dataset: h5py.Dataset, shown: str) -> None:
        self._dataset, self._shown = dataset, shown
        kind = dataset.dtype
        if kind.kind not in "biufV" or kind.hasobject:
            raise CorruptFile(f"{shown} holds no numbers (dtype {kind})")
        if dataset.shape is None:
            raise CorruptFile(f"{shown} is empty")
        self.shape: tuple[int, ...] = tuple(dataset.shape)
        if dataset.external or dataset.is_virtual:
            raise CorruptFile(f"{shown} points to data outside of the file: refused")
        needed = int(np.prod(self.shape, dtype=object)) * kind.itemsize
        stored = min(int(dataset.id.get_storage_size()), _file_size(dataset))
        _check_layout(dataset, needed, stored, shown)
        self._bits = text_attribute(dataset, "dtype") == "bfloat16" and kind.kind in "uV"
        self.dtype = np_dtype("bfloat16") if self._bits else kind

    def read_into(self, array: np.ndarray) -> None:
        """Read the numbers into an array of this shape, cast to its dtype."""
        try:
            if not self._bits and array.dtype == self._dataset.dtype and array.size:
                self._dataset.read_direct(array)
                return
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise CorruptFile(f"{self._shown} is damaged: {_reason(error)}") from None
        np.copyto(array, np.asarray(self), casting="unsafe")

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        try:
            data = np.asarray(self._dataset[()])
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise CorruptFile(f"{self._shown} is damaged: {_reason(error)}") from None
        if self._bits:
            data = data.view(np_dtype("bfloat16"))
        return data if dtype is None else data.astype(dtype)


_FILTERS = frozenset({1, 2, 3, 32000})  # deflate, shuffle, checksums, LZF: what h5py itself has
_CHUNK = 4 << 20


def _file_size(dataset: h5py.Dataset) -> int:
    return int(dataset.file.id.get_filesize())


def _check_layout(dataset: h5py.Dataset, needed: int, stored: int, shown: str) -> None:
    """Whether the file can have the bytes that a shape needs. Raises CorruptFile."""
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if not set(filters) <= _FILTERS:
        raise CorruptFile(f"{shown} is packed by a filter that h5py has not: refused")
    # chunks of a compressed array need few bytes in the file: deflate reaches about 1030 to one
    most = stored * (1100 if filters else 1)
    if needed > 4096 and most < needed:
        raise CorruptFile(
            f"{shown} claims shape {tuple(dataset.shape)} ({needed:,} bytes) but has {stored:,} bytes"
        )
    if dataset.chunks is not None:
        chunk = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
        if chunk > max(_CHUNK, 4 * needed):
            raise CorruptFile(f"{shown} is cut in pieces of {chunk:,} bytes: refused")


def text_attribute(thing: h5py.Group | h5py.Dataset, name: str, limit: int = 1 << 16) -> str | None:
    """An attribute that is one text, None where there is none or it is something else. Raises CorruptFile
    for one of more than `limit` bytes."""
    if name not in thing.attrs:
        return None
    value = attribute(thing, name, limit)
    value = (
        value.item() if isinstance(value, (np.ndarray, np.generic)) and value.size == 1 else value
    )
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def attribute(thing: h5py.Group | h5py.Dataset, name: str, limit: int) -> Any:
    """An attribute's value. Raises CorruptFile for one of more than `limit` bytes."""
    found = thing.attrs.get_id(name)
    size = int(np.prod(found.shape, dtype=object)) * max(found.dtype.itemsize, 1)
    if size > limit or (size and int(found.get_storage_size()) > limit):
        raise CorruptFile(f"the attribute {name!r} claims {size:,} bytes: refused")
    return thing.attrs[name]


def _reason(error: Exception) -> str:
    return str(error) or f"its bytes make no sense ({type(error).__name__})"


class Reader:
    """The `vars` group of one part, for `load_own_variables`; empty where the file has none."""

    def __init__(self, file: h5py.Group, path: str, shown: str) -> None:
        self._shown = f"{shown}: {path or 'the model'}"
        self._group = group_in(file, f"{path}/vars" if path else "vars", self._shown)

    def __len__(self) -> int:
        return 0 if self._group is None else len(self._group)

    def keys(self) -> list[str]:
        """The names of the stored arrays."""
        return [] if self._group is None else list(self._group)

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __getitem__(self, key: str) -> Stored:
        if self._group is None or key not in self._group:
            raise MissingVariable(f"{self._shown} has no variable {key}")
        return stored_in(self._group, key, self._shown)


def stored_in(group: h5py.Group, path: str, shown: str) -> Stored:
    """The array at a path within a group. Raises CorruptFile when there is none, or a link leads to it."""
    *folders, name = path.split("/")
    for folder in folders:
        inner = group_in(group, folder, shown)
        if inner is None:
            raise CorruptFile(f"{shown} has no variable {path}")
        group = inner
    if not name or name not in group:
        raise CorruptFile(f"{shown} has no variable {path}")
    _real(group, name, shown)
    found = group[name]
    if not isinstance(found, hdf5().Dataset):
        raise CorruptFile(f"{shown}: {path} is no array")
    return Stored(cast("h5py.Dataset", found), f"{shown}: variable {path}")


def group_in(file: h5py.Group, path: str, shown: str) -> Any:
    """The group at a path, None where there is none. Raises CorruptFile where a link leads to it."""
    group = file
    for name in path.split("/"):
        if name not in group:
            return None
        _real(group, name, shown)
        inner = group[name]
        if not isinstance(inner, hdf5().Group):
            raise CorruptFile(f"{shown}: {name} is no group")
        group = cast("h5py.Group", inner)
    return group


def _real(group: h5py.Group, name: str, shown: str) -> None:
    """Raise CorruptFile for a link that leads elsewhere, perhaps out of the file."""
    if not isinstance(group.get(name, getlink=True), hdf5().HardLink):
        raise CorruptFile(f"{shown}: {name} is a link to another place: refused")
