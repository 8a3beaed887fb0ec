"""Where a program's values lie: on one device, or over a mesh of them, of one process or several."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding

from narae.base.context import Stack
from narae.base.dtypes import np_dtype
from narae.executors.shared.memory import Store
from narae.executors.shared.rows import Rows
from narae.executors.xla import data
from narae.executors.xla.table import Traced
from narae.graph.plan import Plan
from narae.graph.spread import Axes, Layout, Spread
from narae.graph.spread import Mesh as Names


def list_devices(device_type: str | None = None) -> list[str]:
    """The names of all devices of a kind."""
    found = jax.devices(None if device_type is None else device_type.lower())
    return [f"{device.platform}:{device.id}" for device in found]


_meshes: WeakKeyDictionary[Any, Mesh] = WeakKeyDictionary()


def mesh_of(names: Names) -> Mesh:
    """JAX's mesh. Raises ValueError for a device that is not there."""
    if names not in _meshes:
        kinds = {str(name).partition(":")[0] for name in names.devices.flat}
        known = {f"{d.platform}:{d.id}": d for kind in kinds for d in jax.devices(kind)}
        missing = [name for name in names.devices.flat if name not in known]
        if missing:
            raise ValueError(f"Device not found: {missing[0]}; there are {', '.join(known)}")
        found = np.array([known[name] for name in names.devices.flat]).reshape(names.shape)
        _meshes[names] = Mesh(found, names.axis_names)
    return _meshes[names]


def sharding_of(names: Names, axes: Axes) -> NamedSharding:
    """JAX's word for a layout."""
    return NamedSharding(mesh_of(names), PartitionSpec(*axes))


_around: Stack[Any] = Stack()  # the mesh of what is being traced


def constrained(x: jax.Array, layout: Layout | None) -> jax.Array:
    """A traced value, laid out; as it is in a program that is not over that mesh, and where the
    mesh does not divide it."""
    mesh = None if layout is None else layout.device_mesh
    if layout is None or mesh is None or _around.top() is not mesh:
        return x
    lengths = dict(zip(mesh.axis_names, mesh.shape, strict=True))
    divided = [
        axis if axis is None or n % lengths[axis] == 0 else None
        for n, axis in zip(x.shape, layout.axes, strict=False)
    ]
    return jax.lax.with_sharding_constraint(x, sharding_of(mesh, tuple(divided)))


class OneDevice:
    """All on JAX's first device."""

    rows: data.Part = None  # of a batch, those that are this process's to give

    def __init__(self, plan: Plan) -> None:
        self.inputs = [np.zeros(v.shape, np_dtype(v.dtype)) for v in plan.inputs]
        self._sent = [data.Buffers() for _ in plan.inputs]

    def jit(self, function: Callable[..., Any], donated: tuple[int, ...]) -> Any:
        """What JAX makes of a function (written state, ...) -> (written state, results, error)."""
        return jax.jit(function, donate_argnums=donated)

    def around(self) -> AbstractContextManager[None]:
        """Around the trace of what JAX compiles."""
        return nullcontext()

    def given(self) -> list[Traced]:
        """What is in `inputs`, which the caller fills anew meanwhile."""
        return [np.array(a) for a in self.inputs]

    def present(self, stores: Sequence[Store], indices: Sequence[int]) -> list[jax.Array]:
        """The present values on the device. indices: the places of the stores among the state."""
        for store in stores:
            if store.device is None or len(store.device.sharding.device_set) > 1:
                # a copy: the array may be written to later
                store.device = jax.device_put(store.host().copy())
        return [store.device for store in stores]

    def room(self, steps: int, arrays: Sequence[np.ndarray]) -> list[jax.Array]:
        """Memory for what many steps give."""
        return [jax.device_put(np.zeros((steps, *a.shape), a.dtype)) for a in arrays]

    def sources(self, rows: Sequence[Rows]) -> list[data.Source]:
        """The arrays that many steps read: on the device where they fit, else rows are sent there
        as they are read."""
        return data.sources(rows, [a.dtype for a in self.inputs])

    def batches(
        self, sources: list[data.Source], done: int, steps: int, most: int
    ) -> list[jax.Array]:
        """(most, batch, ...) of each input: `steps` batches from step `done` on, then anything."""
        return [
            data.batches(source, done, steps, (most, *a.shape), a.dtype, sent)
            for source, a, sent in zip(sources, self.inputs, self._sent, strict=True)
        ]

    def agree(self, steps: int) -> int:
        """How many steps the next dispatch has, in every process."""
        return steps


