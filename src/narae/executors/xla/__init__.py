"""The xla executor: a plan's graph as one function that JAX compiles, for its processor, GPUs and
TPUs. State stays on the device from run to run, until somebody reads it.

Nothing of JAX is imported unless this executor is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from narae.executors.shared.how import How
from narae.executors.shared.memory import Store
from narae.graph.ir import Op
from narae.graph.plan import Plan
from narae.graph.spread import Spread

if TYPE_CHECKING:
    from narae.executors.xla.program import XlaProgram

HEADS, HALVES, APART = False, True, 0


def load(
    plan: Plan,
    stores: Sequence[Store],
    threads: Callable[[], int],
    spread: Spread | None = None,
) -> XlaProgram:
    """A program for the plan; its threads are XLA's own. spread: over which devices."""
    from narae.executors.xla.program import XlaProgram

    return XlaProgram(plan, stores, spread)


def narrow_products() -> frozenset[str] | None:
    """None: graphs stay as they are."""
    return None


def coverage(records: Mapping[str, Op]) -> dict[str, str]:
    """How each operation runs: 'own' lowering, or 'generic' (its forward on jax.numpy)."""
    from narae.executors.xla.lowerings import LOWERINGS

    return {name: "own" if name in LOWERINGS else "generic" for name in records}


def explain(program: XlaProgram) -> list[How]:
    """How each step runs: all of them within one function of XLA's."""
    return [How(step, "xla") for step in program.plan.steps]
