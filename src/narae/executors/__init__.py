"""What runs a plan. An executor is a module with `load(plan, stores, threads) -> Program`,
`coverage(records) -> {operation: how it runs}`, `explain(program) -> how each step runs`, and
`HEADS`, whether its plans put tiled nodes and what follows them in one step, `HALVES`, whether it
computes in float16 and bfloat16, and `narrow_products() -> dtypes` or None. Its `timing` measures the steps
of a program."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence

from narae.base.errors import MissingExtra
from narae.executors.shared.how import How
from narae.executors.shared.memory import Store
from narae.executors.shared.program import Program
from narae.graph.ir import Op
from narae.graph.plan import Plan
from narae.graph.spread import Spread

EXECUTORS: Mapping[str, str] = {
    "native": "narae.executors.native",
    "numpy": "narae.executors.numpy",
    "xla": "narae.executors.xla",
}

_EXTRAS = {"xla": ("jax", "xla")}  # by executor: the package that it needs, and the extra


def require(name: str) -> None:
    """Raises MissingExtra where the executor `name` needs a package that is not installed."""
    package, extra = _EXTRAS.get(name, (None, ""))
    if package is not None and importlib.util.find_spec(package) is None:
        raise MissingExtra(package, extra, f"the {name} executor")


def load(
    name: str,
    plan: Plan,
    stores: Sequence[Store],
    threads: Callable[[], int] = lambda: 1,
    spread: Spread | None = None,
) -> Program:
    """Load a plan on the executor `name`. stores: of the state, which outlives the program;
    threads: gives the number of threads to run it on; spread: over which devices, for 'xla' alone.
    Raises MissingExtra as `require` does."""
    require(name)
    more = () if spread is None else (spread,)
    return importlib.import_module(EXECUTORS[name]).load(plan, stores, threads, *more)


def plan_options(name: str) -> tuple[bool, int]:
    """How plans for the executor `name` are made: whether tiled nodes and what follows them
    are one step, and up to how many bytes values have memory of their own."""
    module = importlib.import_module(EXECUTORS[name])
    return module.HEADS, module.APART


def has_halves(name: str) -> bool:
    """Whether the executor `name` computes in float16 and bfloat16; else they are to be widened."""
    return importlib.import_module(EXECUTORS[name]).HALVES


def narrow_products(name: str) -> frozenset[str] | None:
    """The dtypes of which the executor `name` has products with wider sums (`primitives/narrow.py`); None where
    graphs are to stay as they are."""
    return importlib.import_module(EXECUTORS[name]).narrow_products()


def coverage(name: str, records: Mapping[str, Op]) -> dict[str, str]:
    """How the executor `name` runs each operation."""
    return importlib.import_module(EXECUTORS[name]).coverage(records)


def step_times(name: str, program: Program) -> list[float]:
    """Seconds that each step of a plan takes alone, on what is in the program's inputs and state.
    The state is the same after it as before."""
    return importlib.import_module(f"{EXECUTORS[name]}.timing").step_times(program)


def explain(name: str, program: Program) -> list[How]:
    """How a program that the executor `name` loaded runs each step of its plan."""
    return importlib.import_module(EXECUTORS[name]).explain(program)
