"""A network that is trained, frozen, and asked: `compile_inference`.

python examples/answering.py
"""

from __future__ import annotations

import time

import numpy as np

import narae as keras
from narae import layers


def trained() -> keras.Sequential:
    """Blobs in pictures of 16 × 16: in which quarter is it?"""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 2000)
    x = rng.normal(0, 0.3, (2000, 16, 16, 1)).astype("float32")
    for picture, label in zip(x, labels, strict=True):
        row, column = 8 * (label // 2) + 2, 8 * (label % 2) + 2
        picture[row : row + 4, column : column + 4] += 1
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, labels, epochs=3, verbose=0)
    print(f"accuracy {model.evaluate(x, labels, verbose=0)[1]:.3f}")
    return model


def main() -> None:
    """Train, freeze, compare."""
    model = trained()
    answer = keras.compile_inference(model, batch_sizes=(1, 32))
    print(answer)
    print(answer.explain_plan())  # the normalization is gone: it is in the convolution's weights
    one = np.zeros((1, 16, 16, 1), "float32")
    difference = np.abs(answer(one) - model.predict_on_batch(one)).max()
    print(f"largest difference {difference:.1e}")
    for name, ask in (("model(x)", model), ("compile_inference", answer)):
        ask(one)
        start = time.perf_counter()
        for _ in range(1000):
            ask(one)
        print(f"{name}: {1e3 * (time.perf_counter() - start):.0f} µs a call")


if __name__ == "__main__":
    main()
