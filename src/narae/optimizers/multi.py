"""MultiOptimizer: each weight with an optimizer of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, LearningRateLike, TensorLike
from narae.engine.variable import Variable
from narae.optimizers.base import Optimizer


@builtin("keras.optimizers")
class OptimizerMap(MutableMapping):
    """Optimizers by the paths of weights: exact paths, or regular expressions that match a whole path.

    A mapping: set, read and delete by key. Reading a path that several expressions match raises ValueError.

    Args:
        default_optimizer: the optimizer of weights that nothing matches.
        optimizer_map: path or expression -> optimizer; more can be set later.

    Raises:
        TypeError: default_optimizer is no Optimizer.
        ValueError: a value is no Optimizer.

    >>> from narae.optimizers import SGD, Adam
    >>> chosen = OptimizerMap(SGD(0.1), {"encoder/.*": Adam()})
    >>> type(chosen["encoder/kernel"]).__name__, type(chosen["head/kernel"]).__name__
    ('Adam', 'SGD')
    """

    def __init__(
        self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer is an Optimizer, got {default_optimizer!r}")
        self._default = default_optimizer
        self._by_path: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of weights that nothing matches."""
        return self._default

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._by_path:
            return self._by_path[key]
        found = [pattern for pattern in self._by_path if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ValueError(
                f"weight {key!r} matches several optimizers, by {found}: one may match"
            )
        return self._by_path[found[0]] if found else self._default

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._by_path:
            raise ValueError(f"{key!r} has an optimizer already: delete it before giving another")
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"{key!r} is mapped to an Optimizer, got {optimizer!r}")
        self._by_path[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._by_path[key]

    def __len__(self) -> int:
        return len(self._by_path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_path)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        return {
            "default_optimizer": serialize_keras_object(self._default),
            "optimizer_map": {k: serialize_keras_object(o) for k, o in self._by_path.items()},
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: CustomObjects | None = None
    ) -> OptimizerMap:
        """The map that `get_config` described."""
        parts = {
            key: deserialize_keras_object(part, custom_objects) for key, part in config.items()
        }
        return cls(**parts)


@builtin("keras.optimizers")
class MultiOptimizer(Optimizer):
    """Each weight's update by the optimizer that an OptimizerMap, or a function of the weight, names.

    w' is what that optimizer's formula gives. Learning rates, clipping and the rest are options of the single
    `optimizers`.

    Args:
        optimizer_map: an OptimizerMap, or a function from a weight to its optimizer.
        loss_scale_factor: what the loss is multiplied by, and gradients divided by; one for all optimizers.
        name: the optimizer's name.

    Raises:
        ValueError: optimizer_map cannot be called; one of its optimizers has a loss_scale_factor of its own.

    >>> from narae import Variable
    >>> from narae.optimizers import SGD
    >>> a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    >>> MultiOptimizer(OptimizerMap(SGD(0.5), {"a": SGD(0.25)})).apply([1.0, 1.0], [a, b])
    >>> float(a), float(b)
    (0.75, 0.5)
    """

    def __init__(
        self,
        optimizer_map: Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(optimizer_map) or isinstance(optimizer_map, (type, Optimizer)):
            raise ValueError(
                f"optimizer_map is an OptimizerMap or a function from weights to optimizers, got {optimizer_map!r}"
            )
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        self._chosen: list[Optimizer] = []
        self._scale_all()

    @property
    def optimizers(self) -> list[Optimizer]:
        """The single optimizers: those of the map, the default last; or in the order of the weights."""
        chosen = self.optimizer_map
        if not isinstance(chosen, OptimizerMap):
            return list(dict.fromkeys(self._chosen))
        mapped = [chosen[key] for key in chosen]
        return list(dict.fromkeys([*mapped, chosen.default_optimizer]))

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of the single optimizers."""
        return [*self._variables, *(v for one in self.optimizers for v in one.variables)]

    @property
    def learning_rate(self) -> Any:
        """Not defined: the single optimizers have a rate each.

        Raises:
            AttributeError: always; read and set the rates of `optimizers`.
        """
        raise AttributeError(
            "a MultiOptimizer has no learning rate: its `optimizers` have one each, to be read and set there"
        )

    @learning_rate.setter
    def learning_rate(self, value: LearningRateLike) -> None:
        raise AttributeError(
            f"a MultiOptimizer has no learning rate to set to {value!r}: set those of its `optimizers`"
        )

    def make_slots(self) -> None:
        """Build the single optimizers, each for its weights.

        Raises:
            ValueError: the map gives no Optimizer for a weight.
        """
        self._chosen = [self.optimizer_map(variable) for variable in self._trained]
        for variable, one in zip(self._trained, self._chosen, strict=True):
            if not isinstance(one, Optimizer):
                raise ValueError(f"optimizer_map gives {one!r} for {variable.path!r}: no Optimizer")
        self._scale_all()
        for one in self.optimizers:
            one.build(self._share(one, self._trained))

    def _scale_all(self) -> None:
        """There is one loss: all optimizers divide by the same factor."""
        for one in self.optimizers:
            if one.loss_scale_factor not in (None, self.loss_scale_factor):
                raise ValueError(
                    f"{one.name!r} has a loss_scale_factor of its own, but there is one loss: give it to MultiOptimizer"
                )
            one.loss_scale_factor = self.loss_scale_factor

    def _share(self, one: Optimizer, variables: Iterable[Variable]) -> list[Variable]:
        return [v for v in variables if self._chosen[self._index[id(v)]] is one]

    def apply(
        self,
        grads: Iterable[TensorLike | None],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        grads, variables = self._checked(list(grads), trainable_variables)
        by_weight = {id(v): g for g, v in zip(grads, variables, strict=True)}
        for one in self.optimizers:
            share = self._share(one, variables)
            if share:
                one.apply([by_weight[id(v)] for v in share], share)
        self._count.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        variables = list(var_list)
        for one in self.optimizers:
            one.finalize_variable_values(variables)

    def get_config(self) -> Config:
        return {
            "optimizer_map": serialize_keras_object(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: CustomObjects | None = None
    ) -> MultiOptimizer:
        config = dict(config)
        chosen = deserialize_keras_object(config.pop("optimizer_map"), custom_objects)
        return cls(chosen, **config)
