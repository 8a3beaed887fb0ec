"""The glossary: one table, a page in each language, every row whole."""

from __future__ import annotations

import pytest
from tools import glossary, pages

LEARN = pages.ROOT / "docs" / "learn"


@pytest.mark.parametrize("language", glossary.PAGES)
def test_pages_are_the_table(language: str) -> None:
    written = (LEARN / language / "glossary.md").read_text(encoding="utf-8")
    assert written == glossary.page(language), "run: python tools/glossary.py"


def test_rows_are_whole_and_once() -> None:
    rows = glossary.terms()
    assert len(rows) >= 80
    for column in ("english", "korean"):
        assert len({row[column] for row in rows}) == len(rows)
    for row in rows:
        assert all(row.values()), row
        assert row["meaning"].endswith("."), row
        assert row["뜻"].endswith("."), row


def test_terms_are_in_order() -> None:
    english = [row["english"].lower() for row in glossary.terms()]
    assert english == sorted(english)
