"""A plan as a NumPy program: arrays that never move, and straight-line Python that computes into
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from narae.executors.numpy.blocks import lower_step
from narae.executors.numpy.calls import Source, call
from narae.executors.numpy.lowerings import lower
from narae.executors.shared.memory import Scratch, make_arrays
from narae.executors.shared.program import Program
from narae.graph.fuse import Step
from narae.graph.plan import Move, Plan


class NumpyProgram(Program):
    """Runs a plan. After loading, a run allocates nothing in proportion to the data, but for
    operations without a lowering.

    source: the Python code of a run, to read. state: the arrays that a run changes in place.
    """

    def __init__(
        self,
        plan: Plan,
        state: Sequence[np.ndarray] = (),
        inputs: Sequence[np.ndarray] | None = None,
        scratch: Scratch | None = None,
    ) -> None:
        """inputs: arrays to read in place of new ones; scratch: that of the program around this
        one."""
        self.plan = plan
        arrays = make_arrays(plan, state, inputs)
        self.inputs = [arrays[v.uid] for v in plan.inputs]
        self.state = list(state)
        self.outputs = [arrays[uid] for uid in plan.outputs]
        source = Source()
        _write(source, plan, arrays, Scratch() if scratch is None else scratch)
        self.source, self.run = source.build(guarded=scratch is None)

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs` and the state."""
        self.run()
        return self.outputs


def _write(source: Source, plan: Plan, arrays: Mapping[int, np.ndarray], scratch: Scratch) -> None:
    for uid, array in arrays.items():
        source.name(array, f"v{uid}")
    write_moves(source, "what is overwritten and still asked for", plan.before, arrays)
    for step in plan.steps:
        write_step(source, step, arrays, scratch)
    write_moves(source, "state and results that have another home", plan.after, arrays)


def write_moves(
    source: Source, what: str, moves: Sequence[Move], arrays: Mapping[int, np.ndarray]
) -> None:
    if moves:
        source.comment(what)
    source.add([call(np.copyto, arrays[m.target], arrays[m.source]) for m in moves])


def write_step(
    source: Source, step: Step, arrays: Mapping[int, np.ndarray], scratch: Scratch
) -> None:
    names = list(dict.fromkeys(node.op.name for node in step.nodes))
    spec = step.nodes[-1].specs[0]
    source.comment(f"{' '.join(names)}: {spec.dtype}{list(spec.shape)}")
    near = [arrays[u] for u in (*step.outputs, *step.reads)]
    if step.shape is not None:
        source.add_loop(lower_step(step, arrays, scratch), near)
    else:
        (node,) = step.nodes
        ins = [arrays[v.uid] for v in node.inputs]
        source.add(lower(node, ins, [arrays[u] for u in node.uids], scratch), near)
    scratch.release()
