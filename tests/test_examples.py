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


def test_a_mark_s_neighbour_is_found(tmp_path: Path) -> None:
    found = example("transformer_encoder")
    x, answers = found["sentences"](50, seed=0)
    marks = (x == found["MARK"]).argmax(axis=1)
    np.testing.assert_array_equal(x[np.arange(50), marks + 1], answers + 1)
    assert found["main"](count=2500, epochs=12, file=str(tmp_path / "encoder.keras")) > 0.8


def test_what_fills_up_a_sentence_changes_nothing() -> None:
    """Places behind a sentence are masked: whatever stands there in the table of words, the answer is the same."""
    found = example("transformer_encoder")
    x, _ = found["sentences"](20, seed=0)
    model = found["new_model"]()
    before = model.predict(x, verbose=0)
    table = model.layers[1].word.embeddings
    values = table.numpy()
    values[0] = 5.0
    table.assign(values)
    np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-4, atol=1e-5)


TINY = {"length": 24, "width": 32, "heads": 2, "blocks": 1}


def test_a_small_gpt_learns_and_writes_characters_it_knows(tmp_path: Path) -> None:
    found = example("small_gpt")
    file = str(tmp_path / "gpt.keras")
    losses, written = found["main"](steps=80, batch=8, count=100, file=file, **TINY)
    assert losses[-1] < 0.85 * losses[0]
    text = found["chapters"]("en")
    assert set(written) <= set(text)
    assert written.startswith("The ")
    assert len(written) == 104
    vocabulary = found["Vocabulary"](text)
    assert vocabulary.read(vocabulary.write("a neuron")) == "a neuron"
    model = narae.saving.load_model(file)
    assert found["generate"](model, vocabulary, "The ", 100) == written


def test_a_gpt_sees_nothing_of_what_comes() -> None:
    found = example("small_gpt")
    model = found["new_model"](40, **TINY)
    x = np.random.default_rng(0).integers(0, 40, (3, 24))
    later = np.where(np.arange(24) < 10, x, (x + 1) % 40)
    first, second = (model.predict(rows, verbose=0) for rows in (x, later))
    np.testing.assert_array_equal(first[:, :10], second[:, :10])
    assert (first[:, 10:] != second[:, 10:]).any(axis=-1).all()


@pytest.mark.parametrize("language", ["en", "ko", "both"])
def test_chapters_are_read_in_both_languages(language: str) -> None:
    text = example("small_gpt")["chapters"](language)
    assert len(text) > 10_000
    assert ("신경망" in text) == (language != "en")


def test_numbers_are_drawn_by_their_scores() -> None:
    draw = example("small_gpt")["draw"]
    scores, rng = np.log(np.array([0.1, 0.2, 0.7], "float32")), np.random.default_rng(0)
    drawn = np.bincount([draw(scores, 1.0, None, rng) for _ in range(4000)], minlength=3) / 4000
    np.testing.assert_allclose(drawn, [0.1, 0.2, 0.7], atol=0.03)  # 4 deviations of 4000 draws
    assert {draw(scores, 1.0, 2, rng) for _ in range(200)} == {1, 2}
    assert {draw(scores, 0.0, None, rng) for _ in range(5)} == {2}
    colder = np.mean([draw(scores, 0.5, None, rng) == 2 for _ in range(2000)])
    assert abs(colder - 0.49 / 0.54) < 0.03


def test_a_frozen_network_answers_as_the_one_that_was_trained(capsys: Any) -> None:
    example("answering")["main"]()
    said = capsys.readouterr().out
    assert "accuracy 1.0" in said
    assert float(said.split("largest difference ")[1].split()[0]) < 1e-5
