"""Weights laid out by panels, in the order in which products read them: those of loops once for all rounds, those
that a program does not write once for all its runs, until somebody else writes them."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from narae.executors.native import tuning
from narae.executors.native.codegen.expression import itemsize
from narae.executors.native.jit import bounds
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.kernels import packing, registers
from narae.executors.native.lower.partition import Product, Products
from narae.executors.native.lower.tiles import Kept, Rounds, Tile, address
from narae.executors.shared.memory import aligned, span

_KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Panels:
    """Weights by panels. Programs that read them in the same way share it.

    array: what products read, once `refresh` was called.
    """

    def __init__(
        self,
        part: Product,
        dtype: str,
        tile: registers.RegisterTile,
        weights: Kept,
    ) -> None:
        self.array = aligned(_bytes(part, dtype, tile))
        self._store, self._version = weights.store, -1
        self._keep = weights.array, part.taps  # the key has its address
        copy = _copy(part, address(self.array), dtype, tile)
        self._record = np.array(copy.record, np.int64)
        self._kernel = _KERNEL(addresses([(copy.key, copy.build)])[0])

    def refresh(self) -> None:
        """Lay out anew what has changed."""
        version = 0 if self._store is None else self._store.version
        if version != self._version:
            self._kernel(address(self._record), None)
            self._version = version


_shared: weakref.WeakValueDictionary[tuple[object, ...], Panels] = weakref.WeakValueDictionary()


def laid_out(
    products: Products, order: str, dtype: str, tile: registers.RegisterTile
) -> Sequence[Product]:
    """The products, with B by panels where it stays: in all rounds of a loop, or from run to run."""
    rounds, weights = products.rounds, products.weights
    if rounds is not None:
        parts = products.parts
        return (
            [_by_panels(part, dtype, tile, rounds) for part in parts] if products.fixed else parts
        )
    if (
        weights is None
        or order == registers.COLUMNS
        or bounds.enabled()
        or not _stays(products, weights)
    ):
        return products.parts
    return _kept_by_panels(products.parts, dtype, tile, weights)


def _stays(products: Products, weights: Kept) -> bool:
    """Whether B is read where the weights lie. A copy of them that a run makes (turned, for one) does not stay."""
    low, high = span(weights.array)
    return all(low <= part.b < high for part in products.parts)


def _kept_by_panels(
    parts: Sequence[Product], dtype: str, tile: registers.RegisterTile, weights: Kept
) -> Sequence[Product]:
    """Products with B by panels; as they are where there are too many kinds of place to lay weights out for each, or
    other weights have the memory that there is for it."""
    keys = [(*_lies(part, tile), dtype, id(weights.store)) for part in parts]
    own = {key: _bytes(part, dtype, tile) for key, part in zip(keys, parts, strict=True)}
    there = sum(panels.array.nbytes for panels in list(_shared.values()))
    there += sum(size for key, size in own.items() if key not in _shared)
    many = sum(own.values()) > tuning.LAID_OUT_TIMES * weights.array.nbytes + (1 << 16)
    if many or there > tuning.LAID_OUT:
        return parts
    found = []
    for key, part in zip(keys, parts, strict=True):
        panels = _shared.get(key)
        if panels is None:
            panels = _shared[key] = Panels(part, dtype, tile, weights)
        if panels not in weights.laid:
            weights.laid.append(panels)
        found.append(_reading(part, panels.array, dtype, tile))
    return found


def _by_panels(part: Product, dtype: str, tile: registers.RegisterTile, rounds: Rounds) -> Product:
    """What is laid out is found again by how it lies: parts of a batch share it."""
    key = _lies(part, tile)
    if key not in rounds.prepared:
        rounds.prepared[key] = target = aligned(_bytes(part, dtype, tile))
        rounds.before.append([_copy(part, address(target), dtype, tile)])
        rounds.keep.append(part.taps)
    return _reading(part, rounds.prepared[key], dtype, tile)


def _lies(part: Product, tile: registers.RegisterTile) -> tuple[object, ...]:
    """By what weights that are laid out are known: where they lay, and how."""
    lies = (part.b, part.b_down, part.b_across, part.columns, part.inner)
    return *lies, part.taps[:, 1].tobytes(), tile.wide


def _bytes(part: Product, dtype: str, tile: registers.RegisterTile) -> int:
    columns = -(-part.columns // tile.wide) * tile.wide
    return len(part.taps) * part.inner * columns * itemsize(dtype)


def _reading(
    part: Product, panels: np.ndarray, dtype: str, tile: registers.RegisterTile
) -> Product:
    """The product that reads B by panels."""
    size, depth = itemsize(dtype), len(part.taps) * part.inner
    taps = part.taps.copy()
    taps[:, 1] = np.arange(len(taps)) * part.inner * tile.wide * size
    return replace(
        part,
        b=address(panels),
        taps=taps,
        b_down=tile.wide * size,
        b_across=depth * size,
        panels=True,
    )


def _copy(part: Product, target: int, dtype: str, tile: registers.RegisterTile) -> Tile:
    record = registers.Contraction(
        a=target,
        b=part.b,
        rows=0,
        count=0,
        columns=part.columns,
        taps=address(part.taps),
        tap_count=len(part.taps),
        block=len(part.taps),
        inner=part.inner,
        a_step=0,
        b_down=part.b_down,
        b_across=part.b_across,
        direct=0,
        pack=packing.packer(dtype, tile, bounds.enabled()),
        operands=[],
    )
    build = partial(packing.build_panels, dtype=dtype, tile=tile)
    return Tile(f"panels {dtype} {tile}", build, record.numbers())
