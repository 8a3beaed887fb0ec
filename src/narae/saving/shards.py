"""Weights in several files of a bounded size: `name_00000.weights.h5`, ..., and `name.weights.json`, which says
where each part's variables are.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from narae.saving.h5 import MissingVariable, Reader, Writer, hdf5, open_for_reading
from narae.saving.paths import CorruptFile, check_source

_LARGEST = 64 << 20  # bytes of an index: it has a line for each part of a model


class Shards:
    """Files that are written one after the other, in memory: `files` by name, and `index`.

    most: the bytes of variables that one holds. Raises ValueError for a variable that is larger.
    """

    def __init__(self, path: Path, most: float) -> None:
        self._base, self._most = path.stem.removesuffix(".weights"), most
        self._total = 0
        self._left = 0.0
        self._map: dict[str, Any] = {}
        self._open: list[tuple[str, io.BytesIO, Any]] = []
        self._next()

    def _next(self) -> None:
        target = io.BytesIO()
        name = f"{self._base}_{len(self._open):05}.weights.h5"
        self._open.append((name, target, hdf5().File(target, "w")))
        self._left = self._most

    def place(self, path: str, key: str, size: int) -> Any:
        """The file that takes a variable of `size` bytes of the part at `path`."""
        if size > self._most:
            raise ValueError(
                f"the variable {key} of {path or 'the model'} has {size:,} bytes, max_shard_size is "
                f"{self._most:,.0f} bytes: give it as GiB, of the largest variable at least"
            )
        if size > self._left:
            self._next()
        self._left -= size
        self._total += size
        name, group = self._open[-1][0], f"/{path}/vars" if path else "/vars"
        if group not in self._map:
            self._map[group] = name
        else:  # a list from the second variable on, as Keras has it
            found = self._map[group]
            listed = [found] if isinstance(found, str) else found
            self._map[group] = listed if name in listed else [*listed, name]
        return self._open[-1][2]

    def contents(self) -> dict[str, bytes]:
        """The files by name, but for the index."""
        for _, _, file in self._open:
            file.close()
        return {name: target.getvalue() for name, target, _ in self._open}

    def index(self) -> bytes:
        """What `name.weights.json` holds."""
        told = {"metadata": {"total_size": self._total}, "weight_map": self._map}
        return json.dumps(told, indent=4).encode()


class ShardedWriter(MutableMapping[str, Any]):
    """The variables of one part, for `save_own_variables`."""

    def __init__(self, shards: Shards, path: str, name: str) -> None:
        self._shards, self._path, self._name = shards, path, name
        self._written: dict[str, Writer] = {}

    def __setitem__(self, key: str, value: object) -> None:
        data = np.asarray(value)
        file = self._shards.place(self._path, key, data.nbytes)
        self._written[key] = Writer(file, self._path, self._name)
        self._written[key][key] = data

    def __getitem__(self, key: str) -> Any:
        return self._written[key][key]

    def __delitem__(self, key: str) -> None:
        del self._written.pop(key)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


class ShardedReader:
    """The variables of one part, for `load_own_variables`, in whichever files they are."""

    def __init__(self, readers: list[Reader], shown: str) -> None:
        self._readers, self._shown = readers, shown

    def __len__(self) -> int:
        return sum(map(len, self._readers))

    def keys(self) -> list[str]:
        """The names of the stored arrays."""
        return [key for reader in self._readers for key in reader.keys()]  # noqa: SIM118

    def __contains__(self, key: object) -> bool:
        return any(key in reader for reader in self._readers)

    def __getitem__(self, key: str) -> Any:
        for reader in self._readers:
            if key in reader:
                return reader[key]
        raise MissingVariable(f"{self._shown} has no variable {key}")


@contextmanager
def sharded(path: Path) -> Iterator[Callable[[str], ShardedReader]]:
    """Within it, the readers of parts by their paths. Raises CorruptFile for an index that is none, and for
    one that names files which are not beside it."""
    places = _places(path)
    with ExitStack() as stack:
        files: dict[str, Any] = {}

        def reader(part: str) -> ShardedReader:
            group = f"/{part}/vars" if part else "/vars"
            found = places.get(group, [])
            for name in found:
                if name not in files:
                    shard = path.with_name(name)
                    check_source(shard, "a file of weights")
                    files[name] = stack.enter_context(open_for_reading(shard, str(shard)))
            shown = str(path)
            readers = [Reader(files[name], part, str(path.with_name(name))) for name in found]
            return ShardedReader(readers, f"{shown}: {part or 'the model'}")

        yield reader


def _places(path: Path) -> dict[str, list[str]]:
    """The names of the files that each group is in."""
    if path.stat().st_size > _LARGEST:
        raise CorruptFile(f"{path} is too large for an index of weights")
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"{path} is no index of weights: {error}") from error
    found = told.get("weight_map") if isinstance(told, dict) else None
    if not isinstance(found, dict):
        raise CorruptFile(f"{path} is no index of weights: it has no weight_map")
    places = {key: [names] if isinstance(names, str) else names for key, names in found.items()}
    for names in places.values():
        if not isinstance(names, list) or not all(map(_is_name, names)):
            raise CorruptFile(
                f"{path} names {names!r:.80}, which are no files of weights beside it"
            )
    return places


def _is_name(name: Any) -> bool:
    plain = isinstance(name, str) and not set(name) & set("/\\\0")
    return plain and name.endswith(".weights.h5") and not name.startswith(".")
