"""The table of operation records, and the few ways of making one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae.base.dtypes import DTYPES, HALVES, is_float, is_int, np_dtype
from narae.base.errors import DtypeError, ShapeError
from narae.base.language import tr
from narae.base.types import IntLike
from narae.graph.ir import Op, Spec, Value, enter
from narae.primitives import rows

RECORDS: dict[str, Op] = {}


class Summing(Op):
    """An operation that adds or multiplies many numbers: halves are summed in float32 and rounded
    once, since a running sum of halves stops growing after a few hundred of them."""

    def __call__(self, *args: Value, **params: Any) -> Any:
        half = None
        for a in args:
            if a.spec.dtype in HALVES:
                half = a.spec.dtype
                break
        if half is None or params.get("kind", "sum") != "sum":
            return super().__call__(*args, **params)
        cast = RECORDS["cast"]
        wide = (cast(a, dtype="float32") if a.dtype == half else a for a in args)
        return cast(super().__call__(*wide, **params), dtype=half)


def widened(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Arrays with halves as float32: what NumPy multiplies fast, and sums without rounding each."""
    return tuple([a.astype(np.float32) if _is_half(a) else a for a in arrays])


def _is_half(array: np.ndarray) -> bool:
    return array.itemsize == 2 and array.dtype.name in HALVES  # a dtype's name takes a while


def record(
    name: str,
    rule: Callable[..., Any],
    forward: Callable[..., Any],
    kind: type[Op] = Op,
    **fields: Any,
) -> Op:
    """Make an operation's record and enter it in the table."""
    if name in RECORDS:
        raise ValueError(tr("the operation {name!r} has a record already", name=name))
    if fields.get("elementwise"):
        fields["simplify"] = _narrowed(name, fields.get("simplify"))
        fields["rows"] = rows.elementwise
    RECORDS[name] = kind(name, rule, forward, **fields)
    enter(RECORDS[name])
    return RECORDS[name]


def _narrowed(name: str, simplify: Callable[..., Any] | None) -> Callable[..., Any]:
    """The algebra of an elementwise op, which broadcasts by itself: what was broadcast before it need
    not be, or the result can be in its place."""

    def narrowed(*inputs: Value, **params: Any) -> Any:
        narrow = tuple(map(_unbroadcast, inputs))
        if all(a is b for a, b in zip(narrow, inputs, strict=True)):
            return None if simplify is None else simplify(*inputs, **params)
        out = RECORDS[name](*narrow, **params)
        if isinstance(out, tuple):
            return None
        shape = broadcast_shapes(*(v.shape for v in inputs))
        return out if out.shape == shape else RECORDS["broadcast_to"](out, shape=shape)

    return narrowed


