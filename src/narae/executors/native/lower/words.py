"""Products of narrow numbers as products of words of 32 bits: how what they read is laid out (`kernels/words.py`)."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.jit import bounds
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.jit.target import host
from narae.executors.native.kernels import words
from narae.executors.native.kernels.registers import LINE, RegisterTile
from narae.executors.native.lower.elementwise import copy_tiles
from narae.executors.native.lower.partition import Loose, Product, Products, sums
from narae.executors.native.lower.tiles import (
    Kept,
    Tile,
    address,
    cuts,
    indices,
    joint_stride,
    offsets,
    size_of,
)
from narae.executors.shared.memory import aligned, span
from narae.graph.ir import Node


@dataclass(eq=False)
class _Matrices:
    """An operand as matrices of numbers: of each its first byte; bytes between k's, and between its other rows or
    columns (None: they are in no order); by how many bytes each of these lies after the first."""

    starts: list[int]
    k: int | None
    across: int | None
    offsets: np.ndarray


def products_of_words(node: Node, ins: Sequence[np.ndarray]) -> Products:
    """The products of a `wide_dot`. Raises Unlowered for dtypes without an instruction."""
    x, y = ins
    pair = (x.dtype.name, y.dtype.name)
    offset = node.params["offset"]
    kinds = ("bfloat16",) if x.itemsize == 2 else ("int8", "uint8")
    alike = {"bfloat16": 0, "int8": 128, "uint8": -128}.get(pair[0]) if pair[0] == pair[1] else 0
    if not host().narrow.issuperset(pair) or pair[1] not in kinds or offset != alike:
        raise Unlowered(f"{node.op.name} of {pair[0]} and {pair[1]}")
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    depth, each = size_of([x.shape[a] for a in cx]), words.SIZE // x.itemsize
    out = Products(0, keep=[x, y], form=words.form_of(pair[0]))
    a = _rows(x, cx, bx, each, out)
    b, where = _columns(y, cy, by, each, offset != 0, out)
    out.width = len(b.offsets)
    if len(a.starts) > tuning.PAIRS:
        raise Unlowered(f"a product of {len(a.starts)} pairs of matrices")
    for number, (left, right) in enumerate(zip(a.starts, b.starts, strict=True)):
        down = words.SIZE if where is None else 1  # loose ones: in rows, until they have a width
        inner, taps = sums([(-(-depth // each), a.k or 0, down)])
        out.parts.append(
            Product(
                left,
                right,
                a.offsets,
                taps,
                *inner,
                words.SIZE if b.across is None else b.across,
                out.width,
                first_row=number * len(a.offsets),
                loose=where,
            )
        )
    return out


def _matrices(array: np.ndarray, contract: Sequence[int], batch: Sequence[int]) -> _Matrices:
    free = [n for n in range(array.ndim) if n not in (*contract, *batch)]
    shape = [array.shape[n] for n in free]
    k, across = joint_stride(array, contract), joint_stride(array, free)
    starts = [
        address(array) + sum(i * array.strides[n] for i, n in zip(index, batch, strict=True))
        for index in indices([array.shape[n] for n in batch])
    ]
    if size_of([array.shape[n] for n in contract]) == 1:
        k = array.itemsize
    if size_of(shape) == 1:
        across = array.itemsize
    return _Matrices(starts, k, across, offsets(shape, [array.strides[n] for n in free]))


def _together(m: _Matrices, array: np.ndarray, depth: int, each: int) -> bool:
    """Whether the numbers of a word lie together, in whole words."""
    places = np.asarray([*m.starts, *m.offsets])
    return m.k == array.itemsize and depth % each == 0 and not (places % words.SIZE).any()


def _rows(
    x: np.ndarray, contract: Sequence[int], batch: Sequence[int], each: int, out: Products
) -> _Matrices:
    """A's words: where they lie, or laid out, row by row or, where rows lie side by side, as those do."""
    depth = size_of([x.shape[n] for n in contract])
    m = _matrices(x, contract, batch)
    if _together(m, x, depth, each):
        return replace(m, k=words.SIZE)
    count, deep = len(m.offsets), -(-depth // each)
    if m.across == x.itemsize and m.k is not None and count >= words.LANES:
        pitch = (-(-count // words.LANES) * words.LANES) * words.SIZE + LINE
        made = aligned(len(m.starts) * deep * pitch)
        out.keep.append(made)
        tiles = []
        for number, start in enumerate(m.starts):
            loose = Loose(x.dtype.name, start, m.k, depth, count, False)
            place = address(made) + number * deep * pitch
            tiles += _layout(loose, place, None, pitch, 0)
        out.before.append(tiles)
        starts = [address(made) + i * deep * pitch for i in range(len(m.starts))]
        return _Matrices(starts, pitch, words.SIZE, np.arange(count, dtype=np.int64) * words.SIZE)
    copied = _copied(x, contract, batch, deep * each, out)
    size = count * deep * words.SIZE
    starts = [address(copied) + i * size for i in range(len(m.starts))]
    return _Matrices(starts, words.SIZE, None, np.arange(count, dtype=np.int64) * deep * words.SIZE)


def _copied(
    x: np.ndarray, contract: Sequence[int], batch: Sequence[int], deep: int, out: Products
) -> np.ndarray:
    """Rows one after the other, each of `deep` numbers: zeros after its own."""
    free = [n for n in range(x.ndim) if n not in (*contract, *batch)]
    lead = [x.shape[n] for n in (*batch, *free)]
    inner = [x.shape[n] for n in contract]
    made = aligned(size_of(lead) * deep * x.itemsize)
    made[:] = 0
    whole = made.view(x.dtype).reshape(*lead, deep)
    strides = _strides(inner, x.itemsize)
    target = np.lib.stride_tricks.as_strided(
        whole, (*lead, *inner), (*whole.strides[:-1], *strides)
    )
    out.keep.append(made)
    out.before.append(copy_tiles(x.transpose(*batch, *free, *contract), target))
    return whole


def _strides(shape: Sequence[int], size: int) -> list[int]:
    """The strides of axes whose elements lie one after the other."""
    return [size * size_of(shape[n + 1 :]) for n in range(len(shape))]


def _columns(
    y: np.ndarray,
    contract: Sequence[int],
    batch: Sequence[int],
    each: int,
    flipped: bool,
    out: Products,
) -> tuple[_Matrices, Loose | None]:
    """B's words where they lie; or its numbers, to be laid out by panels, and how they lie."""
    depth = size_of([y.shape[n] for n in contract])
    m = _matrices(y, contract, batch)
    if m.across and not flipped and _together(m, y, depth, each):  # 0: one column for all, laid out
        return m, None
    if m.across != y.itemsize or m.k is None:
        free = [n for n in range(y.ndim) if n not in (*contract, *batch)]
        order = [*batch, *contract, *free]
        laid = np.empty([y.shape[n] for n in order], y.dtype)
        out.before.append(copy_tiles(y.transpose(order), laid))
        out.keep.append(laid)
        b, c = len(batch), len(contract)
        m = _matrices(laid, range(b, b + c), range(b))
    down = y.itemsize if m.k is None else m.k  # 0: the same numbers for each k
    return m, Loose(y.dtype.name, 0, down, depth, len(m.offsets), flipped)


class LaidWords:
    """Weights in words by panels, which programs that read them in the same way share. array: the words, once `refresh`
    was called."""

    def __init__(self, loose: Loose, wide: int, weights: Kept) -> None:
        deep = -(-loose.depth // words.each_of(loose.dtype))
        row = wide * words.SIZE
        self.array = aligned(-(-loose.columns // wide) * deep * row)
        self.array[:] = 0
        self._store, self._version, self._keep = weights.store, -1, weights.array
        tiles = _layout(loose, address(self.array), wide, row, deep * row)
        self._records = [np.array(tile.record, np.int64) for tile in tiles]
        self._kernel = _KERNEL(addresses([(tiles[0].key, tiles[0].build)])[0])

    def refresh(self) -> None:
        """Lay out anew what has changed."""
        version = 0 if self._store is None else self._store.version
        if version != self._version:
            for record in self._records:
                self._kernel(address(record), None)
            self._version = version


_KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_shared: weakref.WeakValueDictionary[tuple[object, ...], LaidWords] = weakref.WeakValueDictionary()


def _kept(loose: Loose, wide: int, weights: Kept | None) -> np.ndarray | None:
    """The words of weights that no run writes; None of others, or where there is no memory for them."""
    if weights is None or bounds.enabled():
        return None
    low, high = span(weights.array)
    key = (loose, wide, id(weights.store))
    there = sum(laid.array.nbytes for laid in list(_shared.values()))
    size = loose.depth * loose.columns * weights.array.itemsize
    if not low <= loose.start < high or (key not in _shared and there + size > tuning.LAID_OUT):
        return None  # a copy that each run makes is none
    found = _shared.get(key)
    if found is None:
        found = _shared[key] = LaidWords(loose, wide, weights)
    if found not in weights.laid:
        weights.laid.append(found)
    return found.array


def by_panels(products: Products, tile: RegisterTile) -> list[Product]:
    """The products whose B is loose, with it in words by panels, as wide as a tile."""
    made: dict[int, np.ndarray] = {}
    tiles: list[Tile] = []
    found: list[Product] = []
    each = 1
    for part in products.parts:
        if part.loose is None:
            found.append(part)
            continue
        each = words.each_of(part.loose.dtype)
        deep = -(-part.loose.depth // each)
        pitch = tile.wide * words.SIZE
        if part.b not in made:
            loose = replace(part.loose, start=part.b)
            laid = _kept(loose, tile.wide, products.weights)
            if laid is None:
                laid = aligned(-(-part.columns // tile.wide) * deep * pitch)
                laid[:] = 0
                tiles += _layout(loose, address(laid), tile.wide, pitch, deep * pitch)
            made[part.b] = laid
        taps = part.taps.copy()
        taps[:, 1] *= pitch
        found.append(
            replace(
                part,
                b=address(made[part.b]),
                taps=taps,
                b_down=pitch,
                b_across=deep * words.SIZE,
                panels=True,
                loose=None,
            )
        )
    products.keep += made.values()
    if tiles:
        products.before.append(tiles)
    return found


def _layout(loose: Loose, target: int, wide: int | None, row: int, block: int) -> list[Tile]:
    """Tiles that lay out a matrix of words, some rows each. wide: columns of a block, None for one of all of them."""
    key = words.key(loose.dtype, loose.flipped)
    build = partial(words.build, dtype=loose.dtype, flipped=loose.flipped)
    each = words.each_of(loose.dtype)
    parts = max(1, loose.depth * loose.columns // tuning.WORDS)
    tiles = []
    for begin, end in cuts(loose.depth, parts, each):
        record = words.Words(
            source=loose.start + begin * loose.down,
            down=loose.down,
            depth=end - begin,
            columns=loose.columns,
            target=target + begin // each * row,
            wide=wide or loose.columns,
            row=row,
            block=block,
        )
        work = (end - begin) * loose.columns * tuning.ELEMENT_WORK
        tiles.append(Tile(key, build, record.numbers(), work=work))
    return tiles
