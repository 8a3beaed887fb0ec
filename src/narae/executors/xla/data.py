"""Arrays of training data for XLA: whole on the device, or sent there batch by batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from narae.executors.shared.memory import aligned, array_in
from narae.executors.shared.rows import Rows, overlap

# What an input is read from: an array on the device, its rows' order and where they begin; or the rows, where the
# array does not fit.
Source = tuple[jax.Array, jax.Array, int] | Rows
Part = slice | np.ndarray | None  # of a batch's rows: those that this process has, None for all


def on_cpu() -> bool:
    """Whether programs run on this machine's processor."""
    return jax.default_backend() == "cpu"


def room_for_data() -> int:
    """Bytes of a device's memory that data may take: a quarter of what there is. None of the
    processor's, where the data is already."""
    stats = None if on_cpu() else jax.devices()[0].memory_stats()
    return 0 if stats is None else stats.get("bytes_limit", 0) // 4


def resident(rows: Rows, dtype: np.dtype, free: int) -> tuple[jax.Array | None, int]:
    """An array on the device, in the dtype of its numbers or a narrower one, and how many bytes more
    may go there. None where it does not fit, and of rows that overlap, which there take more room
    than here. It stays there as long as its source lives."""
    array = rows.array
    if overlap(array):
        return None, free
    narrow = array.dtype if array.dtype.itemsize <= dtype.itemsize else dtype
    free -= array.size * narrow.itemsize
    if free < 0:
        return None, free + array.size * narrow.itemsize
    if rows.held is None:
        return jax.device_put(array.astype(narrow)), free
    if "device" not in rows.held:
        rows.held["device"] = jax.device_put(array.astype(narrow))
    return rows.held["device"], free


def sources(rows: Sequence[Rows], dtypes: Sequence[np.dtype]) -> list[Source]:
    """What `batches` reads each input from: an array on the device, its rows' order and where they
    begin; or the rows, where the array does not fit."""
    free, found = room_for_data(), []
    for r, dtype in zip(rows, dtypes, strict=True):
        here, free = resident(r, dtype, free)
        found.append(r if here is None else (here, _order(r), r.start))
    return found


def batches(
    source: Source,
    done: int,
    steps: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
    sent: Buffers,
) -> jax.Array:
    """(most, batch, ...): `steps` batches from step `done` on, then anything. sent: what was used
    for the batches before, which nobody reads any more."""
    if isinstance(source, Rows):
        out = sent.of(shape, dtype)
        gather(source, done, steps, shape[1], out)
        return jax.device_put(out)
    return _gathered(*source, done * shape[1], shape, dtype)


class Buffers:
    """Memory for batches on their way to a device. It begins where XLA wants its own to begin: on a
    processor it is then read where it lies."""

    def __init__(self) -> None:
        self._made: dict[tuple[tuple[int, ...], np.dtype], np.ndarray] = {}

    def of(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array of this kind, the same one each time."""
        if (shape, dtype) not in self._made:
            memory = aligned(math.prod(shape) * dtype.itemsize)
            self._made[shape, dtype] = array_in(memory, 0, shape, dtype)
        return self._made[shape, dtype]


def gather(
    rows: Rows, done: int, steps: int, batch: int, out: np.ndarray, part: Part = None
) -> None:
    """Write `steps` batches from step `done` on, each of `batch` rows, into the first of `out`
    (most, rows, ...). part: the rows of each batch that are wanted, all for None."""
    begin, end = (rows.start + step * batch for step in (done, done + steps))
    order = rows.order
    places: slice | np.ndarray = slice(begin, end) if order is None else order[begin:end]
    if part is not None:
        every = np.arange(begin, end) if order is None else order[begin:end]
        places = every.reshape(steps, batch)[:, part].ravel()
    target = out[:steps].reshape(steps * out.shape[1], *out.shape[2:])
    # take would copy an array of another layout whole
    taken = rows.array.flags.c_contiguous and rows.array.dtype == out.dtype
    if isinstance(places, slice) or not taken:
        np.copyto(target, rows.array[places], casting="unsafe")
    else:  # mode: places are in range, and so nothing is copied twice
        np.take(rows.array, places, axis=0, out=target, mode="clip")


def _order(rows: Rows) -> jax.Array:
    order = np.arange(len(rows.array)) if rows.order is None else rows.order
    return jax.device_put(order.astype(np.int32))


@partial(jax.jit, static_argnums=(4, 5))
def _gathered(
    array: jax.Array,
    order: jax.Array,
    start: int,
    begin: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
) -> jax.Array:
    """(steps, rows, ...): rows of an array at places of an order, from one place on. Beyond the
    last there is what nobody reads."""
    places = jnp.minimum(start + begin + jnp.arange(shape[0] * shape[1]), len(order) - 1)
    found = array.at[order[places]].get(mode="promise_in_bounds")
    return found.astype(dtype).reshape(shape)
