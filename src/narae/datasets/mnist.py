"""MNIST: 70,000 handwritten digits, inside the package.

By Y. LeCun, C. Cortes and C. J. C. Burges, licensed CC BY-SA 3.0 (see data/LICENSE).
"""

from __future__ import annotations

import hashlib
import lzma
import os
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from narae.base.files import atomic_write, cache_dir

Arrays = tuple[np.ndarray, np.ndarray]

# name -> shape and SHA-256 of the bytes, in the order of the packed file
_PARTS = {
    "x_train": (
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "y_train": ((60000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
    "x_test": ((10000, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
    "y_test": ((10000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
}
_SIZE = 70000 * (28 * 28 + 1)
_PACKED = Path(__file__).parent / "data" / "mnist.xz"


class DamagedData(ValueError):
    """A data file that is not what it should be."""


def load_data(path: str = "mnist.npz") -> tuple[Arrays, Arrays]:
    """((x_train, y_train), (x_test, y_test)): bytes (60000, 28, 28), (60000,), (10000, 28, 28), (10000,).

    A sound copy at Keras's cache path (~/.keras/datasets/mnist.npz) is used when there is one, else the
    data in the package; no network either way. All bytes are verified.
    Raises DamagedData (a ValueError) that names the damaged file and the mend.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_train.dtype, int(y_test[0])
    ((60000, 28, 28), dtype('uint8'), 7)
    """
    arrays = _from_keras(_keras_path(path)) or _from_package()
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _keras_path(name: str) -> Path:
    if os.path.isabs(name):
        return Path(name)
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    return home / "datasets" / name


def _from_keras(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of Keras's own file; None when it is not there."""
    if not path.exists():
        return None
    mend = f"Delete it: narae's own copy of MNIST is used then. ({path})"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _PARTS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedData(f"{path} is no sound copy of MNIST: {error}. {mend}") from None
    for name, array in arrays.items():
        shape, digest = _PARTS[name]
        sound = array.shape == shape and array.dtype == np.uint8
        if not sound or hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() != digest:
            raise DamagedData(f"{path} is damaged: {name} is not MNIST's. {mend}")
    return arrays


def _from_package() -> dict[str, np.ndarray]:
    """The arrays of the package, unpacked once into the cache folder (unpacking takes about a second)."""
    cached = cache_dir() / "mnist.bin"
    with suppress(OSError):
        if cached.stat().st_size == _SIZE:
            arrays = _split(np.fromfile(cached, np.uint8))
            if not _damaged(arrays):
                return arrays
    arrays = _split(_unpacked())
    bad = _damaged(arrays)
    if bad:
        raise _broken(f"the {bad} inside are not MNIST's")
    with suppress(OSError):  # without a folder that can be written, unpack again next time
        cached.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(cached, sync=False) as file:
            for array in arrays.values():
                file.write(array.data)
    return arrays


def _unpacked() -> np.ndarray:
    """The packed bytes in one array, decompressed piece by piece: little more memory than the array."""
    out = np.empty(_SIZE, np.uint8)
    try:
        with lzma.open(_PACKED) as file:
            read = file.readinto(out.data)  # type: ignore[attr-defined]
            while read < _SIZE:
                more = file.readinto(out.data[read:])  # type: ignore[attr-defined]
                if not more:
                    break
                read += more
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise _broken(str(error)) from None
    if read != _SIZE:
        raise _broken(f"it holds {read:,} bytes instead of {_SIZE:,}")
    return out


def _broken(what: str) -> DamagedData:
    return DamagedData(
        f"{_PACKED} is damaged: {what}. Install narae again: pip install --force-reinstall narae"
    )


def _split(data: np.ndarray) -> dict[str, np.ndarray]:
    arrays, start = {}, 0
    for name, (shape, _) in _PARTS.items():
        size = int(np.prod(shape))
        arrays[name] = data[start : start + size].reshape(shape)
        start += size
    return arrays


def _damaged(arrays: dict[str, np.ndarray]) -> str:
    """The name of the first array whose bytes are not MNIST's, '' when all are."""
    for name, array in arrays.items():
        if hashlib.sha256(array.data).hexdigest() != _PARTS[name][1]:
            return name
    return ""
