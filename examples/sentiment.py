"""Whether a sentence is for or against: word vectors and an LSTM in both directions.

The sentences are made, of many lengths. "not" turns the word that it is about, whether it stands before it
or, as in "dull is what it was not", after it: which words there are is not enough, their order counts.

    python examples/sentiment.py [--sentences N] [--epochs N]
"""

from __future__ import annotations

import argparse

import numpy as np

import narae as keras
from narae import layers

THINGS = ["film", "story", "music", "acting", "ending", "first", "half", "script", "camera", "hero"]
GOOD = ["good", "fine", "great", "moving", "clever", "funny", "warm", "bright"]
BAD = ["bad", "dull", "weak", "empty", "slow", "noisy", "cold", "flat"]
FILLING = [
    "well",
    "I",
    "think",
    "that",
    "really",
    "to",
    "me",
    "all",
    "in",
    "all",
    "on",
    "the",
    "whole",
    "this",
    "time",
]


def sentence(rng: np.random.Generator) -> tuple[str, int]:
    """Words, and 1 if they praise."""
    good, turned, before = rng.integers(0, 2, 3)
    word = rng.choice(GOOD if good else BAD)
    thing = rng.choice(THINGS)
    fillings = [list(rng.choice(FILLING, rng.integers(0, 6))) for _ in range(2)]
    if not turned:
        said = ["the", thing, "is", word]
    elif before:
        said = ["the", thing, "is", "not", *fillings.pop(), word]
    else:
        said = [word, *fillings.pop(), "is", "what", "the", thing, "was", "not"]
    words = [*fillings.pop(), *said, *(fillings.pop() if fillings else [])]
    return " ".join(words), int(good != turned)


class Words:
    """Numbers for words, from 1 on in the order of their first use: 0 fills up shorter sentences."""

    def __init__(self, sentences: list[str]) -> None:
        known = dict.fromkeys(word for text in sentences for word in text.split())
        self.numbers = {word: i for i, word in enumerate(known, start=1)}

    def __call__(self, sentences: list[str], length: int | None = None) -> np.ndarray:
        """(sentences, words), filled up behind. Words that were never seen are left out."""
        rows = [[self.numbers[w] for w in s.split() if w in self.numbers] for s in sentences]
        return keras.utils.pad_sequences(rows, maxlen=length, padding="post")


def new_model(words: int) -> keras.Model:
    """Numbers of words -> how likely it is that they praise. What is filled up is masked."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(words + 1, 16, mask_zero=True),
            layers.Bidirectional(layers.LSTM(16)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def main(count: int = 2000, epochs: int = 5) -> float:
    """Train on made sentences, and give the accuracy on others."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    sentences, labels = zip(*(sentence(rng) for _ in range(count)), strict=True)
    words = Words(list(sentences))
    x, y = words(list(sentences)), np.array(labels)
    cut = count * 4 // 5
    model = new_model(len(words.numbers))
    model.fit(x[:cut], y[:cut], epochs=epochs, batch_size=32, verbose=2)
    accuracy = model.evaluate(x[cut:], y[cut:], verbose=0)[1]
    print(f"test accuracy {accuracy:.4f}")
    for text in (
        "the story is good",
        "the story is not really good",
        "dull is what the story was not",
    ):
        praise = model.predict(words([text]), verbose=0)[0, 0]
        print(f"{praise:6.1%} for: {text}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    main(arguments.sentences, arguments.epochs)
