"""Products as tables of addresses, and into which tiles they are cut: those that threads are through with soonest.

A matrix product and a convolution are sums of products both, with another rule of addresses each (`Product`).

The cost of a tile of r rows and c columns is counted in multiplications. Registers hold whole groups of rows and whole
vectors, so the tile costs as much as the next larger one that fills them:

    t = ceil(r / tile.rows) * tile.rows        rows, as they are computed
    w = ceil(c / tile.lanes) * tile.lanes      columns
    d = taps * inner                           products of one sum

    t * w * d           to multiply and add
    copy_b * w * d      to copy B's part of the tile: each tile copies its own; nothing where B is read where it lies
    copy_a * t * d      to copy A's part of the tile, where that is copied
    call                to call the kernel, and for the first lines of memory to come

That is about (t + copy_b) * ((w + copy_a) * d) + call: a factor of the rows alone, one of the columns alone. Threads
take tiles from both ends of their list, each the next one when it is through, so the end is that of a greedy schedule:
who is free first takes the next tile of his end. To that two delays are added, which the schedule does not see:

    meet                where there are several tiles: threads have to meet before the next phase
    HELD_UP * largest   a thread may be put aside by the system while it has a tile, and the others wait for it

What these are in multiplications follows from the model of the machine (`tuning.py`).

So large tiles cost little to copy and call, small ones share out evenly, and neither is asked for by hand. Before a
schedule is computed, the cut is compared with what no schedule can beat, all work shared out evenly: most end there.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.kernels.registers import CHUNK, COLUMNS, LINE, RegisterTile
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.tiles import (
    Kept,
    Rounds,
    Tile,
    address,
    cuts,
    indices,
    joint_stride,
    offsets,
    size_of,
)
from narae.graph.ir import Node


@dataclass(frozen=True)
class Loose:
    """Numbers of B that are to be laid out in words (`lower/words.py`): their dtype, where they begin, bytes between
    k's, how many k and columns there are; whether 128 is added to each."""

    dtype: str
    start: int
    down: int
    depth: int
    columns: int
    flipped: bool


if TYPE_CHECKING:
    from narae.executors.native.lower.held import Lies


@dataclass(eq=False)
class Product:
    """C[r, n] = sum of A[rows[r] + t0 + k a_step] B[t1 + k b_down + n b_across] over taps (t0, t1)
    and k < inner. Byte offsets. numbers: the rows of C that these are, from 0 on where not given."""

    a: int
    b: int
    rows: np.ndarray
    taps: np.ndarray
    inner: int
    a_step: int
    b_down: int
    b_across: int
    columns: int
    numbers: np.ndarray | None = None
    first_row: int = 0  # added to the numbers
    first_column: int = 0
    panels: bool = False  # B lies by panels
    loose: Loose | None = (
        None  # B is to be, in words: `b` is where its numbers begin, taps count its rows
    )
    by: int = 0  # columns of the panels in which B lies for good, or C: tiles have whole ones of it


@dataclass(eq=False)
class Products:
    """All products of a step, into an array seen as (rows, width)."""

    width: int
    parts: list[Product] = field(default_factory=list)
    before: list[list[Tile]] = field(default_factory=list)
    keep: list[np.ndarray] = field(default_factory=list)
    rounds: Rounds | None = (
        None  # of a loop: one thread computes all of them, so nothing is shared out
    )
    fixed: bool = False  # B is the same in all rounds
    form: str = ""  # of words: see `kernels/words.py`
    weights: Kept | None = None  # what no run writes that B is of
    lies: Mapping[int, Lies] = field(default_factory=dict)  # operands by panels, by uid


