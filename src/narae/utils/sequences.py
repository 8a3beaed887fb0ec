"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae.base.types import DTypeLike


def pad_sequences(
    sequences: Sequence[Sequence[Any]],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> np.ndarray:
    """n sequences of items of one shape as an array (n, maxlen, *item), filled up with `value`.

    Args:
        sequences: n lists or arrays of items.
        maxlen: the length of all; None for the longest one's.
        dtype: of the array; `object` for strings.
        padding: where `value` goes, before ('pre') or after ('post') the items.
        truncating: which items leave a longer sequence, the first ('pre') or the last ('post').
        value: what fills up.

    Returns: a NumPy array (n, maxlen, *item).

    Raises:
        ValueError: another side, something that is no sequence, items of different shapes, or a string for an array
            of numbers.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"{name} is 'pre' or 'post', got {side!r}")
    wanted = np.dtype(dtype)
    if isinstance(value, str) and wanted.kind not in "OSU":
        raise ValueError(f"value {value!r} does not fit dtype {wanted}: strings need dtype=object")
    rows = _rows(sequences, wanted)
    if maxlen is None:
        maxlen = max((len(row) for row in rows), default=0)
    item = next((row.shape[1:] for row in rows if len(row)), ())
    out = np.full((len(rows), maxlen, *item), value, wanted)
    for i, row in enumerate(rows):
        kept = row[max(len(row) - maxlen, 0) :] if truncating == "pre" else row[:maxlen]
        if not len(kept):
            continue
        if row.shape[1:] != item:
            raise ValueError(f"sequence {i} has items of shape {row.shape[1:]}, others of {item}")
        start = maxlen - len(kept) if padding == "pre" else 0
        out[i, start : start + len(kept)] = kept
    return out


def _rows(sequences: Sequence[Any], dtype: np.dtype) -> list[np.ndarray]:
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences takes a list of sequences, got {sequences!r}")
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"sequence {i} is none: got {sequence!r}")
    return [np.asarray(sequence, dtype) for sequence in sequences]
