"""The glossary: one table, a page in each language, every row whole."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import glossary, pages

KOREAN = (
    "docs/learn/ko/*.md",
    "README.ko.md",
    "docs/learn/**/*.js",
    "src/narae/**/*.json",
    "src/narae/**/*.po",
)
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
        assert all(value for column, value in row.items() if column != "avoid"), row
        assert row["meaning"].endswith("."), row
        assert row["뜻"].endswith("."), row


def test_terms_are_in_order() -> None:
    english = [row["english"].lower() for row in glossary.terms()]
    assert english == sorted(english)


def _avoided() -> dict[str, str]:
    """Words of Korean that stand for a term which has another name here -> that name."""
    return {
        word: row["korean"] for row in glossary.terms() for word in row["avoid"].split(";") if word
    }


def _ordinary() -> list[dict[str, str]]:
    """Where such a word means what it means every day (docs/learn/ordinary_words.csv)."""
    with open(LEARN / "ordinary_words.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|"))


def _lines() -> Iterator[tuple[Path, int, str]]:
    for pattern in KOREAN:
        for path in sorted(pages.ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield path, number, line


def strangers(line: str) -> list[str]:
    """The words of a line that are not the glossary's.

    >>> strangers("손실의 기울기"), strangers("그 선의 기울기"), strangers("손실의 그레이디언트")
    (['기울기'], [], [])
    """
    for row in _ordinary():
        line = re.sub(row["where"], "", line)
    return [word for word in _avoided() if word in line]


def test_korean_has_one_word_for_each_term() -> None:
    found = [
        f"{path.relative_to(pages.ROOT)}:{number}: {word}, here {_avoided()[word]}"
        for path, number, line in _lines()
        if re.search("[가-힣]", line)
        for word in strangers(line)
    ]
    assert not found, "\n".join(found)


def test_ordinary_words_are_still_there() -> None:
    text = "\n".join(line for _, _, line in _lines())
    for row in _ordinary():
        assert row["word"] in _avoided(), row
        assert re.search(row["where"], text), f"nobody says this any more: {row['where']}"


def test_a_word_that_is_not_the_glossary_s_is_found() -> None:
    assert strangers("손실의 기울기를 구합니다.") == ["기울기"]
    assert strangers("그 선의 기울기를 구합니다.") == []
