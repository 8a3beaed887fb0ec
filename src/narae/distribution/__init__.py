"""narae.distribution: one model over many devices and processes, by Keras's names.

Only the executor "xla" knows more than one device: `narae.config.set_executor("xla")`.
"""

from __future__ import annotations

from narae.base.missing import explain_missing
from narae.distributed.distribution import (
    DataParallel,
    Distribution,
    ModelParallel,
    distribute_tensor,
    distribution,
    set_distribution,
)
from narae.distributed.mesh import (
    DeviceMesh,
    LayoutMap,
    TensorLayout,
    get_device_count,
    list_devices,
)
from narae.distribution.joining import initialize

__all__ = [
    "DataParallel",
    "DeviceMesh",
    "Distribution",
    "LayoutMap",
    "ModelParallel",
    "TensorLayout",
    "distribute_tensor",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "set_distribution",
]

explain_missing(__name__, __all__)
