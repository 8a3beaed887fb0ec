"""Trainer: fit, evaluate and predict. What they are made of lies below: `compiling`, `steps`, `functions`, `loops`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from narae.base.errors import entry, unknown_arguments
from narae.base.language import tr
from narae.models.training import compiled_call, loops
from narae.models.training.checks import FitOptions
from narae.models.training.functions import StepFunctions
from narae.tensor.masks import any_mask, masks_of

if TYPE_CHECKING:
    import numpy as np

    from narae.base.types import Tensors
    from narae.callbacks import History
    from narae.models.data.batches import ClassWeights, DataLike, Shuffle
    from narae.models.training.checks import Callbacks, Verbose

    # A number alone, a list in the order of `metrics_names`, or a dict by name: arguments and metrics say which, and
    # a checker that does not know them would refuse each use.
    Evaluated: TypeAlias = Any
    # An array; a nest of them for a model of several outputs, whose uses a checker takes of an array too.
    Predicted: TypeAlias = np.ndarray


class Trainer(StepFunctions):
    """The training half of a Model."""

    _gives_masks = False  # whether an output of a call had a mask

    @entry
    def fit(
        self,
        x: DataLike = None,
        y: DataLike = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Callbacks = None,
        validation_split: float = 0.0,
        validation_data: DataLike = None,
        shuffle: Shuffle = True,
        class_weight: ClassWeights | None = None,
        sample_weight: DataLike = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
    ) -> History:
        """Train for `epochs` passes over the data. Ctrl-C ends it with the model usable and `model.history` up to
        there.

        Args:
            x: arrays (samples, ...) or nests of them as the model's inputs; or what gives batches, each x, (x, y)
                or (x, y, sample_weight): a generator, a PyDataset, a DataLoader, any iterable.
            y: the targets, (samples, ...), in a nest like the outputs'; None where x gives batches.
            batch_size: samples of a step; None: 32. Batches that come ready-made keep theirs.
            epochs: passes over the data; the number of the last epoch, where `initial_epoch` is not 0.
            verbose: 0 (silent), 1 (a progress bar), 2 (a line for each epoch), "auto" (1).
            callbacks: a Callback or a list of them; a CallbackList is used as it is.
            validation_split: the share of the samples, from the end of the arrays, to validate by and not to
                train on.
            validation_data: (x, y), (x, y, sample_weight), or what gives batches, to validate by.
            shuffle: whether samples come in another order in each epoch; "batch": whole batches change places.
            class_weight: label -> weight of its samples in the loss; labels that are not named weigh 1.
            sample_weight: the weight of each sample in the loss, (samples,); of each step of sequences
                (samples, steps).
            initial_epoch: the number of the first epoch: earlier ones were trained before.
            steps_per_epoch: batches of an epoch; None: all. Epochs go on in the data where the one before ended.
            validation_steps: batches of a validation; None: all.
            validation_batch_size: samples of a step of validation; None: as `batch_size`.
            validation_freq: epochs from one validation to the next, or the numbers (from 1) of epochs to validate
                after.

        Returns:
            The History: `history.history` has a list for each metric, one value for each epoch.

        Raises:
            ValueError: the model is not compiled, data do not fit the model, the loss or each other, or an
                argument has no meaning.
            NotImplementedError: a subclass has a `make_train_function` of its own.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=3, verbose=0)
        >>> len(history.history["loss"])
        3
        """
        self._require_compiled("fit")
        options = FitOptions(
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
        )
        self._step_function("train")
        return loops.fit(self._step_programs(), x, y, sample_weight, options)

    @entry
    def evaluate(
        self,
        x: DataLike = None,
        y: DataLike = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: DataLike = None,
        steps: int | None = None,
        callbacks: Callbacks = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Evaluated:
        """The loss and metrics over data, without training.

        Args:
            x: arrays (samples, ...), or what gives batches, as in `fit`.
            y: the targets; None where x gives batches.
            batch_size: samples of a step; None: 32.
            verbose: 0 (silent), 1 (a progress bar), 2 (one line), "auto" (1).
            sample_weight: the weight of each sample, (samples,).
            steps: batches to evaluate; None: all.
            callbacks: a Callback or a list of them, whose hooks of tests are called.
            return_dict: whether the result is a dict by name.

        Returns:
            The loss alone where there is no other metric; a list in the order of `metrics_names`; or a dict.

        Raises:
            ValueError: the model is not compiled, data do not fit, or an argument is unknown.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> model.evaluate(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
        1.0
        """
        if kwargs:
            raise unknown_arguments("evaluate", kwargs, Trainer.evaluate)
        self._require_compiled("evaluate")
        programs = self._step_programs()
        logs = loops.evaluate(programs, x, y, sample_weight, batch_size, verbose, steps, callbacks)
        return logs if return_dict else loops.flat(self, logs)

    @entry
    def predict(
        self,
        x: DataLike,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: int | None = None,
        callbacks: Callbacks = None,
    ) -> Predicted:
        """The model's outputs for all of the data.

        Args:
            x: arrays (samples, ...), or what gives batches, as in `fit`.
            batch_size: samples of a step; None: 32.
            verbose: 0 (silent), 1 (a progress bar), 2 (one line), "auto" (1).
            steps: batches to predict; None: all.
            callbacks: a Callback or a list of them, whose hooks of predict are called.

        Returns:
            A NumPy array (samples, ...) for each output, in the structure of the outputs.

        Raises:
            ValueError: the data do not fit the model, or there are none.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
        >>> model.predict(np.ones((8, 2)), verbose=0).shape
        (8, 1)
        """
        self._step_function("predict")
        outputs = loops.predict(self._step_programs(), x, batch_size, verbose, steps, callbacks)
        return cast("Predicted", outputs)

    @entry
    def train_on_batch(
        self,
        x: DataLike,
        y: DataLike = None,
        sample_weight: DataLike = None,
        class_weight: ClassWeights | None = None,
        return_dict: bool = False,
    ) -> Evaluated:
        """One training step on one batch.

        Args:
            x: arrays (samples, ...) or nests of them: one batch.
            y: its targets.
            sample_weight: the weight of each sample, (samples,).
            class_weight: label -> weight of its samples.
            return_dict: whether the result is a dict by name.

        Returns:
            The batch's loss and metrics, before the step: as `evaluate` gives them.

        Raises:
            ValueError: the model is not compiled, or data do not fit.
        """
        self._require_compiled("train_on_batch")
        self._step_function("train")
        logs = loops.on_batch(self._step_programs(), "train", x, y, sample_weight, class_weight)
        return logs if return_dict else loops.flat(self, logs)

    @entry
    def test_on_batch(
        self,
        x: DataLike,
        y: DataLike = None,
        sample_weight: DataLike = None,
        return_dict: bool = False,
    ) -> Evaluated:
        """The loss and metrics of one batch, without training.

        Args:
            x: arrays (samples, ...) or nests of them: one batch.
            y: its targets.
            sample_weight: the weight of each sample, (samples,).
            return_dict: whether the result is a dict by name.

        Returns:
            As `evaluate` gives them.

        Raises:
            ValueError: the model is not compiled, or data do not fit.
        """
        self._require_compiled("test_on_batch")
        self._step_function("test")
        logs = loops.on_batch(self._step_programs(), "test", x, y, sample_weight)
        return logs if return_dict else loops.flat(self, logs)

    @entry
    def predict_on_batch(self, x: DataLike) -> Predicted:
        """The model's outputs for one batch.

        Args:
            x: arrays (samples, ...) or nests of them: one batch.

        Returns:
            A NumPy array (samples, ...) for each output, in the structure of the outputs.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((2,)), narae.layers.Dense(1)])
        >>> model.predict_on_batch(np.ones((3, 2))).shape
        (3, 1)
        """
        self._step_function("predict")
        return loops.on_batch(self._step_programs(), "predict", x)

    def _require_compiled(self, what: str) -> None:
        if not self.compiled:
            raise ValueError(
                tr(
                    'You must call `compile()` before `{what}()`: model.compile(optimizer="rmsprop", '
                    "loss=..., metrics=[...])",
                    what=what,
                )
            )

    def _by_program(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensors | None:
        """The outputs of a call by the compiled predict step; None where the model is to be called as it is."""
        plain = self.built and not self._gives_masks
        array = compiled_call.array_of(args, kwargs) if plain else None
        return None if array is None else self._step_programs().call(array, compiled_call.owned)

    def _noted(self, outputs: Any) -> Any:
        """The outputs of a call. A compiled step gives numbers alone: not masks."""
        if any_mask(masks_of(outputs)):
            self.__dict__["_gives_masks"] = True
        return outputs
