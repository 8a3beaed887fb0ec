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
from typing import TYPE_CHECKING

import numpy as np

from narae.base.files import atomic_write, cache_dir

if TYPE_CHECKING:
    from io import BufferedIOBase

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
_PIECE = 1 << 20
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
    try:
        with zipfile.ZipFile(path) as archive:
            return _verified({name: _member(archive, name) for name in _PARTS})
    except Exception as error:  # parsers raise what they met: zlib.error, KeyError, TokenError, ...
        mend = "Delete it: narae's own copy of MNIST is used then."
        raise DamagedData(f"{path} is no sound copy of MNIST: {error}. {mend}") from None


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    # np.load would do, and would take a lone .npy or a pickle for an archive too.
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _from_package() -> dict[str, np.ndarray]:
    """The arrays of the package, unpacked once into the cache folder: that takes about a second."""
    cached = cache_dir() / "mnist.bin"
    # A copy that is not there, or not sound, is made anew.
    with suppress(OSError, EOFError, ValueError), open(cached, "rb") as file:
        return _read(file)
    try:
        with lzma.open(_PACKED) as file:
            arrays = _read(file)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        mend = "Install narae again: pip install --force-reinstall narae"
        raise DamagedData(f"{_PACKED} is damaged: {error}. {mend}") from None
    with suppress(OSError):  # without a folder that can be written, unpack again next time
        cached.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(cached, sync=False) as file:
            for array in arrays.values():
                file.write(array.data)
    return arrays


def _read(file: BufferedIOBase) -> dict[str, np.ndarray]:
    """The arrays from their bytes one after the other, verified.

    Each gets memory of its own, so that dropping the images frees them, and is filled piece by
    piece, since a decompressor holds what it is asked for once more.
    """
    arrays = {}
    for name, (shape, _) in _PARTS.items():
        arrays[name] = np.empty(shape, np.uint8)
        left = memoryview(arrays[name]).cast("B")
        while left:
            read = file.readinto(left[:_PIECE])
            if not read:
                raise EOFError(f"it ends within {name}")
            left = left[read:]
    return _verified(arrays)


def _verified(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, if they are MNIST to the bit; ValueError names the first that is not."""
    for name, array in arrays.items():
        shape, digest = _PARTS[name]
        if array.shape != shape or array.dtype != np.uint8:
            raise ValueError(
                f"{name} has shape {array.shape} of {array.dtype}, not {shape} of uint8"
            )
        if hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() != digest:
            raise ValueError(f"the bytes of {name} are not MNIST's")
    return arrays
