"""Own lowerings of reductions, running sums and positions of extremes."""

from __future__ import annotations

import numpy as np

from narae.executors.numpy.calls import Call, call
from narae.executors.numpy.lowerings import LOWERINGS, Arrays, Lowering, lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node

_REDUCTIONS = {
    "reduce_sum": np.add,
    "reduce_prod": np.multiply,
    "reduce_max": np.maximum,
    "reduce_min": np.minimum,
    "reduce_any": np.logical_or,
    "reduce_all": np.logical_and,
}
_RUNNING = {"cumsum": np.add, "cumprod": np.multiply}


def _reduction(ufunc: np.ufunc) -> Lowering:
    def lowered(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
        axes = node.params["axes"]
        # the dtype is named: sums of small integers would be computed in a wider one
        dtype = (
            None
            if ins[0].dtype == outs[0].dtype and ins[0].dtype.kind not in "iub"
            else outs[0].dtype
        )
        return [call(ufunc.reduce, ins[0], axes, dtype, outs[0])]

    return lowered


def _running(ufunc: np.ufunc) -> Lowering:
    def lowered(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
        return [call(ufunc.accumulate, ins[0], node.params["axis"], outs[0].dtype, outs[0])]

    return lowered


LOWERINGS.update((name, _reduction(ufunc)) for name, ufunc in _REDUCTIONS.items())
LOWERINGS.update((name, _running(ufunc)) for name, ufunc in _RUNNING.items())


@lowering("argmax", "argmin")
def _position(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    find = {"argmax": np.argmax, "argmin": np.argmin}[node.op.name]
    wide = scratch.take(outs[0].shape, np.dtype(np.intp))
    return [
        call(find, ins[0], node.params["axis"], wide),
        call(np.copyto, outs[0], wide, casting="unsafe"),
    ]
