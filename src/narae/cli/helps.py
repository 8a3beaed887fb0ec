"""The longest help texts."""

from __future__ import annotations

from narae.base.language import tr

TRAIN = tr(
    """Train a network on a data set, your own pictures or your own table, test it, and draw what happened.

    `mnist`: 70,000 handwritten digits, which ship with narae. The network is the first one of every course,
    Dense(512, relu) and Dense(10, softmax).

    FOLDER: pictures (PNG, JPEG, ...), in one folder for each class: `pets/cat`, `pets/dog`. They may have any size.
    A small convolutional network learns the folders' names.

    FILE.csv: a table with a header. `--target` names the column to be told by the others: a class, or a number.

    A part of the training data is kept to validate by; the test data are looked at once, at the end. The model is
    saved with what its data were like, and `narae predict` takes more of them.

    **Try:** `narae train mnist`, then `--epochs 20` to see it overfit, `--learning-rate 0.1` to see it fail,
    `--units 16` to see how little is enough. `narae train pets`, `narae train flowers.csv --target species`.
    """
)
