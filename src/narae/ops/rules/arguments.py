"""Rules of operations that look at the shapes of their arguments: what Keras refuses, what a result keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from narae.base import trees
from narae.base.dtypes import as_float, is_float, result_type
from narae.base.errors import ShapeError
from narae.base.types import Shape, TensorLike
from narae.tensor.promote import dtype_of
from narae.tensor.symbolic import KerasTensor, infer, rule, shape_of, unruled


def _refused(name: str, says: str, *shapes: Shape) -> ShapeError:
    got = " and ".join(map(str, shapes))
    return ShapeError(f"{name} takes {says}, got {got}; a reshape, or Input(batch_shape=...)?")


def _one_shape(name: str, lead: bool = False) -> Callable[..., Any]:
    """Two arguments of one shape; `lead`: but for the second's last axis, where they are of two ranks."""

    def look(target: TensorLike, output: TensorLike, *args: object, **kwargs: Any) -> Any:
        a, b = shape_of(target), shape_of(output)
        if lead:
            a = a[:-1] if len(a) == len(b) and a and a[-1] == 1 else a
            b = b[:-1]
        if a != b:
            raise _refused(name, "two tensors of one shape", shape_of(target), shape_of(output))
        return NotImplemented

    return look


rule(_one_shape("binary_crossentropy"), "binary_crossentropy")
rule(_one_shape("categorical_crossentropy"), "categorical_crossentropy")
rule(_one_shape("sparse_categorical_crossentropy", lead=True), "sparse_categorical_crossentropy")


@rule
def ctc_loss(
    target: TensorLike,
    output: TensorLike,
    target_length: TensorLike,
    output_length: TensorLike,
    mask_index: int = 0,
) -> Any:
    """All of one batch."""
    shapes = [shape_of(x) for x in (target, output, target_length, output_length)]
    if len({s[:1] for s in shapes}) != 1:
        raise _refused("ctc_loss", "four tensors with one batch axis", *shapes)
    return NotImplemented


def _pair(name: str, axes: int) -> Callable[..., Any]:
    """A pair of one shape, the last axes of which are known."""

    def look(x: TensorLike, *args: object, **kwargs: Any) -> Any:
        if isinstance(x, (tuple, list)) and len(x) == 2:
            real, imaginary = shape_of(x[0]), shape_of(x[1])
            if real != imaginary:
                raise _refused(name, "real and imaginary parts of one shape", real, imaginary)
            if None in real[len(real) - axes :]:
                raise _refused(name, f"a known length in the last {axes} axes", real)
        return NotImplemented

    return look


for _name, _axes in (("fft", 1), ("fft2", 2), ("ifft2", 2), ("istft", 0)):
    rule(_pair(_name, _axes), _name)


@rule
def irfft(x: TensorLike, fft_length: int | None = None) -> Any:
    """As many numbers as are asked for."""
    _pair("irfft", 0)(x)
    if fft_length is None or not isinstance(x, (tuple, list)) or None not in shape_of(x[0]):
        return NotImplemented
    dtype = as_float(result_type(*(dtype_of(part) for part in x)))
    return KerasTensor((*shape_of(x[0])[:-1], int(fft_length)), dtype)


def _square(name: str, shape: Shape) -> None:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise _refused(name, "square matrices in the last two axes", shape)


def _of_squares(name: str) -> Callable[..., Any]:
    def look(x: TensorLike, *args: object, **kwargs: Any) -> Any:
        _square(name, shape_of(x))
        return NotImplemented

    return look


for _name in ("cholesky", "cholesky_inverse", "det", "eigh", "inv"):
    rule(_of_squares(_name), _name)


def _system(name: str) -> Callable[..., Any]:
    def look(a: TensorLike, b: TensorLike, *args: object, **kwargs: Any) -> Any:
        left, right = shape_of(a), shape_of(b)
        _square(name, left)
        rows = right[-1] if len(right) == 1 or len(right) == len(left) - 1 else right[-2]
        if rows != left[-1]:
            raise _refused(name, "a (..., n, n) and b with n rows", left, right)
        return NotImplemented

    return look


rule(_system("solve"), "solve")
rule(_system("solve_triangular"), "solve_triangular")


@rule
def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Any:
    """As many rows in both."""
    if shape_of(a)[:1] != shape_of(b)[:1]:
        raise _refused("lstsq", "a (m, n) and b with m rows", shape_of(a), shape_of(b))
    return NotImplemented


@rule
def qr(x: TensorLike, mode: str = "reduced") -> Any:
    """Of matrices whose sides are known."""
    if None in shape_of(x)[-2:]:
        raise _refused("qr", "known lengths in the last two axes", shape_of(x))
    return NotImplemented


