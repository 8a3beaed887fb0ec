"""Masks of tensors: which steps of a batch of sequences count, carried by the tensor itself.

A layer puts a mask on what it gives; the layers after it, losses and metrics find it there. It is an attribute,
so that whatever makes another tensor makes one without: operations drop masks, layers pass them on.
"""

from __future__ import annotations

from typing import Any, cast

from narae.base import trees
from narae.base.types import TensorLike, Tensors
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor, as_tensor


def get_keras_mask(x: object) -> Any:
    """The mask that a layer or a loss put on a tensor.

    Args:
        x: a tensor, known, traced or symbolic; anything else has no mask.

    Returns: booleans, True for places that count; None without a mask.

    >>> import numpy as np
    >>> from narae import layers
    >>> get_keras_mask(layers.Masking()(np.array([[[1.0], [0.0]]]))).tolist()
    [[True, False]]
    """
    return getattr(x, "_keras_mask", None)


def set_keras_mask(x: Tensor | KerasTensor, mask: TensorLike | KerasTensor | None) -> None:
    """Put a mask on a tensor, in place of the one that it has.

    Args:
        x: a tensor, known, traced or symbolic.
        mask: booleans, True for places that count; None takes the mask off.

    Raises:
        TypeError: `x` is no tensor.

    >>> from narae import ops
    >>> x = ops.ones((1, 2))
    >>> set_keras_mask(x, [[True, False]])
    >>> get_keras_mask(x).tolist()
    [[True, False]]
    """
    if not isinstance(x, (Tensor, KerasTensor)):
        raise TypeError(
            f"a mask is put on a tensor, got {type(x).__name__}: narae.ops.convert_to_tensor makes one of it"
        )
    kept = mask is None or isinstance(mask, (Tensor, KerasTensor))
    x._keras_mask = mask if kept else as_tensor(cast("TensorLike", mask))


def masks_of(value: Tensors) -> Any:
    """The masks on the tensors of a nest, None where there is none, in the same structure."""
    return trees.map_tree(get_keras_mask, value)


def any_mask(masks: Tensors) -> bool:
    """Whether a mask is among what `masks_of` found."""
    return any(mask is not None for mask in trees.flatten(masks))


def set_masks(outputs: Tensors, masks: Tensors) -> None:
    """Put masks on the tensors of a nest in turn, where there is none yet. A single mask is the first tensor's."""
    for leaf, mask in zip(trees.flatten(outputs), trees.flatten(masks), strict=False):
        taken = mask is None or leaf is mask or get_keras_mask(leaf) is not None
        if not taken and isinstance(leaf, (Tensor, KerasTensor)):
            set_keras_mask(leaf, mask)


def with_mask(x: object, mask: TensorLike | None) -> Any:
    """The same value in a tensor of its own that has a mask: what others hold stays without.

    >>> from narae import ops
    >>> x = ops.ones((1, 2))
    >>> y = with_mask(x, [[True, False]])
    >>> get_keras_mask(x) is None, get_keras_mask(y).tolist()
    (True, [[True, False]])
    """
    if mask is None or not isinstance(x, Tensor):
        return x
    marked = Tensor(x.spec, x.data, x.node, x.index, x.uid)
    marked.tracked = x.tracked
    set_keras_mask(marked, mask)
    return marked
