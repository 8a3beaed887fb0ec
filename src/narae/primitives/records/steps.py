"""Operations of a loop's body for all steps at once: what needs no carry need not be in the loop.

A value of the body that is stacked over the steps has their axis first. Each function takes a node, its operands
(those at the positions `moving` stacked) and the number of steps, and gives the node's result, stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from narae.graph.ir import Node, Value
from narae.primitives.records.contract import dot, free_axes
from narae.primitives.records.shape import broadcast_to, move_axis, reshape

Stacked = Callable[[Node, Sequence[Value], Collection[int], int], Any]


def stacked(node: Node, moving: Collection[int]) -> Stacked | None:
    """How to compute a node for all steps at once, None where it is not known. moving: the positions of the
    operands that differ from step to step."""
    if node.multi or (node.op.known == "conv" and 1 in moving):
        return None
    return _elementwise if node.op.elementwise else _RULES.get(node.op.known)


def _elementwise(
    node: Node, operands: Sequence[Value], moving: Collection[int], length: int
) -> Any:
    """Broadcasting counts axes from the last: room for the missing ones after that of the steps."""
    rank = len(node.specs[0].shape)
    fitted = [_ranked(x, rank) if i in moving else x for i, x in enumerate(operands)]
    return node.op(*fitted, **node.params)


def _ranked(x: Value, rank: int) -> Value:
    if x.ndim == rank + 1:
        return x
    return reshape(x, shape=(x.shape[0], *(1,) * (rank + 1 - x.ndim), *x.shape[1:]))


def _reshape(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    return reshape(operands[0], shape=(length, *node.params["shape"]))


def _broadcast(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    shape = node.params["shape"]
    return broadcast_to(_ranked(operands[0], len(shape)), shape=(length, *shape))


def _transpose(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    return node.op(operands[0], axes=(0, *_later(node.params["axes"])))


def _reduce(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    return node.op(operands[0], axes=_later(node.params["axes"]))


def _slice(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    all_of_it = {"start": 0, "stop": length, "step": 1, "shape": length}
    return node.op(operands[0], **{k: (all_of_it[k], *v) for k, v in node.params.items()})


def _concatenate(
    node: Node, operands: Sequence[Value], moving: Collection[int], length: int
) -> Any:
    parts = [
        x if i in moving else broadcast_to(x, shape=(length, *x.shape))
        for i, x in enumerate(operands)
    ]
    return node.op(*parts, axis=node.params["axis"] + 1)


def _later(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + 1 for a in axes)


def _dot(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    """The steps are a further free axis of the one operand that moves, or a further batch axis of both."""
    axes = [[*node.params[name]] for name in ("contract", "batch")]
    for pair in axes:
        for i in moving:
            pair[i] = _later(pair[i])
    contract, batch = axes
    if len(moving) == 2:
        return dot(*operands, contract=tuple(contract), batch=tuple((0, *side) for side in batch))
    out = dot(*operands, contract=tuple(contract), batch=tuple(batch))
    # free axes come after the batch's, those of the left operand first: the steps' is the first of its own
    first = len(batch[0])
    if 1 in moving:
        first += len(free_axes(operands[0].ndim, contract[0], batch[0]))
    return move_axis(out, first, 0) if first else out


def _conv(node: Node, operands: Sequence[Value], moving: Collection[int], length: int) -> Any:
    """The steps' images are more of them."""
    x, out = operands[0], node.specs[0].shape
    images = reshape(x, shape=(length * x.shape[1], *x.shape[2:]))
    return reshape(node.op(images, operands[1], **node.params), shape=(length, *out))


def is_product(node: Node) -> bool:
    """Whether a node is a product of its two operands, of which there is one for all steps."""
    return node.op.known in _SUMS and node.params.get("groups", 1) == 1


def product_of_all_steps(node: Node, left: Value, right: Value) -> Any:
    """The sum over the steps of a product whose operands both move."""
    return _SUMS[node.op.known](node, left, right)


def _summed_dot(node: Node, left: Value, right: Value) -> Any:
    """The steps' axis is contracted too."""
    contract = tuple((0, *_later(side)) for side in node.params["contract"])
    return dot(left, right, contract=contract, batch=tuple(map(_later, node.params["batch"])))


def _summed_conv(node: Node, x: Value, w: Value) -> Any:
    """The steps' channels are more of them: a convolution sums over its channels."""
    channels = x.shape[0] * x.shape[-1]
    x, w = move_axis(x, 0, x.ndim - 2), move_axis(w, 0, w.ndim - 3)
    image = reshape(x, shape=(*x.shape[:-2], channels))
    return node.op(image, reshape(w, shape=(*w.shape[:-3], channels, w.shape[-1])), **node.params)


_SUMS: dict[str, Callable[[Node, Value, Value], Any]] = {"dot": _summed_dot, "conv": _summed_conv}
_RULES: dict[str, Stacked] = {
    "dot": _dot,
    "conv": _conv,
    "reshape": _reshape,
    "broadcast_to": _broadcast,
    "transpose": _transpose,
    "slice": _slice,
    "unslice": _slice,
    "concatenate": _concatenate,
    "reduce_sum": _reduce,
    "reduce_max": _reduce,
    "reduce_min": _reduce,
}
