"""Metric: variables that batches are counted into, and a result read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from narae import ops
from narae.base.copying import Copied
from narae.base.dtypes import np_dtype
from narae.base.identifiers import get_object
from narae.base.names import auto_name, name_scope
from narae.base.settings import floatx
from narae.engine.variable import Variable, standing
from narae.ops.weighting import compute_dtype
from narae.tensor.tensor import tensor_of


class Metric(Copied):
    """Base of metrics: subclass it, make variables with `add_weight`, give update_state and result.

    Both are traced into the training step: they use narae.ops, and no Python `if` on numbers.

    >>> class Total(Metric):
    ...     def __init__(self, name="total", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.total = self.add_weight(name="total", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.total.assign_add(ops.sum(y_pred))
    ...     def result(self):
    ...         return self.total.value
    >>> total = Total()
    >>> total([0, 0], [1.0, 2.0]).item()
    3.0
    """

    _is_metric = True

    _direction: (
        str  # "up" or "down": what a callback's mode "auto" takes for better, where it is known
    )

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = compute_dtype(dtype)
        self._state: list[Variable] = []
        self._parts: list[Metric] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Metric, Variable)):
            held = self._held()[isinstance(value, Metric)]
            if not any(value is one for one in held):
                held.append(value)
        object.__setattr__(self, name, value)

    def _held(self) -> tuple[list[Any], list[Any]]:
        if "_parts" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before anything else"
            )
        return self._state, self._parts

    @property
    def dtype(self) -> str:
        """The dtype that the metric computes in."""
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """The state: its own variables, then those of metrics held as attributes."""
        state, parts = self._held()
        return [*state, *(v for part in parts for v in part.variables)]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the state. initializer: a name, or (shape, dtype) -> tensor. dtype: floatx()
        when there is none, whatever the metric's is."""
        state, _ = self._held()
        if isinstance(initializer, (str, dict)):
            initializer = _initializer(initializer)
        with name_scope(self.name.replace("/", ">")):
            variable = Variable(
                initializer if initializer is not None else ops.zeros,
                shape=tuple(shape),
                dtype=dtype or floatx(),
                trainable=False,
                aggregation=aggregation,
                name=name,
            )
        state.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the state, by default a scalar of zero."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Count a batch."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state()")

    def result(self) -> Any:
        """The metric over all that was counted: a scalar tensor, or a dict of them."""
        raise NotImplementedError(f"{type(self).__name__} needs a method result()")

    def reset_state(self) -> None:
        """Forget what was counted."""
        for variable in self.variables:
            variable.assign(tensor_of(np.zeros(variable.shape, np_dtype(variable.dtype))))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count a batch and give the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The state after a batch, from the state before it; the metric's own is left as it is.

        Raises ValueError for another number of variables.
        """
        return self._with(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Any) -> Any:
        """The result of a state. Raises ValueError for another number of variables."""
        return self._with(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Any]:
        """The state that nothing was counted into."""
        return self._with([v.value for v in self.variables], self.reset_state)[1]

    def _with(self, values: Any, run: Any) -> tuple[Any, list[Any]]:
        """What `run` gives and leaves in the variables, when they begin with `values`."""
        variables = self.variables
        values = list(values)
        if len(values) != len(variables):
            raise ValueError(
                f"{self.name} has {len(variables)} variables, got {len(values)} values: pass "
                f"one for each of {[v.path for v in variables]} (call the metric once to build it?)"
            )
        with standing(zip(variables, values, strict=True)):
            out = run()
            if isinstance(out, Variable):
                out = out.value
            return out, [v.value for v in variables]

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again, without its state."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of a config."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _initializer(identifier: Any) -> Any:
    if identifier in ("zeros", "ones"):
        return getattr(ops, identifier)
    found = get_object("initializer", "keras.initializers", identifier)
    return found() if isinstance(found, type) else found
