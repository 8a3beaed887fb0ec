"""Pictures: their numbers are right, they are written whole, and without matplotlib the way is said."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narae import inspect
from narae.base.errors import MissingExtra, ShapeError
from narae.callbacks import History

Figure = pytest.importorskip("matplotlib.figure").Figure
labels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=50)


@given(labels)
def test_the_confusion_matrix_counts_every_pair_once(pairs: list[tuple[int, int]]) -> None:
    true, pred = (list(column) for column in zip(*pairs, strict=True))
    matrix = inspect.confusion_matrix(true, pred, 5)
    assert matrix.sum() == len(pairs)
    assert matrix.sum(axis=1).tolist() == np.bincount(true, minlength=5).tolist()
    assert matrix.sum(axis=0).tolist() == np.bincount(pred, minlength=5).tolist()
    assert np.trace(matrix) == sum(a == b for a, b in pairs)
    assert (inspect.confusion_matrix(pred, true, 5) == matrix.T).all()
    assert (inspect.confusion_matrix(true, np.eye(5)[pred], 5) == matrix).all()


@given(labels, st.permutations(range(5)))
def test_the_confusion_matrix_follows_renamed_classes(pairs: Any, names: list[int]) -> None:
    true, pred = np.array(pairs).T
    rename = np.array(names)
    renamed = inspect.confusion_matrix(rename[true], rename[pred], 5)
    assert (renamed[np.ix_(names, names)] == inspect.confusion_matrix(true, pred, 5)).all()


@pytest.mark.parametrize(
    ("true", "pred", "classes", "error", "message"),
    [
        ([0, 1], [0], None, ShapeError, "2 labels and 1 predictions"),
        ([], [], None, ValueError, "there are no labels"),
        ([0, 3], [0, 1], 3, ValueError, r"must be in \[0, 3\)"),
        ([0, -1], [0, 1], None, ValueError, "from -1"),
    ],
)
def test_labels_that_cannot_be_are_told(
    true: Any, pred: Any, classes: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        inspect.confusion_matrix(true, pred, classes)


CURVES = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.9], "accuracy": [0.5, 0.8]}
IMAGES = np.random.default_rng(0).random((7, 28, 28))
ROWS = np.eye(10)[[0, 1, 2, 3, 4, 5, 6]]
PLOTS: dict[str, Callable[[Any], Any]] = {
    "history": lambda path: inspect.plot_history(CURVES, path),
    "confusion": lambda path: inspect.plot_confusion(np.eye(4, dtype=int), path, list("abcd")),
    "samples": lambda path: inspect.plot_samples(IMAGES, ROWS, [0, 1, 2, 3, 4, 5, 9], path),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_a_figure_and_a_file_written_whole(name: str, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    figure = PLOTS[name](tmp_path / "plot.png")
    assert isinstance(figure, Figure)
    with image.open(tmp_path / "plot.png") as picture:
        width, height = figure.get_size_inches() * 120
        assert picture.size == (int(width), int(height))
        assert np.ptp(np.asarray(picture.convert("L"))) > 200  # something is drawn
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]
    assert PLOTS[name](None).axes  # and without a path


@pytest.mark.parametrize("name", PLOTS)
def test_without_matplotlib_the_extra_is_named(name: str, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"narae\[plot\]"):
        PLOTS[name](tmp_path / "plot.png")
    assert not list(tmp_path.iterdir())


def test_curves_are_the_numbers_of_the_history() -> None:
    history = History()
    for epoch in range(2):
        history.on_epoch_end(epoch, {name: values[epoch] for name, values in CURVES.items()})
    for source in (history, CURVES):
        loss, accuracy = inspect.plot_history(source).axes
        assert [line.get_ydata().tolist() for line in map(_array, loss.lines)] == [
            CURVES["loss"],
            CURVES["val_loss"],
        ]
        assert [line.get_label() for line in accuracy.lines] == ["training"]


def _array(line: Any) -> Any:
    line.set_ydata(np.asarray(line.get_ydata()))
    return line


def test_validation_measured_at_some_epochs_is_drawn_where_it_was() -> None:
    history = History()
    for epoch in range(4):
        history.on_epoch_end(epoch, {"loss": 1.0} | ({"val_loss": 2.0} if epoch % 2 else {}))
    (ax,) = inspect.plot_history(history).axes
    assert [list(line.get_xdata()) for line in ax.lines] == [[1, 2, 3, 4], [2, 4]]


@pytest.mark.parametrize("empty", [{}, {"loss": []}, History()])
def test_an_empty_history_is_told(empty: Any) -> None:
    with pytest.raises(ValueError, match="fit for one epoch"):
        inspect.plot_history(empty)


def test_confusion_shows_names_counts_and_the_share_that_is_right() -> None:
    ax = inspect.plot_confusion(np.array([[8, 2], [0, 10]]), names=["cat", "dog"]).axes[0]
    assert [text.get_text() for text in ax.texts] == ["8", "2", "10"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["cat", "dog"]
    assert ax.get_title() == "90.00% right of 20"


def test_samples_say_prediction_and_mistake() -> None:
    figure = PLOTS["samples"](None)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["0", "1", "2", "3", "4", "5", "6, not 9"]
    bars = figure.axes[3].child_axes[0].patches
    assert [bar.get_width() for bar in bars] == ROWS[3].tolist()
    named = inspect.plot_samples(IMAGES[:1], ROWS[:1], titles=["a very long name of a file.png"])
    assert named.axes[0].get_title() == "…name of a file.png\n0"


@pytest.mark.parametrize(("rows", "true"), [(6, None), (7, [1])])
def test_samples_of_different_numbers_are_told(rows: int, true: Any) -> None:
    with pytest.raises(ShapeError, match="the numbers must agree"):
        inspect.plot_samples(IMAGES, ROWS[:rows], true)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_sentence_calls_overfitting_what_is_above(train: float, test: float) -> None:
    said = inspect.overfitting_sentence(train, test)
    assert ("no overfitting" in said) == (100 * (train - test) < 0.2)
    assert ("Dropout" in said) == (100 * (train - test) >= 2)
