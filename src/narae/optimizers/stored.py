"""An optimizer's configuration and state, as data."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import numpy as np

from narae.base.copying import Copied
from narae.base.identifiers import get_object
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, DTypeLike, InitializerLike, TensorLike
from narae.engine.variable import Variable, standing
from narae.tensor.tensor import Tensor

_OPTIONS = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Saved(Copied):
    """Base of optimizers: config from attributes, variables by position."""

    name: str
    arguments: tuple[str, ...]
    _rate: Any  # a Variable, a schedule or a function
    _variables: list[Variable]

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, in the order in which they are saved."""
        return list(self._variables)

    def _own(self, variable: Variable) -> Variable:
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: InitializerLike = "zeros",
        dtype: DTypeLike | None = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """Create a variable of the optimizer.

        Args:
            shape: its shape.
            initializer: a name, an initializer or its class, or a function (shape, dtype=...) -> tensor.
            dtype: its dtype; None: `narae.config.floatx()`.
            aggregation: how replicas of it become one: "none", "mean", "sum" or "only_first_replica".
            name: its name.
        """
        if isinstance(initializer, str):
            initializer = get_object("initializer", "keras.initializers", initializer)
        if isinstance(initializer, type):
            initializer = initializer()
        variable = Variable(initializer, tuple(shape), dtype, False, True, aggregation, name=name)
        return self._own(variable)

    def add_variable_from_reference(
        self,
        reference_variable: Variable,
        name: str | None = None,
        initializer: InitializerLike = "zeros",
    ) -> Variable:
        """Create a variable of a weight's shape and dtype, named after its path.

        Args:
            reference_variable: the weight.
            name: what follows the weight's path in the variable's name; None: "state".
            initializer: a name, an initializer, or a function (shape, dtype=...) -> tensor.
        """
        variable = self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{reference_variable.path.replace('/', '_')}_{name or 'state'}",
        )
        variable.like = reference_variable
        return variable

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[Variable],
        name: str | Sequence[str],
        initializer: InitializerLike = "zeros",
    ) -> Any:
        """Create a variable for each weight.

        Args:
            trainable_variables: the weights.
            name: what follows a weight's path in the variable's name; or a list of such names.
            initializer: of the variables; or a list, one for each name.

        Returns: a list in the order of the weights; for a list of names a tuple of such lists.

        Raises:
            ValueError: names and initializers differ in number.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = (
            initializer if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        )
        if len(starts) != len(names):
            raise ValueError(f"{len(names)} names with {len(starts)} initializers: one for each")
        rows = [
            [
                self.add_variable_from_reference(v, each, start)
                for each, start in zip(names, starts, strict=True)
            ]
            for v in trainable_variables
        ]
        columns = tuple([row[i] for row in rows] for i in range(len(names)))
        return columns[0] if isinstance(name, str) else columns

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        rate = self._rate
        if isinstance(rate, Variable):
            shown: Any = float(rate.numpy())
        else:
            shown = serialize_keras_object(rate)
        config = {"name": self.name, "learning_rate": shown}
        config.update((name, getattr(self, name)) for name in (*_OPTIONS, *self.arguments))
        return config

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Any:
        """The optimizer that `get_config` described.

        Args:
            config: what `get_config` gave.
            custom_objects: classes and functions of yours by the names in the config.
        """
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_keras_object(
                config["learning_rate"], custom_objects
            )
        return cls(**config)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the variables into a store, by position.

        Args:
            store: a mapping from names to arrays.
        """
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Read the variables that `save_own_variables` wrote.

        Args:
            store: a mapping from names to arrays.

        Raises:
            ValueError: number or shapes differ.
        """
        self.set_weights([store[str(i)] for i in range(len(store))])

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of the variables, in their order.

        Args:
            weights: arrays, in memory or in a file, one per variable.

        Raises:
            ValueError: number or shapes differ.
        """
        own = self.variables
        if len(weights) != len(own):
            raise ValueError(
                f"optimizer {self.name!r} has {len(own)} variables and is given {len(weights)}: another optimizer, "
                "or other options of it, had them; or it is not built yet"
            )
        for variable, value in zip(own, weights, strict=True):
            shape = tuple(np.shape(value)) if not hasattr(value, "shape") else tuple(value.shape)
            if shape != variable.shape:
                raise ValueError(
                    f"optimizer variable {variable.name!r} has shape {variable.shape} and is given {shape}"
                )
        for variable, value in zip(own, weights, strict=True):
            if hasattr(value, "read_into"):
                variable.read_from(value)
            else:
                variable.assign(np.asarray(value))

    def stateless_apply(
        self: Any,
        optimizer_variables: Sequence[TensorLike],
        grads: Sequence[TensorLike | None],
        trainable_variables: Sequence[TensorLike],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The weights and variables after `apply`, from given ones; the optimizer's own stay as they are.

        Args:
            optimizer_variables: values of `variables`, in their order.
            grads: a gradient for each weight that the optimizer was built for.
            trainable_variables: values of these weights.

        Returns: (new weights, new optimizer variables), lists.

        Raises:
            ValueError: the optimizer is not built, or the values differ in number from its variables.

        >>> from narae import Variable, optimizers
        >>> optimizer = optimizers.SGD(0.5)
        >>> optimizer.build([Variable(1.0)])
        >>> weights, state = optimizer.stateless_apply([0, 0.5], [1.0], [3.0])
        >>> weights[0].item(), state[0].item()
        (2.5, 1)
        """
        own = self.variables
        for what, given, held in (
            ("optimizer", optimizer_variables, own),
            ("trainable", trainable_variables, self._trained),
        ):
            if not self.built or len(given) != len(held):
                raise ValueError(
                    f"stateless_apply takes the optimizer's {len(own)} variables and the {len(self._trained)} "
                    f"weights it was built for; got {len(given)} {what} variables"
                )
        held = [*self._trained, *own]
        with standing(zip(held, [*trainable_variables, *optimizer_variables], strict=True)):
            self.apply(grads, self._trained)
            after = [variable.value for variable in held]
        return after[: len(self._trained)], after[len(self._trained) :]
