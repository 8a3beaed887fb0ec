"""How long each step of a plan takes alone, compiled by itself: within the whole, XLA joins them."""

from __future__ import annotations

import time
from typing import Any

import jax

from narae.executors.xla.lowerings import outputs_of
from narae.executors.xla.program import XlaProgram
from narae.executors.xla.table import Traced
from narae.graph.fuse import Step

_ROUNDS = 3


def step_times(program: XlaProgram) -> list[float]:
    """Seconds per step of the plan. The state stays as it is."""
    plan = program.plan
    with jax.enable_x64(True):
        env: dict[int, Any] = {v.uid: v.data for v in plan.graph.constants}
        env.update((v.uid, a) for v, a in zip(plan.inputs, program.place.given(), strict=True))
        state = program.place.present(program.stores, range(len(program.stores)))
        env.update((v.uid, a) for v, a in zip(plan.state, state, strict=True))
        views = {uid: node for node in (*plan.once, *plan.views) for uid in node.uids}

        def value(uid: int) -> Any:
            if uid not in env:
                node = views[uid]
                outs = outputs_of(node, [value(v.uid) for v in node.inputs])
                env.update(zip(node.uids, outs, strict=True))
            return env[uid]

        times = []
        for step in plan.steps:
            reads = [value(u) for u in step.reads]
            outs, taken = _timed(step, reads)
            env.update(zip(step.outputs, outs, strict=True))
            times.append(taken)
        return times


def _timed(step: Step, reads: list[Traced]) -> tuple[list[Traced], float]:
    """A step's results, and the best of a few rounds."""

    def run(*arrays: Traced) -> list[Traced]:
        env = dict(zip(step.reads, arrays, strict=True))
        for node in step.nodes:
            outs = outputs_of(node, [env[v.uid] for v in node.inputs])
            env.update(zip(node.uids, outs, strict=True))
        return [env[u] for u in step.outputs]

    compiled = jax.jit(run)
    outs, best = jax.block_until_ready(compiled(*reads)), float("inf")
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        jax.block_until_ready(compiled(*reads))
        best = min(best, time.perf_counter() - begin)
    return outs, best
