"""Devices in a grid, and how values lie over them: data, of which JAX is told when it runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np

from narae.executors import require


def placement() -> Any:
    """What knows JAX's devices. Raises MissingExtra without JAX."""
    require("xla")
    from narae.executors.xla import placement as found

    return found


def list_devices(device_type: str | None = None) -> list[str]:
    """All devices of one kind, of all processes.

    Args:
        device_type: "cpu", "gpu" or "tpu"; None for the kind that JAX prefers here.

    Returns: names such as "cpu:0".

    Raises:
        MissingExtra: JAX is not installed.
        RuntimeError: there is no device of that kind.

    >>> list_devices("cpu")[0]
    'cpu:0'
    """
    return placement().list_devices(device_type)


def get_device_count(device_type: str | None = None) -> int:
    """How many devices `list_devices` gives.

    Args:
        device_type: "cpu", "gpu" or "tpu"; None for the kind that JAX prefers here.

    Returns: their number.

    >>> get_device_count("cpu") == len(list_devices("cpu"))
    True
    """
    return len(list_devices(device_type))


class DeviceMesh:
    """Devices in a grid whose axes have names.

    Args:
        shape: the lengths of the axes: (8,) for data parallelism alone, (2, 4) for two copies of a model that lies
            over four devices each.
        axis_names: a name for each axis.
        devices: names as `list_devices` gives them; None for all of those.

    Raises:
        ValueError: shape, names and devices do not fit.

    >>> DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"])
    <DeviceMesh shape=(1, 1), axis_names=('batch', 'model')>
    """

    def __init__(
        self,
        shape: Sequence[int],
        axis_names: Sequence[str],
        devices: Sequence[str] | np.ndarray | None = None,
    ):
        if not shape or not axis_names:
            raise ValueError(
                f"Shape and axis_names cannot be empty. Received: shape={shape}, "
                f"axis_names={axis_names}"
            )
        if len(shape) != len(axis_names):
            raise ValueError(
                f"Shape and axis_names should have same size. Received: shape={shape}, "
                f"axis_names={axis_names}"
            )
        if len(set(axis_names)) != len(axis_names):
            raise ValueError(f"each axis of a mesh has a name of its own, got {axis_names}")
        found = np.array(list_devices() if devices is None else devices)
        if math.prod(shape) != found.size:
            raise ValueError(
                f"Shape does not match the number of devices. Received: shape={shape}; "
                f"devices.shape={found.shape}"
            )
        self._shape, self._axis_names = tuple(map(int, shape)), tuple(axis_names)
        self._devices = found.reshape(self._shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._shape

    @property
    def axis_names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return self._axis_names

    @property
    def devices(self) -> np.ndarray:
        """The devices' names in the mesh's shape."""
        return self._devices

    @property
    def backend_mesh(self) -> Any:
        """The same as a `jax.sharding.Mesh`. Raises ValueError for a device that is not there."""
        return placement().mesh_of(self)

    def length(self, axis: str) -> int:
        """How many devices lie along an axis."""
        return self._shape[self._axis_names.index(axis)]

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """For each axis of a tensor, the axis of a mesh that splits it; None where nothing does.

    Args:
        axes: for each axis of the tensor, the mesh's, or None.
        device_mesh: the mesh; None until it is set, once.

    Raises:
        ValueError: the mesh has no such axis, or there is one already.

    >>> TensorLayout([None, "model"], DeviceMesh((1,), ["model"], ["cpu:0"])).axes
    (None, 'model')
    """

    def __init__(self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None) -> None:
        self._axes, self._device_mesh = tuple(axes), device_mesh
        self._check()

    @property
    def axes(self) -> tuple[str | None, ...]:
        """The mesh's axes by axis of the tensor."""
        return self._axes

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh; None until it is set."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, device_mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise ValueError(
                f"Cannot override device mesh value. Existing value is {self._device_mesh}"
            )
        self._device_mesh = device_mesh
        self._check()

    @property
    def backend_layout(self) -> Any:
        """The same as a `jax.sharding.NamedSharding`. Raises ValueError without a mesh."""
        if self._device_mesh is None:
            raise ValueError("Cannot create sharding when device mesh is not set for TensorLayout.")
        return placement().sharding_of(self._device_mesh, self._axes)

    def _check(self) -> None:
        if self._device_mesh is None:
            return
        used = [axis for axis in self._axes if axis is not None]
        unknown = set(used) - set(self._device_mesh.axis_names)
        if unknown:
            raise ValueError(
                "Invalid axis names for Layout. Valid axis names: "
                f"{set(self._device_mesh.axis_names)}, Got {set(used)}"
            )
        if len(set(used)) != len(used):
            raise ValueError(f"an axis of a mesh can split one axis of a tensor, got {self._axes}")

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self.device_mesh}>"


class LayoutMap(MutableMapping[str, Any]):
    """Layouts of variables and layers' outputs by path: each key is a regular expression that is to
    match a path as a whole, unless a key equals it.

    A variable's path is like "dense/kernel" (see `[v.path for v in model.variables]`), a layer's
    output's like "dense/output". A tuple of axes may be given in place of a TensorLayout.

    Args:
        device_mesh: the mesh of all layouts; None where each has its own.

    Raises:
        ValueError: a key is there already, a value is no layout, or a path matches several keys.

    >>> layouts = LayoutMap(DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"]))
    >>> layouts[".*kernel"] = (None, "model")
    >>> layouts["dense_1/kernel"].axes, layouts["dense_1/bias"]
    ((None, 'model'), None)
    """

    def __init__(self, device_mesh: DeviceMesh | None) -> None:
        self._layouts: dict[str, TensorLayout] = {}
        self._device_mesh = device_mesh

    def __getitem__(self, key: str) -> TensorLayout | None:  # type: ignore[override]
        if key in self._layouts:
            return self._layouts[key]
        found = [pattern for pattern in self._layouts if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ValueError(
                f"Path '{key}' matches multiple layout specification keys: {found}. Please make "
                "sure each tensor/variable path only matches at most one layout specification key "
                "in the LayoutMap."
            )
        return self._layouts[found[0]] if found else None

    def __setitem__(self, key: str, layout: TensorLayout | Sequence[str | None]) -> None:
        if key in self._layouts:
            raise ValueError(
                f"{key} already exist in the LayoutMap with value {self._layouts[key]}. Please "
                "make sure to not use duplicated keys."
            )
        if isinstance(layout, (tuple, list)):
            layout = TensorLayout(layout)
        if not isinstance(layout, TensorLayout):
            raise ValueError(f"{layout} should be a TensorLayout type, got {type(layout)}")
        if layout.device_mesh is None and self._device_mesh is not None:
            layout.device_mesh = self._device_mesh
        self._layouts[key] = layout

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh of layouts that come without one."""
        return self._device_mesh
