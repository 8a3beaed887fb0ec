"""Masks in the call of a layer: from the inputs to the mask arguments, and on to the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narae.base import trees
from narae.base.warn import warn_user
from narae.layers.calling import Bound, Signature
from narae.tensor.masks import any_mask, get_keras_mask, masks_of, set_masks

if TYPE_CHECKING:
    from narae.layers.base import Layer


def masks_for(signature: Signature, bound: Bound, tensors: Bound) -> Bound:
    """Masks that the inputs carry, for those mask arguments of `call` that were not given.

    Of a layer of one input it is `mask`, in the input's structure. Where several arguments are tensors each has one
    of its own: `query` has `query_mask`; `mask` is filled for none of them, as in Keras.
    """
    if len(tensors) == 1:
        wanted = {"mask": next(iter(tensors.values()))}
    else:
        wanted = {f"{name}_mask": value for name, value in tensors.items()}
    return {
        name: masks_of(value)
        for name, value in wanted.items()
        if name in signature.names and bound.get(name) is None
    }


def pass_on(layer: Layer, inputs: Any, outputs: Any, mask: Any) -> None:
    """Put masks on the outputs, as the layer's `compute_mask` says, or warn of a layer that lets none through.

    inputs: the first argument of the call; mask: its mask, in its structure.
    """
    if layer.supports_masking:
        if not _all_masked(outputs):
            set_masks(outputs, layer.compute_mask(inputs, mask))
    elif any_mask(mask) and not layer.__dict__.get("_told_of_mask"):
        layer.__dict__["_told_of_mask"] = True  # once: a model calls its layers again and again
        warn_user(
            f"the layer {layer.name!r} ({type(layer).__name__}) does not support masking, and its input has a mask: "
            "the layers after it do not see it"
        )


def _all_masked(outputs: Any) -> bool:
    return all(get_keras_mask(leaf) is not None for leaf in trees.flatten(outputs))
