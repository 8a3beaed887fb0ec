"""`narae train` on one's own pictures and tables, and `narae predict`, `narae summary` with what came of it."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import narae
from narae import cli
from narae.cli import card as cards
from narae.cli import pictures, table
from narae.diagnose.verdict import verdict

CLASSES = ("고양이", "개 (작은)")  # cats, and small dogs


def _draw(path: Path, wide: bool, rng: np.random.Generator, grey: bool = False) -> None:
    height, width = (int(n) for n in rng.integers(20, 60, 2))
    x = rng.integers(180, 255, (height, width, 3)).astype("uint8")
    place = int(rng.integers(2, 10))
    band = (
        (slice(place, place + 8), slice(None)) if wide else (slice(None), slice(place, place + 8))
    )
    x[band] = (200, 30, 30) if wide else (30, 30, 200)
    image = Image.fromarray(x)
    (image.convert("L") if grey else image).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for wide, name in enumerate(CLASSES):
        (tmp_path / "동물" / name / "더").mkdir(parents=True)
        for i in range(12):
            below = "더" if i % 3 == 0 else "."
            _draw(
                tmp_path / "동물" / name / below / f"그림 {i}.{'png' if i % 2 else 'jpg'}",
                bool(wide),
                rng,
            )
    return tmp_path / "동물"


def test_pictures_by_folder_are_learned_and_told(narae_: Any, folder: Path, tmp_path: Path) -> None:
    (folder / CLASSES[0] / "broken.png").write_bytes(b"no picture")
    (folder / "loose.png").write_bytes(b"")
    out = tmp_path / "out"
    code, said, complaint = narae_("train", folder, "--out", out, "--size", 16, "--epochs", 25)
    assert code == 0
    assert "broken.png is no picture" in complaint
    assert "1 picture lies in no folder of a class, and is left out: loose.png" in complaint
    assert "missing from font" not in complaint
    assert "pictures of 2 classes: 개 (작은) 12, 고양이 12" in said
    assert "18 samples to train on, 2 to validate by, 4 to test with at the end" in said
    files = [next((folder / name).rglob("그림*1.png")) for name in CLASSES]
    code, said, _ = narae_("predict", out / "동물.keras", *files)
    assert code == 0
    for file, name in zip(files, CLASSES, strict=True):
        assert f"{file}: {name}  (" in said
    code, said, _ = narae_("summary", out / "동물.keras")
    assert "it takes pictures of 16 x 16, colour" in said
    assert f"classes: {', '.join(sorted(CLASSES))}" in said


def test_one_bad_picture_does_not_stop_the_others(
    narae_: Any,
    folder: Path,
    tmp_path: Path,
) -> None:
    narae_("train", folder, "--out", tmp_path, "--size", 8, "--epochs", 1, "--no-plot")
    good = next(folder.rglob("*.png"))
    code, said, complaint = narae_(
        "predict", tmp_path / "동물.keras", tmp_path / "none.png", good, "--json"
    )
    assert code == 1
    assert "there is no file" in complaint
    (told,) = json.loads(said)
    assert told["prediction"] in CLASSES
    assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_grey_pictures_have_one_channel_and_a_folder_test_is_the_test(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 4), ("test", 3)):
        for wide, name in enumerate("ab"):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                _draw(tmp_path / part / name / f"{i}.png", bool(wide), rng, grey=True)
    whole, aside, names = pictures.read(tmp_path, 16, None)
    assert names == ["a", "b"]
    assert whole.images.shape == (8, 16, 16, 1)
    assert aside is not None
    assert aside.images.shape == (6, 16, 16, 1)


def test_a_picture_is_not_stretched_and_lies_on_the_colour_of_its_edge(tmp_path: Path) -> None:
    page = np.full((10, 40, 3), 200, np.uint8)
    page[2:8, 2:38] = 0
    Image.fromarray(page).save(tmp_path / "wide.png")
    found = pictures.picture(tmp_path / "wide.png", 40)
    assert found.shape == (40, 40, 3)
    assert (found[0] == 200).all()
    assert (found == 0).any(axis=(1, 2)).sum() == 6


@pytest.mark.parametrize(("share", "count"), [(0.2, 10), (0.01, 10), (0.5, 3)])
def test_every_class_is_in_both_parts(share: float, count: int) -> None:
    labels = np.repeat([0, 1, 2], count)
    kept, aside = pictures.split(labels, share, np.random.default_rng(0))
    assert sorted([*kept, *aside]) == list(range(len(labels)))
    assert set(labels[kept]) == set(labels[aside]) == {0, 1, 2}


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Numbers of unlike scales, words, what is missing, a column that numbers the rows; Korean throughout, by Excel."""
    rng = np.random.default_rng(0)
    path = tmp_path / "꽃.csv"
    with path.open("w", encoding="cp949", newline="") as file:
        write = csv.writer(file, delimiter=";").writerow
        write(["번호", "길이", "너비", "색", "같음", "종"])
        for i in range(90):
            k = i % 3
            size = "NA" if i == 7 else f"{5 + k + rng.normal() * 0.3:.2f}"
            write(
                [
                    i,
                    size,
                    f"{1000 * k + rng.normal() * 300:,.1f}",
                    ["빨강", "파랑", ""][k],
                    "x",
                    ["장미", "백합", "튤립"][k],
                ]
            )
    return path


