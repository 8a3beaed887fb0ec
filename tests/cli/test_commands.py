"""The command line: what is printed and written, and that errors are one line that names the mend."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import narae
from narae import layers
from narae.cli import evaluate, output, train
from narae.cli.evaluate import class_probabilities, fitted
from narae.cli.job import Job
from narae.datasets import mnist
from narae.primitives.record import RECORDS

PNG = b"\x89PNG\r\n\x1a\n"


def _pictures(folder: Path) -> list[str]:
    found = sorted(folder.glob("*.png"))
    assert all(path.read_bytes().startswith(PNG) for path in found)
    return [path.name for path in found]


def test_training_says_and_draws_what_happened(trained: Any) -> None:
    said = trained.printed
    assert "Total params: 76,330" in said
    accuracy = float(re.findall(r"test accuracy (0\.\d+)", said)[0])
    assert accuracy > 0.9
    assert re.search(r"accuracy: training 0\.\d{4}, validation 0\.\d{4}", said)
    assert "10,800 samples to train on, 1,200 to validate by, 500 to test with at the end" in said
    assert f"saved {trained.model}" in said
    assert _pictures(trained.folder) == ["confusion.png", "curves.png", "digits.png"]
    assert [p.name for p in trained.folder.glob(".*")] == []


def _job(**changes: Any) -> Job:
    default = Job(1, 256, 8, "rmsprop", None, 1, Path(), False)
    return Job(**{**default.__dict__, **changes})


def test_the_same_seed_trains_the_same_network(tmp_path: Path) -> None:
    weights = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train.train_mnist(_job(seed=seed, out=tmp_path / name))
        weights[name] = narae.saving.load_model(tmp_path / name / "mnist.keras").get_weights()
    assert all((a == b).all() for a, b in zip(weights["a"], weights["b"], strict=True))
    assert (weights["a"][0] != weights["c"][0]).any()


def test_a_stopped_training_is_tested_and_saved(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    def interrupt(self: Any, epoch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(narae.callbacks.Callback, "on_epoch_begin", interrupt)
    train.train_mnist(_job(out=tmp_path, plot=True))
    said = capsys.readouterr().out
    assert "stopped: what was learned so far is tested and saved" in said
    assert "test accuracy" in said
    assert (tmp_path / "mnist.keras").exists()
    assert _pictures(tmp_path) == ["confusion.png", "digits.png"]  # no epoch, no curves


def test_a_step_far_too_long_fails_with_pictures_all_the_same(tmp_path: Path, capsys: Any) -> None:
    job = _job(learning_rate=1e30, optimizer="sgd", out=tmp_path, plot=True)
    with pytest.warns(RuntimeWarning, match="a learning rate too high"):
        train.train_mnist(job)
    assert "test accuracy 0." in capsys.readouterr().out
    assert len(_pictures(tmp_path)) == 3


def test_evaluate_says_each_class_and_the_surest_mistakes(
    narae_: Any, trained: Any, tmp_path: Path
) -> None:
    code, said, _ = narae_("evaluate", trained.model, "mnist", "--out", tmp_path)
    assert code == 0
    (accuracy,) = re.findall(r"test accuracy (0\.\d+)", said)
    assert f"test accuracy {accuracy}" in trained.printed
    assert len(re.findall(r"^\d +\d+\.\d\d%", said, re.MULTILINE)) == 10
    assert f"{round(500 * (1 - float(accuracy)))} of 500 wrong" in said
    assert len(re.findall(r"test image \d+: \d with \d+\.\d%, it is a \d", said)) == 5
    assert _pictures(tmp_path) == ["confusion.png", "digits.png"]


def test_predict_says_what_it_saw(narae_: Any, trained: Any, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    _, (digits, labels) = train.mnist.load_data()
    files = [tmp_path / f"digit {i}.png" for i in range(3)]
    for digit, file in zip(digits, files, strict=False):
        image.fromarray(255 - digit).resize((90, 90)).save(file)
    code, said, _ = narae_("predict", trained.model, *files, "--out", tmp_path / "new")
    assert code == 0
    for file, label in zip(files, labels, strict=False):
        assert re.search(rf"{re.escape(str(file))}: ({label}  \(|{label}, but not sure)", said)
    assert said.count("90 x 90, grey; dark on light") == 3
    assert _pictures(tmp_path / "new") == [f"digit {i}-read.png" for i in range(3)]


def test_predict_reads_sheets_without_a_model_and_goes_on_after_bad_files(
    narae_: Any, tmp_path: Path
) -> None:
    _, (digits, labels) = train.mnist.load_data()
    sheet = np.full((140, 300), 255, np.uint8)
    for i in range(4):
        sheet[20 + 60 * (i // 2) :, 20 + 70 * (i % 2) :][:56, :56] -= (
            digits[i].repeat(2, 0).repeat(2, 1)
        )
    Image.fromarray(sheet).save(tmp_path / "sheet.png")
    Image.new("L", (60, 60), 200).save(tmp_path / "blank.png")
    (tmp_path / "bad.jpg").write_bytes(b"")
    files = [tmp_path / name for name in ("blank.png", "sheet.png", "bad.jpg")]
    code, said, complaint = narae_("predict", *files, "--out", tmp_path / "out")
    assert code == 1
    assert complaint.count("narae: ") == 2
    rows = ["".join(map(str, labels[:2])), "".join(map(str, labels[2:4]))]
    assert f"  {rows[0]}\n  {rows[1]}\n" in said
    assert _pictures(tmp_path / "out") == ["sheet-read.png"]
    code, said, _ = narae_("predict", *files, "--json", "--no-picture", "--out", tmp_path)
    blank, sheet_, bad = json.loads(said)
    assert code == 1
    assert "no digit" in blank["error"]
    assert "is no picture" in bad["error"]
    assert sheet_["text"].split("\n") == rows
    assert sheet_["rows"][0][0]["verdict"] in ("sure", "unsure")


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_digits_fit_models_of_several_shapes_and_logits_are_made_probabilities(shape: Any) -> None:
    model = narae.Sequential([narae.Input(shape), layers.Flatten(), layers.Dense(10)])
    images = np.random.default_rng(0).random((4, 28, 28)).astype("float32")
    logits = model.predict(fitted(model, images), verbose=0)
    found = class_probabilities(model, images)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found.argmax(axis=1) == logits.argmax(axis=1)).all()


WORDS = {
    "no command": ((), ["train", "evaluate", "predict", "ops", "machine"]),
    "train": (("train", "--help"), ["handwritten digits", "--units 16", "overfit", "default: 128"]),
    "evaluate": (("evaluate", "--help"), ["surest mistakes", "narae evaluate mnist.keras mnist"]),
    "predict": (
        ("predict", "--help"),
        ["dark on light or light on dark", "seven.png", "ruled or squared"],
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_help_teaches(name: str, narae_: Any) -> None:
    words, expected = WORDS[name]
    _, said, complaint = narae_(*words)
    assert [text for text in expected if text not in " ".join((said + complaint).split())] == []


def _saved(layers_: list[Any], path: Path) -> Path:
    narae.Sequential(layers_).save(path)
    return path


ERRORS = {
    "no model": (lambda m, p: ("predict", p / "none.keras", p / "x.png"), "there is no file"),
    "no model file": (lambda m, p: ("evaluate", __file__, "mnist"), "no sound `.keras` file"),
    "a folder": (lambda m, p: ("evaluate", p, "mnist"), "is a folder"),
    "no picture": (lambda m, p: ("predict", m, __file__), "is no picture"),
    "no such picture": (lambda m, p: ("predict", m, p / "x.png"), "there is no file"),
    "few classes": (
        lambda m, p: (
            "evaluate",
            _saved([narae.Input((784,)), layers.Dense(3)], p / "few.keras"),
            "mnist",
        ),
        "a classifier of digits gives (None, 10)",
    ),
    "other inputs": (
        lambda m, p: (
            "evaluate",
            _saved([narae.Input((5,)), layers.Dense(10)], p / "other.keras"),
            "mnist",
        ),
        "28 x 28 digits do not fit",
    ),
    "a plan to train without a loss": (
        lambda m, p: ("plan", _saved([narae.Input((5,)), layers.Dense(10)], p / "bare.keras")),
        "`--step predict` needs none",
    ),
    "a plan of an open length": (
        lambda m, p: (
            "plan",
            _saved([narae.Input((None, 5)), layers.Dense(10)], p / "open.keras"),
            "--step",
            "predict",
        ),
        "whose length is open: say one by `--length 20`",
    ),
    "an optimizer's name": (
        lambda m, p: ("train", "mnist", "--optimizer", "admm"),
        "Did you mean 'adam'?",
    ),
    "a file for a folder": (
        lambda m, p: ("train", "mnist", "--no-plot", "--out", __file__),
        "File exists",
    ),
    "too many units": (
        lambda m, p: ("train", "mnist", "--no-plot", "--units", 10**12, "--out", p),
        "not enough memory",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_line(name: str, narae_: Any, trained: Any, tmp_path: Path) -> None:
    words, message = ERRORS[name]
    code, _, complaint = narae_(*words(trained.model, tmp_path))
    assert code == 1
    assert complaint.startswith("narae: ")
    assert message in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("train", "mnist", "--out"),
        ("evaluate", "MODEL", "mnist", "--out"),
        ("predict", "MODEL", "seven.png", "--out"),
        ("explain", "MODEL", "--html"),
    ],
    ids=lambda words: words[0],
)
def test_a_folder_that_cannot_be_written_is_found_before_the_work(
    words: Any, narae_: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "page.html").write_text("")
    target = tmp_path / "file" / "deep" / ("page.html" if "--html" in words else "")
    # neither a model nor data is looked at: MODEL is no file
    monkeypatch.setattr("narae.datasets.mnist.load_data", lambda *_: pytest.fail("data was read"))
    code, said, complaint = narae_(*words, target)
    assert (code, said) == (1, "")
    assert "no files can be written into" in complaint
    assert "Not a directory" in complaint


def test_a_disk_that_is_full_at_the_end_costs_no_model(
    tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    save = narae.Sequential.save

    def full(model: Any, path: Path) -> None:
        if tmp_path in Path(path).parents:
            raise OSError(28, "No space left on device", str(path))
        save(model, path)

    monkeypatch.setattr(narae.Sequential, "save", full)
    train.train_mnist(_job(out=tmp_path, epochs=1))
    said = capsys.readouterr().out
    kept = re.search(r"No space left on device\): the model is in (\S+)", said)
    assert kept is not None
    assert narae.saving.load_model(kept[1]).count_params() > 0
    shutil.rmtree(Path(kept[1]).parent)


def test_a_bad_picture_does_not_stop_the_others(narae_: Any, trained: Any, tmp_path: Path) -> None:
    _, (images, _) = mnist.load_data()
    good, bad = tmp_path / "\x1b[31mred\n.png", tmp_path / "bad\x1b.png"
    Image.fromarray(images[0]).save(good)
    bad.write_text("no picture")
    code, said, complaint = narae_(
        "predict", trained.model, bad, good, tmp_path / "none.png", "--out", tmp_path
    )
    assert code == 1
    assert complaint.count("narae:") == 2
    assert "bad\\x1b.png is no picture" in complaint
    assert "there is no file" in complaint
    assert re.search(r"\\x1b\[31mred\\n.png: \d ", said)
    assert not {c for c in said + complaint if not c.isprintable()} - {"\n"}


@pytest.mark.parametrize("words", [("evaluate", "m", "cifar"), ("train", "mnist", "--epochs", "0")])
def test_wrong_words_are_usage_errors(words: Any, narae_: Any) -> None:
    code, _, complaint = narae_(*words)
    assert code == 2
    assert words[-1] in complaint or "greater than or equal to 1" in complaint


@pytest.mark.parametrize("step", ["train", "test", "predict"])
def test_plans_of_saved_models_are_printed(step: str, narae_: Any, trained: Any) -> None:
    code, said, _ = narae_("plan", trained.model, "--step", step, "--batch", 24)
    assert code == 0
    assert said.startswith(f"{step} on float32[24, 784]")
    assert "dot add relu" in said
    assert re.search(r"\d+ steps: \d+ native; \d+ tiles", said)


def test_plans_take_labels_of_the_losses_own_shapes(narae_: Any, tmp_path: Path) -> None:
    x = narae.Input((5,), name="x")
    outputs = {n: layers.Dense(3, "softmax", name=n)(x) for n in ("a", "b")}
    model = narae.Model({"x": x}, outputs)
    model.compile("sgd", {"a": "sparse_categorical_crossentropy", "b": narae.losses.Poisson()})
    model.save(tmp_path / "two.keras")
    code, said, _ = narae_("plan", tmp_path / "two.keras", "--batch", 7)
    assert code == 0
    assert "train on float32[7, 5], int32[7], float32[7, 3]: native executor" in said


def test_operations_are_listed_by_executor(narae_: Any) -> None:
    code, said, _ = narae_("ops")
    assert code == 0
    assert f"{len(RECORDS)} operations" in said
    assert [name for name in RECORDS if name not in said] == []
    assert re.search(r"numpy: \d+ \w+", said)
    assert re.search(r"native: \d+ native, \d+ NumPy", said)
    columns = next(line for line in said.splitlines() if "operation" in line and "gradient" in line)
    assert re.findall(r"\w+", columns) == ["operation", "gradient", "native", "numpy", "xla"]


def test_operations_are_listed_in_a_process_that_has_loaded_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "narae", "ops"], capture_output=True, text=True, check=True
    )
    assert f"{len(RECORDS)} operations" in done.stdout


def test_without_matplotlib_all_but_the_pictures_is_done(
    narae_: Any, trained: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, said, _ = narae_("evaluate", trained.model, "mnist", "--out", tmp_path)
    assert code == 0
    assert "wrong; the surest mistakes" in said
    assert "no pictures: " in said
    assert "pip install 'narae[plot]'" in said
    assert _pictures(tmp_path) == []


def test_without_pillow_the_way_to_get_it_is_said(
    narae_: Any, trained: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "x.png").write_bytes(PNG)
    monkeypatch.setitem(sys.modules, "PIL", None)
    code, _, complaint = narae_("predict", trained.model, tmp_path / "x.png")
    assert code == 1
    assert "pip install 'narae[plot]'" in complaint


@pytest.mark.filterwarnings("default::RuntimeWarning")
def test_warnings_are_one_line(narae_: Any, tmp_path: Path) -> None:
    words = ("train", "mnist", "--units", 8, "--epochs", 1, "--optimizer", "sgd")
    code, _, complaint = narae_(*words, "--learning-rate", "1e30", "--no-plot", "--out", tmp_path)
    assert code == 0
    assert complaint.startswith("narae: The loss became NaN")
    assert complaint.count("\n") == 1


def test_plots_are_not_drawn_when_not_wanted(narae_: Any, trained: Any, tmp_path: Path) -> None:
    code, said, _ = narae_("evaluate", trained.model, "mnist", "--no-plot", "--out", tmp_path)
    assert (code, "drew" in said) == (0, False)
    assert _pictures(tmp_path) == []


def test_bars_grow_with_their_share() -> None:
    lengths = [output.bar(share, 10).count("█") for share in np.linspace(-0.5, 1.5, 21)]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (0, 10)
    assert {len(output.bar(share)) for share in (-1, 0, 0.3, 1, 2)} == {24}


def test_all_right_is_no_error(trained: Any, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    _, (_, labels) = train.mnist.load_data()
    monkeypatch.setattr(evaluate, "class_probabilities", lambda *_: np.eye(10)[labels])
    evaluate.evaluate_mnist(trained.model, tmp_path, True)
    assert "test accuracy 1.0000" in capsys.readouterr().out
    assert _pictures(tmp_path) == ["confusion.png", "digits.png"]


def test_a_step_is_explained_on_real_digits(narae_: Any, trained: Any, tmp_path: Path) -> None:
    code, said, _ = narae_("explain", trained.model, "--batch", 24)
    assert code == 0
    assert said.splitlines()[0] == "24 samples: test images of MNIST; their labels"
    assert "accuracy" in said
    assert "float32[24, 784]" in said
    page = tmp_path / "new" / "step.html"
    code, said, _ = narae_("explain", trained.model, "--batch", 5, "--html", page)
    assert (code, f"wrote {page}" in said) == (0, True)
    assert "float32[5, 784]" in page.read_text(encoding="utf-8")


def test_a_network_built_by_fit_is_explained_on_its_labels(narae_: Any, tmp_path: Path) -> None:
    model = narae.Sequential([layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.zeros((8, 784), "float32"), np.arange(8), verbose=0)
    model.save(tmp_path / "fitted.keras")
    code, said, _ = narae_("explain", tmp_path / "fitted.keras", "--batch", 8)
    assert (code, said.splitlines()[0]) == (0, "8 samples: test images of MNIST; their labels")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_tables_of_an_explanation_fit_the_terminal(narae_: Any, trained: Any, width: int) -> None:
    code, said, _ = narae_("explain", trained.model, columns=width)
    assert code == 0
    assert max(map(len, said.splitlines())) <= width
    heads = [line for line in said.splitlines() if line.strip().startswith(("layer ", "step "))]
    assert len(heads) == 2
    assert not any("…" in line for line in heads)
    if width >= 80:
        assert "forward" in said
        assert "mean ± std" in heads[1]


def test_other_networks_are_explained_on_random_numbers(narae_: Any, tmp_path: Path) -> None:
    model = narae.Sequential([narae.Input((5,)), layers.Dense(2)])
    model.save(tmp_path / "bare.keras")
    code, said, _ = narae_("explain", tmp_path / "bare.keras", "--batch", 3)
    assert code == 0
    assert said.startswith("3 samples: random numbers; no labels, since it was saved without")
    model.compile("sgd", "mse")
    model.save(tmp_path / "whole.keras")
    code, said, _ = narae_("explain", tmp_path / "whole.keras", "--batch", 3)
    assert (code, said.splitlines()[0]) == (0, "3 samples: random numbers; labels of zeros")
    open_ = narae.Sequential([narae.Input((None, 2)), layers.Dense(2)])
    open_.save(tmp_path / "open.keras")
    code, _, error = narae_("explain", tmp_path / "open.keras")
    assert (code, "whose length is open" in error) == (1, True)


def test_an_open_length_is_given(narae_: Any, tmp_path: Path) -> None:
    words = narae.Sequential(
        [narae.Input((None,), dtype="int32"), layers.Embedding(9, 4), layers.LSTM(3)]
    )
    words.compile("adam", "mse")
    words.save(tmp_path / "words.keras")
    for command, shown in (("plan", "train on int32[3, 7]"), ("explain", "3 samples: random")):
        code, said, error = narae_(command, tmp_path / "words.keras", "--batch", 3, "--length", 7)
        assert (code, error) == (0, "")
        assert said.startswith(shown)
