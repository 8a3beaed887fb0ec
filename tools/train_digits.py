"""Train the network that ships with narae and reads digits on paper: `python -m tools.train_digits`.

A small convolutional network, on MNIST's first 55,000 training images and some fonts, each distorted anew in
each epoch (`tools/digit_pictures.py`). The last 5,000 training images are for choosing, MNIST's test images
for reports alone. Some minutes on two cores.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tools.digit_pictures import drawn

import narae
from narae import layers, utils
from narae.datasets import mnist
from narae.optimizers import schedules

SHIPPED = Path(narae.__file__).parent / "paper" / "data" / "digits.keras"
TRAINING = 55_000


def network() -> narae.Sequential:
    """94,000 weights: 380 kB as float32."""
    return narae.Sequential(
        [
            narae.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(48, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.25, seed=1),
            layers.Dense(96, activation="relu"),
            layers.Dropout(0.25, seed=2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    """Train, test, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    flags = parser.parse_args()
    utils.set_random_seed(flags.seed)
    rng = np.random.default_rng(flags.seed)
    (images, labels), _ = mnist.load_data()
    images = images.astype("f4") / 255
    model = network()
    steps = flags.epochs * (TRAINING + TRAINING // 8 + TRAINING // 5) // 128
    rate = schedules.CosineDecay(0.002, steps)
    model.compile(narae.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    kept = images[TRAINING:, ..., None], np.eye(10, dtype="f4")[labels[TRAINING:]]
    for epoch in range(flags.epochs):
        began = time.perf_counter()
        x, y = drawn(images[:TRAINING], labels[:TRAINING], rng)
        made = time.perf_counter() - began
        model.fit(x, y, 128, verbose=0)
        loss, accuracy = model.evaluate(*kept, batch_size=500, verbose=0)
        print(
            f"{epoch + 1}: {made:.0f} s of {time.perf_counter() - began:.0f}; kept: {loss:.4f} {accuracy:.4f}",
            flush=True,
        )
        model.save(flags.out, include_optimizer=False)


if __name__ == "__main__":
    main()
