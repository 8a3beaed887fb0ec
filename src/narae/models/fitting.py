"""Data for an input of a functional model: of its dtype and its rank, or what is wrong with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from narae import ops
from narae.base.errors import ShapeError
from narae.layers.calling import is_tensor
from narae.layers.input import InputLayer
from narae.tensor.masks import get_keras_mask, with_mask
from narae.tensor.promote import to
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import as_tensor

if TYPE_CHECKING:
    from narae.base.types import Shape, TensorLike


def fitted(
    model: str, layer: InputLayer, leaf: TensorLike | None, mismatches: list[ShapeError] | None
) -> Any:
    """Data for an input: of its dtype, its last axis of length 1 added or dropped where it must be."""
    if leaf is None:
        if layer.optional:
            return None
        raise ValueError(f"input {layer.name!r} of model {model!r} got None: it is not optional")
    value: Any = leaf if is_tensor(leaf) else as_tensor(leaf)
    want, got = layer.batch_shape, tuple(value.shape)
    if len(got) == len(want) + 1 and got[-1] == 1:
        value = ops.squeeze(value, -1)
    elif len(got) == len(want) - 1 and want[-1] == 1:
        value = ops.expand_dims(value, -1)
    got = tuple(value.shape)
    fits = len(got) == len(want) and all(
        w is None or g is None or w == g for w, g in zip(want[1:], got[1:], strict=True)
    )
    if not fits:
        pairs = list(zip(got[1:], want[1:], strict=False))
        odd = ((g, w) for g, w in pairs if g is not None and w is not None and g != w)
        error = ShapeError(
            f"model {model!r} takes data of shape {want} for the input {layer.name!r}, got shape "
            f"{got}{_hint(want, got)}",
            lengths=next(odd, None),
        )
        if mismatches is None or len(got) != len(want):
            raise error
        mismatches.append(error)
    if isinstance(value, KerasTensor) or value.dtype == layer.dtype:
        return value
    return with_mask(to(value, layer.dtype), get_keras_mask(value))


def _hint(want: Shape, got: Shape) -> str:
    known = [n for n in want[1:] if n is not None]
    lengths = [n for n in got[1:] if n is not None]
    if len(known) == len(want) - 1 and len(lengths) == len(got[1:]):
        if len(got) > 1 and math.prod(lengths) == math.prod(known):
            return f"; the elements fit: reshape((-1, {', '.join(map(str, known))})) before it"
        if got == tuple(known):
            return "; a batch axis is missing: x[None] makes a batch of one"
    return ""
