"""The examples of sequences learn what they are about, on fewer data than they take by themselves."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import narae

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_a_forecast_beats_saying_as_now() -> None:
    naive, error = example("forecasting")["main"](days=240, epochs=3)
    assert error < 0.7 * naive


def test_weather_is_cut_where_it_is_said() -> None:
    """A target is the temperature a day after its window's last hour."""
    found = example("forecasting")
    series = found["weather"](20)
    for past, target in found["windows"](series, 0.0, 1.0, 0, None).as_numpy_iterator():
        at = [int(np.flatnonzero((series == hour).all(axis=1))[0]) for hour in past[:, -1]]
        np.testing.assert_array_equal(target, series[np.add(at, 24), 0])


def test_sentences_for_and_against_are_told_apart(capsys: Any) -> None:
    found = example("sentiment")
    assert found["main"](count=1000, epochs=5) > 0.95
    rng = np.random.default_rng(2)
    made = [found["sentence"](rng) for _ in range(400)]
    turned = [label for text, label in made if "not" in text.split()]
    assert 0.3 < np.mean(turned) < 0.7  # neither "not" nor the other words alone tell
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert [float(line.split("%")[0]) > 50 for line in lines] == [True, False, True]


def test_sums_are_learned() -> None:
    found = example("addition")
    assert found["read"](found["one_hot"](["12+3 "])) == ["12+3 "]
    assert found["main"](digits=2, count=4000, epochs=14) > 0.4


def test_digits_are_read_without_places() -> None:
    assert example("reading")["main"](count=2000, epochs=10) < 0.05


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ([], [], 0),
        ([1], [], 1),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2], [2, 1], 2),
        ([5, 5], [5, 6, 5], 1),
    ],
)
def test_mistakes_are_counted(a: list[int], b: list[int], wanted: int) -> None:
    assert example("reading")["distance"](a, b) == example("reading")["distance"](b, a) == wanted


def test_an_untrained_reader_reads_nothing() -> None:
    found = example("reading")
    x, y = found["pictures"](50, seed=3)
    narae.utils.set_random_seed(0)
    assert found["error_rate"](found["new_model"](), x, y) > 0.7
