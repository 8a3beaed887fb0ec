"""Sequences for all peers: the sizes of the work, and made data."""

from __future__ import annotations

from typing import Any, NamedTuple

import common
import numpy as np


class Series(NamedTuple):
    """A recurrent layer over a series of numbers, then one number."""

    units: int
    steps: int
    features: int
    batch: int


class Text(NamedTuple):
    """Layers over tokens. heads, wide: of a transformer's blocks."""

    words: int
    size: int
    steps: int
    batch: int
    units: int = 0
    heads: int = 0
    wide: int = 0
    blocks: int = 1


SMALL = Series(units=32, steps=120, features=14, batch=128)
LARGE = Series(units=256, steps=100, features=128, batch=64)
ONE = Series(units=32, steps=1, features=14, batch=1)
SHORT_TEXT = Text(words=10_000, size=64, steps=25, batch=32, units=32)
MASKED_TEXT = Text(words=10_000, size=64, steps=200, batch=32, units=64)
ENCODER = Text(words=1_000, size=128, steps=64, batch=32, heads=4, wide=512)
GPT = Text(words=256, size=128, steps=256, batch=16, heads=4, wide=512, blocks=4)
BATCHES = 4 if common.QUICK else 10  # in an epoch


def series(work: Series) -> tuple[Any, Any]:
    """(rows, steps, features) and (rows, 1), float32."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCHES * work.batch, work.steps, work.features)).astype("float32")
    return x, x[:, -1, :1].copy()


def tokens(work: Text) -> Any:
    """(rows, steps), int32, from 1 on."""
    shape = (BATCHES * work.batch, work.steps)
    return np.random.default_rng(0).integers(1, work.words, shape).astype("int32")


def labelled(work: Text) -> tuple[Any, Any]:
    """Tokens, and a label 0 or 1 for each row, (rows, 1), float32."""
    x = tokens(work)
    return x, (x[:, :1] % 2).astype("float32")


def padded(work: Text) -> tuple[Any, Any, Any]:
    """`labelled`, with rows of many lengths that zeros fill up behind; and the lengths."""
    x, y = labelled(work)
    lengths = np.random.default_rng(1).integers(work.steps // 4, work.steps + 1, len(x))
    x[np.arange(work.steps) >= lengths[:, None]] = 0
    return x, y, lengths


def following(work: Text) -> tuple[Any, Any]:
    """Tokens, and which comes after each."""
    x = tokens(work)
    return x, np.roll(x, -1, axis=1)
