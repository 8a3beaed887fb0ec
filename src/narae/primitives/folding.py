"""Graphs of fixed weights: what follows from constants alone is computed, scales and shifts go into products.

The law: a product is linear in its weights. For numbers s and t that vary along the weights' own axes alone,

    product(x, W) * s + t = product(x, W * s) + t

So a batch normalization after a convolution or a Dense layer (outside of training a scale and a shift of each channel)
costs nothing but one addition, which the bias has anyway. Products are rounded otherwise: results differ in their last
bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from narae.base.dtypes import is_float
from narae.graph.graph import Graph, build
from narae.graph.ir import Node, Op, Value, now
from narae.graph.recording import Place, places, traced
from narae.primitives.records.arithmetic import add, divide, multiply, negative, subtract
from narae.primitives.records.contract import dot, free_axes
from narae.primitives.records.conv import conv
from narae.primitives.records.shape import reshape

# What was computed of constants, by operation and operands: graphs of one model for several shapes share it.
Made: TypeAlias = dict[Hashable, tuple[Value, ...]]
_SMALL = 1 << 16  # elements that a constant may have more than what it is made of


def with_constants(graph: Graph, values: Sequence[Value], made: Made) -> Graph:
    """A graph whose last inputs are these constants, with what depends on constants alone computed."""
    count, since, place = len(graph.inputs) - len(values), now(), Place()
    inputs = [Op.result_type(v.spec) for v in graph.inputs[:count]]
    env = {v.uid: v for v in graph.constants}
    env.update((v.uid, new) for v, new in zip(graph.inputs, [*inputs, *values], strict=True))
    with traced(), places.pushed(place):
        for node in graph.nodes:
            place.where = node.where
            outs = _applied(node, tuple(env[v.uid] for v in node.inputs), made)
            env.update(zip(node.uids, outs, strict=True))
    return build(inputs, [env[v.uid] for v in graph.outputs], since)[0]


def _applied(node: Node, ins: tuple[Value, ...], made: Made) -> tuple[Value, ...]:
    """A node on other values: computed where they are constants and what it makes is not far larger."""
    size = sum(spec.size for spec in node.specs)
    known = bool(ins) and all(v.data is not None and v.node is None for v in ins)
    if not known or size > _SMALL + sum(v.spec.size for v in ins):
        out = _recorded(node, ins) if known else node.op(*ins, **node.params)
        return out if isinstance(out, tuple) else (out,)
    key = (node.op, *map(_identity, ins), repr(sorted(node.params.items())))
    if key not in made:
        out = node.op(*ins, **node.params)
        made[key] = out if isinstance(out, tuple) else (out,)
    return made[key]


def _identity(value: Value) -> Hashable:
    """By what a constant is known: small ones are made anew in every trace."""
    assert value.data is not None
    return (value.spec, value.data.tobytes()) if value.spec.size <= _SMALL >> 4 else value.uid


def _recorded(node: Node, ins: tuple[Value, ...]) -> tuple[Value, ...]:
    """A node of constants that is left for the program."""
    left = Node(node.op, ins, node.params, node.specs, (None,) * len(node.specs), node.multi)
    return tuple(left.output(i) for i in range(len(node.specs)))


# -- scales and shifts ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """product(*inputs) * scale + shift, of a node of the graph; None: 1, or 0."""

    node: Node
    scale: Value | None = None
    shift: Value | None = None


def _dot_scaled(node: Node, weights: Value, scale: Value) -> Value | None:
    (_, contract), (_, batch) = node.params["contract"], node.params["batch"]
    free = free_axes(weights.ndim, contract, batch)
    lengths = [weights.shape[a] for a in free]
    if batch or not _varies_along(scale, len(lengths), node.specs[0].shape):
        return None
    across = iter(_last(scale, len(lengths)))
    shape = tuple(next(across) if a in free else 1 for a in range(weights.ndim))
    return multiply(weights, reshape(scale, shape=shape))


def _conv_scaled(node: Node, weights: Value, scale: Value) -> Value | None:
    if not _varies_along(scale, 1, node.specs[0].shape):
        return None
    return multiply(weights, reshape(scale, shape=_last(scale, 1)))


# By product, linear in its second operand: the weights times a scale of the result.
LINEAR: Mapping[Op, Callable[[Node, Value, Value], Value | None]] = {
    dot: _dot_scaled,
    conv: _conv_scaled,
}


def _last(value: Value, axes: int) -> tuple[int, ...]:
    """The lengths along the last axes, 1 where there are none."""
    return ((1,) * axes + value.shape)[-axes:] if axes else ()


def _varies_along(value: Value, axes: int, shape: tuple[int, ...]) -> bool:
    """Whether a constant beside a result of this shape varies along its last axes alone, and makes it no larger."""
    before = value.shape[: max(0, value.ndim - axes)]
    fits = value.ndim <= len(shape) and np.broadcast_shapes(value.shape, shape) == shape
    return fits and all(n == 1 for n in before)


# By operation, of operand i and a constant c at the other place: result = operand * scale + shift.
AFFINE: Mapping[Op, Callable[[int, Value], tuple[Value | None, Value | None] | None]] = {
    add: lambda i, c: (None, c),
    subtract: lambda i, c: (None, negative(c)) if i == 0 else (_minus_one(c), c),
    multiply: lambda i, c: (c, None),
    divide: lambda i, c: (divide(_one(c), c), None) if i == 0 else None,
}


def _one(like: Value) -> Value:
    return Op.result_type(replace(like.spec, shape=()), np.ones((), like.dtype))


def _minus_one(like: Value) -> Value:
    return negative(_one(like))


def folded(graph: Graph, made: Made) -> Graph:
    """An equal graph, up to rounding, with scales and shifts by constants in the products before them."""
    folding, since = _Folding(graph, made), now()
    inputs = [Op.result_type(v.spec) for v in graph.inputs]
    folding.env.update((v.uid, new) for v, new in zip(graph.inputs, inputs, strict=True))
    with traced(), places.pushed(folding.place):
        for node in graph.nodes:
            folding.visit(node)
        outputs = [folding.now(v) for v in graph.outputs]
    return build(inputs, outputs, since)[0]


class _Folding:
    def __init__(self, graph: Graph, made: Made) -> None:
        self.place, self._made = Place(), made
        self.env: dict[int, Value] = {v.uid: v for v in graph.constants}
        self._forms: dict[int, _Form] = {}
        self._uses = Counter(v.uid for node in graph.nodes for v in node.inputs)
        self._uses.update(v.uid for v in graph.outputs)

    def now(self, value: Value) -> Value:
        """What stands for a value."""
        found = self.env.get(value.uid)
        if found is None:
            found = self.env[value.uid] = self._whole(self._forms[value.uid])
        return found

    def visit(self, node: Node) -> None:
        """Keep a node as a form, or compute it anew."""
        self.place.where = node.where
        form = self._form(node)
        if form is not None:
            self._forms[node.uids[0]] = form
            return
        out = node.op(*map(self.now, node.inputs), **node.params)
        self.env.update(zip(node.uids, out if node.multi else (out,), strict=True))

    def _form(self, node: Node) -> _Form | None:
        if node.op in LINEAR:
            weights = self.env.get(node.inputs[1].uid)
            known = weights is not None and weights.data is not None and is_float(weights.dtype)
            return _Form(node) if known else None
        if node.op not in AFFINE:
            return None
        for i in (0, 1):
            form = self._forms.get(node.inputs[i].uid)
            other = self.env.get(node.inputs[1 - i].uid)
            if form is None or other is None or other.data is None or other.node is not None:
                continue
            alone = self._uses[node.inputs[i].uid] == 1
            if alone and node.specs == form.node.specs and np.isfinite(other.data).all():
                return self._after(form, AFFINE[node.op](i, other))
        return None

    def _after(self, form: _Form, step: tuple[Value | None, Value | None] | None) -> _Form | None:
        """A form with one more scale and shift behind it; None where that does not go into the weights."""
        if step is None:
            return None
        scale, shift = step
        if scale is not None:
            combined = scale if form.scale is None else multiply(form.scale, scale)
            shifted = None if form.shift is None else multiply(form.shift, scale)
            if (
                not np.isfinite(np.asarray(combined.data)).all()
                or self._scaled(form.node, combined) is None
            ):
                return None
            return _Form(form.node, combined, shifted)
        both = shift if form.shift is None or shift is None else add(form.shift, shift)
        return replace(form, shift=both)

    def _scaled(self, node: Node, scale: Value) -> Value | None:
        weights = self.env[node.inputs[1].uid]
        key = (node.op, weights.uid, _identity(scale), repr(sorted(node.params.items())))
        if key not in self._made:
            found = LINEAR[node.op](node, weights, scale)
            if found is None:
                return None
            self._made[key] = (found,)
        return self._made[key][0]

    def _whole(self, form: _Form) -> Value:
        """A form computed."""
        node = form.node
        self.place.where = node.where
        weights = self.env[node.inputs[1].uid]
        if form.scale is not None:
            scaled = self._scaled(node, form.scale)
            assert scaled is not None  # it was asked before
            weights = scaled
        product = node.op(self.now(node.inputs[0]), weights, **node.params)
        return product if form.shift is None else add(product, form.shift)
