"""Addition as a task of reading and writing: "17+5" -> "22", character by character.

One LSTM reads the sum and gives one vector, a second one writes the answer from it (Sutskever et al.
2014). The sum is read backwards, as there: what is written first then lies nearest.

    python examples/addition.py [--digits N] [--sums N] [--epochs N]
"""

from __future__ import annotations

import argparse

import numpy as np

import narae as keras
from narae import layers

CHARACTERS, BATCH = "0123456789+ ", 64


def one_hot(texts: list[str]) -> np.ndarray:
    """Texts of one length -> (texts, length, characters), float32."""
    places = np.array([[CHARACTERS.index(c) for c in text] for text in texts])
    return np.eye(len(CHARACTERS), dtype="float32")[places]


def read(scores: np.ndarray) -> list[str]:
    """The likeliest characters of (texts, length, characters)."""
    return ["".join(CHARACTERS[i] for i in row) for row in scores.argmax(axis=-1)]


def sums(count: int, digits: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Different sums and their answers, filled up with spaces behind. The two numbers are up to `digits` long."""
    most = 10**digits
    places = rng.choice(most * most, count, replace=False)
    pairs = [(int(p) // most, int(p) % most) for p in places]
    asked = [f"{a}+{b}".ljust(2 * digits + 1) for a, b in pairs]
    return asked, [f"{a + b}".ljust(digits + 1) for a, b in pairs]


def new_model(digits: int, steps: int, units: int = 64) -> keras.Model:
    """(batch, 2 digits + 1, characters) -> probabilities (batch, digits + 1, characters).

    steps: of the whole training, at whose end the learning rate is 0.
    """
    model = keras.Sequential(
        [
            keras.Input((2 * digits + 1, len(CHARACTERS))),
            layers.LSTM(units, go_backwards=True),  # reads
            layers.RepeatVector(digits + 1),
            layers.LSTM(units, return_sequences=True),  # writes
            layers.TimeDistributed(layers.Dense(len(CHARACTERS), activation="softmax")),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model


def main(digits: int = 2, count: int = 8000, epochs: int = 20) -> float:
    """Train on some sums, and give the share of others that are answered without a mistake."""
    keras.utils.set_random_seed(1)
    asked, answers = sums(count, digits, np.random.default_rng(0))
    x, y = one_hot(asked), one_hot(answers)
    cut = count * 9 // 10
    model = new_model(digits, steps=epochs * -(-cut // BATCH))
    model.fit(x[:cut], y[:cut], epochs=epochs, batch_size=BATCH, verbose=2)
    found = read(model.predict(x[cut:], verbose=0))
    for question, right, said in list(zip(asked[cut:], answers[cut:], found, strict=True))[:5]:
        print(f"{question} = {said}" + ("" if said == right else f", but it is {right}"))
    share = float(
        np.mean([said == right for said, right in zip(found, answers[cut:], strict=True)])
    )
    print(f"right: {share:.1%}")
    return share


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=2)
    parser.add_argument("--sums", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    main(arguments.digits, arguments.sums, arguments.epochs)
