"""Metric: variables that batches are added to, and a result computed from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from narae import ops
from narae.base.copying import Copied
from narae.base.dtypes import np_dtype
from narae.base.errors import entry
from narae.base.identifiers import get_object
from narae.base.names import auto_name, name_scope
from narae.base.settings import floatx
from narae.base.types import Config, DTypeLike, DTypePolicyLike, InitializerLike, TensorLike
from narae.engine.variable import Variable, standing
from narae.ops.weighting import compute_dtype
from narae.tensor.tensor import Tensor, tensor_of


class Metric(Copied):
    """Base of metrics: subclass it, create variables with `add_weight`, define update_state and result.

    Both are traced into the training step: they use narae.ops, and no Python `if` on numbers.

    Args:
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        name: the metric's name, in logs; None: one from the class.

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

    def __init__(self, dtype: DTypePolicyLike | None = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = compute_dtype(dtype)
        self._state: list[Variable] = []
        self._parts: list[Metric] = []

    def __setattr__(self, name: str, value: object) -> None:
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
        initializer: InitializerLike | None,
        dtype: DTypeLike | None = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Create a variable of the state.

        Args:
            shape: its shape.
            initializer: a name, an initializer, or a function (shape, dtype=...) -> tensor; None: zeros.
            dtype: its dtype; None: `narae.config.floatx()`, whatever the metric's is.
            aggregation: how replicas of it become one: "sum", "mean", "none" or "only_first_replica".
            name: its name.

        Returns: the variable.
        """
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
        initializer: InitializerLike | None = None,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ) -> Variable:
        """Create a variable of the state that replicas sum up; by default a scalar of zero.

        Args:
            shape: its shape.
            initializer: a name, an initializer, or a function (shape, dtype=...) -> tensor; None: zeros.
            dtype: its dtype; None: `narae.config.floatx()`, whatever the metric's is.
            name: its name.

        Returns: the variable.
        """
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch to the state: targets, predictions and sample_weight, or values. Subclasses define it.

        sample_weight says how much each sample counts; None: all count alike.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state()")

    def result(self) -> Any:
        """The metric of all batches since the last reset: a scalar tensor, or a dict of them. Subclasses define it.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method result()")

    def reset_state(self) -> None:
        """Set the state to zeros: no batch has been added."""
        for variable in self.variables:
            variable.assign(tensor_of(np.zeros(variable.shape, np_dtype(variable.dtype))))

    @entry
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch to the state, and give the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(
        self, metric_variables: Sequence[TensorLike], *args: Any, **kwargs: Any
    ) -> list[Tensor]:
        """The state after a batch, from a given one; the metric's own stays as it is.

        Args:
            metric_variables: values of `variables`, in their order.
            *args: what `update_state` takes.

        Returns: the new values, a list.

        Raises:
            ValueError: the values differ in number from the variables.
        """
        return self._with(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[TensorLike]) -> Any:
        """The result of a given state; the metric's own stays as it is.

        Args:
            metric_variables: values of `variables`, in their order.

        Returns: what `result` gives.

        Raises:
            ValueError: the values differ in number from the variables.
        """
        return self._with(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Tensor]:
        """The state that no batch has been added to, a list; the metric's own stays as it is."""
        return self._with([v.value for v in self.variables], self.reset_state)[1]

    def _with(
        self, values: Sequence[TensorLike], run: Callable[[], Any]
    ) -> tuple[Any, list[Tensor]]:
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

    def get_config(self) -> Config:
        """The constructor's arguments, by name; not the state."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Config) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _initializer(identifier: str | Config) -> Callable[..., Any]:
    if identifier in ("zeros", "ones"):
        return getattr(ops, identifier)
    found = get_object("initializer", "keras.initializers", identifier)
    return found() if isinstance(found, type) else found
