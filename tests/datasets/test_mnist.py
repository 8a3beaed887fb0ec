"""MNIST: the same bits from every source, and an error that names the file when they are not."""

from __future__ import annotations

import importlib
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narae import datasets
from narae.base.errors import NotYet
from narae.datasets import mnist

NAMES = ("x_train", "y_train", "x_test", "y_test")


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    return dict(zip(NAMES, (x_train, y_train, x_test, y_test), strict=True))


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """Empty places for Keras's copy and for the unpacked one."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NARAE_HOME", str(tmp_path / "narae"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets" / "mnist.npz", tmp_path / "narae" / "mnist.bin"


def same(got: Any, arrays: dict[str, np.ndarray]) -> bool:
    flat = [a for pair in got for a in pair]
    return all(np.array_equal(g, a) for g, a in zip(flat, arrays.values(), strict=True))


def test_has_the_published_shapes_and_digits(arrays: dict[str, np.ndarray]) -> None:
    assert {n: a.shape for n, a in arrays.items()} == {
        "x_train": (60000, 28, 28),
        "y_train": (60000,),
        "x_test": (10000, 28, 28),
        "y_test": (10000,),
    }
    assert {a.dtype for a in arrays.values()} == {np.dtype("uint8")}
    assert arrays["y_train"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # the well-known mean and deviation by which the field normalises MNIST
    x = arrays["x_train"] / 255
    assert (round(x.mean(), 4), round(x.std(), 4)) == (0.1307, 0.3081)


def test_arrays_are_writable_and_do_not_hold_each_other(arrays: dict[str, np.ndarray]) -> None:
    assert all(a.flags.writeable and a.base is None for a in arrays.values())


def test_first_load_unpacks_the_second_reads(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cached = homes
    assert same(mnist.load_data(), arrays)
    assert [p.name for p in cached.parent.iterdir()] == ["mnist.bin"]
    monkeypatch.setattr(mnist, "_PACKED", Path("absent.xz"))
    assert same(mnist.load_data(), arrays)


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damaged_cache_is_made_anew(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray], damage: str
) -> None:
    _, cached = homes
    whole = b"".join(a.tobytes() for a in arrays.values())
    cached.parent.mkdir()
    bad = {"flip": whole[:-1] + b"\xff", "cut": whole[:-1]}[damage]
    cached.write_bytes(bad)
    assert same(mnist.load_data(), arrays)
    assert cached.read_bytes() == whole


def test_loads_where_nothing_can_be_cached(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray]
) -> None:
    _, cached = homes
    cached.parent.write_text("a file where the folder should be")
    assert same(mnist.load_data(), arrays)


@pytest.mark.parametrize("content", [b"", b"no xz at all", lzma.compress(b"0" * 100)])
def test_damaged_package_names_the_file_and_the_mend(
    homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    packed = tmp_path / "mnist.xz"
    packed.write_bytes(content)
    monkeypatch.setattr(mnist, "_PACKED", packed)
    with pytest.raises(mnist.DamagedData, match=r"mnist\.xz is damaged: .*pip install") as error:
        mnist.load_data()
    assert isinstance(error.value, ValueError)


def test_keras_copy_is_read(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, cached = homes
    monkeypatch.setattr(mnist, "_PACKED", Path("absent.xz"))
    for path in (copy, copy.with_name("other.npz")):
        np.savez(path, **arrays)
        assert same(mnist.load_data(path.name), arrays)
        assert same(mnist.load_data(str(path)), arrays)
    assert not cached.exists()


def _members(arrays: dict[str, np.ndarray], damage: str) -> dict[str, Any]:
    labels = arrays["y_test"]
    other = labels.copy()
    other[-1] ^= 1
    return {
        "bits": {**arrays, "y_test": other},
        "dtype": {**arrays, "y_test": labels.view(np.int8)},
        "shape": {**arrays, "y_test": labels[:, None]},
        "absent": {n: a for n, a in arrays.items() if n != "y_test"},
    }[damage]


@pytest.mark.parametrize("damage", ["bits", "dtype", "shape", "absent"])
def test_wrong_keras_copy_is_an_error(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray], damage: str
) -> None:
    np.savez(homes[0], **_members(arrays, damage))
    with pytest.raises(mnist.DamagedData, match=r"mnist\.npz is no sound copy.*Delete it"):
        mnist.load_data()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_in_keras_copy_is_not_opened(homes: tuple[Path, Path], tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    np.savez(homes[0], x_train=np.array([Trap(sprung)], object))
    with pytest.raises(mnist.DamagedData, match="Delete it"):
        mnist.load_data()
    assert not sprung.exists()


@pytest.mark.parametrize("damage", ["text", "lone array", "cut", "garbled"])
def test_broken_keras_file_is_an_error(
    homes: tuple[Path, Path], arrays: dict[str, np.ndarray], damage: str
) -> None:
    path, _ = homes
    if damage == "text":
        path.write_bytes(b"not an archive")
    elif damage == "lone array":
        with open(path, "wb") as file:
            np.save(file, arrays["y_test"])
    else:
        np.savez_compressed(path, **{n: a[:500] for n, a in arrays.items()})
        whole = bytearray(path.read_bytes())
        # inside the first member's deflate stream, where zlib itself gives up
        whole[200:260] = b"\xff" * 60
        path.write_bytes(whole[:-100] if damage == "cut" else whole)
    with pytest.raises(mnist.DamagedData, match=r"mnist\.npz is no sound copy"):
        mnist.load_data()


@pytest.mark.parametrize("name", ["cifar10", "fashion_mnist", "imdb"])
def test_other_data_sets_say_the_way_out(name: str) -> None:
    with pytest.raises(NotYet, match=rf"no {name} yet: .*Get the arrays with Keras"):
        getattr(datasets, name)
    with pytest.raises(ImportError, match="ships with narae"):
        exec(f"from narae.datasets import {name}")


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'mnist'"):
        datasets.mnst  # type: ignore[attr-defined]


def test_import_statements() -> None:
    assert importlib.import_module("narae.datasets.mnist") is mnist is datasets.mnist
