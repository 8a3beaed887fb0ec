"""Sums of products by the names of axes (Einstein's summation)."""

from __future__ import annotations

import re
from typing import Any

from narae.base.errors import unknown_arguments
from narae.base.types import TensorLike
from narae.ops.diagonals import diagonal
from narae.ops.products import dot_over
from narae.ops.shapes import squeeze, transpose
from narae.primitives.records import reduce as R
from narae.tensor.promote import promoted, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor


@public
def einsum(subscripts: str, *operands: TensorLike, **kwargs: Any) -> Tensor:
    """Sums of products by the names of axes: what the output does not name is summed over.

    Operands are contracted from the left, two at a time. Operands that are all int8 give int32.

    Args:
        subscripts: a letter for each axis of each operand and of the output: 'ij,jk->ik'; an ellipsis stands for the
            axes not named, which broadcast. A letter twice in an operand takes a diagonal. Without '->' the output
            has the letters that occur once, in alphabetical order.
        *operands: tensors, one for each term.

    Returns: the tensor with the output's axes, of the dtype in which the operands meet.

    Raises:
        ValueError: the equation is broken, or does not fit the operands; or there are keyword arguments.
        ShapeError: axes of one name differ in length.

    >>> import narae
    >>> narae.ops.einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    if kwargs:
        raise unknown_arguments("einsum", kwargs, einsum)
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
    extra = max(
        (
            t.ndim - len(term.replace("...", ""))
            for t, term in zip(tensors, terms, strict=True)
            if "..." in term
        ),
        default=0,
    )
    dots = "".join(chr(0x391 + i) for i in range(max(extra, 0)))
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
    out = dot_over(
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
