"""The compiled steps of a model: one program per kind of step and shape of batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.base import trees
from narae.base.dtypes import is_float
from narae.base.settings import floatx
from narae.engine.compiled import Compiled, compile_function
from narae.graph.ir import Spec
from narae.ops.tensor import as_tensor


class Steps:
    """Runs a model's train, test and predict steps on batches, traced once per shape of batch."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._programs: dict[Any, Compiled] = {}
        self._state: Any = None

    def refresh(self) -> None:
        """Forget programs that were made for another state of the model (trainable flags, optimizer)."""
        model = self._model
        flags = tuple((id(v), v.trainable) for v in model.variables)
        layers = tuple(layer.trainable for layer in model._flatten_layers())
        state = (flags, layers, id(model.optimizer), model.run_eagerly)
        if self._state is not None and state != self._state:
            self._programs.clear()
        self._state = state

    def run(self, kind: str, batch: Any) -> Any:
        """The step's result for a batch: NumPy arrays that are valid until the next step, or tensors when
        the model runs eagerly."""
        if self._model.run_eagerly:
            return self._eager(kind, batch)
        compiled = self.program(kind, batch)
        with compiled.lock:
            batch.write(compiled.inputs)
            return compiled()

    def program(self, kind: str, batch: Any) -> Compiled:
        """The program of a step for batches of this shape."""
        specs = batch.specs()
        key = (kind, repr(specs))
        found = self._programs.get(key)
        if found is None:
            step = getattr(self._model, f"{kind}_step")
            found = self._programs[key] = compile_function(step, trees.map_tree(_fed, specs))
            self._state = None  # tracing may have built layers and optimizer
            self.refresh()
        return found

    def _eager(self, kind: str, batch: Any) -> Any:
        def fed(leaf: Any) -> Any:
            if leaf is None:
                return None
            array = np.asarray(leaf)
            name = as_tensor(array[:0]).dtype
            return as_tensor(array, floatx() if is_float(name) else None)

        return getattr(self._model, f"{kind}_step")(trees.map_tree(fed, batch.tree()))


def _fed(spec: Any) -> Any:
    """What a program takes for data of a spec: floats in floatx, all else as it is."""
    if isinstance(spec, Spec) and is_float(spec.dtype) and spec.dtype != floatx():
        return Spec(spec.shape, floatx())
    return spec


def as_floats(logs: Any) -> dict[str, Any]:
    """A step's result as plain numbers by name (arrays where a metric is not a scalar)."""
    if not isinstance(logs, dict):
        raise TypeError(
            f"a train_step or test_step returns a dict of metrics by name, got {type(logs).__name__}"
        )
    return {name: _number(logs[name]) for name in sorted(logs)}  # the order that Keras gives


def _number(value: Any) -> Any:
    array = np.asarray(value)
    return array.item() if array.size == 1 else array.copy()
