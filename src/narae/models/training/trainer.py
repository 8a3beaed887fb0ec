"""Trainer: compile, fit, evaluate, predict, and the steps they are made of."""

from __future__ import annotations

import inspect
from typing import Any

from narae import ops
from narae.base import trees
from narae.base.dtypes import is_float
from narae.base.settings import floatx
from narae.engine.tape import GradientTape
from narae.models.training import loops
from narae.models.training.compiling import Compiling
from narae.models.training.functions import Functions
from narae.models.training.steps import Steps
from narae.utils.batches import unpack_x_y_sample_weight


class Trainer(Compiling, Functions):
    """The training half of a Model."""

    @property
    def metrics(self) -> list[Any]:
        """The metrics of training: the mean loss, what `compile` was given (as one), the outputs' own
        losses, the model's and its layers' own."""
        state = self._trained
        found = [] if state.loss_tracker is None else [state.loss_tracker]
        found += [] if state.metrics is None else [state.metrics]
        found += state.loss.trackers() if state.loss is not None else []
        layers = self._flatten_layers(include_self=False)  # type: ignore[attr-defined]
        own = [self, *(layer for layer in layers if not isinstance(layer, Trainer))]
        for layer in own:
            found += [m for m in layer._metrics if all(m is not known for known in found)]
        return found

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' present results by name. Raises ValueError for compiled metrics that have seen
        no batch yet."""
        logs: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {metric.name: result})
        return logs

    # -- steps, which subclasses may override -----------------------------------------------------

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The scalar to minimize: the compiled loss plus the layers' penalties.

        Raises ValueError where there is none to train by, or no y for a compiled loss.
        """
        found = []
        if self._trained.loss is not None:
            if y is None:
                raise ValueError(
                    f"{self.name!r} is compiled with the loss {self.loss!r} and got no y: pass the "
                    "targets, or compile it without a loss if layers add theirs"
                )
            found.append(self._trained.loss(y, y_pred, sample_weight))
        found += [_scalar(loss) for loss in self.losses]  # type: ignore[attr-defined]
        if not found and training:
            raise ValueError(
                "there is no loss to compute: give compile(loss=...) one and fit(x, y) its targets, or call "
                "add_loss in a layer"
            )
        if not found:
            return ops.zeros(())
        return found[0] if len(found) == 1 else sum(found[1:], found[0])

    def _computed_loss(self, *data: Any, training: bool) -> Any:
        """`compute_loss`, also where a subclass has written it without `training`."""
        takes = inspect.signature(self.compute_loss).parameters
        several = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values())
        mode = {"training": training} if "training" in takes or several else {}
        return self.compute_loss(*data, **mode)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the compiled metrics with a batch; all results by name."""
        if self._trained.metrics is not None:
            self._trained.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent on a batch: x, (x, y) or (x, y, sample_weight); the metrics by
        name."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._computed_loss(x, y, y_pred, sample_weight, training=True)
            if self.optimizer is None:
                raise ValueError(
                    f"{self.name!r} was compiled with optimizer=None: it cannot be trained"
                )
            weights = self.trainable_weights  # type: ignore[attr-defined]
            if weights and not self.optimizer.built:  # its state has a part in the scale
                self.optimizer.build(weights)
            scaled = self.optimizer.scale_loss(loss)
        self._track(loss, x)
        if weights:
            gradients = tape.gradient(scaled, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss and metrics of a batch, without training."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._track(self._computed_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The model's outputs for a batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def _track(self, loss: Any, x: Any) -> None:
        """The mean loss, each batch counted by its samples; and the batch's own loss, which tells of NaN."""
        leaf = next((t for t in trees.flatten(x) if t is not None), None)
        size = leaf.shape[0] if leaf is not None and leaf.shape else 1
        self._trained.loss_tracker.update_state(loss, sample_weight=float(size))

    # -- loops -------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train for `epochs` passes over the data; the History of losses and metrics.

        x, y: arrays (or nests of them), or x alone a generator, PyDataset, DataLoader or any iterable of
        batches. Ctrl-C ends it with the model usable and `model.history` up to there.
        Raises ValueError for data that does not fit, RuntimeError before `compile`.
        """
        self._require_compiled("fit")
        for name, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            if isinstance(value, bool) or not hasattr(value, "__index__") or value < 0:
                raise ValueError(f"{name} is a whole number of at least 0, got {value!r}")
        return loops.fit(
            self,
            x,
            y,
            sample_weight,
            loops.FitOptions(
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
            ),
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics over data: a number, a list in the order of `metrics_names`, or a dict."""
        if kwargs:
            raise ValueError(f"evaluate got unknown arguments: {sorted(kwargs)}")
        self._require_compiled("evaluate")
        logs = loops.evaluate(self, x, y, sample_weight, batch_size, verbose, steps, callbacks)
        return logs if return_dict else loops.flat(self, logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for all of the data, as NumPy arrays."""
        return loops.predict(self, x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on one batch; the metrics so far."""
        self._require_compiled("train_on_batch")
        return loops.on_batch(self, "train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and metrics of one batch."""
        self._require_compiled("test_on_batch")
        return loops.on_batch(self, "test", x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch, as NumPy arrays."""
        return loops.on_batch(self, "predict", x, None, None, None, True)

    def _require_compiled(self, what: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before `{what}()`: "
                'model.compile(optimizer="rmsprop", loss=..., metrics=[...])'
            )

    def _steps(self) -> Steps:
        if self._trained.steps is None:
            self._trained.steps = Steps(self)
        return self._trained.steps


def _scalar(loss: Any) -> Any:
    """A penalty as one number."""
    return ops.sum(ops.cast(loss, floatx()) if not is_float(loss.dtype) else loss)
