"""Numbers read from pictures, without saying where in them a digit stands: CTC.

The pictures are made: digits of a small font, stretched, shifted and blurred by noise, at random distances.
A recurrent network looks at one column after another and gives a score for each digit and for "nothing new";
the loss adds up all ways to place the digits (Graves et al. 2006).

    python examples/reading.py [--pictures N] [--epochs N]
"""

from __future__ import annotations

import argparse

import numpy as np

import narae as keras
from narae import layers, ops

HEIGHT, WIDTH, MOST = 9, 48, 5  # of a picture, and digits in it
FONT = """
.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###.
#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...#
#...# ..#.. ....# ..##. .#.#. ####. ####. ...#. .###. .####
#...# ..#.. ..##. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# ..#.. #...# ....#
.###. .###. ##### .###. ...#. .###. .###. ..#.. .###. .###.
"""


def glyphs() -> np.ndarray:
    """The font, (10, 6, 5): 0 and 1."""
    rows = [line.split() for line in FONT.strip().splitlines()]
    return np.array([[[c == "#" for c in row[i]] for row in rows] for i in range(10)], "float32")


def picture(rng: np.random.Generator, font: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Columns from left to right, (WIDTH, HEIGHT), and the digits on them."""
    digits = [int(d) for d in rng.integers(0, 10, rng.integers(1, MOST + 1))]
    page, at = np.zeros((HEIGHT, WIDTH), "float32"), int(rng.integers(1, 5))
    for digit in digits:
        columns = np.repeat(font[digit], rng.integers(1, 3, 5), axis=1)[:, :8]
        down, wide = int(rng.integers(0, HEIGHT - 5)), columns.shape[1]
        page[down : down + 6, at : at + wide] = columns[:, : WIDTH - at]
        at += wide + int(rng.integers(1, 3))
    return (page + rng.normal(0, 0.15, page.shape)).T.astype("float32"), digits


def pictures(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(count, WIDTH, HEIGHT), and labels (count, MOST): digit + 1, then zeros."""
    rng, font = np.random.default_rng(seed), glyphs()
    made, digits = zip(*(picture(rng, font) for _ in range(count)), strict=True)
    labels = [[d + 1 for d in row] for row in digits]
    return np.stack(made), keras.utils.pad_sequences(labels, maxlen=MOST, padding="post")


def new_model() -> keras.Model:
    """Columns -> scores (batch, WIDTH, 11): nothing new, and the ten digits."""
    model = keras.Sequential(
        [
            keras.Input((WIDTH, HEIGHT)),
            layers.Conv1D(32, 5, padding="same", activation="relu"),
            layers.Bidirectional(layers.GRU(32, return_sequences=True)),
            layers.Dense(11),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), keras.losses.CTC())
    return model


def read(model: keras.Model, x: np.ndarray) -> list[list[int]]:
    """The digits on pictures."""
    scores = model.predict(x, verbose=0)
    paths, _ = ops.ctc_decode(scores, np.full(len(x), WIDTH))
    return [[int(d) - 1 for d in row if d > 0] for row in paths.numpy()[0]]


def distance(a: list[int], b: list[int]) -> int:
    """How many digits are put in, left out or changed between two numbers (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def error_rate(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Mistakes per digit."""
    right = [[int(d) - 1 for d in row if d > 0] for row in y]
    mistakes = sum(map(distance, read(model, x), right))
    return mistakes / sum(map(len, right))


def main(count: int = 3000, epochs: int = 8) -> float:
    """Train on made pictures, and give the mistakes per digit on others."""
    keras.utils.set_random_seed(1)
    x, y = pictures(count)
    model = new_model()
    model.fit(x, y, epochs=epochs, batch_size=16, verbose=2)
    new_x, new_y = pictures(500, seed=1)
    for found, labels in zip(read(model, new_x[:5]), new_y, strict=False):
        print("read", found, "on a picture of", [int(d) - 1 for d in labels if d > 0])
    rate = error_rate(model, new_x, new_y)
    print(f"mistakes per digit: {rate:.2%}")
    return rate


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    main(arguments.pictures, arguments.epochs)
