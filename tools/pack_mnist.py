"""Pack MNIST for the package: `python tools/pack_mnist.py FOLDER [OUT]`.

FOLDER holds the four IDX files as published, plain or gzipped; each is verified by its published
MD5. OUT (src/narae/datasets/data by default) receives mnist.xz, the four arrays' bytes one after
the other, and SHA256SUMS, which the build verifies. The arrays' own SHA-256 are printed: they
stand in narae/datasets/mnist.py.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import sys
from pathlib import Path

# name, file, published MD5, bytes of the IDX header
FILES = (
    ("x_train", "train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 16),
    ("y_train", "train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 8),
    ("x_test", "t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", 16),
    ("y_test", "t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", 8),
)
# Bytes have no alignment to exploit (pb=0) and follow their row's context (lc=4); an 8 MiB
# window packs as well as preset 9's 64 MiB and unpacks in an eighth of the memory.
FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "lc": 4,
        "lp": 0,
        "pb": 0,
        "dict_size": 1 << 23,
    }
]
OUT = Path(__file__).parent.parent / "src" / "narae" / "datasets" / "data"


def read_idx(folder: Path, name: str, md5: str) -> bytes:
    """One IDX file, plain or gzipped; exits if it is not the published one."""
    plain = folder / name
    data = (
        plain.read_bytes()
        if plain.exists()
        else gzip.decompress((folder / f"{name}.gz").read_bytes())
    )
    got = hashlib.md5(data).hexdigest()
    if got != md5:
        sys.exit(f"{name} is not the published file: MD5 {got}, expected {md5}")
    return data


def write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def main(folder: Path, out: Path = OUT) -> None:
    body = b""
    for name, file, md5, header in FILES:
        data = read_idx(folder, file, md5)[header:]
        print(f"{name:8} {len(data):10,} bytes  sha256 {hashlib.sha256(data).hexdigest()}")
        body += data
    packed = lzma.compress(body, lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=FILTERS)
    write(out / "mnist.xz", packed)
    write(out / "SHA256SUMS", f"{hashlib.sha256(packed).hexdigest()}  mnist.xz\n".encode())
    print(f"{out / 'mnist.xz'}: {len(packed):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
