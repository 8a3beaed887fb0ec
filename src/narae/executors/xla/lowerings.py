"""Operations whose forward is NumPy itself, for XLA; all others run their forward on jax.numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from narae.executors.xla import windows  # noqa: F401  (fills the table)
from narae.executors.xla.placement import constrained
from narae.executors.xla.table import LOWERINGS, PerAxis, Traced, lowering
from narae.graph.graph import Graph
from narae.graph.ir import Node, run
from narae.graph.spread import Layout

_Axes = tuple[PerAxis, PerAxis]  # of the left operand, and of the right
_State = tuple[jax.Array, ...]


def evaluate(
    graph: Graph, arrays: Sequence[Traced], checks: Checks | None = None
) -> tuple[jax.Array, ...]:
    """The outputs of a graph of traced arrays. checks: takes note of the indices."""
    env: dict[int, Any] = {v.uid: v.data for v in graph.constants}
    env.update((v.uid, a) for v, a in zip(graph.inputs, arrays, strict=True))
    for node in graph.nodes:
        ins = [env[v.uid] for v in node.inputs]
        if checks is not None and node.op.index is not None:
            checks.note(node, ins)
        env.update(zip(node.uids, outputs_of(node, ins), strict=True))
    return tuple(env[v.uid] for v in graph.outputs)


def outputs_of(node: Node, ins: Sequence[Traced]) -> tuple[jax.Array, ...]:
    """A node's results for traced arrays."""
    own = LOWERINGS.get(node.op.known)
    if own is None:
        outs = run(node.op, [jnp.asarray(x) for x in ins], node.params, jnp)
    else:
        out = own(*(jnp.asarray(x) for x in ins), **node.params)
        outs = out if isinstance(out, tuple) else (out,)
    return tuple(
        jnp.asarray(x, spec.dtype).reshape(spec.shape)
        for x, spec in zip(outs, node.specs, strict=True)
    )


class Checks:
    """What is out of range: XLA has no errors, so indices are looked at beside the computation."""

    def __init__(self) -> None:
        self._found: list[jax.Array] = []

    def note(self, node: Node, ins: Sequence[Traced]) -> None:
        """Look at a node's indices."""
        position = node.op.index
        assert position is not None
        index = ins[position]
        whole = ins[0].shape if position else node.specs[0].shape
        length = whole[node.params["axis"]]
        if index.size == 0 or (isinstance(index, np.ndarray) and _all_within(index, length)):
            return
        index = jnp.ravel(index).astype(jnp.int64)
        outside = (index < -length) | (index >= length)
        # One maximum over all, which costs the devices that share the batch one exchange: what comes
        # first has the largest number, and its lower bits are the index.
        left = index.size - jnp.arange(index.size, dtype=jnp.int64)
        code = left * (2 * _HALF) + jnp.clip(index, -(_HALF >> 1), _HALF >> 1) + _HALF
        worst = jnp.max(jnp.where(outside, code, 0))
        self._found.append(jnp.stack([worst, jnp.int64(length)]))

    def result(self) -> jax.Array | None:
        """(a number that is 0 where all are within, the length of the axis) for `bad_index`; None
        where there is no index."""
        if not self._found:
            return None
        table = jnp.stack(self._found)
        return table[jnp.argmax(table[:, 0])]


_HALF = 1 << 32


def bad_index(error: Traced) -> tuple[int, int] | None:
    """What `Checks.result` found: the first index that is out of range, the length of its axis."""
    code, length = np.asarray(error).tolist()
    return (code % (2 * _HALF) - _HALF, length) if code else None


def _all_within(index: np.ndarray, length: int) -> bool:
    return bool((index >= -length).all() and (index < length).all())


# -- products, slices ------------------------------------------------------------------------------


@lowering("dot")
def _dot(x: jax.Array, y: jax.Array, *, contract: _Axes, batch: _Axes) -> jax.Array:
    return lax.dot_general(x, y, (contract, batch))


