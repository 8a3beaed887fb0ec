"""A layer's state: its variables (creation, lists, freezing), penalties, dtypes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from narae import constraints, initializers, regularizers
from narae.base import changes, trees
from narae.base.changes import being_made
from narae.base.dtypes import is_float, standardize_dtype
from narae.base.errors import ShapeError, entry
from narae.base.names import name_scope
from narae.base.types import (
    ConstraintLike,
    DTypeLike,
    DTypePolicyLike,
    InitializerLike,
    RegularizerLike,
    ShapeLike,
    Tensors,
)
from narae.engine.variable import Variable
from narae.layers.policy import DTypePolicy, policy_of
from narae.layers.tracking import Tracked, unique
from narae.tensor.tensor import Tensor, as_tensor


class Stateful(Tracked):
    """Base of layers: the variables and penalties of a layer and of the layers that it holds."""

    name: str
    _dtype_policy: DTypePolicy
    _trainable: bool
    _losses: list[Tensor]
    _require_init: Any

    @entry
    def add_weight(
        self,
        *args: Any,
        shape: ShapeLike | None = None,
        initializer: InitializerLike | None = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: RegularizerLike | None = None,
        constraint: ConstraintLike | None = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer, in `__init__` or `build`. shape, initializer and dtype may be given by
        position.

        Args:
            args: shape, initializer and dtype, in this order.
            shape: the lengths, all known; None: a scalar.
            initializer: how it begins; None: glorot_uniform for floats, zeros for others.
            dtype: its dtype; None: the layer's variable_dtype.
            trainable: whether training changes it.
            autocast: whether it is read in the dtype of the computation.
            regularizer: the penalty on it in the loss; None: none.
            constraint: what brings it back into bounds after each update; None: nothing.
            aggregation: how replicas are brought together: 'none', 'mean', 'sum' or 'only_first_replica'; noted,
                and read by nothing in one process.
            overwrite_with_gradient: whether an optimizer puts the gradient in its place.
            name: its name, without "/".

        Returns: the Variable.

        Raises:
            ValueError: an argument is given twice, the name has a "/" or stands without its keyword, or the layer
                is built.
            ShapeError: `shape` is no shape of known lengths.
            TypeError: more than three are given by position.

        >>> from narae.layers import Layer
        >>> layer = Layer()
        >>> layer.add_weight((2, 3), "zeros", name="w").shape
        (2, 3)
        """
        self._require_init()
        given = {"shape": shape, "initializer": initializer, "dtype": dtype}
        shape, initializer, dtype = _by_position(args, given)
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"a weight's name is a string without '/', got {name!r}")
        if "_locked" in self.__dict__ and not being_made(self):
            raise ValueError(
                f"{type(self).__name__} is built: the weight {name!r} comes too late to be trained or saved with "
                "it. Call add_weight in __init__ or build, and use the weight in call"
            )
        dtype = self.variable_dtype if dtype is None else standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_float(dtype) else "zeros"
        lengths = _weight_shape(shape, self.name)
        with name_scope(self.name, self):
            variable = Variable(
                initializers.get(initializer),
                lengths,
                dtype,
                trainable,
                autocast,
                "none" if aggregation is None else aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._added_weights().append(variable)
        return variable

    def add_variable(
        self, shape: ShapeLike, initializer: InitializerLike, *args: Any, **kwargs: Any
    ) -> Variable:
        """`add_weight` by its older name."""
        return self.add_weight(shape, initializer, *args, **kwargs)

    def add_metric(self, *_: object, **__: Any) -> None:
        """Not in Keras 3. Raises NotImplementedError."""
        raise NotImplementedError(
            "Layer.add_metric is not in Keras 3: give metrics to compile(metrics=[...]), or make one in __init__ and "
            "call its update_state"
        )

    def _added_weights(self) -> list[Variable]:
        if "_added" not in self.__dict__:
            self._added: list[Variable] = []
        return self._added

    @property
    def trainable(self) -> bool:
        """Whether the layer's variables are trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        changes.note()
        self._train_own_variables(self._trainable)
        for layer in self._layers:
            layer.trainable = value

    def _train_own_variables(self, value: bool) -> None:
        for variable in self._trainable_variables:  # what was created as state stays so
            variable.trainable = value

    def _ordered(self) -> list[Variable]:
        """Own variables, trained ones first, as Keras lists and saves them."""
        return self._trainable_variables + self._non_trainable_variables

    @property
    def weights(self) -> list[Variable]:
        """All variables but the metrics' and the seed generators'."""
        found = self._ordered()
        for layer in self._layers:
            found += layer.weights
        return unique(found)

    @property
    def variables(self) -> list[Variable]:
        """All variables, the seed generators' included."""
        found = self._ordered() + [g.state for g in self._seed_generators]
        for layer in self._layers:
            found += layer.variables
        return unique(found)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list[Any]:
        """The metrics held by this layer and those below it."""
        found = list(self._metrics)
        for layer in self._layers:
            found += layer.metrics
        return found

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of `metrics`."""
        return [v for metric in self.metrics for v in metric.variables]

    # -- dtypes ------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> DTypePolicy:
        """What the layer computes in, and keeps its variables in."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: DTypePolicyLike | None) -> None:
        self._dtype_policy = policy_of(value)

    @property
    def dtype(self) -> str:
        """The dtype of the variables."""
        return self.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation."""
        return self.dtype_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables."""
        return self.dtype_policy.variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs of a call are cast to."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> str | None:
        """None: narae has no quantized layers."""
        return self.dtype_policy.quantization_mode

    # -- losses ------------------------------------------------------------------------------

    def add_loss(self, loss: Tensors) -> None:
        """Add a scalar tensor, or several, to the loss of the training step, from within `call`.

        Args:
            loss: a scalar tensor that was computed from the inputs, or a list of them.

        Raises:
            ValueError: it is no tensor.
        """
        for leaf in trees.flatten(loss):
            if not isinstance(leaf, (Tensor, np.ndarray, np.generic)):
                raise ValueError(
                    f"add_loss of {self.name!r} takes tensors that were computed from the inputs, got {leaf!r:.60}"
                )
            self._losses.append(as_tensor(leaf))

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses = []

    @property
    def losses(self) -> list[Tensor]:
        """Penalties of this call: what `add_loss` was given, and the weights' regularizers."""
        found: list[Tensor] = []
        for layer in self._flatten_layers():
            found += layer._losses
        for variable in self.trainable_weights:
            if variable.regularizer is not None:
                found.append(variable.regularizer(variable.value))
        return found


def _by_position(args: tuple[Any, ...], given: dict[str, Any]) -> list[Any]:
    """shape, initializer and dtype of add_weight, by position or by name."""
    if len(args) > len(given):
        raise TypeError(
            f"add_weight takes {', '.join(given)} by position and all else by name, got {len(args)} by position"
        )
    if args and isinstance(args[0], str):
        raise ValueError(
            f"add_weight takes a name by its keyword: add_weight(shape=..., name={args[0]!r})"
        )
    for name, value in zip(given, args, strict=False):
        if given[name] is not None:
            raise ValueError(f"add_weight got `{name}` twice: by position and by name")
        given[name] = value
    return list(given.values())


def _weight_shape(shape: ShapeLike | None, layer: str) -> tuple[int, ...]:
    """A weight's lengths. Raises ShapeError for what is no shape, and for unknown lengths."""
    if shape is None:
        return ()
    lengths: Any = (
        tuple(shape) if isinstance(shape, Iterable) and not isinstance(shape, str) else None
    )
    if lengths is None or not all(hasattr(n, "__index__") and n >= 0 for n in lengths):
        raise ShapeError(f"a weight of {layer!r} needs a known shape, like (3, 4), got {shape!r}")
    return tuple(int(n) for n in lengths)