def _unbroadcast(value: Value) -> Value:
    """What a value was broadcast from, the value itself where it was not."""
    node, data = value.node, value.data
    if node is not None and node.op is RECORDS.get("broadcast_to"):
        return node.inputs[0]
    if node is None and data is not None and data.size > 1 and not any(data.strides):
        return constant(data[(0,) * data.ndim], value.dtype)
    return value


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which operands of these shapes meet. Raises ShapeError when they do not.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    if len(shapes) == 2 and (met := _of_two(*shapes)) is not None:
        return met
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    out = []
    for lengths in zip(*padded, strict=True):
        wide = {n for n in lengths if n != 1}
        if len(wide) > 1:
            got = ", ".join(str(shape) for shape in shapes)
            raise ShapeError(
                tr(
                    "shapes {got} do not broadcast: counted from the last axis, lengths must be equal or one "
                    "of them 1; a reshape or expand_dims before it?",
                    got=got,
                ),
                lengths=_pair(wide),
            )
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def _of_two(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """Where two shapes meet that are equal, or one of which is the end of the other; else None."""
    if shape == other or not other:
        return shape
    if not shape or shape == other[-len(shape) :]:
        return other
    return shape if other == shape[-len(other) :] else None


def _pair(lengths: set[int]) -> tuple[int, int]:
    first, second, *_ = sorted(lengths)
    return first, second


def elementwise_rule(
    name: str, result: str | None = None, takes: str = "any"
) -> Callable[..., Spec]:
    """The rule of ops that broadcast equal dtypes. result: a fixed dtype, or None for the same;
    takes: 'any', 'float', 'float32 or float64', 'int' (with bool), 'integer' (without) or 'number' (all
    but bool)."""

    fits = _kind(takes)

    def rule(*specs: Spec, **_: Any) -> Spec:
        first = specs[0]
        dtype, shape = first.dtype, first.shape
        for spec in specs:
            if spec.dtype != dtype:
                raise DtypeError(
                    tr(
                        "{name} takes operands of one dtype, got {value}",
                        name=name,
                        value=[s.dtype for s in specs],
                    )
                )
        if dtype not in fits:
            raise _wrong_kind(name, dtype, takes)
        if len(specs) > 1:
            shape = broadcast_shapes(*[s.shape for s in specs])
        if shape == first.shape and (result is None or result == dtype):
            return first
        return Spec(shape, result or dtype)

    return rule


def check_kind(name: str, dtype: str, takes: str) -> None:
    """Raise DtypeError unless `dtype` is of the kind that an op takes."""
    if dtype not in _kind(takes):
        raise _wrong_kind(name, dtype, takes)


@functools.cache
def _kind(takes: str) -> frozenset[str]:
    """The dtypes of a kind."""
    fits: Callable[[str], bool] = {
        "any": lambda dtype: True,
        "float": is_float,
        "float32 or float64": lambda dtype: is_float(dtype) and dtype not in HALVES,
        "int": lambda dtype: not is_float(dtype),
        "integer": is_int,
        "number": lambda dtype: dtype != "bool",
    }[takes]
    return frozenset(filter(fits, DTYPES))


def _wrong_kind(name: str, dtype: str, takes: str) -> DtypeError:
    return DtypeError(f"{name} takes {takes} dtypes, got {dtype}; a cast before it?")


def elementwise(
    name: str,
    ufunc: str | None = None,
    *,
    forward: Callable[..., Any] | None = None,
    vjp: Sequence[Callable[..., Any] | None] | None = None,
    result: str | None = None,
    takes: str = "any",
    **fields: Any,
) -> Op:
    """A record whose output elements each depend on one element of each input, with broadcasting.

    Give `ufunc`, the name of an xp function that takes `out`, or `forward`. The cotangents that
    `vjp` gives are summed back to the inputs' shapes here, so that no gradient thinks of it.
    """
    if forward is None:
        ufunc = ufunc or name
        forward = _function_of_xp(ufunc)
    gradients = None if vjp is None else tuple(_fitted(i, g) for i, g in enumerate(vjp))
    rule = elementwise_rule(name, result, takes)
    return record(name, rule, forward, vjp=gradients, ufunc=ufunc, elementwise=True, **fields)


def _function_of_xp(name: str) -> Callable[..., Any]:
    return lambda xp, *arrays: getattr(xp, name)(*arrays)


def _fitted(i: int, gradient: Callable[..., Any] | None) -> Callable[..., Any] | None:
    if gradient is None:
        return None

    def fitted(ct: Value, out: Value, *inputs: Value, **params: Any) -> Value | None:
        return sum_to(gradient(ct, out, *inputs, **params), inputs[i].shape)

    return fitted


def sum_to(value: Value, shape: tuple[int, ...]) -> Value:
    """Sum over the axes along which `shape` was broadcast to `value.shape`: broadcasting's transpose."""
    if value.shape == shape:
        return value
    lead = value.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and value.shape[i + lead] != 1
    )
    summed = RECORDS["reduce_sum"](value, axes=axes) if axes else value
    return summed if summed.shape == shape else RECORDS["reshape"](summed, shape=shape)


def constant(value: object, dtype: str) -> Value:
    """A value from a Python number or an array, of a dtype by name."""
    data = np.asarray(value, np_dtype(dtype))
    return Op.result_type(Spec(data.shape, dtype), data)


def normalize_axis(axis: IntLike, ndim: int, what: str = "axis") -> int:
    """A non-negative axis. Raises ShapeError when there is no such axis.

    >>> normalize_axis(-1, 3)
    2
    """
    if not -ndim <= axis < ndim:
        raise ShapeError(
            tr(
                "{what} {axis} is out of range for a tensor of rank {ndim}",
                what=what,
                axis=axis,
                ndim=ndim,
            )
        )
    return int(axis % ndim) if ndim else 0


def normalize_axes(axes: IntLike | Sequence[IntLike] | None, ndim: int) -> tuple[int, ...]:
    """Non-negative axes in ascending order, all of them for None. Raises ShapeError for repeats."""
    if axes is None:
        return tuple(range(ndim))
    listed = (axes,) if isinstance(axes, (int, np.integer)) else tuple(axes)
    found = tuple(sorted(normalize_axis(a, ndim) for a in listed))
    if len(set(found)) != len(found):
        raise ShapeError(
            tr(
                "axes {listed} name an axis twice for a tensor of rank {ndim}",
                listed=listed,
                ndim=ndim,
            )
        )
    return found
