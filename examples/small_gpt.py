"""A small GPT that writes characters: it learns from the chapters of docs/learn, and goes on from a beginning.

A decoder of Transformer blocks (Vaswani et al. 2017; Radford et al. 2019) gives at each step scores for the next
character, from that step and those before it alone. The next one is drawn from them, over and over.

    python examples/small_gpt.py [--language en|ko|both] [--steps N] [--temperature T] [--top-k K]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import narae as keras
from narae import layers

CHAPTERS = Path(__file__).parents[1] / "docs" / "learn"


@keras.saving.register_keras_serializable("examples")
class Places(layers.Layer):
    """(batch, steps, width) -> the same, a learned vector for each step added."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def build(self, input_shape: Any) -> None:
        shape = (self.length, input_shape[-1])
        self.places = self.add_weight(shape=shape, initializer="uniform", name="places")

    def call(self, x: Any) -> Any:
        return x + self.places[: x.shape[1]]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "length": self.length}


@keras.saving.register_keras_serializable("examples")
class DecoderBlock(layers.Layer):
    """(batch, steps, width) -> the same: a step looks at itself and those before it, then at itself alone."""

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        self.before, self.between = layers.LayerNormalization(), layers.LayerNormalization()
        self.attention = layers.MultiHeadAttention(self.heads, width // self.heads)
        self.wide, self.narrow = layers.Dense(4 * width, "gelu"), layers.Dense(width)
        self.drop = layers.Dropout(self.dropout)
        self.attention.build(input_shape, input_shape)
        for layer in (self.before, self.between, self.wide):
            layer.build(input_shape)
        self.narrow.build((*input_shape[:-1], 4 * width))

    def call(self, x: Any) -> Any:
        h = self.before(x)
        x = x + self.drop(self.attention(h, h, use_causal_mask=True))
        return x + self.drop(self.narrow(self.wide(self.between(x))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}


def chapters(language: str) -> str:
    """The chapters of "en", "ko", or "both", one after the other."""
    folders = ("en", "ko") if language == "both" else (language,)
    files = [path for folder in folders for path in sorted((CHAPTERS / folder).glob("[0-9]*.md"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


class Vocabulary:
    """Characters by number, in their order."""

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self.numbers = {c: i for i, c in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def write(self, text: str) -> np.ndarray:
        """The numbers of a text's characters; those that the vocabulary has not are left out."""
        return np.array([self.numbers[c] for c in text if c in self.numbers], "int32")

    def read(self, numbers: Any) -> str:
        """The text of numbers."""
        return "".join(self.characters[int(i)] for i in numbers)


class Passages(keras.utils.PyDataset):
    """Passages of a text at places drawn at random: characters, and for each the one that comes next."""

    def __init__(self, numbers: np.ndarray, length: int, batch: int, steps: int, seed: int) -> None:
        super().__init__()
        self.numbers, self.length, self.batch, self.steps = numbers, length, batch, steps
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        starts = self.rng.integers(0, len(self.numbers) - self.length, self.batch)
        rows = self.numbers[starts[:, None] + np.arange(self.length + 1)]
        return rows[:, :-1], rows[:, 1:]


def new_model(
    words: int, length: int, width: int = 128, heads: int = 4, blocks: int = 3, dropout: float = 0.1
) -> keras.Model:
    """(batch, length) whole numbers -> scores (batch, length, words). The table of vectors is used both ways."""
    table = layers.ReversibleEmbedding(words, width)
    inputs = keras.Input((length,), dtype="int32")
    x = Places(length)(table(inputs))
    for _ in range(blocks):
        x = DecoderBlock(heads, dropout)(x)
    x = layers.LayerNormalization()(x)
    model = keras.Model(inputs, table(x, reverse=True))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(2e-3, weight_decay=0.01), loss)
    return model


def draw(
    scores: np.ndarray, temperature: float, top_k: int | None, rng: np.random.Generator
) -> int:
    """A number drawn by its scores. temperature: below 1 the likely ones are likelier still, at 0 it is the likeliest;
    top_k: only so many of the likeliest are drawn."""
    if temperature == 0:
        return int(scores.argmax())
    scores = scores.astype("float64") / temperature
    if top_k is not None and top_k < len(scores):
        scores[scores < np.sort(scores)[-top_k]] = -np.inf
    shares = np.exp(scores - scores.max())
    return int(rng.choice(len(scores), p=shares / shares.sum()))


def generate(
    model: keras.Model,
    vocabulary: Vocabulary,
    beginning: str,
    count: int,
    temperature: float = 0.8,
    top_k: int | None = 20,
    seed: int = 0,
) -> str:
    """The beginning, and `count` characters more."""
    rng = np.random.default_rng(seed)
    length: int = model.input_shape[1]
    numbers = list(vocabulary.write(beginning))
    if not numbers:
        raise ValueError(f"a text begins with characters of the vocabulary, got {beginning!r}")
    for _ in range(count):
        # what fills up behind is not seen from before it, so that one program serves all lengths
        seen = numbers[-length:]
        row = np.array([seen + [0] * (length - len(seen))], "int32")
        scores = model.predict_on_batch(row)[0, len(seen) - 1]
        numbers.append(draw(scores, temperature, top_k, rng))
    return vocabulary.read(numbers)


def main(
    language: str = "en",
    steps: int = 600,
    length: int = 128,
    batch: int = 16,
    temperature: float = 0.8,
    top_k: int | None = 20,
    count: int = 300,
    file: str | None = None,
    **sizes: Any,
) -> tuple[list[float], str]:
    """Train, and give the loss after each tenth of the steps, and a text of `count` characters after its beginning."""
    keras.utils.set_random_seed(1)
    text = chapters(language)
    vocabulary = Vocabulary(text)
    numbers = vocabulary.write(text)
    print(f"{len(text)} characters, {len(vocabulary)} different ones")
    model = new_model(len(vocabulary), length, **sizes)
    passages = Passages(numbers, length, batch, max(steps // 10, 1), seed=0)
    history = model.fit(passages, epochs=10, verbose=2)
    if file is not None:
        model.save(file)
        model = keras.saving.load_model(file)
    beginning = "신경망" if language == "ko" else "The "
    written = generate(model, vocabulary, beginning, count, temperature, top_k)
    print(written)
    return history.history["loss"], written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", choices=("en", "ko", "both"), default="en")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=20)
    parser.add_argument("--file", help="where the model is saved, and read again: name.keras")
    given = parser.parse_args()
    main(
        given.language,
        given.steps,
        temperature=given.temperature,
        top_k=given.top_k,
        file=given.file,
    )
