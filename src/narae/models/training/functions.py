"""The steps of a model as functions: over an iterator of batches, and of the variables' values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from narae.base import trees
from narae.engine.variable import standing
from narae.models.data.streams import batch_of
from narae.models.training.steps import as_floats


class StepFunction:
    """A compiled step, run on the next batch of an iterator: logs by name, or what the model predicts.

    kind: "train", "test" or "predict". Batches are x, (x, y) or (x, y, sample_weight); as many are taken as
    `steps_per_execution` says, where there are so many.
    """

    def __init__(self, model: Any, kind: str) -> None:
        self._model, self._kind = model, kind

    def __call__(self, iterator: Iterator[Any]) -> Any:
        results = [self._step(next(iterator))]
        for _ in range(self._model.steps_per_execution - 1):
            item = next(iterator, None)
            if item is None:
                break
            results.append(self._step(item))
        return results if self._kind == "predict" and len(results) > 1 else results[-1]

    def _step(self, item: Any) -> Any:
        take = owned if self._kind == "predict" else as_floats
        steps = self._model._steps()
        steps.refresh()
        return steps.run(self._kind, batch_of(item, None), take)


class Functions:
    """The part of a Model that gives its steps as functions."""

    train_function: Any
    test_function: Any
    predict_function: Any

    def make_train_function(self, force: bool = False) -> Any:
        """`train_function`: one step of training on the next batch of an iterator. `fit` makes it too.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> sorted(model.make_train_function()(iter([(np.ones((4, 2)), np.ones((4, 1)))])))
        ['loss']
        """
        return self._made("train", force)

    def make_test_function(self, force: bool = False) -> Any:
        """`test_function`: loss and metrics of the next batch of an iterator. `evaluate` makes it too."""
        return self._made("test", force)

    def make_predict_function(self, force: bool = False) -> Any:
        """`predict_function`: the outputs for the next batch of an iterator. `predict` makes it too."""
        return self._made("predict", force)

    def _made(self, kind: str, force: bool = False) -> Any:
        name = f"{kind}_function"
        make = getattr(type(self), f"make_{name}")
        if make is not getattr(Functions, f"make_{name}"):
            raise NotImplementedError(
                f"{type(self).__name__} has a make_{name} of its own, which narae's loops do not run: they compile "
                f"{kind}_step. Override that one"
            )
        if self.__dict__.get(name) is None or force:
            self.__dict__[name] = StepFunction(self, kind)  # no setting of the model's
        return self.__dict__[name]

    def stateless_compute_loss(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Any, Any, Any]]:
        """`compute_loss` with these values of the variables, which stay as they are.

        Returns the loss, and the values of the three lists of variables after it.
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
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any,
        y: Any,
        sample_weight: Any,
        training: bool = False,
        optimizer_variables: Sequence[Any] | None = None,
    ) -> tuple[Any, tuple[Any, Any, Any, Any]]:
        """The loss of a call with these values of the variables: for `narae.value_and_grad(..., has_aux=True)`.

        In training it is scaled as the optimizer scales it. Returns the loss, and (the loss as it is, the
        outputs, the values of the non-trainable and of the metrics' variables after it).
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


def owned(outputs: Any) -> Any:
    """Outputs of a step as arrays of their own."""
    return trees.map_tree(lambda a: np.array(a), outputs)


def _pairs(what: str, variables: Sequence[Any], values: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(variables) != len(values):
        raise ValueError(
            f"there are {len(variables)} {what} variables, got {len(values)} values: pass one for each of "
            f"{[v.path for v in variables]}"
        )
    return [(v, getattr(value, "own_value", value)) for v, value in zip(variables, values)]
