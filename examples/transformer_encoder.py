"""A Transformer's encoder, from layers of one's own: which word comes after the mark?

A sentence is words by number, of many lengths; one of its words is the mark, and the answer is the word
behind it. How often words occur says nothing of that: a step has to look at its neighbour, by attention
over positions (Vaswani et al. 2017).

    python examples/transformer_encoder.py [--sentences N] [--epochs N]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import narae as keras
from narae import layers, ops

WORDS, MARK, LENGTH = 8, 9, 12  # words are 1 to 8; 0 fills up, behind the sentence


@keras.saving.register_keras_serializable("examples")
class WordsAndPlaces(layers.Layer):
    """(batch, steps) whole numbers -> (batch, steps, width): a vector for the word plus one for its place."""

    def __init__(self, words: int, length: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.length, self.width = words, length, width
        self.word = layers.Embedding(words, width, mask_zero=True)
        self.place = layers.Embedding(length, width)

    def build(self, input_shape: Any) -> None:
        self.word.build(input_shape)
        self.place.build(input_shape[1:])

    def call(self, x: Any) -> Any:
        return self.word(x) + self.place(ops.arange(x.shape[1]))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.word.compute_mask(inputs)

    def get_config(self) -> dict[str, Any]:
        own = {"words": self.words, "length": self.length, "width": self.width}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("examples")
class EncoderBlock(layers.Layer):
    """(batch, steps, width) -> the same: every step looks at all others, then at itself, each added to what was."""

    def __init__(self, heads: int, hidden: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.hidden, self.dropout = heads, hidden, dropout
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        self.attention = layers.MultiHeadAttention(self.heads, width // self.heads)
        self.attention.build(input_shape, input_shape)
        self.feed = keras.Sequential(
            [layers.Dense(self.hidden, "gelu"), layers.Dense(width), layers.Dropout(self.dropout)]
        )
        self.feed.build(input_shape)
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        for norm in self.norms:
            norm.build(input_shape)

    def call(self, x: Any, mask: Any = None) -> Any:
        x = self.norms[0](x + self.attention(x, x, value_mask=mask))
        return self.norms[1](x + self.feed(x))

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "hidden": self.hidden, "dropout": self.dropout}
        return {**super().get_config(), **own}


def sentences(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences (count, LENGTH), filled up with 0, and their answers (count,), 0 to WORDS - 1."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, WORDS + 1, (count, LENGTH))
    lengths = rng.integers(4, LENGTH + 1, count)
    marks = rng.integers(0, lengths - 1)
    x[np.arange(count), marks] = MARK
    answers = x[np.arange(count), marks + 1] - 1
    return np.where(np.arange(LENGTH) < lengths[:, None], x, 0).astype("int32"), answers


def new_model(width: int = 32, heads: int = 4, blocks: int = 2) -> keras.Model:
    """(batch, LENGTH) whole numbers -> probabilities (batch, WORDS)."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = WordsAndPlaces(MARK + 1, LENGTH, width)(inputs)
    for _ in range(blocks):
        x = EncoderBlock(heads, 2 * width)(x)
    x = layers.GlobalAveragePooling1D()(x)  # of the steps that count
    model = keras.Model(inputs, layers.Dense(WORDS, "softmax")(x))
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def main(count: int = 4000, epochs: int = 8, file: str | None = None) -> float:
    """Train on some sentences, and give the share of others that are answered rightly."""
    keras.utils.set_random_seed(1)
    x, answers = sentences(count, seed=0)
    model = new_model()
    model.fit(x, answers, epochs=epochs, batch_size=64, verbose=2)
    if file is not None:
        model.save(file)
        model = keras.saving.load_model(file)
    _, share = model.evaluate(*sentences(1000, seed=1), verbose=0)
    print(f"right: {share:.1%}")
    return float(share)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--file", help="where the model is saved, and read again: name.keras")
    arguments = parser.parse_args()
    main(arguments.sentences, arguments.epochs, arguments.file)