class OnMesh:
    """State and batches over the devices of a mesh. `inputs` hold the rows of this process."""

    def __init__(self, plan: Plan, spread: Spread) -> None:
        self._names, self._processes = spread.mesh, spread.processes
        mesh = self._mesh = mesh_of(spread.mesh)
        if jax.process_count() != spread.processes:
            raise RuntimeError(
                f"JAX has {jax.process_count()} processes, narae knows of {spread.processes}: "
                "narae.distribution.initialize() in place of jax.distributed.initialize()"
            )
        if jax.process_index() not in {d.process_index for d in mesh.devices.flat}:
            raise ValueError(f"no device of process {jax.process_index()} is in {spread.mesh}")
        self._shapes = [v.shape for v in plan.inputs]
        self._over = [
            _dividing(mesh, v.shape, axes)
            for v, axes in zip(plan.inputs, spread.inputs, strict=True)
        ]
        self.rows = _rows_here(self._over, self._shapes)
        self.inputs = [
            np.zeros((_count(self.rows, v.shape[0]), *v.shape[1:]), np_dtype(v.dtype))
            if split(over)
            else np.zeros(v.shape, np_dtype(v.dtype))
            for v, over in zip(plan.inputs, self._over, strict=True)
        ]
        self._state = [NamedSharding(mesh, PartitionSpec(*axes)) for axes in spread.state]
        self._whole = NamedSharding(mesh, PartitionSpec())
        written = [self._state[i] for i in plan.written]
        self._results = (written, self._whole, self._whole)

    def jit(self, function: Callable[..., Any], donated: tuple[int, ...]) -> Any:
        """What JAX makes of a function; its state stays split, all else is on each device."""
        return jax.jit(function, donate_argnums=donated, out_shardings=self._results)

    def around(self) -> AbstractContextManager[None]:
        """Around the trace of what JAX compiles."""
        return _around.pushed(self._names)

    def given(self) -> list[Traced]:
        """The batch of all processes, of which `inputs` are a part."""
        return [
            _from_rows(a.copy(), shape, over, self.rows)
            for a, shape, over in zip(self.inputs, self._shapes, self._over, strict=True)
        ]

    def present(self, stores: Sequence[Store], indices: Sequence[int]) -> list[jax.Array]:
        """The present values over the mesh."""
        for store, i in zip(stores, indices, strict=True):
            rank = store.array.ndim
            if store.device is None or not store.device.sharding.is_equivalent_to(
                self._state[i], rank
            ):
                value = store.host().copy()  # the array may be written to later
                store.device = jax.make_array_from_callback(
                    value.shape, self._state[i], lambda index, value=value: value[index].copy()
                )
        return [store.device for store in stores]

    def room(self, steps: int, arrays: Sequence[np.ndarray]) -> list[jax.Array]:
        """Memory for what many steps give."""
        return [_zeros((steps, *a.shape), a.dtype, self._whole) for a in arrays]

    def sources(self, rows: Sequence[Rows]) -> list[data.Source]:
        """The arrays that many steps read: they stay with the process."""
        return list(rows)

    def batches(
        self, sources: list[data.Source], done: int, steps: int, most: int
    ) -> list[jax.Array]:
        """(most, batch, ...) of each input: `steps` batches from step `done` on, then anything."""
        found = []
        for source, a, shape, over in zip(
            sources, self.inputs, self._shapes, self._over, strict=True
        ):
            local = np.zeros((most, *a.shape), a.dtype)
            part = self.rows if split(over) else None
            assert isinstance(source, Rows)  # as `sources` gives them
            data.gather(source, done, steps, shape[0], local, part)
            found.append(_from_rows(local, (most, *shape), _below(over), self.rows, 1))
        return found

    def agree(self, steps: int) -> int:
        """How many steps the next dispatch has: as few as any of them can do in its time."""
        if self._processes == 1:
            return steps
        found = multihost_utils.process_allgather(np.array([steps], np.int32))
        return int(np.min(found))


