"""docs/sequences.md does what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import pages

PAGE = pages.ROOT / "docs" / "sequences.md"


def test_the_page_does_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes = list(pages.run(PAGE, tmp_path))
    assert len(outcomes) >= 10
    wrong = [str(outcome) for outcome in outcomes if not outcome.right]
    assert not wrong, "\n".join(wrong)
    assert not list(tmp_path.iterdir())


def test_it_names_all_examples_of_sequences() -> None:
    text = PAGE.read_text(encoding="utf-8")
    others = {"answering.py", "first_network.py", "from_tensors.py"}
    for path in (pages.ROOT / "examples").glob("*.py"):
        assert path.name in others or f"](../examples/{path.name})" in text, path.name