def test_a_table_is_learned_and_told(narae_: Any, flowers: Path, tmp_path: Path) -> None:
    code, said, complaint = narae_("train", flowers, "--target", "종", "--out", tmp_path)
    assert code == 0
    assert "column '번호' is left out: it numbers the rows" in complaint
    assert "column '같음' is left out: every row has the same value" in complaint
    assert "column '길이': 1 number is missing" in complaint
    assert "column '색': 30 words are missing" in complaint
    assert "'종' is one of 3 classes, 백합, 장미, 튤립, by 3 columns, 4 numbers" in said
    code, said, _ = narae_("predict", tmp_path / "꽃.keras", flowers, "--out", tmp_path)
    assert code == 0
    right = int(said.split(" of 90 agree")[0].rpartition(" ")[2].split("\n")[-1])
    assert right > 80
    with (tmp_path / "꽃-predicted.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["종"] == row["종 (predicted)"] for row in rows) == right


def test_a_number_is_told_in_its_own_unit(narae_: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "house.csv"
    area = rng.uniform(20, 200, 150)
    lines = [
        f"{a:.1f},{'Seoul' if i % 2 else 'Jeju'},{a * 1e4 + 1e6 * (i % 2):.1f}"
        for i, a in enumerate(area)
    ]
    path.write_text("\n".join(["area,city,price", *lines]))
    code, said, _ = narae_(
        "train", path, "--target", "price", "--out", tmp_path, "--epochs", 200, "--json"
    )
    assert code == 0
    found = json.loads(said)
    assert found["task"] == "regression"
    assert found["test"]["mean_absolute_error"] < 1e5  # of prices up to 3 million
    code, said, _ = narae_("predict", tmp_path / "house.keras", path, "--json", "--out", tmp_path)
    told = np.array(json.loads(said)[0]["predictions"])
    prices = area * 1e4 + 1e6 * (np.arange(150) % 2)
    assert np.corrcoef(told, prices)[0, 1] > 0.95


def test_the_same_seed_trains_the_same_network(narae_: Any, flowers: Path, tmp_path: Path) -> None:
    weights = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        narae_(
            "train",
            flowers,
            "--target",
            "종",
            "--seed",
            seed,
            "--epochs",
            2,
            "--out",
            tmp_path / name,
            "--no-plot",
        )
        weights[name] = narae.saving.load_model(tmp_path / name / "꽃.keras").get_weights()
    assert all((a == b).all() for a, b in zip(weights["a"], weights["b"], strict=True))
    assert any((a != b).any() for a, b in zip(weights["a"], weights["c"], strict=True))


def test_the_file_is_one_that_keras_reads(
    narae_: Any, keras: Any, flowers: Path, tmp_path: Path
) -> None:
    narae_("train", flowers, "--target", "종", "--epochs", 2, "--out", tmp_path, "--no-plot")
    path = tmp_path / "꽃.keras"
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    here = narae.saving.load_model(path).predict(x, verbose=0)
    np.testing.assert_allclose(
        keras.saving.load_model(path).predict(x, verbose=0), here, rtol=1e-4, atol=1e-5
    )


def _csv(text: str) -> Any:
    def make(folder: Path) -> tuple[Any, ...]:
        (folder / "t.csv").write_text(text)
        return ("train", folder / "t.csv", "--target", "kind")

    return make


ROWS = "\n".join(f"{i % 7},{'ab'[i % 2]}" for i in range(20))
ERRORS: dict[str, tuple[Any, str]] = {
    "nothing": (lambda p: ("train", p / "none"), "there is no data set, folder or file"),
    "no table": (lambda p: ("train", __file__), "is no table that can be read"),
    "no classes": (lambda p: ("train", p), "a folder of pictures has one folder for each class"),
    "no target": (_csv(f"size,species\n{ROWS}"), "there is no column 'kind'"),
    "no rows": (_csv("size,kind\n"), "has no rows"),
    "a short row": (_csv(f"size,kind\n{ROWS}\n3"), "row 22: 1 cells, and the header has 2"),
    "a name twice": (_csv(f"kind,kind\n{ROWS}"), "more than one column 'kind'"),
    "few rows": (_csv("size,kind\n1,a\n2,b\n"), "2 rows with 'kind' are too few"),
    "no end of a row": (
        _csv(f'size,kind\n{ROWS}\n"{"x" * 140_000},a'),
        "row 22: a cell is too long; is a quote not closed?",
    ),
    "a row too large": (_csv(f"size,kind\n{ROWS}\n-1e39,a"), "column 'size': '-1e39' is too large"),
    "a target too large in a row": (
        _csv(f"size,kind\n{ROWS.replace(',b', ',1e300').replace(',a', ',0.5')}"),
        "column 'kind': '1e300' is too large",
    ),
    "the same in every row": (
        _csv(f"size,kind\n{ROWS.replace(',b', ',a')}"),
        "every row has 'a' as 'kind': there is nothing to learn",
    ),
    "a rare class": (_csv(f"size,kind\n{ROWS}\n1,c"), "the class 'c' of 'kind' has 1 rows"),
    "flags of tables": (lambda p: ("train", "mnist", "--target", "x"), "are for tables"),
    "no target given": (lambda p: _csv(f"size,kind\n{ROWS}")(p)[:2], "which column is to be told?"),
    "summary of no model": (lambda p: ("summary", __file__), "is no model"),
    "summary of nothing": (lambda p: ("summary", p / "x.keras"), "there is no file"),
    "a folder in the way": (
        lambda p: ((p / "mnist.keras").mkdir(), ("train", "mnist", "--out", p))[1],
        "no files can be written into",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_line(name: str, narae_: Any, tmp_path: Path) -> None:
    words, message = ERRORS[name]
    code, _, complaint = narae_(*words(tmp_path), *(("--out", tmp_path) if "row" in name else ()))
    assert code == 1
    assert message in complaint
    assert complaint.count("\n") == 1


def test_numbers_of_few_values_are_classes_others_are_told() -> None:
    assert table.task_of(["0", "1"] * 20) == table.CLASSIFICATION
    assert table.task_of([str(i) for i in range(100)]) == table.REGRESSION
    assert table.task_of(["1.5", "2.5"] * 20) == table.REGRESSION
    assert table.task_of(["yes", "no"] * 5) == table.CLASSIFICATION
    assert table.classes_of(["10", "9", "1"]) == ["1", "9", "10"]


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
    cards.write(model, tmp_path / "a.keras", {"kind": cards.TABLE})
    assert cards.read(tmp_path / "a.keras") == {"version": 1, "kind": "table"}
    for text in ("[]", '{"kind": "x"}', '{"kind": "table", "version": 2}', "{"):
        model.save(tmp_path / "b.keras")
        assert cards.read(tmp_path / "b.keras") is None
        with zipfile.ZipFile(tmp_path / "b.keras", "a") as file:
            file.writestr(cards.MEMBER, text)
        with pytest.raises(ValueError, match=cards.MEMBER):
            cards.read(tmp_path / "b.keras")


VERDICTS = {
    "at chance": ({"loss": [2.3, 14.5], "accuracy": [0.1, 0.1]}, "failed"),
    "no number": ({"loss": [2.3, float("nan")], "accuracy": [0.5, 0.1]}, "failed"),
    "rising": ({"loss": [1.0, 5.0], "accuracy": [0.5, 0.4]}, "failed"),
    "a gap": (
        {"loss": [1, 0.1], "accuracy": [0.8, 1.0], "val_loss": [1, 1], "val_accuracy": [0.8, 0.9]},
        "overfitting",
    ),
    "a small gap": (
        {
            "loss": [1, 0.1],
            "accuracy": [0.8, 0.98],
            "val_loss": [1, 1],
            "val_accuracy": [0.8, 0.97],
        },
        "fine",
    ),
    "none": (
        {
            "loss": [1, 0.5],
            "accuracy": [0.6, 0.8],
            "val_loss": [1, 0.5],
            "val_accuracy": [0.6, 0.8],
        },
        "underfitting",
    ),
    "no epoch": ({}, "unknown"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_follow_the_curves(name: str) -> None:
    curves, kind = VERDICTS[name]
    assert verdict(curves, simplest=0.11).kind == kind


def test_a_verdict_says_which_accuracy_is_higher() -> None:
    curves = {"loss": [0.28], "val_loss": [0.11], "accuracy": [0.92], "val_accuracy": [0.97]}
    assert "validation accuracy is 5.0 points above training accuracy" in str(verdict(curves))


@pytest.mark.parametrize("separator", ";\t")
def test_decimal_commas_are_points(tmp_path: Path, separator: str) -> None:
    rows = [["a", "b", "c"], ["1,5", "1,234", "x,1"], ["-20", "12,000", "2,5"], ["NA", "5", "3"]]
    (tmp_path / "t.csv").write_text("\n".join(separator.join(row) for row in rows))
    read = table.read(tmp_path / "t.csv")
    assert read.column("a") == ["1.5", "-20", "NA"]
    assert read.column("b") == ["1,234", "12,000", "5"]
    assert read.column("c") == ["x,1", "2,5", "3"]


def test_a_rate_that_is_too_high_has_failed(narae_: Any, tmp_path: Path) -> None:
    """The help's own example."""
    code, said, _ = narae_(
        *("train", "mnist", "--learning-rate", 0.1, "--epochs", 2, "--no-plot", "--out", tmp_path)
    )
    assert code == 0
    assert ("training failed" in said) == (float(said.split("test accuracy ")[1][:6]) < 0.15)


def test_the_version_is_printed(narae_: Any) -> None:
    assert narae_("--version")[:2] == (0, f"narae {narae.__version__}\n")


def test_a_summary_for_programs(narae_: Any, trained: Any, tmp_path: Path) -> None:
    code, said, _ = narae_("summary", trained.model, "--json")
    found = json.loads(said)
    assert (code, found["parameters"], found["data"]) == (0, 76_330, None)
    assert [layer["kind"] for layer in found["layers"]] == ["Dense", "Dense"]
    model = narae.saving.load_model(trained.model)
    model.save(tmp_path / "old.h5")
    said = narae_("summary", tmp_path / "old.h5")[1]
    assert "Trainable params: 76,330" in said
    assert "compiled with Adam, loss sparse_categorical_crossentropy" in said


@pytest.mark.parametrize(("encoding", "spoken"), [("ascii", "saved"), ("utf-8", "저장")])
def test_a_terminal_without_hangul_gets_english_and_names_as_escapes(
    encoding: str, spoken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(f"{i % 7},{'가나'[i % 2]}" for i in range(20))
    (tmp_path / "t.csv").write_text(f"size,kind\n{rows}\n", "utf-8")
    words = ("train", tmp_path / "t.csv", "--target", "kind", "--epochs", 1, "--no-plot")
    monkeypatch.setenv("NARAE_LANG", "ko")
    monkeypatch.setattr(sys, "argv", ["narae", *map(str, (*words, "--out", tmp_path))])
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out.flush()
    written = out.buffer.getvalue().decode(encoding)
    assert ended.value.code == 0
    assert spoken in written
    assert ("가" if encoding == "utf-8" else "\\uac00") in written
