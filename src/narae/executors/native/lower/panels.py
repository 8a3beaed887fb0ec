"""Weights in loops: laid out once, in the order in which every round reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from narae.executors.native.codegen.expression import itemsize
from narae.executors.native.jit import bounds
from narae.executors.native.kernels import packing, registers
from narae.executors.native.lower.partition import Product
from narae.executors.native.lower.tiles import Rounds, Tile, address
from narae.executors.shared.memory import aligned


def laid_out(
    parts: Sequence[Product], dtype: str, tile: registers.RegisterTile, rounds: Rounds
) -> Sequence[Product]:
    """Products whose B is the same in all rounds of a loop, with it by panels."""
    return [_by_panels(part, dtype, tile, rounds) for part in parts]


def _by_panels(part: Product, dtype: str, tile: registers.RegisterTile, rounds: Rounds) -> Product:
    """What is laid out is found again by how it lies: parts of a batch share it."""
    size = itemsize(dtype)
    depth = len(part.taps) * part.inner
    lies = (part.b, part.b_down, part.b_across, part.columns, part.inner)
    key = (*lies, part.taps[:, 1].tobytes(), tile.wide)
    if key not in rounds.prepared:
        columns = -(-part.columns // tile.wide) * tile.wide
        rounds.prepared[key] = target = aligned(depth * columns * size)
        rounds.before.append([_copy(part, address(target), dtype, tile)])
        rounds.keep.append(part.taps)
    taps = part.taps.copy()
    taps[:, 1] = np.arange(len(taps)) * part.inner * tile.wide * size
    return replace(
        part,
        b=address(rounds.prepared[key]),
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