@rule
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    axis: int,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> Any:
    """Vectors with a number for each place of the axis."""
    shape = shape_of(x)
    if -len(shape) <= axis < len(shape):
        for name, v in (
            ("mean", mean),
            ("variance", variance),
            ("offset", offset),
            ("scale", scale),
        ):
            if v is not None and shape_of(v) != (shape[axis],):
                says = f"as `{name}` a vector of length {shape[axis]} for x {shape} and axis {axis}"
                raise _refused("batch_normalization", says, shape_of(v))
    return NotImplemented


@rule
def dot(x1: TensorLike, x2: TensorLike) -> Any:
    """A vector as long as x1's last axis."""
    a, b = shape_of(x1), shape_of(x2)
    if len(a) > 1 and len(b) == 1 and a[-1] != b[0]:
        raise _refused("dot", "a vector as long as the last axis", a, b)
    return NotImplemented


# --- results that keep the lengths of an argument: unknown there, unknown in the result ---


def _like_first(name: str) -> Callable[..., Any]:
    def keep(x: TensorLike, *args: object, **kwargs: Any) -> Any:
        if not isinstance(x, KerasTensor) or None not in x.shape:
            return NotImplemented
        out = infer(unruled(name), (x, *args), kwargs)
        return _forgotten(out, x)

    return keep


def _forgotten(out: KerasTensor, x: KerasTensor) -> KerasTensor:
    """A result, unknown where an argument of its rank is."""
    if len(out.shape) != len(x.shape):
        return out
    lengths = (None if n is None else m for n, m in zip(x.shape, out.shape, strict=True))
    return KerasTensor(tuple(lengths), out.dtype)


for _name in (
    "clip",
    "full_like",
    "in_top_k",
    "layer_normalization",
    "rms_normalization",
    "slice_update",
):
    rule(_like_first(_name), _name)


@rule
def select(
    condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0
) -> Any:
    """Of the first choice's shape."""
    first = choicelist[0] if isinstance(choicelist, (list, tuple)) and choicelist else None
    if not isinstance(first, KerasTensor) or None not in first.shape:
        return NotImplemented
    return _forgotten(infer(unruled("select"), (condlist, choicelist, default), {}), first)


@rule
def dot_product_attention(
    query: TensorLike, key: TensorLike, value: TensorLike, *args: object, **kwargs: Any
) -> Any:
    """The query's shape, where its lengths or those of the others are not all known."""
    shapes = [shape_of(x) for x in (query, key, value)]
    if not any(None in shape for shape in shapes):
        return NotImplemented
    if any(len(shape) != 4 for shape in shapes):
        raise _refused("dot_product_attention", "tensors (batch, time, heads, features)", *shapes)
    dtype = result_type(*(dtype_of(x) for x in (query, key, value)))
    return KerasTensor(shapes[0], as_float(dtype))


@rule
def psnr(x1: TensorLike, x2: TensorLike, max_val: TensorLike) -> Any:
    """One number, of two shapes that may be one."""
    a, b = shape_of(x1), shape_of(x2)
    if len(a) != len(b) or any(None not in (n, m) and n != m for n, m in zip(a, b, strict=True)):
        raise _refused("psnr", "two tensors of one shape", a, b)
    return KerasTensor((), result_type(dtype_of(x1), dtype_of(x2), float))


# --- operations on whole numbers: a symbol's dtype is looked at when the numbers come, as in Keras ---


def _whole(
    name: str, gives: Callable[[list[Any]], str], forgets: bool = False
) -> Callable[..., Any]:
    """forgets: unknown in the first argument, unknown in the result."""

    def look(*args: object, **kwargs: Any) -> Any:
        leaves = trees.flatten((args, kwargs))
        floats = [x for x in leaves if isinstance(x, KerasTensor) and is_float(x.dtype)]
        first = next((x for x in leaves if hasattr(x, "shape")), None)
        keeps = forgets and isinstance(first, KerasTensor) and None in first.shape
        if not floats and not keeps:
            return NotImplemented
        whole = {id(x): KerasTensor(x.shape, "int32") for x in floats}
        seen = trees.map_tree(lambda x: whole.get(id(x), x), (args, kwargs))
        out = infer(unruled(name), seen[0], seen[1])
        if floats:
            dtype = gives([x for x in leaves if hasattr(x, "dtype") or isinstance(x, (int, float))])
            out = trees.map_tree(lambda t: KerasTensor(t.shape, dtype), out)
        return _forgotten(out, first) if keeps and isinstance(first, KerasTensor) else out

    return look


def _together(xs: list[Any]) -> str:
    return result_type(*(dtype_of(x) for x in xs))


def _first(xs: list[Any]) -> str:
    return str(xs[0].dtype)


_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_invert")
_SHIFTS = ("left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift")
for _name in (*_BITS, *_SHIFTS, "gcd", "lcm"):
    rule(_whole(_name, _together, forgets=_name not in ("gcd", "lcm")), _name)
for _name in ("take_along_axis", "scatter_update", "unravel_index"):
    rule(_whole(_name, _first, forgets=_name == "scatter_update"), _name)
