"""Each step of a plan as tiles, or as a call of NumPy where there is no native code for it."""

from __future__ import annotations

import numpy as np

from narae.base.dtypes import np_dtype
from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower import (  # noqa: F401  (they fill the table of lowerings)
    attention,
    control,
    corners,
    products,
    reductions,
    scan,
    scatter,
    windows,
)
from narae.executors.native.lower.dispatch import native_step
from narae.executors.native.lower.elementwise import check
from narae.executors.native.lower.tiles import LOWERINGS, Context, Lowered
from narae.executors.numpy.blocks import lower_step as numpy_step
from narae.executors.numpy.calls import Source
from narae.executors.numpy.lowerings import lower as numpy_lower
from narae.executors.shared.memory import ArrayMap, Scratch
from narae.graph.fuse import Step
from narae.graph.ir import Node, Op, Spec, Value, run


def lower_step(step: Step, context: Context, scratch: Scratch) -> Lowered:
    """A step's tiles, or a call of NumPy. scratch: NumPy's."""
    try:
        return native_step(step, context)
    except Unlowered as why:
        return on_host(step, context.arrays, scratch, str(why))


def on_host(step: Step, arrays: ArrayMap, scratch: Scratch, why: str) -> Lowered:
    """A step as NumPy calls."""
    source = Source()
    if step.shape is not None and not step.headed and not step.rows:
        source.add_loop(numpy_step(step, arrays, scratch))
    else:
        whole = dict(arrays)
        for node in step.nodes:
            for uid, spec in zip(node.uids, node.specs, strict=True):
                if uid not in whole:
                    whole[uid] = np.empty(spec.shape, np_dtype(spec.dtype))
        for node in step.views:
            whole[node.uids[0]] = run(node.op, [whole[node.inputs[0].uid]], node.params)[0]
        for node in step.nodes:  # one after the other, with what a native step has in registers
            ins = [whole[v.uid] for v in node.inputs]
            source.add(numpy_lower(node, ins, [whole[u] for u in node.uids], scratch))
    scratch.release()
    _, call = source.build(guarded=True)
    return Lowered(host=call, keep=[arrays], why=why)


def route(op: Op) -> str:
    """How the executor runs an operation, in float32 where it takes that: 'native', or 'NumPy'."""
    if op.known in LOWERINGS or op.view:
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
