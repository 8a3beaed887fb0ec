"""The lowering of convolution: windows copied side by side, as they lie, for one matrix product.

The copy and the product go in chunks that fit the cache. Axes are taken in the order in which they
lie in memory, so that the copy moves whole runs, whichever of the three convolutions of a training
step it is (forward, and the gradients of the image and of the kernel).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from narae.base.windows import laid_out
from narae.executors.numpy.calls import Arrays, BlockLoop, Call, call
from narae.executors.numpy.lowerings import lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node

CHUNK = 1 << 18  # elements of windows side by side


@lowering("conv")
def _conv(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call | BlockLoop]:
    (x, w), (out,), groups = ins, outs, node.params["groups"]
    if 0 in out.shape or w.shape[-2] == 0:
        return [call(np.copyto, out, 0)]
    calls: list[Call | BlockLoop] = []
    image = _with_borders(x, node, scratch, calls)
    rank = out.ndim - 2
    rows = [n * s for n, s in zip(image.strides[1:-1], node.params["strides"], strict=True)]
    taps = [n * d for n, d in zip(image.strides[1:-1], node.params["rhs_dilation"], strict=True)]
    view = as_strided(
        image,
        (*out.shape[:-1], *w.shape[:rank], image.shape[-1]),
        (image.strides[0], *rows, *taps, image.strides[-1]),
        writeable=False,
    )
    if groups == 1:
        return calls + _product(view, w, out, scratch)
    if w.shape[-2] == 1 and w.shape[-1] == groups:
        return calls + _depthwise(view, w, out, scratch)
    return calls + _grouped(view, w, out, groups, scratch)


def _with_borders(
    x: np.ndarray, node: Node, scratch: Scratch, calls: list[Call | BlockLoop]
) -> np.ndarray:
    """x with gaps between its elements and zeros around them; cropped where a width is negative."""
    padding, dilation = node.params["padding"], node.params["lhs_dilation"]
    if all(d == 1 for d in dilation) and all(p == (0, 0) for p in padding):
        return x
    lengths, into, taken = laid_out(x.shape[1:-1], padding, dilation)
    image = scratch.take((x.shape[0], *lengths, x.shape[-1]), x.dtype)
    calls.append(call(np.copyto, image, 0))
    calls.append(call(np.copyto, image[(slice(None), *into)], x[(slice(None), *taken)]))
    return image


def _product(
    view: np.ndarray, w: np.ndarray, out: np.ndarray, scratch: Scratch
) -> list[Call | BlockLoop]:
    """view: (batch, *out, *window, channels); w: (*window, channels, filters)."""
    half = view.ndim // 2
    rows, inner = _by_stride(view, range(half)), _by_stride(view, range(half, view.ndim))
    ordered = view.transpose(*rows, *inner)
    calls: list[Call | BlockLoop] = []
    kernel = _kernel(w.transpose(*(a - half for a in inner), half), scratch, calls)
    natural = rows == sorted(rows)
    result = out.reshape(-1, w.shape[-1])
    if not natural:
        result = scratch.take(result.shape, out.dtype)
    along_rows = _run(view, rows) > _run(view, inner)
    if math.prod(ordered.shape[:half]) >= len(kernel):
        calls += _in_rows(ordered, kernel, result, along_rows, scratch)
    else:
        calls += _in_sums(ordered, kernel, result, along_rows, scratch)
    if not natural:
        shape = [out.shape[a] for a in rows]
        target = out.transpose(*rows, half)
        calls.append(call(np.copyto, target, result.reshape(*shape, -1)))
    return calls


def _in_rows(
    ordered: np.ndarray,
    kernel: np.ndarray,
    result: np.ndarray,
    along_rows: bool,
    scratch: Scratch,
) -> list[Call | BlockLoop]:
    """A product for each chunk of the result's rows."""
    half, each = ordered.ndim // 2, len(result) // len(ordered)
    blocks = []
    for begin, end in _chunks(len(ordered), ordered[0].size):
        mark = scratch.mark()
        copy, left = _columns(ordered[begin:end], half, along_rows, scratch)
        blocks.append([copy, call(np.dot, left, kernel, result[begin * each : end * each])])
        scratch.release(mark)
    return [BlockLoop(blocks)]


