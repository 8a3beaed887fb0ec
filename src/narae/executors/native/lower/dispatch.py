"""A step's tiles: by the table of lowerings, or as a loop over elements, or as a copy."""

from __future__ import annotations

from narae.executors.native.codegen.lanes import Unlowered
from narae.executors.native.lower.elementwise import lower_elementwise
from narae.executors.native.lower.fallbacks import no_code
from narae.executors.native.lower.movement import lower_view
from narae.executors.native.lower.rowwise import lower_rowwise
from narae.executors.native.lower.tiles import LOWERINGS, Context, Lowered
from narae.graph.fuse import Step


def native_step(step: Step, context: Context) -> Lowered:
    """A step as tiles. Raises Unlowered, with the reason, where there is no native code for it."""
    head = step.nodes[0]
    if step.rows:
        return lower_rowwise(step, context)
    if step.shape is not None and not step.headed:
        return lower_elementwise(step, context)
    if head.op.view:
        return lower_view(step, context)
    if head.op.known not in LOWERINGS:
        raise Unlowered(no_code(head.op.name))
    return LOWERINGS[head.op.known](step, context)
