"""Networks of the library: made once, kept, made again when the file is damaged, broken off at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narae.app.digits import digits
from narae.app.pretrained import RECIPES, Library, Recipe

SMALL = {"dense": Recipe(RECIPES["dense"].layers, epochs=2, samples=2000)}
PATIENCE = 60.0


def made(folder: Path, recipes: Any = SMALL) -> tuple[Library, list[dict[str, Any]]]:
    library, news = Library(recipes, folder), []
    library.tell = news.append
    library.start()
    assert library.wait(PATIENCE)
    return library, news


def probabilities(library: Library) -> np.ndarray:
    reader = library.get("dense")
    assert reader is not None
    return reader.predict(digits().test_x[:200].reshape(-1, 28, 28))


def test_a_network_is_made_once_and_then_read(tmp_path: Path) -> None:
    first, told = made(tmp_path / "new")
    assert [m["networks"]["dense"]["epoch"] for m in told] == [1, 2, 2]
    assert [m["networks"]["dense"]["ready"] for m in told] == [False, False, True]
    kept = list((tmp_path / "new").iterdir())
    assert len(kept) == 1
    second, told = made(tmp_path / "new")
    assert len(told) == 1
    np.testing.assert_allclose(probabilities(first), probabilities(second), atol=1e-5)
    assert (probabilities(first).argmax(1) == digits().test_y[:200]).mean() > 0.7


@pytest.mark.parametrize("damage", [b"", b"not a model", b"PK\x03\x04" + bytes(100)])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    made(tmp_path)
    (path,) = tmp_path.iterdir()
    sound = path.stat().st_size
    path.write_bytes(damage)
    made(tmp_path)
    assert path.stat().st_size == pytest.approx(sound, rel=0.1)


def test_a_folder_that_cannot_be_written_costs_the_file_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    library, _ = made(tmp_path / "file")
    assert library.get("dense") is not None


def test_what_cannot_be_made_is_said_and_the_others_come(tmp_path: Path) -> None:
    def broken() -> list[Any]:
        raise RuntimeError("no layers")

    library = Library({"conv": Recipe(broken, 1, 100), **SMALL}, tmp_path)
    library.start()
    assert not library.wait(PATIENCE)
    news = library.news()["networks"]
    assert news["conv"]["failed"] == "RuntimeError: no layers"
    assert news["dense"]["ready"]


def test_the_end_of_the_server_breaks_training_off(tmp_path: Path) -> None:
    library = Library({"dense": Recipe(RECIPES["dense"].layers, 10_000, 2000)}, tmp_path)
    library.start()
    library.stop()
    assert library.get("dense") is None
    assert list(tmp_path.iterdir()) == []
