"""Languages: which is spoken, what translations must hold, and that what people read is marked for them."""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from tools import catalogue, house

import narae
from narae.base import language
from narae.base.language import speaking, tr, trn

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "narae"
# What people read: every message there is marked. (Elsewhere it may be.)
COVERED = (
    *("base/language.py", "base/errors.py", "base/arguments.py", "base/missing.py"),
    *("cli/[!dmp]*.py", "cli/pictures.py", "cli/plan.py", "cli/play.py"),
    *("diagnose/*.py", "callbacks/diagnose.py", "losses/base.py", "ops/objectives/pairs.py"),
    *("models/data/checks.py", "models/data/sources.py", "models/training/*.py"),
    *("layers/base.py", "layers/calling.py", "layers/input_spec.py", "layers/merging.py"),
    *("saving/archive.py", "saving/model_files.py", "saving/paths.py", "utils/images.py"),
    *("models/summary.py", "callbacks/progbar_logger.py", "inspect/explanation/explain.py"),
    *("ops/products.py", "primitives/record.py", "primitives/records/shape.py"),
)
MARKS = {"tr", "trn", "mark"}
# Whose text is read by people: functions, and words of calls.
SPEAKERS = {"say", "emit", "warn_user", "Finding", "add_column"}
READ_WORDS = {"help", "title", "message"}
WORDS = re.compile(r"\s.*[A-Za-z]{3}|[A-Za-z]{3}.*\s|^[A-Za-z][a-z]{2,}$")


@functools.cache
def sources() -> house.Tree:
    return house.Tree.read(ROOT)


@functools.cache
def collected() -> Catalog:
    return catalogue.extracted()


def covered() -> list[Path]:
    found = [p for name in COVERED for p in sorted(SOURCES.glob(name))]
    assert all(list(SOURCES.glob(name)) for name in COVERED)
    return found


# -- which language ----------------------------------------------------------------------------------

