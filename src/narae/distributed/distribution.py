"""How a model's variables and batches lie over devices: the distribution in use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from narae.base import changes, trees
from narae.base.context import Stack
from narae.base.errors import unknown_arguments, warn_user
from narae.base.missing import Attributes
from narae.base.types import TensorLike, Tensors
from narae.distributed.mesh import DeviceMesh, LayoutMap, TensorLayout, list_devices
from narae.distributed.processes import process_count, process_index
from narae.graph.spread import Spread
from narae.primitives.records.layout import lay
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor, as_tensor

if TYPE_CHECKING:
    from narae.engine.variable import Variable
    from narae.graph.ir import Value

_BATCH = "batch"


class Distribution(Attributes):
    """How variables, batches and intermediate results lie over a mesh. `DataParallel` and
    `ModelParallel` are the two there are.

    Args:
        device_mesh: the devices.
        batch_dim_name: the mesh's axis over which batches are split; None for none.
        auto_shard_dataset: whether arrays are the whole data, the same in every process, of which each reads its
            rows; else each process has arrays of its own, its part of the data, and batches of its own size.

    Raises:
        ValueError: the mesh has no axis of that name.

    >>> from narae.distributed.mesh import DeviceMesh
    >>> Distribution(DeviceMesh((1,), ["batch"], ["cpu:0"]), "batch").batch_dim_name
    'batch'
    """

    def __init__(
        self,
        device_mesh: DeviceMesh,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        if not isinstance(device_mesh, DeviceMesh):
            raise ValueError(
                "Expect `mesh` to be an instance of `DeviceMesh`. Received: "
                f"mesh={device_mesh} (of type {type(device_mesh)})"
            )
        if batch_dim_name is not None and batch_dim_name not in device_mesh.axis_names:
            raise ValueError(
                f"batch_dim_name {batch_dim_name!r} is none of the mesh's axes "
                f"{device_mesh.axis_names}"
            )
        self._device_mesh, self._batch_dim_name = device_mesh, batch_dim_name
        self.auto_shard_dataset = auto_shard_dataset

    @property
    def device_mesh(self) -> DeviceMesh:
        """The devices."""
        return self._device_mesh

    @property
    def batch_dim_name(self) -> str | None:
        """The mesh's axis over which batches are split."""
        return self._batch_dim_name

    @property
    def num_processes(self) -> int:
        """How many processes there are."""
        return process_count()

    @property
    def num_model_replicas(self) -> int:
        """How many copies of the model there are: parts into which a batch is split."""
        name = self._batch_dim_name
        return 1 if name is None else self._device_mesh.length(name)

    @property
    def data_shards(self) -> int:
        """Into how many parts the processes together split a batch."""
        return min(self.num_processes, self.num_model_replicas)

    @property
    def data_shard_id(self) -> int:
        """Which of these parts this process has."""
        return process_index() * self.data_shards // self.num_processes

    def get_data_layout(self, data_shape: Sequence[int]) -> TensorLayout:
        """The layout of a batch: its first axis over the mesh's axis of batches."""
        axes = [self._batch_dim_name, *[None] * (len(data_shape) - 1)] if data_shape else []
        return TensorLayout(axes, self._device_mesh)

    def get_variable_layout(self, variable: Variable) -> TensorLayout:
        """The layout of a variable: its own, else that of its path, else a copy on each device. An
        optimizer's state lies like the weight that it is about."""
        own = getattr(variable, "_layout", None)
        if own is not None:
            return own
        found = self.get_tensor_layout(variable.path)
        if found is None and variable.like is not None:
            return self.get_variable_layout(variable.like)
        return found or TensorLayout([None] * len(variable.shape), self._device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout of what has this path; None where nothing is said of it."""
        return None

    def scope(self) -> AbstractContextManager[None]:
        """Within it, in this thread, this is the distribution in use."""
        return _scopes.pushed([self])

    def distribute_dataset(self, dataset: Any) -> Any:
        """The dataset itself: `fit` splits arrays, and what gives batches gives those of its own
        process."""
        return dataset

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self.device_mesh}>"


class DataParallel(Distribution):
    """A copy of the model on each device; batches are split among them.

    Args:
        device_mesh: devices in a mesh of one axis; of more, the first counts, with a warning.
        devices: names, in place of a mesh; all that there are when neither is given.
        auto_shard_dataset: as of `Distribution`.

    >>> DataParallel(devices=["cpu:0"])
    <DataParallel device_mesh=<DeviceMesh shape=(1,), axis_names=('batch',)>>
    """

    def __init__(
        self,
        device_mesh: DeviceMesh | None = None,
        devices: Sequence[str] | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        if device_mesh is None:
            found = np.array(list_devices() if devices is None else devices)
            device_mesh = DeviceMesh(found.shape, [_BATCH], found)
        name = device_mesh.axis_names[0] if isinstance(device_mesh, DeviceMesh) else None
        super().__init__(device_mesh, name, auto_shard_dataset)
        if self.device_mesh.devices.ndim != 1:
            warn_user(
                "Expect the input mesh to be 1D, but received mesh.devices.ndim="
                f"{device_mesh.devices.ndim}. The first axis will be used for data-parallel "
                "sharding."
            )


class ModelParallel(Distribution):
    """Variables are split as a LayoutMap says, those it says nothing of are on each device;
    batches are split over the mesh's axis `batch_dim_name`, its first for None.

    The optimizer's state is split as the weights are.

    Args:
        layout_map: how variables are split, by their paths, over the devices of its mesh.
        batch_dim_name: the mesh's axis over which batches are split; None for its first.
        auto_shard_dataset: as of `Distribution`.

    Raises:
        ValueError: there is no LayoutMap, or it has no mesh.

    >>> layouts = LayoutMap(DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"]))
    >>> layouts["dense.*kernel"] = (None, "model")
    >>> ModelParallel(layout_map=layouts).num_model_replicas
    1
    """

    def __init__(
        self,
        *,
        layout_map: LayoutMap | None = None,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("device_mesh", None)  # the map's own is taken, as in Keras
        if kwargs:
            raise unknown_arguments("ModelParallel", kwargs, ModelParallel.__init__)
        if layout_map is None:
            raise ValueError("You must specify a layout_map argument.")
        if not isinstance(layout_map, LayoutMap):
            raise ValueError(
                "Argument `layout_map` must be a `LayoutMap` instance. Received: "
                f"layout_map={layout_map}"
            )
        mesh = layout_map.device_mesh
        if mesh is None:
            raise ValueError("the LayoutMap has no mesh: LayoutMap(device_mesh)")
        super().__init__(mesh, batch_dim_name or mesh.axis_names[0], auto_shard_dataset)
        self._layout_map = layout_map
        processes, replicas = self.num_processes, self.num_model_replicas
        if processes > replicas and processes % replicas:
            raise ValueError(
                "If `num_processes` is greater than `num_model_replicas`, `num_processes` must be "
                f"divisible by `num_model_replicas`. Got num_processes={processes}, "
                f"num_model_replicas={replicas}."
            )

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout that the map has for a path."""
        return self._layout_map[path]


def distribute_tensor(tensor: TensorLike, layout: TensorLayout) -> Any:
    """The tensor, laid out over a mesh where a compiled step computes it; no number changes.

    It says so to XLA in a function that is traced under a distribution over that mesh; tensors at
    hand are in this process's memory, and stay there.

    Args:
        tensor: the tensor.
        layout: how it lies over its mesh.

    Returns: the tensor.

    Raises:
        TypeError: it is no layout.
        ValueError: the layout has no mesh.

    >>> layout = TensorLayout(["batch"], DeviceMesh((1,), ["batch"], ["cpu:0"]))
    >>> distribute_tensor([1.0, 2.0], layout).tolist()
    [1.0, 2.0]
    """
    if not isinstance(layout, TensorLayout):
        raise TypeError(f"distribute_tensor takes a TensorLayout, got {layout!r}")
    if layout.device_mesh is None:
        raise ValueError("Cannot create sharding when device mesh is not set for TensorLayout.")
    return tensor if isinstance(tensor, KerasTensor) else lay(as_tensor(tensor), layout=layout)


def laid_out(outputs: Tensors, path: str) -> Any:
    """What a layer gives, laid out as the distribution in use says of its path."""
    found = distribution()
    layout = None if found is None else found.get_tensor_layout(path)
    if layout is None:
        return outputs
    return trees.map_tree(
        lambda leaf: distribute_tensor(leaf, layout) if isinstance(leaf, Tensor) else leaf, outputs
    )


# one each, so that `set_distribution` within a scope holds to its end
_current: list[Distribution | None] = [None]
_scopes: Stack[list[Distribution | None]] = Stack()


def distribution() -> Distribution | None:
    """The distribution in use; None when there is none.

    >>> distribution() is None
    True
    """
    return _scopes.top(_current)[0]


def set_distribution(value: Distribution | None) -> None:
    """Use a distribution from now on.

    Args:
        value: the distribution; None for none.

    Raises:
        TypeError: it is something else.

    >>> set_distribution(None)
    """
    if value is not None and not isinstance(value, Distribution):
        raise TypeError(f"set_distribution takes a DataParallel or ModelParallel, got {value!r}")
    _scopes.top(_current)[0] = value
    changes.note()  # steps that were compiled for another one are not taken again


def spread_of(
    inputs: Sequence[Value], state: Sequence[Variable], executor: str, batched: bool
) -> Spread | None:
    """How the distribution in use lays out a program's inputs and state; None without one.

    batched: whether the inputs are a batch; else each device gets them whole. Raises ValueError
    for an executor that knows one device only, and for variables that the mesh does not divide.
    """
    found = distribution()
    if found is None:
        return None
    if executor != "xla":
        raise ValueError(
            f"a distribution is in use, and the executor {executor!r} runs on one device: "
            'narae.config.set_executor("xla") before it, or set_distribution(None)'
        )
    return Spread(
        found.device_mesh,
        [
            found.get_data_layout(v.shape).axes if batched else (None,) * len(v.shape)
            for v in inputs
        ],
        [_checked(v, found.get_variable_layout(v)) for v in state],
        process_count(),
    )


def _checked(variable: Variable, layout: TensorLayout) -> tuple[str | None, ...]:
    """The layout's axes, one for each of the variable's."""
    shape, axes, mesh = variable.shape, layout.axes, layout.device_mesh
    if len(axes) > len(shape):
        raise ValueError(
            f"variable {variable.path!r} has shape {shape}, its layout {axes} is for more axes"
        )
    if mesh is not None:
        parts = [1 if axis is None else mesh.length(axis) for axis in axes]
        if any(n % k for n, k in zip(shape, parts, strict=False)):
            raise ValueError(
                f"variable {variable.path!r} of shape {shape} cannot be split by {axes}: the mesh "
                f"has {dict(zip(mesh.axis_names, mesh.shape, strict=True))}, and "
                f"{math.prod(parts)} parts must be equal; another layout, or other units"
            )
    return (*axes, *[None] * (len(shape) - len(axes)))
