"""Labels that are dealt out anew: what a network can learn of them is only by heart."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from narae.app.tasks import Task


def deal(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """A share of the labels, drawn by the seed, dealt out anew among themselves: no class loses any.

    >>> labels = np.arange(100) % 2
    >>> dealt = deal(labels, 1.0, seed=1)
    >>> int(dealt.sum()), bool(30 < (dealt != labels).sum() < 70)
    (50, True)
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 2**32]))
    chosen = generator.permutation(len(labels))[: round(share * len(labels))]
    dealt = labels.copy()
    dealt[chosen] = labels[generator.permutation(chosen)]
    return dealt


def shuffled(data: Task, knobs: Mapping[str, Any]) -> Task:
    """The task with the knobs' share of its training labels dealt out anew; validation keeps the true ones."""
    if not knobs["shuffled"]:
        return data
    y = deal(data.y, knobs["shuffled"], knobs["seed"])
    opening = data.opening
    if "labels" in opening:
        opening = {**opening, "labels": [*y.ravel().tolist(), *opening["labels"][len(y) :]]}
    return dataclasses.replace(data, y=y, opening=opening)