def sums(axes: Sequence[tuple[int, int, int]]) -> tuple[tuple[int, int, int], np.ndarray]:
    """Summed axes (length, stride in A, stride in B) as an inner loop and a table of taps."""
    merged: list[tuple[int, int, int]] = []
    for n, sa, sb in sorted((a for a in axes if a[0] != 1), key=lambda a: (-a[1], -a[2])):
        if merged and merged[-1][1] == sa * n and merged[-1][2] == sb * n:
            merged[-1] = (merged[-1][0] * n, sa, sb)
        else:
            merged.append((n, sa, sb))
    if not merged:
        merged = [(1, 0, 0)]
    # the inner loop should be long enough, B's rows not in a page each, and A's numbers near each other
    best = max(
        range(len(merged)),
        key=lambda i: (min(merged[i][0], 8), abs(merged[i][2]) < PAGE, -abs(merged[i][1])),
    )
    inner = merged.pop(best)
    if inner[0] > tuning.INNER:  # long sums in stretches
        size = next((d for d in tuning.INNER_STRETCH if inner[0] % d == 0), inner[0])
        merged.append((inner[0] // size, inner[1] * size, inner[2] * size))
        inner = (size, *inner[1:])
    lengths = [m[0] for m in merged]
    pair = [offsets(lengths, [m[i] for m in merged]) for i in (1, 2)]
    return inner, np.ascontiguousarray(np.stack(pair, axis=1))


def dot(node: Node, ins: Sequence[np.ndarray]) -> Products:
    """The products of a `dot`: one, or one for each pair of matrices of its batch."""
    x, y = ins
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    fx = [a for a in range(x.ndim) if a not in (*cx, *bx)]
    fy = [a for a in range(y.ndim) if a not in (*cy, *by)]
    before: list[list[Tile]] = []
    across = joint_stride(y, fy)
    width = size_of([y.shape[a] for a in fy])
    if _clashes(x, cx, width):
        x = _unclashed(x, before)
    if across is None or (across == 0 and width > 1):  # in no order, or one for all: lay them out
        order = [*by, *cy, *fy]
        y2 = np.empty([y.shape[a] for a in order], y.dtype)
        before.append(copy_tiles(y.transpose(order), y2))
        y = y2
        by, cy = tuple(range(len(by))), tuple(range(len(by), len(by) + len(cy)))
        fy = list(range(len(by) + len(cy), y.ndim))
        across = y.itemsize
    across = across or y.itemsize  # of a single column
    rows = offsets([x.shape[a] for a in fx], [x.strides[a] for a in fx])
    axes = [(x.shape[i], x.strides[i], y.strides[j]) for i, j in zip(cx, cy, strict=True)]
    inner, taps = sums(axes)
    out = Products(width, before=before, keep=[x, y])
    for number, index in enumerate(indices([x.shape[a] for a in bx])):
        a = address(x) + sum(i * x.strides[k] for i, k in zip(index, bx, strict=True))
        b = address(y) + sum(i * y.strides[k] for i, k in zip(index, by, strict=True))
        out.parts.append(
            Product(a, b, rows, taps, *inner, across, width, first_row=number * len(rows))
        )
    if len(out.parts) > tuning.PAIRS:
        raise Unlowered(f"a product of {len(out.parts)} pairs of matrices")
    return out


def _clashes(x: np.ndarray, summed: Sequence[int], width: int) -> bool:
    """Whether the rows of a large matrix would all meet in the same few lines of the first cache, and are used often
    enough for a copy to pay. Rows that lie side by side are copied stretch by stretch in any case."""
    if x.ndim != 2 or x.nbytes < tuning.CLASH_A_FROM or max(x.strides) % tuning.CLASH_A:
        return False
    side = len(summed) == 1 and x.strides[1 - summed[0]] == x.itemsize
    return not side and width >= tuning.CLASH_A_WIDE


def _unclashed(x: np.ndarray, before: list[list[Tile]]) -> np.ndarray:
    """A copy of a matrix whose rows would all meet in the same few lines of the first cache."""
    turned = x.strides[0] < x.strides[1]
    rows, length = x.shape[::-1] if turned else x.shape
    copied = np.empty((rows, length + 64 // x.itemsize), x.dtype)[:, :length]
    copied = copied.T if turned else copied
    before.append(copy_tiles(x, copied))
    return copied


PAGE = 4096  # bytes (bits)
Range = tuple[int, int]  # from, to before


def grid(
    part: Product, tile: RegisterTile, workers: int, copied: bool = False, most: int = 0
) -> list[tuple[Range, Range]]:
    """Ranges of rows and of columns: those that the threads would be through with soonest. What is
    computed does not depend on the choice: every sum has the same order in any tile. copied: whether tiles copy
    their part of A too; most: rows of a tile, 0 for any number."""
    best: list[tuple[Range, Range]] = []
    soonest = float("inf")
    least = -(-len(part.rows) // most) if most else 1
    for columns in _column_cuts(part, tile):
        for apart in (least, *(n for n in tuning.PARTS if n > least)):
            many = len(columns) * apart > tuning.GRID and bool(best)
            if many or (apart > least and len(part.rows) < 2 * tile.rows * apart):
                break
            rows = cuts(len(part.rows), apart, tile.rows)
            # a cut with more tiles has to be better by a hundredth
            end = _end(part, tile, rows, columns, workers, 0.99 * soonest, copied)
            if end is not None:
                best, soonest = [(r, c) for c in columns for r in rows], end
    # Threads work from both ends (`run/driver.py`): each keeps to its part of the larger operand.
    return sorted(best) if len(part.rows) > part.columns else best


def _column_cuts(part: Product, tile: RegisterTile) -> list[list[Range]]:
    """Ways of cutting the columns: few panels or many in a range."""
    found: dict[tuple[Range, ...], None] = {}
    units = {tile.wide}
    if not part.panels and not part.by:
        units.add(min(2, tile.vectors) * tile.lanes)
    for unit in sorted(units, reverse=True):
        panels = -(-part.columns // unit)
        for parts in (*(n for n in tuning.PARTS if n < panels), panels):
            found[tuple(cuts(part.columns, parts, unit))] = None
    return [list(ranges) for ranges in found]


def _end(
    part: Product,
    tile: RegisterTile,
    rows: Sequence[Range],
    columns: Sequence[Range],
    workers: int,
    sooner: float,
    copied: bool,
) -> float | None:
    """When threads that take tiles in order would be through, in multiplications (the model is at the
    beginning of this file); None where that is not sooner than `sooner`."""
    depth = len(part.taps) * part.inner
    size = 4 * depth  # of a row or column that is copied, in bytes
    copy = 0 if part.panels or lies_well(part, tile) else tuning.copy_b(size * part.columns)
    tall = [_filled(r, tile.rows) + copy for r in rows]
    other = tuning.copy_a(size * len(part.rows)) if copied else 0
    call = tuning.call()
    wide = [(_filled(c, tile.lanes) + other) * depth for c in columns]
    largest = max(tall, default=0) * max(wide, default=0) + call
    meet = tuning.meet() if len(rows) * len(columns) > 1 else 0
    late = meet + largest * tuning.HELD_UP
    whole = sum(tall) * sum(wide) + call * len(tall) * len(wide)
    if late + whole / workers >= sooner:
        return None  # not even if all were through at the same time
    todo = deque(t * w + call for w in wide for t in tall)
    busy = [(0.0, i) for i in range(workers)]
    while todo:  # who is free first takes the next: odd ones from the end
        time, i = busy[0]
        heapq.heapreplace(busy, (time + (todo.pop() if i % 2 else todo.popleft()), i))
    end = max(busy)[0] + late
    return end if end < sooner else None


def _filled(part: Range, unit: int) -> int:
    """A range's length, complete to whole units."""
    return -(-(part[1] - part[0]) // unit) * unit


def lies_well(part: Product, tile: RegisterTile) -> bool:
    """Whether B is read where it lies: where it is used so few times that a copy would not pay, or is so small that it
    stays near, and comes as soon as it is needed."""
    size = part.b_across
    if size not in (4, 8) or not size < part.b_down < tuning.CLASH_B:
        return False
    depth, row, rows = len(part.taps) * part.inner, tile.wide * size, len(part.rows)
    if part.b_down <= max(row, LINE):
        return True  # a copy would lie no better
    few = rows <= tuning.direct_rows(row) or depth * part.b_down <= tuning.direct_bytes(row)
    often = rows > 2 * tile.rows
    return few and (not often or tuning.comes_soon(part.b_down, row, depth, size / tile.rows))


def in_columns(part: Product, size: int) -> bool:
    """Whether rows of A lie side by side and their numbers along k far apart, in a product with enough columns."""
    side = len(part.rows) >= CHUNK and bool((np.diff(part.rows) == size).all())
    clash = part.a_step % tuning.CLASH_A == 0
    wide = part.columns >= tuning.COLUMNS_WIDE or clash
    return side and wide and part.a_step >= tuning.COLUMNS_APART


def shorter(part: Product, most: int) -> Product:
    """The same sums, in the same order, with shorter inner loops and more taps, where a length of at most `most`
    divides them."""
    if part.inner <= most:
        return part
    size = next((d for d in range(most, most // 4, -1) if part.inner % d == 0), part.inner)
    pieces = np.arange(part.inner // size)[:, None] * np.array([part.a_step, part.b_down]) * size
    taps = (part.taps[:, None] + pieces).reshape(-1, 2)
    return replace(part, taps=np.ascontiguousarray(taps), inner=size)


def row_table(part: Product, unit: int) -> np.ndarray:
    """Offsets and numbers of rows, complete to whole groups by copies of the last."""
    count = len(part.rows)
    table = np.empty((count + -count % unit, 2), np.int64)
    table[:count, 0] = part.rows
    table[:count, 1] = np.arange(count) if part.numbers is None else part.numbers
    table[:count, 1] += part.first_row
    table[count:] = table[count - 1]
    return table


def scratch_of(
    depth: int, rows: int, columns: int, tile: RegisterTile, order: str, size: int
) -> int:
    """The bytes of a tile's copies and sums. depth: terms that are copied at once; rows: whole ones of the tile."""
    scratch = (depth + max(rows, 2 * tile.rows)) * tile.wide * size
    if order == COLUMNS:
        chunked = -(-rows // CHUNK) * CHUNK
        panels = -(-columns // tile.wide)
        scratch += chunked * (depth + panels * tile.wide) * size
        scratch += chunked // tile.rows * LINE
    return scratch
