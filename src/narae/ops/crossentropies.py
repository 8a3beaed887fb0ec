"""Cross-entropies of predictions and targets, one for each sample (or element)."""

from __future__ import annotations

from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.base.types import TensorLike
from narae.ops.objectives import crossentropy
from narae.ops.objectives.ctc import ctc_loss as ctc
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor


@public
def binary_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False
) -> Tensor:
    """−(t log p + (1 − t) log(1 − p)) for each element.

    target, output: one shape -> the same shape, of a float dtype.

    Args:
        target: t, the true labels, 0 to 1.
        output: p, the predicted probabilities of label 1, or scores (see from_logits).
        from_logits: whether outputs are scores, to be put through a sigmoid first.

    Raises:
        ShapeError: the shapes differ.

    >>> import narae
    >>> f"{narae.ops.binary_crossentropy([1.0], [0.5]).numpy()[0]:.4f}"
    '0.6931'
    """
    target, output = crossentropy.pair("binary_crossentropy", target, output)
    if target.shape != output.shape:
        raise ShapeError(
            tr(
                "binary_crossentropy takes a target of the output's shape {shape}, got {shape2}",
                shape=output.shape,
                shape2=target.shape,
            )
        )
    return crossentropy.binary_terms(target, output, from_logits)


@public
def categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−Σ t log p along an axis; probabilities are divided by their sum first.

    target, output: (..., classes) -> (...), of a float dtype.

    Args:
        target: t, the true probabilities of the classes: one-hot rows, mostly.
        output: p, the predicted probabilities, or scores (see from_logits).
        from_logits: whether outputs are scores, to be put through a softmax first.
        axis: the axis of the classes.

    Raises:
        ShapeError: the shapes differ, or have no such axis.

    >>> import narae
    >>> f"{narae.ops.categorical_crossentropy([0.0, 1.0], [0.5, 0.5]).item():.4f}"
    '0.6931'
    """
    return crossentropy.categorical_crossentropy(target, output, from_logits, axis=axis)


@public
def sparse_categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """−log p of the true class, which is given by its index; probabilities are divided by their sum first.

    target: (...) or (..., 1), output: (..., classes) -> (...), of a float dtype.

    Args:
        target: the indices of the true classes.
        output: p, the predicted probabilities, or scores (see from_logits).
        from_logits: whether outputs are scores, to be put through a softmax first.
        axis: the axis of the classes.

    Raises:
        ShapeError: targets have not the output's shape without the classes, or there is no such axis.
        ValueError: a target is no whole number, or not below the number of classes.

    >>> import narae
    >>> f"{narae.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()[0]:.4f}"
    '0.6931'
    """
    return crossentropy.sparse_categorical_crossentropy(target, output, from_logits, axis=axis)


@public
def ctc_loss(
    target: TensorLike,
    output: TensorLike,
    target_length: TensorLike,
    output_length: TensorLike,
    mask_index: int = 0,
) -> Tensor:
    """−log p of label sequences whose places in time are unknown, summed over their alignments.

    target: (n, labels), output: (n, time, classes) -> (n,), of float32 or wider.

    Args:
        target: the label sequences, class indices.
        output: the scores of the classes at each time, to be put through a softmax.
        target_length: (n,), how many labels of each row count.
        output_length: (n,), how many times of each row count.
        mask_index: the class that stands for no label (the blank).

    Raises:
        ShapeError: labels and scores have other ranks, or differ in number.

    Source: Graves et al. 2006, section 4.1.

    >>> import narae
    >>> f"{narae.ops.ctc_loss([[1]], [[[0.0, 0.0]]], [1], [1]).numpy()[0]:.4f}"
    '0.6931'
    """
    return ctc(target, output, target_length, output_length, mask_index)
