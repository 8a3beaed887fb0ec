"""Connectionist temporal classification: the probability of labels whose positions in time are unknown."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base.dtypes import as_float, result_type
from narae.base.errors import ShapeError
from narae.base.types import TensorLike
from narae.ops.arithmetic import maximum
from narae.ops.casting import cast, convert_to_tensor
from narae.ops.creation import full
from narae.ops.indexing import take_along_axis
from narae.ops.joining import concatenate
from narae.ops.logic import equal, less, logical_and, not_equal, where
from narae.ops.numbers import logaddexp
from narae.ops.ranges import arange
from narae.ops.shapes import broadcast_to, expand_dims, reshape, squeeze, transpose
from narae.ops.simplex import log_softmax
from narae.primitives.records.scan import scan_over
from narae.tensor.tensor import Tensor

_NEVER = -1e5  # log of a probability that counts for nothing; -inf would make NaN gradients


def ctc_loss(
    target: TensorLike,
    output: TensorLike,
    target_length: TensorLike,
    output_length: TensorLike,
    mask_index: int = 0,
) -> Tensor:
    """−log p of each label sequence, summed over its alignments: (n, labels), (n, time, classes) -> (n,).

    Args:
        target: the label sequences, class indices (n, labels).
        output: the scores of the classes at each time, (n, time, classes), to be put through a softmax.
        target_length: how many labels of each row count, (n,).
        output_length: how many times of each row count, (n,).
        mask_index: the class that stands for no label (the blank); among the labels that count it is a label like
            others.

    Returns: one number per sequence, (n,), in float32 or wider.

    Raises:
        ShapeError: labels and scores have other ranks, or differ in number.

    Source: Graves et al. 2006, section 4.1.

    >>> f"{ctc_loss([[1]], [[[0.0, 0.0]]], [1], [1])[0]:.4f}"
    '0.6931'
    """
    output = convert_to_tensor(output)
    output = cast(output, result_type(as_float(output.dtype), "float32"))
    labels = cast(convert_to_tensor(target), "int32")
    check_sequences(labels.shape, output.shape)
    count, times, _ = output.shape
    target_length, output_length = (
        cast(convert_to_tensor(n), "int32") for n in (target_length, output_length)
    )
    states, jumps = _alignment(labels, mask_index)
    width = states.shape[1]
    scores = log_softmax(output, axis=-1)
    index = broadcast_to(expand_dims(states, 1), (count, times, width))
    emitted = take_along_axis(scores, index, axis=-1)
    first = where(arange(width) < 2, emitted[:, 0], _NEVER)

    def step(alpha: Tensor, emission: Tensor, t: Tensor) -> list[Tensor]:
        jumped = where(jumps, _later(alpha, 2), _NEVER)
        new = logaddexp(logaddexp(alpha, _later(alpha, 1)), jumped) + emission
        running = expand_dims(less(t, output_length), -1)
        return [where(running, new, alpha)]

    rest = transpose(emitted[:, 1:], (1, 0, 2))
    (alpha,) = scan_over(step, [first], [rest, arange(1, times)], times - 1)
    return -_at_the_end(alpha, 2 * target_length)


def check_sequences(labels: tuple[int, ...], scores: tuple[int, ...]) -> None:
    """Raise ShapeError unless there are labels and scores for each sequence of a batch."""
    if len(labels) != 2 or len(scores) != 3 or labels[0] != scores[0]:
        raise ShapeError(
            "ctc takes labels (batch, labels) and scores (batch, time, classes), got shapes "
            f"{labels} and {scores}"
        )


def _alignment(labels: Tensor, blank: int) -> tuple[Tensor, Tensor]:
    """The states of an alignment, blanks between the labels, and where one may be jumped over."""
    count, length = labels.shape
    blanks = full((count, length, 1), blank, dtype="int32")
    pairs = concatenate([blanks, expand_dims(labels, -1)], axis=-1)
    last = full((count, 1), blank, dtype="int32")
    states = concatenate([reshape(pairs, (count, 2 * length)), last], axis=1)
    # from one label to the next when they differ: the blank between equal ones must be seen. By
    # position, not by class: the blank's class among the labels is a label like others
    before = concatenate([full((count, 2), blank, dtype="int32"), states[:, :-2]], axis=1)
    is_label = np.arange(2 * length + 1) % 2 == 1
    return states, logical_and(is_label, not_equal(states, before))


def _later(alpha: Tensor, k: int) -> Tensor:
    """alpha moved k states on."""
    never = full((alpha.shape[0], k), _NEVER, dtype=alpha.dtype)
    return concatenate([never, alpha[:, :-k]], axis=1)


def _at_the_end(alpha: Any, last: Tensor) -> Tensor:
    """log of what ends in the last blank or in the label before it."""
    last = expand_dims(last, -1)
    blank = take_along_axis(alpha, last, axis=1)
    label = take_along_axis(alpha, maximum(last - 1, 0), axis=1)
    label = where(equal(last, 0), _NEVER, label)
    return squeeze(logaddexp(blank, label), 1)
