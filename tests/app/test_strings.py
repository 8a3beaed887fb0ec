"""Every word of the page is in the table, in both languages, and is used."""

from __future__ import annotations

import inspect
import json
import re

from narae.app import doctor
from narae.app.experiments import EXPERIMENTS
from narae.app.features import FEATURES
from narae.app.knobs import DEFAULTS, INITIAL, SCALES
from narae.app.messages import NETWORKS
from narae.app.paper import CODES
from narae.app.planes import PLANES, SURFACES
from narae.app.server import STATIC

TABLE: dict[str, dict[str, str]] = {
    key: row
    for path in sorted(STATIC.glob("strings*.json"))
    for key, row in json.loads(path.read_text("utf-8")).items()
}
SCRIPTS = {p.name: p.read_text("utf-8") for p in STATIC.iterdir() if p.suffix in (".js", ".html")}

# The steps of a sample's way: the rows of PARTS.
SAMPLE_STEPS = re.findall(
    r"^  (\w+)", SCRIPTS["sample_parts.js"].split("export const PARTS = {")[1], re.MULTILINE
)

SYMPTOMS = sorted(set(re.findall(r'_found\("(\w+)"', inspect.getsource(doctor))))
WORDS_OF_ONE = ("title", "question", "name_a", "name_b", "why", "next")
MEASURES = sorted({experiment.measure for experiment in EXPERIMENTS.values()})

# Keys that are put together when the page runs, by their first part.
MADE = {
    "paper": [f"error.{code}" for code in (*CODES, "lost")],
    "tab": ["draw", "train", "plane", "sample", "experiments", "map", "evaluate"],
    "network": list(NETWORKS),
    "train": list(DEFAULTS),
    "knob": sorted({name for knobs in DEFAULTS.values() for name in knobs}),
    "initial": list(INITIAL),
    "scale": list(SCALES),
    "data": [*PLANES, *SURFACES, "own"],
    "feature": list(FEATURES),
    "finding": SYMPTOMS,
    "found": SYMPTOMS,
    "speed": ["full", "fast", "moderate", "slow"],
    "state": ["empty", "building", "running", "paused", "done", "stopped", "diverged", "failed"],
    "sample": [
        *("network", "kind", "index", "x1", "x2", "target"),
        *("layer", "unit", "source", "row", "column", "channel"),
        *("kind.test", "kind.drawn", "layer.dense", "layer.conv"),
        *(f"{part}.{step}" for part in ("step", "words") for step in SAMPLE_STEPS),
    ],
    "map": ["pca", "tsne"],
    "experiment": [f"{part}.{name}" for part in WORDS_OF_ONE for name in EXPERIMENTS],
    "experiments": [f"{part}.{m}" for part in ("guess", "found", "level") for m in MEASURES],
    "chapter": [str(number) for number in range(1, 6)],
    "task": list(DEFAULTS),
    "curve": ["noise", "rotation", "shift"],
    "error": ["bad_message", "no_network", "not_ready", "failed", "full", "too_many"],
}


def test_both_languages_say_everything() -> None:
    for key, row in TABLE.items():
        assert set(row) == {"en", "ko"}, key
        assert all(text.strip() for text in row.values()), key


def test_both_languages_have_the_same_gaps() -> None:
    for key, row in TABLE.items():
        gaps = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in row.items()}
        assert gaps["en"] == gaps["ko"], key


def test_korean_is_korean() -> None:
    other = {"language.label"}  # says in English that there is English
    without = [k for k, row in TABLE.items() if not re.search("[가-힣]", row["ko"])]
    formulas = {f"feature.{name}" for name in FEATURES}
    assert (
        set(without) - other <= {"language", "draw.said", "compare.side", "paper.mark"} | formulas
    )


def test_every_key_that_is_used_is_there_and_every_one_there_is_used() -> None:
    used = {f"{first}.{rest}" for first, parts in MADE.items() for rest in parts}
    firsts: set[str] = (
        set()
    )  # parts of keys that a script puts together, `rows.${name}`, are used whole
    for text in SCRIPTS.values():
        firsts |= set(re.findall(r"`([a-z]+(?:\.[a-z_]+)*)\.\$\{", text))
        used |= set(re.findall(r'"([a-z]+(?:\.[a-z0-9_]+)+)"', text)) & set(TABLE)
        used |= set(re.findall(r'data-t(?:-label|-title)?="([\w.]+)"', text))
        used |= set(
            re.findall(
                r'(?:say\([\w.]+, |\bt\(|(?<![.\w])field\(|\bheaded\("\w+", |\bhelp\(|\bt(?:Label|Title)?: )"([\w.]+)"',
                text,
            )
        )
    assert used - set(TABLE) == set()
    unused = {key for key in set(TABLE) - used if key.rpartition(".")[0] not in firsts}
    assert unused == set()


def test_the_page_names_no_other_place() -> None:
    for path in STATIC.iterdir():
        found = re.findall(r"(?:https?|wss?)://[\w.-]+", path.read_text("utf-8"))
        assert set(found) <= {"http://www.w3.org"}, path.name


def test_files_of_the_page_are_short() -> None:
    assert all(len(p.read_text("utf-8").splitlines()) <= 350 for p in STATIC.iterdir())


def test_light_and_dark_have_the_same_colours() -> None:
    css = (STATIC / "style.css").read_text("utf-8")
    light, dark = (
        set(re.findall(r"(--[\w-]+):", css.split(start, 1)[1].split("}", 1)[0]))
        for start in (":root {", ':root[data-theme="dark"] {')
    )
    assert light == dark
    asked = {c for text in SCRIPTS.values() for c in re.findall(r'"(--[\w-]+)"', text)}
    assert asked - {"--share", "--hue", "--row"} <= light