def split(over: NamedSharding) -> bool:
    """Whether a layout splits the first axis."""
    return len(over.spec) > 0 and over.spec[0] is not None


def _dividing(mesh: Mesh, shape: Sequence[int], axes: Axes) -> NamedSharding:
    """The layout of a batch. Where the devices along the mesh's axis do not divide its rows, as many
    of them as can share it evenly, each part on several: a batch of 20 over 8 devices is split in
    4 parts, each of which two devices have."""
    name = axes[0] if axes else None
    if name is None:
        return NamedSharding(mesh, PartitionSpec())
    place = mesh.axis_names.index(name)
    length = mesh.devices.shape[place]
    parts = math.gcd(shape[0], length)
    if parts == length:
        return NamedSharding(mesh, PartitionSpec(name))
    lengths, names = list(mesh.devices.shape), list(mesh.axis_names)
    lengths[place : place + 1] = [parts, length // parts]
    names[place : place + 1] = [name, f"copies of {name}"]
    return NamedSharding(Mesh(mesh.devices.reshape(lengths), names), PartitionSpec(name))


def _below(over: NamedSharding) -> NamedSharding:
    """The same layout of what has one more axis, at its beginning."""
    return NamedSharding(over.mesh, PartitionSpec(None, *over.spec))


def _rows_here(over: Sequence[NamedSharding], shapes: Sequence[tuple[int, ...]]) -> data.Part:
    """The rows of a batch that this process's devices have: a slice or indices; None for all."""
    for sharding, shape in zip(over, shapes, strict=True):
        if split(sharding):
            found = sharding.addressable_devices_indices_map(shape).values()
            parts = sorted({index[0].indices(shape[0])[:2] for index in found})  # type: ignore[index]
            rows = np.concatenate([np.arange(*part) for part in parts])
            if len(rows) == shape[0]:
                return None
            whole = rows[-1] - rows[0] + 1 == len(rows)
            return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows
    return None


def _count(rows: data.Part, length: int) -> int:
    """How many rows those are."""
    return length if rows is None else len(np.arange(length)[rows])


def _from_rows(
    local: np.ndarray, shape: tuple[int, ...], over: NamedSharding, rows: data.Part, axis: int = 0
) -> jax.Array:
    """A value of all processes from the rows (along an axis) that this one has."""
    places = np.arange(shape[axis])[rows] if rows is not None and len(shape) > axis else None

    def part(index: tuple[slice, ...] | None) -> np.ndarray:
        assert index is not None
        if places is None or local.shape[axis] == shape[axis]:
            return local[index]
        begin, stop, _ = index[axis].indices(shape[axis])
        low, high = np.searchsorted(places, [begin, stop])
        return local[(*index[:axis], slice(int(low), int(high)), *index[axis + 1 :])]

    return jax.make_array_from_callback(shape, over, part)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _zeros(shape: tuple[int, ...], dtype: np.dtype, over: Sharding) -> jax.Array:
    return jax.lax.with_sharding_constraint(jnp.zeros(shape, dtype), over)


def whole(value: jax.Array) -> np.ndarray:
    """All of a value, wherever it lies. Of one that is split over several processes, so that no one
    has it all, each has to ask at the same point."""
    if value.is_fully_addressable or value.is_fully_replicated:
        return np.asarray(value)
    here = {str(part.index): part for part in value.addressable_shards}
    if sum(part.data.size for part in here.values()) == value.size:
        found = np.empty(value.shape, value.dtype)
        for part in here.values():
            found[part.index] = np.asarray(part.data)
        return found
    with jax.enable_x64(True):
        assert isinstance(value.sharding, NamedSharding)  # `OnMesh` gives no other
        over = NamedSharding(value.sharding.mesh, PartitionSpec())
        return np.asarray(_gather(over)(value))


def _gather(over: NamedSharding) -> Any:
    return jax.jit(_same, out_shardings=over)


def _same(value: jax.Array) -> jax.Array:
    return value


def placement_of(plan: Plan, spread: Spread | None) -> OneDevice | OnMesh:
    """Where a plan's values are to lie."""
    return OneDevice(plan) if spread is None else OnMesh(plan, spread)