def _in_sums(
    ordered: np.ndarray,
    kernel: np.ndarray,
    result: np.ndarray,
    along_rows: bool,
    scratch: Scratch,
) -> list[Call | BlockLoop]:
    """A product for each chunk of what is summed over, and the sum of them."""
    half = ordered.ndim // 2
    count = ordered.shape[half]
    each = len(kernel) // count
    part = scratch.take(result.shape, result.dtype)
    blocks = []
    for begin, end in _chunks(count, ordered.size // count):
        mark = scratch.mark()
        chunk = ordered[(slice(None),) * half + (slice(begin, end),)]
        copy, left = _columns(chunk, half, along_rows, scratch)
        target = part if begin else result
        blocks.append([copy, call(np.dot, left, kernel[begin * each : end * each], target)])
        scratch.release(mark)
    later = [[*block, call(np.add, result, part, out=result)] for block in blocks[1:]]
    return [*blocks[0], *([BlockLoop(later)] if later else [])]


def _columns(
    chunk: np.ndarray, half: int, along_rows: bool, scratch: Scratch
) -> tuple[Call, np.ndarray]:
    """The copy of a chunk of windows, and the copy as a matrix (rows, inner). along_rows: it is the
    rows that lie in longer runs, so they are the copy's last axes."""
    shape = (math.prod(chunk.shape[:half]), math.prod(chunk.shape[half:]))
    if not along_rows:
        copy = scratch.take(chunk.shape, chunk.dtype)
        return call(np.copyto, copy, chunk), copy.reshape(shape)
    turned = chunk.transpose(*range(half, chunk.ndim), *range(half))
    copy = scratch.take(turned.shape, chunk.dtype)
    return call(np.copyto, copy, turned), copy.reshape(shape[::-1]).T


def _chunks(count: int, size: int) -> list[tuple[int, int]]:
    """Bounds of chunks of about CHUNK elements, as even as can be."""
    number = min(count, max(1, -(-count * size // CHUNK)))
    bounds = [count * i // number for i in range(number + 1)]
    return list(pairwise(bounds))


def _kernel(w: np.ndarray, scratch: Scratch, calls: list[Call | BlockLoop]) -> np.ndarray:
    """The kernel as a matrix (window and channels, filters), copied where it does not lie so."""
    if not w.flags.c_contiguous:
        copy = scratch.take(w.shape, w.dtype)
        calls.append(call(np.copyto, copy, w))
        w = copy
    return w.reshape(-1, w.shape[-1])


def _by_stride(view: np.ndarray, axes: Sequence[int]) -> list[int]:
    return sorted(axes, key=lambda a: -view.strides[a] if view.shape[a] > 1 else 0)


def _run(view: np.ndarray, axes: list[int]) -> int:
    """How many elements lie one after the other along axes in the order of their strides."""
    run = 1
    for a in reversed(axes):
        if view.shape[a] > 1:
            if view.strides[a] != run * view.itemsize:
                break
            run *= view.shape[a]
    return run


def _depthwise(
    view: np.ndarray, w: np.ndarray, out: np.ndarray, scratch: Scratch
) -> list[Call | BlockLoop]:
    """One filter for each channel: a sum over the window's elements."""
    half = view.ndim // 2
    part = scratch.take(out.shape, out.dtype)
    blocks = []
    for tap in np.ndindex(*w.shape[:-2]):
        moved = view[(slice(None),) * half + tap]
        blocks.append([call(np.multiply, moved, w[tap][0], out=part if any(tap) else out)])
    later = [[*block, call(np.add, out, part, out=out)] for block in blocks[1:]]
    return [*blocks[0], *([BlockLoop(later)] if later else [])]


def _grouped(
    view: np.ndarray, w: np.ndarray, out: np.ndarray, groups: int, scratch: Scratch
) -> list[Call | BlockLoop]:
    """A stack of products, one for each group of channels and filters."""
    rows, filters = math.prod(out.shape[:-1]), out.shape[-1] // groups
    images, kernels = _split(view, groups), _split(w, groups)
    columns = scratch.take(images.shape, view.dtype)
    copies = scratch.take(kernels.shape, w.dtype)
    result = scratch.take((groups, rows, filters), out.dtype)
    left, right = columns.reshape(groups, rows, -1), copies.reshape(groups, -1, filters)
    return [
        call(np.copyto, columns, images),
        call(np.copyto, copies, kernels),
        call(np.matmul, left, right, result),
        call(np.copyto, out.reshape(rows, groups, filters), result.transpose(1, 0, 2)),
    ]


def _split(array: np.ndarray, groups: int) -> np.ndarray:
    """The view (groups, ..., n / groups) of an array (..., n)."""
    each, step = array.shape[-1] // groups, array.strides[-1]
    return as_strided(
        array,
        (groups, *array.shape[:-1], each),
        (step * each, *array.strides[:-1], step),
        writeable=False,
    )
