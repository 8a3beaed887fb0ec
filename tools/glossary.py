"""The glossary of the chapters, one table written as a page in each language.

python tools/glossary.py     docs/learn/glossary.csv -> docs/learn/en/glossary.md, docs/learn/ko/glossary.md
"""

from __future__ import annotations

import csv
from pathlib import Path

LEARN = Path(__file__).resolve().parents[1] / "docs" / "learn"

# language -> (its column of terms, the other's, its column of meanings, the page's head, the table's head)
PAGES = {
    "en": (
        "english",
        "korean",
        "meaning",
        "# Glossary\n\n[한국어](../ko/glossary.md)\n\nThe terms of the chapters, in English and Korean.\n",
        "| term | Korean | meaning | chapter |",
    ),
    "ko": (
        "korean",
        "english",
        "뜻",
        "# 용어집\n\n[English](../en/glossary.md)\n\n다섯 장에 나오는 용어를 한국어와 영어로 모았습니다.\n",
        "| 용어 | 영어 | 뜻 | 장 |",
    ),
}


def terms() -> list[dict[str, str]]:
    """The rows of the table, by column."""
    with open(LEARN / "glossary.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|"))


def page(language: str) -> str:
    """The glossary in a language ("en" or "ko"), sorted by its own terms, with links to the chapters."""
    term, other, meaning, head, columns = PAGES[language]
    chapters = {path.name[0]: path.name for path in (LEARN / "en").glob("[0-9]-*.md")}
    rows = [
        f"| **{row[term]}** | {row[other]} | {row[meaning]} | [{row['chapter']}]({chapters[row['chapter']]}) |"
        for row in sorted(terms(), key=lambda row: row[term].lower())
    ]
    return "\n".join([head, columns, "| --- | --- | --- | --- |", *rows]) + "\n"


if __name__ == "__main__":
    for name in PAGES:
        (LEARN / name / "glossary.md").write_text(page(name), encoding="utf-8")
