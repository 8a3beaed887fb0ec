"""Cross-entropies of predictions and targets, one for each sample (or element)."""

from __future__ import annotations

from typing import Any

from narae.base.errors import ShapeError
from narae.ops.objectives import crossentropy
from narae.ops.objectives.ctc import ctc_loss as ctc
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """−(t log p + (1 − t) log(1 − p)) for each element; p probabilities, or scores with from_logits.

    >>> import narae
    >>> f"{narae.ops.binary_crossentropy([1.0], [0.5]).numpy()[0]:.4f}"
    '0.6931'
    """
    target, output = crossentropy.pair("binary_crossentropy", target, output)
    if target.shape != output.shape:
        raise ShapeError(
            f"binary_crossentropy takes a target of the output's shape {output.shape}, got {target.shape}"
        )
    return crossentropy.binary_terms(target, output, from_logits)


@public
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−Σ t log p along an axis; p divided by their sum first, or scores with from_logits.

    >>> import narae
    >>> f"{narae.ops.categorical_crossentropy([0.0, 1.0], [0.5, 0.5]).item():.4f}"
    '0.6931'
    """
    return crossentropy.categorical_crossentropy(target, output, from_logits, axis=axis)


@public
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−log p of the true class, given by its index; p divided by their sum first, or scores with from_logits.

    >>> import narae
    >>> f"{narae.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()[0]:.4f}"
    '0.6931'
    """
    return crossentropy.sparse_categorical_crossentropy(target, output, from_logits, axis=axis)


@public
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Tensor:
    """−log p of label sequences, summed over their alignments (Graves et al. 2006): (n,).

    >>> import narae
    >>> f"{narae.ops.ctc_loss([[1]], [[[0.0, 0.0]]], [1], [1]).numpy()[0]:.4f}"
    '0.6931'
    """
    return ctc(target, output, target_length, output_length, mask_index)
