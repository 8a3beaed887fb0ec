"""A plan as a function that XLA compiles: one step, or as many as go in one dispatch."""

from __future__ import annotations

import time
import weakref
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from narae.base.dtypes import np_dtype
from narae.executors.shared.memory import Store
from narae.executors.shared.program import Program, Progress
from narae.executors.shared.rows import Rows
from narae.executors.xla.data import Source, on_cpu
from narae.executors.xla.lowerings import Checks, bad_index, evaluate
from narae.executors.xla.placement import placement_of, whole
from narae.executors.xla.table import Traced
from narae.executors.xla.worker import Worker
from narae.graph.plan import Plan
from narae.graph.spread import Spread

_FIRST, _MOST = 8, 256  # steps of a dispatch: at first, and at most
# Bytes of what the steps of a dispatch read and give. A processor's caches still have them when a
# step comes to them; an accelerator waits less often for Python.
_BYTES = {"cpu": 8 << 20, "other": 64 << 20}
_TIME = 0.2  # seconds that a dispatch should take: then the progress is shown, and Ctrl-C heard

_Values = list[jax.Array]
# New state, results, and what index was out of range.
_Results = tuple[_Values, _Values, jax.Array | None]
_Carried = tuple[_Values, _Values, jax.Array]


class XlaProgram(Program):
    """Runs a plan's graph on JAX's device, or over several. What it writes stays there: see
    `Store`. rows: of a batch, those that go into `inputs` here; None for all."""

    away = runs_many = True

    def __init__(self, plan: Plan, stores: Sequence[Store], spread: Spread | None = None) -> None:
        self.plan = plan
        place = self.place = placement_of(plan, spread)
        self.stores = list(stores)
        self._written = [stores[i] for i in plan.written]
        self._unwritten = [i for i in range(len(stores)) if i not in set(plan.written)]
        self._read = [stores[i] for i in self._unwritten]
        self.inputs, self.rows = place.inputs, place.rows
        results = plan.graph.outputs[: len(plan.outputs)]
        self.outputs = [np.empty(v.shape, np_dtype(v.dtype)) for v in results]
        # JAX keeps what it compiles: that must not keep the program
        self._one = place.jit(_weakly(self, "_step"), (0,))
        self._many = place.jit(_weakly(self, "_steps"), (0, 1))
        weakref.finalize(self, _let_go, [self._one, self._many])
        self._usual = _FIRST  # steps of a dispatch, by how long the last ones took
        self._worker = Worker()

    # -- what XLA compiles -------------------------------------------------------------------------

    def _step(self, written: _Values, read: _Values, inputs: Sequence[Traced]) -> _Results:
        """(new state, results, what index was out of range); such a step changes nothing."""
        given = dict(zip([*self.plan.written, *self._unwritten], [*written, *read], strict=True))
        state = [given[i] for i in range(len(given))]
        checks = Checks()
        with self.place.around():
            outs = evaluate(self.plan.graph, [*inputs, *state], checks)
        results, new = outs[: len(self.plan.outputs)], list(outs[len(self.plan.outputs) :])
        error = checks.result()
        if error is not None:
            new = [jnp.where(error[0] > 0, old, n) for old, n in zip(written, new, strict=True)]
        return new, list(results), error

    def _steps(
        self,
        written: _Values,
        kept: _Values,
        read: _Values,
        batches: _Values,
        count: int,
    ) -> _Results:
        """As many steps as there are to do of `batches`; their results in `kept`."""

        def body(i: jax.Array, carry: _Carried) -> _Carried:
            written, kept, error = carry
            inputs = [lax.dynamic_index_in_dim(b, i, keepdims=False) for b in batches]
            written, results, found = self._step(written, read, inputs)
            kept = [lax.dynamic_update_index_in_dim(k, r, i, 0) for k, r in zip(kept, results)]
            if found is not None:
                error = jnp.where(error[0] > 0, error, found)
            return written, kept, error

        none = jnp.zeros(2, jnp.int64)
        return lax.fori_loop(0, count, body, (written, kept, none))

    # -- runs --------------------------------------------------------------------------------------

    def __call__(self) -> list[np.ndarray]:
        """Run once on what is in `inputs` and the state. Raises IndexError for an index that is out
        of range, with the state as it was."""
        return self._worker.do(self._run)

    def _run(self) -> list[np.ndarray]:
        with jax.enable_x64(True):
            new, results, error = self._one(*self.state(), self.place.given())
            self._keep(new)
            self.outputs = [np.asarray(r) for r in results]
            _check(error)
            return self.outputs

    def many(self, steps: int, rows: Sequence[Rows], kept: Sequence[np.ndarray]) -> Progress | None:
        """Run many steps on rows of arrays; gives now and then how many are done. kept: for each
        output, memory for what all steps give. A run that is closed ends after what it began."""
        return self._chunks(steps, rows, kept)

    def _chunks(
        self, steps: int, rows: Sequence[Rows], kept: Sequence[np.ndarray]
    ) -> Generator[int]:
        # of the whole batch: the processes of a job must come to the same number
        each = sum(v.spec.nbytes for v in self.plan.inputs)
        each += sum(a.nbytes for a in self.outputs)
        most = max(1, min(_MOST, _BYTES["cpu" if on_cpu() else "other"] // max(1, each)))
        given = self.place.sources(rows)
        done, count = 0, min(self._usual, most)
        while done < steps:
            count = self.place.agree(min(count, steps - done))
            begun = time.monotonic()
            self._worker.do(partial(self._chunk, given, done, count, most, kept))
            done += count
            one = (time.monotonic() - begun) / count
            yield done
            count = self._usual = max(1, min(most, int(_TIME / max(one, 1e-9))))

    def _chunk(
        self,
        sources: list[Source],
        done: int,
        count: int,
        most: int,
        kept: Sequence[np.ndarray],
    ) -> None:
        with jax.enable_x64(True):
            batches = self.place.batches(sources, done, count, most)
            written, read = self.state()
            room = self.place.room(most, self.outputs)
            new, found, error = self._many(written, room, read, batches, count)
            self._keep(new)
            for target, values in zip(kept, found, strict=True):
                target[done : done + count] = np.asarray(values)[:count]
            _check(error)

    def state(self) -> tuple[_Values, _Values]:
        """The present values on the device: of what is written, and of what is only read."""
        return (
            self.place.present(self._written, self.plan.written),
            self.place.present(self._read, self._unwritten),
        )

    def _keep(self, new: _Values) -> None:
        for store, value in zip(self._written, new, strict=True):
            store.keep(value, whole)


def _weakly(program: XlaProgram, name: str) -> Any:
    """A method, as a function that does not keep its program."""
    held = weakref.ref(program)

    def method(*args: Any) -> Any:
        return getattr(held(), name)(*args)

    return method


def _let_go(compiled: list[Any]) -> None:
    for function in compiled:
        function.clear_cache()


def _check(error: jax.Array | None) -> None:
    found = None if error is None else bad_index(error)
    if found is not None:
        index, length = found
        raise IndexError(f"index {index} is out of range for an axis of length {length}")
