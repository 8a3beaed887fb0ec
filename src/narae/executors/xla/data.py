"""Arrays of training data for XLA: whole on the device, or sent there batch by batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from narae.executors.rows import Rows


def room_for_data() -> int:
    """Bytes of a device's memory that data may take: a quarter of what there is."""
    stats = jax.devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"] // 4
    pages = os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 4 if pages else 1 << 30


def resident(rows: Rows, dtype: Any, free: int) -> tuple[Any, int]:
    """An array on the device, in the dtype of its numbers or a narrower one, and how many bytes more
    may go there. None where it does not fit. It stays there as long as its source lives."""
    array = rows.array
    narrow = array.dtype if array.dtype.itemsize <= dtype.itemsize else dtype
    free -= array.size * narrow.itemsize
    if free < 0:
        return None, free + array.size * narrow.itemsize
    if rows.held is None:
        return jax.device_put(array.astype(narrow)), free
    if "device" not in rows.held:
        rows.held["device"] = jax.device_put(array.astype(narrow))
    return rows.held["device"], free


def sources(rows: Sequence[Rows], dtypes: Sequence[Any]) -> list[Any]:
    """What `batches` reads each input from: an array on the device, its rows' order and where they
    begin; or the rows, where the array does not fit."""
    free, found = room_for_data(), []
    for r, dtype in zip(rows, dtypes, strict=True):
        here, free = resident(r, dtype, free)
        found.append(r if here is None else (here, _order(r), r.start))
    return found


def batches(source: Any, done: int, steps: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """(most, batch, ...): `steps` batches from step `done` on, then anything."""
    if isinstance(source, Rows):
        return _sent(source, done, steps, shape, dtype)
    return _gathered(*source, done * shape[1], shape, dtype)


def _order(rows: Rows) -> Any:
    order = np.arange(len(rows.array)) if rows.order is None else rows.order
    return jax.device_put(order.astype(np.int32))


@partial(jax.jit, static_argnums=(4, 5))
def _gathered(
    array: Any, order: Any, start: Any, begin: Any, shape: tuple[int, ...], dtype: Any
) -> Any:
    """(steps, rows, ...): rows of an array at places of an order, from one place on. Beyond the
    last there is what nobody reads."""
    places = jnp.minimum(start + begin + jnp.arange(shape[0] * shape[1]), len(order) - 1)
    found = array.at[order[places]].get(mode="promise_in_bounds")
    return found.astype(dtype).reshape(shape)


def _sent(rows: Rows, done: int, steps: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """The same of an array that stays in this process's memory."""
    begin = rows.start + done * shape[1]
    places: Any = slice(begin, begin + steps * shape[1])
    found = rows.array[places if rows.order is None else rows.order[places]]
    local = np.zeros(shape, dtype)
    np.copyto(local[:steps], found.reshape(steps, *shape[1:]), casting="unsafe")
    return jax.device_put(local)
