"""HDF5 files read with care: links, external data and shapes that lie are refused."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import numpy as np

from narae.base.dtypes import np_dtype


class CorruptFile(ValueError):
    """A file that is damaged, or that was made to do harm."""


class MissingVariable(ValueError, KeyError):
    """A variable that a file does not have."""

    __str__ = Exception.__str__  # a KeyError would put it in quotes


def open_for_reading(source: Any, shown: str) -> Any:
    """An HDF5 file. Raises CorruptFile when it is none or was cut off."""
    import h5py

    try:
        return h5py.File(source, "r")
    except (OSError, ValueError, RuntimeError) as error:
        raise CorruptFile(
            f"{shown} is no sound HDF5 file (cut off while it was copied?): {error}"
        ) from None


class Writer(MutableMapping[str, Any]):
    """The `vars` group of one part, for `save_own_variables`."""

    def __init__(self, file: Any, path: str, name: str) -> None:
        self._group = file.require_group(f"{path}/vars" if path else "vars")
        self._group.attrs["name"] = name

    def __setitem__(self, key: str, value: Any) -> None:
        data = np.asarray(value)
        if data.dtype.name == "bfloat16":  # HDF5 has no such type: its bits, and a note
            item = self._group.create_dataset(key, data=data.view(np.uint16))
            item.attrs["dtype"] = "bfloat16"
            return
        self._group.create_dataset(key, data=data)

    def __getitem__(self, key: str) -> Any:
        return self._group[key][()]

    def __delitem__(self, key: str) -> None:
        del self._group[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class Stored:
    """One stored array: its shape is known before anything is read."""

    def __init__(self, dataset: Any, shown: str) -> None:
        self._dataset, self._shown = dataset, shown
        self.shape: tuple[int, ...] = tuple(dataset.shape or ())
        kind = dataset.dtype
        if kind.kind not in "biufV" or kind.hasobject:
            raise CorruptFile(f"{shown} holds no numbers (dtype {kind})")
        if dataset.external or dataset.is_virtual:
            raise CorruptFile(f"{shown} points to data outside of the file: refused")
        # chunks of a sparse or compressed array need few bytes in the file for any shape
        stored = int(dataset.id.get_storage_size())
        needed = int(np.prod(self.shape, dtype=object)) * kind.itemsize
        if needed > 4096 and stored * 1100 < needed:  # deflate reaches about 1030
            raise CorruptFile(
                f"{shown} claims shape {self.shape} ({needed:,} bytes) but has {stored:,} bytes"
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        data = np.asarray(self._dataset[()])
        if self._dataset.attrs.get("dtype") == "bfloat16" and data.dtype.kind in "uV":
            data = data.view(np_dtype("bfloat16"))
        return data if dtype is None else data.astype(dtype)


class Reader:
    """The `vars` group of one part, for `load_own_variables`; empty where the file has none."""

    def __init__(self, file: Any, path: str, shown: str) -> None:
        self._shown = f"{shown}: {path or 'the model'}"
        self._group = _group_at(file, f"{path}/vars" if path else "vars", self._shown)

    def __len__(self) -> int:
        return 0 if self._group is None else len(self._group)

    def keys(self) -> list[str]:
        """The names of the stored arrays."""
        return [] if self._group is None else list(self._group)

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __getitem__(self, key: str) -> Stored:
        import h5py

        if self._group is None or key not in self._group:
            raise MissingVariable(f"{self._shown} has no variable {key}")
        _real(self._group, key, self._shown)
        found = self._group[key]
        if not isinstance(found, h5py.Dataset):
            raise CorruptFile(f"{self._shown}: {key} is no array")
        return Stored(found, f"{self._shown}: variable {key}")


def _group_at(file: Any, path: str, shown: str) -> Any:
    import h5py

    group = file
    for name in path.split("/"):
        if name not in group:
            return None
        _real(group, name, shown)
        group = group[name]
        if not isinstance(group, h5py.Group):
            raise CorruptFile(f"{shown}: {name} is no group")
    return group


def _real(group: Any, name: str, shown: str) -> None:
    """Raise CorruptFile for a link that leads elsewhere, perhaps out of the file."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise CorruptFile(f"{shown}: {name} is a link to another place: refused")


def as_path(filepath: Any) -> Path:
    """A path from a string or a path, `~` expanded."""
    return Path(str(filepath)).expanduser()
