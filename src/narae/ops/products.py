"""Products of tensors: matmul, dot, einsum and their kin, all by the one contraction."""

from __future__ import annotations

import builtins
import re
from typing import Any

import numpy as np

from narae.base.errors import ShapeError
from narae.base.limits import afford
from narae.ops.diagonals import diagonal
from narae.ops.indexing import take
from narae.ops.shapes import expand_dims, moveaxis, ravel, squeeze, transpose
from narae.primitives.record import broadcast_shapes, normalize_axis
from narae.primitives.records import arithmetic as A
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.contract import dot as contract
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


def _dot(x: Tensor, y: Tensor, axes: tuple[Any, Any], batch: tuple[Any, Any] = ((), ())) -> Tensor:
    if x.dtype == "bool":  # a sum of products of truths
        return to(_dot(to(x, "int32"), to(y, "int32"), axes, batch), "bool")
    return contract(x, y, contract=(tuple(axes[0]), tuple(axes[1])), batch=batch)


@public
def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product of the last two axes, the others broadcast. int8 operands give int32.

    Raises ShapeError when the inner lengths differ, and for rank 0.

    >>> import narae
    >>> narae.ops.matmul([[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    x, y = promoted(x1, x2)
    if as_tensor(x1).dtype == as_tensor(x2).dtype == "int8":
        x, y = to(x, "int32"), to(y, "int32")
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(
            f"matmul takes vectors and matrices, got shapes {x.shape} and {y.shape}; multiply() takes scalars"
        )
    inner = y.shape[0] if y.ndim == 1 else y.shape[-2]
    if x.shape[-1] != inner:
        raise ShapeError(
            f"matmul of {x.shape} and {y.shape}: the last axis of the first ({x.shape[-1]}) and the "
            f"{'only' if y.ndim == 1 else 'second last'} of the second ({inner}) must agree; a transpose?",
            lengths=(x.shape[-1], inner),
        )
    if y.ndim <= 2:
        return _dot(x, y, ((x.ndim - 1,), (builtins.max(y.ndim - 2, 0),)))
    if x.ndim == 1:
        return moveaxis(_dot(y, x, ((y.ndim - 2,), (0,))), -1, -1)
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = S.broadcast_to(x, shape=(*lead, *x.shape[-2:]))
    y = S.broadcast_to(y, shape=(*lead, *y.shape[-2:]))
    stack = tuple(range(len(lead)))
    return _dot(x, y, ((x.ndim - 1,), (y.ndim - 2,)), (stack, stack))


@public
def dot(x1: Any, x2: Any) -> Tensor:
    """The sum over the last axis of x1 and the second last of x2 (NumPy's dot).

    >>> import narae
    >>> narae.ops.dot([1, 2], [3, 4]).item()
    11
    """
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return A.multiply(x, y)
    return _dot(x, y, ((x.ndim - 1,), (builtins.max(y.ndim - 2, 0),)))


@public
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum over pairs of axes: the last n of x1 and first n of x2, or those listed.

    >>> import narae
    >>> narae.ops.tensordot([[1, 2]], [[3], [4]], axes=1).tolist()
    [[11]]
    """
    x, y = promoted(x1, x2)
    if isinstance(axes, (int, np.integer)):
        n = int(axes)
        return _dot(x, y, (tuple(range(x.ndim - n, x.ndim)), tuple(range(n))))
    pair = [(a,) if isinstance(a, (int, np.integer)) else tuple(a) for a in axes]
    left, right = (
        tuple(normalize_axis(a, t.ndim) for a in p) for p, t in zip(pair, (x, y), strict=True)
    )
    return _dot(x, y, (left, right))


@public
def inner(x1: Any, x2: Any) -> Tensor:
    """The sum over the last axes of both.

    >>> import narae
    >>> narae.ops.inner([1, 2], [3, 4]).item()
    11
    """
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return A.multiply(x, y)
    return _dot(x, y, ((x.ndim - 1,), (y.ndim - 1,)))


@public
def outer(x1: Any, x2: Any) -> Tensor:
    """All products of two (flattened) vectors.

    >>> import narae
    >>> narae.ops.outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    x, y = (ravel(t) for t in promoted(x1, x2))
    return A.multiply(expand_dims(x, 1), expand_dims(y, 0))


@public
def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of two flattened tensors.

    >>> import narae
    >>> narae.ops.vdot([[1, 2]], [[3, 4]]).item()
    11
    """
    x, y = (ravel(t) for t in promoted(x1, x2))
    return _dot(x, y, ((0,), (0,)))


@public
def kron(x1: Any, x2: Any) -> Tensor:
    """Kronecker's product: x2 times each element of x1, in its place.

    >>> import narae
    >>> narae.ops.kron([1, 2], [1, 1]).tolist()
    [1, 1, 2, 2]
    """
    x, y = promoted(x1, x2)
    rank = builtins.max(x.ndim, y.ndim)
    left, right = ((1,) * (rank - t.ndim) + t.shape for t in (x, y))
    wide_x = S.reshape(x, shape=tuple(n for a in left for n in (a, 1)))
    wide_y = S.reshape(y, shape=tuple(n for b in right for n in (1, b)))
    return S.reshape(
        A.multiply(wide_x, wide_y), shape=tuple(a * b for a, b in zip(left, right, strict=True))
    )


@public
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    """The cross product of vectors of 3 (or 2) numbers along an axis.

    >>> import narae
    >>> narae.ops.cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = promoted(x1, x2)
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ShapeError(
            f"cross takes vectors of 2 or 3 numbers, got shapes {x.shape} and {y.shape}"
        )
    flat = x.shape[-1] == y.shape[-1] == 2
    a, b = (_three(t) for t in (x, y))
    parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    if flat:
        return parts[2]
    out = S.concatenate(*(expand_dims(p, -1) for p in parts), axis=parts[0].ndim)
    return moveaxis(out, -1, axisc)


def _three(x: Tensor) -> list[Tensor]:
    parts = [x[..., i] for i in range(x.shape[-1])]
    return parts if len(parts) == 3 else [*parts, parts[0] * 0]


@public
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """Sums of products of two vectors, one moved along the other, as floats. mode: valid, same or full.

    >>> import narae
    >>> narae.ops.correlate([1.0, 2.0, 3.0], [1.0, 1.0]).tolist()
    [3.0, 5.0]
    """
    x, y = promoted(x1, x2, floating=True)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"correlate takes vectors, got shapes {x.shape} and {y.shape}")
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate takes a mode of valid, same or full, got {mode!r}")
    n, m = x.shape[0], y.shape[0]
    padded = S.pad_zeros(x, ((m - 1, m - 1),))
    afford((n + m) * m)
    places = np.arange(n + m - 1)[:, None] + np.arange(m)[None, :]
    rows = take(padded, places.astype(np.int32), axis=0)
    full = _dot(rows, y, ((1,), (0,)))
    if mode == "full":
        return full
    short, long = builtins.min(n, m), builtins.max(n, m)
    start, length = (short - 1, long - short + 1) if mode == "valid" else ((short - 1) // 2, long)
    return full[start : start + length]


@public
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Sums of products by the names of axes: 'ij,jk->ik'; an ellipsis stands for the axes not named.

    Operands are contracted from the left, two at a time. Raises ValueError for a broken equation.

    >>> import narae
    >>> narae.ops.einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    if kwargs:
        raise ValueError(f"einsum got unknown arguments: {sorted(kwargs)}")
    tensors = promoted(*operands)
    if len(tensors) > 0 and all(as_tensor(o).dtype == "int8" for o in operands):
        tensors = [to(t, "int32") for t in tensors]
    terms, out = _parsed(subscripts, tensors)
    work = [_diagonalized(t, term) for t, term in zip(tensors, terms, strict=True)]
    x, term = work[0]
    for i, (y, other) in enumerate(work[1:], 1):
        later = set(out).union(*(w[1] for w in work[i + 1 :]))
        x, term = _contracted(x, term, y, other, later)
    summed = tuple(i for i, name in enumerate(term) if name not in out)
    x = R.reduce_sum(x, axes=summed) if summed else x
    term = "".join(name for name in term if name in out)
    return transpose(x, tuple(term.index(name) for name in out)) if term != out else x


def _parsed(subscripts: str, tensors: list[Tensor]) -> tuple[list[str], str]:
    """The letters of each operand and of the output, the ellipsis as capital Greek letters."""
    text = subscripts.replace(" ", "")
    inputs, arrow, out = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum {subscripts!r} names {len(terms)} operands, got {len(tensors)}")
    if not re.fullmatch(r"[a-zA-Z.,>-]*", text):
        raise ValueError(f"einsum {subscripts!r}: axes are named by letters")
    extra = builtins.max(
        (
            t.ndim - len(term.replace("...", ""))
            for t, term in zip(tensors, terms, strict=True)
            if "..." in term
        ),
        default=0,
    )
    dots = "".join(chr(0x391 + i) for i in range(builtins.max(extra, 0)))
    full = []
    for t, term in zip(tensors, terms, strict=True):
        missing = t.ndim - len(term.replace("...", ""))
        if missing < 0 or ("..." not in term and missing):
            raise ValueError(
                f"einsum {subscripts!r}: {term!r} does not name the axes of shape {t.shape}"
            )
        full.append(term.replace("...", dots[len(dots) - missing :] if missing else ""))
    if not arrow:
        once = sorted(n for n in set("".join(full)) - set(dots) if "".join(full).count(n) == 1)
        out = dots + "".join(once)
    out = out.replace("...", dots)
    unknown = set(out) - set("".join(full))
    if unknown or len(set(out)) != len(out):
        raise ValueError(
            f"einsum {subscripts!r}: the output names {sorted(unknown) or 'an axis twice'}"
        )
    return full, out


def _diagonalized(x: Tensor, term: str) -> tuple[Tensor, str]:
    """An operand whose letters differ: of a repeated one the diagonal is taken."""
    for name in sorted(set(term), key=term.index):
        while term.count(name) > 1:
            first, second = term.index(name), term.index(name, term.index(name) + 1)
            x = diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + name
    return x, term


def _contracted(x: Tensor, a: str, y: Tensor, b: str, later: set[str]) -> tuple[Tensor, str]:
    """Two operands made one: what nobody needs later is summed, by one contraction."""
    x, a = _summed(x, a, later | set(b))
    y, b = _summed(y, b, later | set(a))
    # an axis of length 1 broadcasts against a longer one: it is dropped, and the other one stays
    for name in sorted(set(a) & set(b)):
        n, m = x.shape[a.index(name)], y.shape[b.index(name)]
        if n != m and 1 in (n, m):
            if n == 1:
                x, a = squeeze(x, a.index(name)), a.replace(name, "")
            else:
                y, b = squeeze(y, b.index(name)), b.replace(name, "")
    x, a = _summed(x, a, later | set(b))
    y, b = _summed(y, b, later | set(a))
    shared = [n for n in a if n in b]
    batch = [n for n in shared if n in later]
    inner = [n for n in shared if n not in later]
    out = _dot(
        x,
        y,
        ([a.index(n) for n in inner], [b.index(n) for n in inner]),
        (tuple(a.index(n) for n in batch), tuple(b.index(n) for n in batch)),
    )
    free_a = [n for n in a if n not in shared]
    return out, "".join([*batch, *free_a, *(n for n in b if n not in shared)])


def _summed(x: Tensor, term: str, needed: set[str]) -> tuple[Tensor, str]:
    axes = tuple(i for i, n in enumerate(term) if n not in needed)
    if not axes:
        return x, term
    return R.reduce_sum(x, axes=axes), "".join(n for n in term if n in needed)