@lowering("conv")
def _conv(x: jax.Array, w: jax.Array, *, groups: int, **params: Any) -> jax.Array:
    space = "012"[: x.ndim - 2]
    return lax.conv_general_dilated(
        x,
        w,
        params["strides"],
        params["padding"],
        params["lhs_dilation"],
        params["rhs_dilation"],
        (f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=groups,
    )


@lowering("unslice")
def _unslice(
    x: jax.Array, *, start: PerAxis, stop: PerAxis, step: PerAxis, shape: PerAxis
) -> jax.Array:
    place = tuple(
        slice(a, None if s < 0 and b < 0 else b, s)
        for a, b, s in zip(start, stop, step, strict=True)
    )
    return jnp.zeros(shape, x.dtype).at[place].set(x)


def _corner(x: jax.Array, start: jax.Array, shape: Sequence[int]) -> list[jax.Array]:
    """Where a box of a shape begins that is moved to lie within x."""
    most = np.subtract(x.shape, shape).astype(np.int32)
    return list(jnp.clip(start.astype(jnp.int32), 0, most))


@lowering("dynamic_slice")
def _dynamic_slice(x: jax.Array, start: jax.Array, *, shape: PerAxis) -> jax.Array:
    return lax.dynamic_slice(x, _corner(x, start, shape), shape)


@lowering("dynamic_update")
def _dynamic_update(x: jax.Array, start: jax.Array, updates: jax.Array) -> jax.Array:
    return lax.dynamic_update_slice(x, updates, _corner(x, start, updates.shape))


@lowering("lu_factor")
def _lu_factor(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    lu, pivots, _ = lax.linalg.lu(x)
    return lu, pivots


# -- control ---------------------------------------------------------------------------------------


@lowering("switch")
def _switch(
    index: jax.Array, *arrays: jax.Array, branches: tuple[Graph, ...]
) -> tuple[jax.Array, ...]:
    bodies = [lambda *xs, branch=branch: evaluate(branch, xs) for branch in branches]
    return lax.switch(index.astype(jnp.int32), bodies, *arrays)  # it clamps the index


@lowering("while")
def _while(
    *arrays: jax.Array, test: Graph, body: Graph, count: int, limit: int | None
) -> tuple[jax.Array, ...]:
    captured = arrays[count:]

    def goes_on(carry: tuple[jax.Array, _State]) -> jax.Array:
        done, state = carry
        more = evaluate(test, (*state, *captured))[0]
        return more if limit is None else more & (done < limit)

    def step(carry: tuple[jax.Array, _State]) -> tuple[jax.Array, _State]:
        done, state = carry
        return done + 1, evaluate(body, (*state, *captured))

    return lax.while_loop(goes_on, step, (jnp.int32(0), arrays[:count]))[1]


@lowering("scan")
def _scan(
    *arrays: jax.Array,
    body: Graph,
    carries: int,
    slices: int,
    length: int,
    reverse: bool,
    kept: int | None,
) -> tuple[jax.Array, ...]:
    xs, captured = arrays[carries : carries + slices], arrays[carries + slices :]

    def step(carry: _State, x: _State) -> tuple[_State, _State]:
        out = evaluate(body, (*carry, *x, *captured))
        return out[:carries], out[carries:]

    carry, ys = lax.scan(step, arrays[:carries], xs, length, reverse)
    return (*carry, *ys)


@lowering("custom_gradient")
def _custom(*arrays: jax.Array, forward: Graph, backward: Graph) -> tuple[jax.Array, ...]:
    return evaluate(forward, arrays)


@lowering("lay")
def _lay(x: jax.Array, *, layout: Layout | None) -> jax.Array:
    return constrained(x, layout)


# -- whole numbers, and what JAX leaves to the device --------------------------------------------


@lowering("power")
def _power(x: jax.Array, y: jax.Array) -> jax.Array:
    """Of whole numbers, a negative power: 1 and -1 to it, else 0."""
    if not jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.power(x, y)
    x, y = jnp.broadcast_arrays(x, y)

    def square(state: _State) -> _State:
        out, base, left = state
        return jnp.where(left & 1 == 1, out * base, out), base * base, left >> 1

    start = (jnp.ones_like(x), x, jnp.maximum(y, 0))
    out = lax.while_loop(lambda state: jnp.any(state[2] > 0), square, start)[0]
    below = jnp.where(x == 1, 1, jnp.where(x == -1, 1 - 2 * (y & 1), 0)).astype(x.dtype)
    return jnp.where(y < 0, below, out)


@lowering("floor_divide")
def _floor_divide(x: jax.Array, y: jax.Array) -> jax.Array:
    """As NumPy has it: 0 of whole numbers by 0; of floats the quotient of what the remainder leaves."""
    if jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.where(y == 0, 0, jnp.floor_divide(x, jnp.where(y == 0, 1, y)))
    x, y = jnp.broadcast_arrays(x, y)
    rest, exact = lax.rem(x, y), x / y
    other = (rest != 0) & ((rest < 0) != (y < 0))
    whole = jnp.rint((x - rest) / y - other)
    whole = jnp.where(whole == 0, jnp.copysign(jnp.zeros_like(x), exact), whole)
    return jnp.where(y == 0, exact, whole)


@lowering("remainder")
def _remainder(x: jax.Array, y: jax.Array) -> jax.Array:
    if jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.where(y == 0, 0, jnp.remainder(x, jnp.where(y == 0, 1, y)))
    x, y = jnp.broadcast_arrays(x, y)
    rest = lax.rem(x, y)
    other = (rest != 0) & ((rest < 0) != (y < 0))
    return jnp.where(rest == 0, jnp.copysign(rest, y), jnp.where(other, rest + y, rest))


def _sizes(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Whole numbers without their signs: the smallest has one in the unsigned dtype alone."""
    x, y = jnp.broadcast_arrays(x, y)
    unsigned = jnp.dtype(f"uint{8 * x.dtype.itemsize}")
    return tuple(jnp.where(v < 0, -v, v).astype(unsigned) for v in (x, y))  # type: ignore[return-value]


def _common(a: jax.Array, b: jax.Array) -> jax.Array:
    """Euclid's greatest common divisor."""

    def step(pair: _State) -> _State:
        a, b = pair
        left = jnp.where(b == 0, 0, a % jnp.where(b == 0, 1, b))
        return jnp.where(b == 0, a, b), left

    return lax.while_loop(lambda pair: jnp.any(pair[1] != 0), step, (a, b))[0]


@lowering("gcd")
def _gcd(x: jax.Array, y: jax.Array) -> jax.Array:
    return _common(*_sizes(x, y)).astype(x.dtype)


@lowering("lcm")
def _lcm(x: jax.Array, y: jax.Array) -> jax.Array:
    a, b = _sizes(x, y)
    shared = _common(a, b)
    return (a // jnp.where(shared == 0, 1, shared) * b).astype(x.dtype)


__all__ = ["LOWERINGS", "Checks", "bad_index", "evaluate"]
