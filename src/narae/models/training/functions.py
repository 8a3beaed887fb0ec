"""The steps of a model as functions: over an iterator of batches, and of the variables' values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from narae.base import trees
from narae.base.language import tr
from narae.engine.variable import standing
from narae.models.data.streams import batch_of
from narae.models.training.step_programs import StepPrograms, as_floats
from narae.models.training.steps import Steps
from narae.models.training.trainable import Kind

if TYPE_CHECKING:
    from narae.base.types import TensorLike, Tensors
    from narae.engine.variable import Variable
    from narae.tensor.tensor import Tensor


Values: TypeAlias = "Sequence[TensorLike]"  # of a list of variables, in its order


class StepFunction:
    """A compiled step, run on the next batch of an iterator: logs by name, or what the model predicts.

    kind: "train", "test" or "predict". Batches are x, (x, y) or (x, y, sample_weight); as many are taken as
    `steps_per_execution` says, where there are so many.
    """

    def __init__(self, model: StepFunctions, kind: Kind) -> None:
        self._model = model
        self._kind: Kind = kind

    def __call__(self, iterator: Iterator[object]) -> Any:
        results = [self._step(next(iterator))]
        for _ in range(self._model.steps_per_execution - 1):
            item = next(iterator, None)
            if item is None:
                break
            results.append(self._step(item))
        return results if self._kind == "predict" and len(results) > 1 else results[-1]

    def _step(self, item: object) -> Any:
        take = owned if self._kind == "predict" else as_floats
        programs = self._model._step_programs()
        programs.refresh()
        return programs.run(self._kind, batch_of(item, None), take)


class StepFunctions(Steps):
    """The part of a Model that gives its steps as functions."""

    def make_train_function(self, force: bool = False) -> StepFunction:
        """`train_function`: one step of training on the next batch of an iterator. `fit` makes it too.

        Args:
            force: whether another is made where there is one.

        Returns:
            A function of an iterator of batches, which gives the logs by name.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> sorted(model.make_train_function()(iter([(np.ones((4, 2)), np.ones((4, 1)))])))
        ['loss']
        """
        return self._step_function("train", force)

    def make_test_function(self, force: bool = False) -> StepFunction:
        """`test_function`: loss and metrics of the next batch of an iterator. `evaluate` makes it too.

        Args:
            force: whether another is made where there is one.

        Returns:
            A function of an iterator of batches, which gives the logs by name.
        """
        return self._step_function("test", force)

    def make_predict_function(self, force: bool = False) -> StepFunction:
        """`predict_function`: the outputs for the next batch of an iterator. `predict` makes it too.

        Args:
            force: whether another is made where there is one.

        Returns:
            A function of an iterator of batches, which gives the outputs.
        """
        return self._step_function("predict", force)

    def _step_programs(self) -> StepPrograms:
        """The steps as programs, which are compiled when they are first run."""
        state = self._compile_state
        if state.programs is None:
            state.programs = StepPrograms(self)
        return state.programs

    def _step_function(self, kind: Kind, force: bool = False) -> StepFunction:
        """The step of a kind as a function: the one that there is, or with `force` another. Raises
        NotImplementedError where a subclass makes it in a way of its own."""
        name = f"{kind}_function"
        make = getattr(type(self), f"make_{name}")
        if make is not getattr(StepFunctions, f"make_{name}"):
            raise NotImplementedError(
                tr(
                    "{kind} has a make_{name} of its own, which narae's loops do not run: they compile "
                    "{kind2}_step. Override that one",
                    kind=type(self).__name__,
                    name=name,
                    kind2=kind,
                )
            )
        if self.__dict__.get(name) is None or force:
            self.__dict__[name] = StepFunction(self, kind)  # no setting of the model's
        return self.__dict__[name]

    def stateless_compute_loss(
        self,
        trainable_variables: Values,
        non_trainable_variables: Values,
        metrics_variables: Values,
        x: Tensors | None = None,
        y: Tensors | None = None,
        y_pred: Tensors | None = None,
        sample_weight: Tensors | None = None,
        training: bool = True,
    ) -> tuple[Tensor, tuple[Values, list[Tensor], list[Tensor]]]:
        """`compute_loss` with these values of the variables, which stay as they are.

        Args:
            trainable_variables: a value for each of `trainable_variables`, in their order; gradients go through them.
            non_trainable_variables: the same for `non_trainable_variables`.
            metrics_variables: the same for `metrics_variables`.
            x: as for `compute_loss`.
            y: as for `compute_loss`.
            y_pred: as for `compute_loss`.
            sample_weight: as for `compute_loss`.
            training: as for `compute_loss`.

        Returns:
            The loss, and the values of the three lists of variables after it.

        Raises:
            ValueError: values are more or fewer than variables.
        """
        other, counted = self.non_trainable_variables, self.metrics_variables
        with standing(
            [
                *_pairs("trainable", self.trainable_variables, trainable_variables),
                *_pairs("non-trainable", other, non_trainable_variables),
                *_pairs("metrics", counted, metrics_variables),
            ]
        ):
            loss = self._computed_loss(x, y, y_pred, sample_weight, training=training)
            after = [v.own_value for v in other], [v.own_value for v in counted]
        return loss, (trainable_variables, *after)

    def compute_loss_and_updates(
        self,
        trainable_variables: Values,
        non_trainable_variables: Values,
        metrics_variables: Values,
        x: Tensors,
        y: Tensors | None,
        sample_weight: Tensors | None,
        training: bool = False,
        optimizer_variables: Values | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensors, list[Tensor], list[Tensor]]]:
        """The loss of a call with these values of the variables: for `narae.value_and_grad(..., has_aux=True)`.

        Args:
            trainable_variables: a value for each of `trainable_variables`, in their order; gradients go through them.
            non_trainable_variables: the same for `non_trainable_variables`.
            metrics_variables: the same for `metrics_variables`.
            x: the inputs of a batch.
            y: its targets.
            sample_weight: the weight of each sample, or None.
            training: whether layers run as in training, and the loss is scaled as the optimizer scales it.
            optimizer_variables: values of the optimizer's variables, of which the scale may depend; None: its own.

        Returns:
            The loss, and (the loss as it is, the outputs, the values of the non-trainable and of the metrics' variables
            after it).

        Raises:
            ValueError: values are more or fewer than variables.
        """
        y_pred, after = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        loss, (_, after, counted) = self.stateless_compute_loss(
            *(trainable_variables, after, metrics_variables),
            *(x, y, y_pred, sample_weight, training),
        )
        scaled = loss
        if training and self.optimizer is not None:
            own = self.optimizer.variables if optimizer_variables is not None else []
            with standing(_pairs("optimizer", own, optimizer_variables or [])):
                scaled = self.optimizer.scale_loss(loss)
        return scaled, (loss, y_pred, after, counted)


def owned(outputs: Tensors) -> Tensors:
    """Outputs of a step as arrays of their own."""
    return trees.map_tree(lambda a: np.array(a), outputs)


def _pairs(
    what: str, variables: Sequence[Variable], values: Values
) -> list[tuple[Variable, TensorLike]]:
    if len(variables) != len(values):
        raise ValueError(
            tr(
                "there are {count} {what} variables, got {count2} values: pass one for each of {value}",
                count=len(variables),
                what=what,
                count2=len(values),
                value=[v.path for v in variables],
            )
        )
    return [(v, getattr(value, "own_value", value)) for v, value in zip(variables, values)]
