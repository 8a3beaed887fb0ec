"""Every knob, chart and number of the page explains itself, in both languages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.app.test_strings import SCRIPTS, TABLE

from narae.app.bounds import Choice, Flag, Several
from narae.app.knobs import KNOBS
from narae.app.own import Own
from narae.app.server import STATIC

FILES = sorted(STATIC.glob("help*.json"))
HELP: dict[str, dict[str, dict[str, str]]] = {
    key: row for path in FILES for key, row in json.loads(path.read_text("utf-8")).items()
}
# What follows "?" buttons on the page: headed("h2", "x.y"), field("x.y", control),
# help("x.y"), a chart's heading, the card of a picture.
ASKED = re.compile(
    r'(?:\bhelp\(|(?<![.\w])field\(|\bheaded\("\w+", |\bheading: |\bfigure\(|\bcard\()"([\w.]+)"'
)
MADE = re.compile(r"\bfield\(`([a-z]+)\.\$\{")  # their fields are looked at in the browser


def wanted(bound: Any) -> set[str]:
    """What a knob's help has to say: numbers can be larger and smaller."""
    return {"what", "when"} | (
        set() if isinstance(bound, (Choice, Flag, Several, Own)) else {"more", "less"}
    )


@pytest.mark.parametrize("name", KNOBS)
def test_every_knob_has_its_help(name: str) -> None:
    row = HELP.get(f"knob.{name}", {})
    missing = wanted(KNOBS[name]) - set(row)
    assert not missing, f"help*.json: knob.{name} lacks {sorted(missing)}"


def test_every_chart_and_number_has_its_help_and_every_help_is_asked_for() -> None:
    asked = {key for text in SCRIPTS.values() for key in ASKED.findall(text)}
    parts = {part for text in SCRIPTS.values() for part in MADE.findall(text)} | {"curve"}
    made = {key for key in HELP if key.rpartition(".")[0] in parts}
    assert asked - set(HELP) == set(), "keys with a “?” that help*.json does not explain"
    assert set(HELP) - asked - made == set(), "explanations that no “?” asks for"
    assert set(HELP) - set(TABLE) == set(), (
        "an explanation's title is the row of strings of its name"
    )


@pytest.mark.parametrize("key", HELP)
def test_every_help_is_whole_in_both_languages(key: str) -> None:
    assert set(HELP[key]) <= {"what", "more", "less", "when", "read"}
    assert "what" in HELP[key]
    for row, text in HELP[key].items():
        assert set(text) == {"en", "ko"}, (key, row)
        assert re.search("[가-힣]", text["ko"]), (key, row)
        assert not re.search("[가-힣]", text["en"]), (key, row)
        assert text["en"].rstrip()[-1] in ".?", (key, row)
        assert text["ko"].rstrip()[-1] in ".?)", (key, row)


def test_tables_of_words_are_all_loaded_and_share_no_key() -> None:
    loaded = (STATIC / "tables.js").read_text("utf-8")
    for kind in ("strings", "help"):
        files = sorted(path.name for path in STATIC.glob(f"{kind}*.json"))
        assert all(f'"{name}"' in loaded for name in files)
        keys = [k for name in files for k in json.loads((STATIC / name).read_text("utf-8"))]
        assert len(keys) == len(set(keys))
