"""docs/glass-box.md does what it shows, and its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools import pages

PAGE = pages.ROOT / "docs" / "glass-box.md"


def test_the_page_does_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    outcomes = list(pages.run(PAGE, tmp_path))
    assert len(outcomes) == 8
    wrong = [str(outcome) for outcome in outcomes if not outcome.right]
    assert not wrong, "\n".join(wrong)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == set(re.findall(r'"([\w-]+\.(?:png|html))"', PAGE.read_text(encoding="utf-8")))


def test_its_pictures_are_there() -> None:
    shown = re.findall(r"\]\((pictures/[\w.-]+)\)", PAGE.read_text(encoding="utf-8"))
    assert len(shown) == 2
    for name in shown:
        assert (PAGE.parent / name).stat().st_size < 160_000
