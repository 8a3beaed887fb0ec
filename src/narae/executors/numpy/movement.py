"""Own lowerings of what moves elements without computing."""

from __future__ import annotations

import numpy as np

from narae.executors.numpy.calls import Call, call
from narae.executors.numpy.lowerings import Arrays, lowering
from narae.executors.shared.memory import Scratch
from narae.graph.ir import Node


@lowering("reshape")
def _reshaped(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    """A reshape whose layout forces a copy: written through the result in the input's shape."""
    return [call(np.copyto, outs[0].reshape(ins[0].shape), ins[0])]


@lowering("unslice")
def _unslice(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    bounds = zip(*(node.params[k] for k in ("start", "stop", "step")), strict=True)
    # a stop of -1 under a negative step means 'to the first element'
    place = tuple(slice(a, None if s < 0 and b < 0 else b, s) for a, b, s in bounds)
    return [call(np.copyto, outs[0], 0), call(np.copyto, outs[0][place], ins[0])]


@lowering("concatenate")
def _concatenate(node: Node, ins: Arrays, outs: Arrays, scratch: Scratch) -> list[Call]:
    axis, begin, calls = node.params["axis"], 0, []
    for part in ins:
        end = begin + part.shape[axis]
        place = (slice(None),) * axis + (slice(begin, end),)
        calls.append(call(np.copyto, outs[0][place], part))
        begin = end
    return calls