ENVIRONMENTS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "en"),
    "LANG": ({"LANG": "ko_KR.UTF-8"}, "ko"),
    "LC_MESSAGES before LANG": ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
    "LC_ALL before both": ({"LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "ko_KR"}, "ko"),
    "LC_ALL=C": ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "ko"}, "en"),
    "LANGUAGE": ({"LANG": "ko_KR.UTF-8", "LANGUAGE": "fr:en:ko"}, "en"),
    "another locale": ({"LANG": "fr_FR.UTF-8"}, "en"),
    "NARAE_LANG": ({"NARAE_LANG": "ko", "LANG": "en_US.UTF-8"}, "ko"),
    "NARAE_LANG=en": ({"NARAE_LANG": "en", "LC_ALL": "ko_KR.UTF-8"}, "en"),
    "NARAE_LANG of none": ({"NARAE_LANG": "xx", "LANG": "ko_KR.UTF-8"}, "en"),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_says_which(name: str, monkeypatch: Any) -> None:
    given, expected = ENVIRONMENTS[name]
    for variable in ("NARAE_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    assert narae.config.language() == expected


def test_a_setting_goes_before_the_environment_and_a_page_before_both(monkeypatch: Any) -> None:
    monkeypatch.setenv("NARAE_LANG", "ko")
    narae.config.set_language("en")
    try:
        assert narae.config.language() == "en"
        with speaking("ko-KR"):
            assert narae.config.language() == "ko"
        with pytest.raises(ValueError, match="language is one of en, ko, or None; got 'fr'"):
            narae.config.set_language("fr")
    finally:
        narae.config.set_language(None)


@pytest.fixture
def another(tmp_path: Path, monkeypatch: Any) -> Iterator[Path]:
    """A folder of catalogues in the place of narae's own."""
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    language.catalogue.cache_clear()
    yield tmp_path / "ko" / "LC_MESSAGES" / "narae.mo"
    language.catalogue.cache_clear()


MESSAGE = "language is one of {languages}, or None; got {got!r}"


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise", "a folder"])
def test_a_catalogue_that_is_missing_or_damaged_means_english(damage: str, another: Path) -> None:
    another.parent.mkdir(parents=True)
    whole = catalogue.path_of("ko", "mo").read_bytes()
    if damage == "a folder":
        another.mkdir()
    elif damage != "missing":
        written = {
            "empty": b"",
            "cut": whole[: len(whole) // 2],
            "noise": whole[:28] + b"\xff" * 99,
        }
        another.write_bytes(written[damage])
    with speaking("ko"):
        assert tr(MESSAGE, languages="en", got=1) == "language is one of en, or None; got 1"
        assert trn("{count} thread", "{count} threads", 2) == "2 threads"


def test_a_translation_that_names_what_is_not_there_means_english(another: Path) -> None:
    shutil.copytree(catalogue.LOCALE / "ko", another.parents[1])
    found = Catalog(locale="ko")
    found.add(MESSAGE, "{nothing}은(는) 언어입니다")
    with another.open("wb") as file:
        catalogue.write_mo(file, found)
    with speaking("ko"):
        assert tr(MESSAGE, languages="en", got=1) == "language is one of en, or None; got 1"


def test_nothing_of_gettext_is_loaded_before_a_message_in_another_language() -> None:
    code = (
        "import sys, narae; from narae.base.language import tr; tr('x'); "
        "print('gettext' in sys.modules, 'babel' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False False\n"


def test_particles_follow_what_is_read() -> None:
    words = {
        "층": "을",
        "가중치": "를",
        "모델": "을",
        "Flatten": "을",
        "'x'": "를",
        "y": "를",
        "(3, 10)": "을",
    }
    words |= {
        "0": "을",
        "2": "를",
        "float32": "를",
        "float16": "을",
        "50%": "를",
        "R": "을",
        "sigmoid": "를",
    }
    assert {word: language.particle(word, "을(를)") for word in words} == words
    assert language.particle("서울", "(으)로") == language.particle("8", "(으)로") == "로"
    assert language.particle("형태", "과(와)") == "와"


# -- translations ------------------------------------------------------------------------------------


def fields(message: str) -> list[tuple[str, str, str]]:
    """The values that a message names: name, conversion, format."""
    found = string.Formatter().parse(message)
    return sorted((name, turned or "", form or "") for _, name, form, turned in found if name)


def said_by(found: Catalog) -> dict[str, list[str]]:
    return {forms(m.id)[0]: forms(m.string) for m in found if m.id}


def forms(string_: Any) -> list[str]:
    return [string_] if isinstance(string_, str) else list(string_)


@pytest.fixture(scope="module", params=catalogue.languages())
def known(request: Any) -> Catalog:
    return catalogue.read(request.param)


def test_the_catalogue_is_what_the_code_marks(known: Catalog) -> None:
    marked = {forms(m.id)[0] for m in collected() if m.id}
    there = {forms(m.id)[0] for m in known if m.id}
    assert sorted(marked - there) == [], "run `make catalogue`, then translate"
    assert sorted(there - marked) == [], "nothing marks these any more: run `make catalogue`"
    assert not known.obsolete


def test_every_message_is_translated(known: Catalog) -> None:
    assert [m.id for m in catalogue.untranslated(known)] == []
    assert [m.id for m in known if m.fuzzy and m.id] == []


def test_translations_have_the_values_of_their_message(known: Catalog) -> None:
    wrong = {}
    for m in known:
        for said in forms(m.string) if m.id else ():
            wanted = fields(forms(m.id)[-1])
            if sorted(set(fields(said))) != sorted(set(wanted)):
                wrong[forms(m.id)[0]] = said
    assert wrong == {}


def test_particles_after_values_are_chosen_and_not_written(known: Catalog) -> None:
    fixed = re.compile(r"\{\w+[^{}]*\}['\"`)]*(을|를|은|는|이|가|과|와|으로|로)(?=[\s,.:;]|$)")
    found = [said for m in known for said in forms(m.string) if m.id and fixed.search(said)]
    assert found == []


def test_the_compiled_file_is_that_of_the_translations(known: Catalog) -> None:
    with catalogue.path_of(str(known.locale), "mo").open("rb") as file:
        compiled = read_mo(file)
    assert said_by(compiled) == said_by(known), "run `make catalogue`"


# -- what is marked ----------------------------------------------------------------------------------


def called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


def bare(node: ast.AST) -> Iterator[str]:
    """Words in a node that no mark is around."""
    if called(node) in MARKS:
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and WORDS.search(node.value):
            yield node.value
        return
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FormattedValue):
            yield from bare(child)


def spoken(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What is raised, said or shown without a mark."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            first = {
                "AssertionError": 1,
                "MissingExtra": 2,
                "unknown_name": 1,
                "unknown_arguments": 1,
            }
            parts = list(node.exc.args)[first.get(called(node.exc), 0) :]
        elif isinstance(node, ast.Call) and called(node) in SPEAKERS:
            parts = list(node.args)
        else:
            parts = []
        if isinstance(node, ast.Call) and called(node) not in MARKS:
            parts += [word.value for word in node.keywords if word.arg in READ_WORDS]
        for part in parts:
            for text in bare(part):
                yield part.lineno, text


def test_what_people_read_is_marked() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{line}: {text!r}"
        for path in covered()
        for line, text in spoken(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_the_test_sees_what_is_not_marked() -> None:
    code = (
        'raise E(f"a {x} of words" if x else tr("none there"))\n'
        'say("some words")\nsay(f"{n}")\nf(help="a help")\ntr("marked words")'
    )
    found = [text for _, text in spoken(ast.parse(code))]
    assert sorted(found) == [" of words", "a help", "some words"]


def test_marked_messages_are_literals_with_their_values() -> None:
    wrong = []
    for module, tree in sources().modules.items():
        if not catalogue.marks(sources().files[module]):
            continue
        for node in ast.walk(tree):
            if called(node) not in ("tr", "trn") or not isinstance(node, ast.Call):
                continue
            given = {word.arg or "**" for word in node.keywords}
            texts = node.args[: 2 if called(node) == "trn" else 1]
            if any(isinstance(text, ast.JoinedStr) for text in texts):
                wrong.append(f"{module}:{node.lineno}: an f-string is no message")
            named = {
                name
                for text in texts
                if isinstance(text, ast.Constant)
                for name, *_ in fields(text.value)
            }
            counted = {"count"} if called(node) == "trn" else set()
            literal = all(isinstance(text, ast.Constant) for text in texts)
            if literal and "**" not in given and (given or counted) and named - counted != given:
                wrong.append(f"{module}:{node.lineno}: {sorted(named ^ given)}")
    assert wrong == []


def test_every_mark_is_collected() -> None:
    """Babel does not look into f-strings."""
    there = {text for m in collected() if m.id for text in forms(m.id)}
    marked = {
        text.value
        for name, tree in sources().modules.items()
        if catalogue.marks(sources().files[name])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in MARKS
        for text in node.args[: 2 if called(node) == "trn" else 1]
        if isinstance(text, ast.Constant)
    }
    assert sorted(marked - there) == []


def test_the_same_message_in_both_languages(monkeypatch: Any) -> None:
    """An error, a summary and a table, as a learner sees them; what programs compare stays English."""
    model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, "softmax", name="last")])
    with speaking("ko"):
        lines: list[str] = []
        model.summary(print_fn=lines.append)
        with pytest.raises(ValueError, match="`fit\\(\\)`을 부르기 전에 `compile\\(\\)`을"):
            model.fit([[1.0]], [0])
        with pytest.raises(ValueError, match="혹시 'activation'인가요"):
            narae.layers.Dense(3, activaton="relu")
    assert "층 (타입)" in lines[0]
    lines.clear()
    model.summary(print_fn=lines.append)
    assert "Layer (type)" in lines[0]


def test_help_and_progress_are_korean_where_the_locale_is() -> None:
    code = (
        "import numpy as np, narae; m = narae.Sequential([narae.layers.Dense(1)]); m.compile('sgd', 'mse'); "
        "m.fit(np.ones((4, 1)), np.ones(4), epochs=2)"
    )
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("NARAE_LANG", "LC_", "LANG"))
    }
    environment |= {"LANG": "ko_KR.UTF-8", "PYTHONUTF8": "1", "COLUMNS": "100"}
    for words, expected in (
        (["-c", code], "에포크 1/2"),
        (["-m", "narae", "train", "--help"], "시드가 같으면"),
    ):
        run = [sys.executable, *words]
        done = subprocess.run(
            run, capture_output=True, encoding="utf-8", env=environment, check=True
        )
        assert expected in done.stdout
