"""Each step of a plan as tiles, or as a call of NumPy where there is no native code for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from narae.base.dtypes import np_dtype
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.kernels.reduction import COMBINE
from narae.executors.native.lower.elementwise import Arrays, check, lower_elementwise
from narae.executors.native.lower.fallbacks import no_code
from narae.executors.native.lower.movement import (
    lower_add_at,
    lower_along,
    lower_concatenate,
    lower_take,
    lower_unslice,
    lower_view,
)
from narae.executors.native.lower.products import lower_product
from narae.executors.native.lower.reductions import lower_position, lower_reduction, lower_running
from narae.executors.native.lower.tiles import Lowered
from narae.executors.native.lower.windows import lower_extremes, lower_fold, lower_pool
from narae.executors.numpy.blocks import lower_step as numpy_step
from narae.executors.numpy.calls import Source
from narae.executors.numpy.lowerings import lower as numpy_lower
from narae.executors.shared.memory import Scratch
from narae.graph.fuse import Step
from narae.graph.ir import Node, Op, Spec, Value

Lower = Callable[[Node, Arrays], Lowered]
TABLE: Mapping[str, Lower] = {
    **dict.fromkeys(COMBINE, lower_reduction),
    **dict.fromkeys(("argmax", "argmin"), lower_position),
    **dict.fromkeys(("cumsum", "cumprod"), lower_running),
    "concatenate": lower_concatenate,
    "unslice": lower_unslice,
    "reduce_window": lower_pool,
    "fold_windows": lower_fold,
}
# These check indices, and tell where they are out of range.
INDEXED: Mapping[str, Callable[[Node, Arrays, int], Lowered]] = {
    "take": lower_take,
    "take_along": lower_along,
    "put_along": lower_along,
    "add_at": lower_add_at,
}
# These are made tile by tile, with the elementwise nodes that follow them.
TILED: Mapping[str, Callable[[Step, Arrays], Lowered]] = {
    "dot": lower_product,
    "conv": lower_product,
    "place_extremes": lower_extremes,
}


def lower_step(step: Step, arrays: Arrays, error: int, scratch: Scratch) -> Lowered:
    """A step's tiles. error: where an index out of range is told; scratch: NumPy's."""
    try:
        return _native(step, arrays, error)
    except Unlowered as why:
        return on_host(step, arrays, scratch, str(why))


def _native(step: Step, arrays: Arrays, error: int) -> Lowered:
    head = step.nodes[0]
    if head.op.known in TILED:
        return TILED[head.op.known](step, arrays)
    if step.headed:
        raise Unlowered(no_code(head.op.name))
    if step.shape is not None:
        return lower_elementwise(step, arrays)
    if head.op.view:
        return lower_view(head, arrays)
    if head.op.known in INDEXED:
        return INDEXED[head.op.known](head, arrays, error)
    if head.op.known in TABLE:
        return TABLE[head.op.known](head, arrays)
    raise Unlowered(no_code(head.op.name))


def on_host(step: Step, arrays: Arrays, scratch: Scratch, why: str) -> Lowered:
    """A step as NumPy calls."""
    source = Source()
    if step.shape is not None and not step.headed:
        source.add_loop(numpy_step(step, arrays, scratch))
    else:
        whole = dict(arrays)
        for node in step.nodes:  # one after the other, with what a native step has in registers
            for uid, spec in zip(node.uids, node.specs, strict=True):
                if uid not in whole:
                    whole[uid] = np.empty(spec.shape, np_dtype(spec.dtype))
            ins = [whole[v.uid] for v in node.inputs]
            source.add(numpy_lower(node, ins, [whole[u] for u in node.uids], scratch))
    scratch.release()
    _, run = source.build(guarded=True)
    return Lowered(host=run, keep=[arrays], why=why)


def route(op: Op) -> str:
    """How the executor runs an operation, in float32 where it takes that: 'native', or 'NumPy'."""
    if op.known in TILED or op.known in INDEXED or op.known in TABLE or op.view:
        return "native"
    if not op.elementwise or op.samples is None:
        return "NumPy"
    arrays, params = op.samples(np.random.default_rng(0))[0]
    dtypes = [
        "float32" if np.asarray(a).dtype.kind == "f" else np.asarray(a).dtype.name for a in arrays
    ]
    ins = tuple(Value(Spec((), dtype)) for dtype in dtypes)
    specs = op.rule(*(v.spec for v in ins), **params)
    specs = specs if isinstance(specs, tuple) else (specs,)
    try:
        check(Node(op, ins, params, specs, (None,) * len(specs), len(specs) > 1))
    except Unlowered:
        return "NumPy"
    return "native"
