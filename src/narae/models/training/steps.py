"""The steps of a model: what one batch does in training, testing and predicting. Subclasses may write their own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from narae import ops
from narae.base import trees
from narae.base.dtypes import is_float
from narae.base.language import tr
from narae.base.settings import floatx
from narae.engine.tape import GradientTape
from narae.models.training.compiling import Compiling
from narae.utils.batches import unpack_x_y_sample_weight

if TYPE_CHECKING:
    from narae.base.types import Tensors
    from narae.metrics import Metric
    from narae.models.training.trainable import Logs
    from narae.tensor.tensor import Tensor


class Steps(Compiling):
    """The part of a Model that is done for each batch."""

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of training: the mean loss, what `compile` was given (as one), the outputs' own
        losses, the model's and its layers' own."""
        state = self._compile_state
        found: list[Metric] = [] if state.loss_tracker is None else [state.loss_tracker]
        found += [] if state.metrics is None else [state.metrics]
        found += state.loss.trackers() if state.loss is not None else []
        known = {id(metric) for metric in found}
        return found + [m for m in self._metrics_below(Steps) if id(m) not in known]

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> Logs:
        """The metrics' present results by name.

        Raises:
            ValueError: a compiled metric has seen no batch yet.
        """
        logs: Logs = {}
        for metric in self.metrics:
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {metric.name: result})
        return logs

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The scalar to minimize: the compiled loss plus the layers' penalties.

        Args:
            x: the batch's inputs, (samples, ...) or a nest of them; not read here, for subclasses.
            y: its targets, one for each output that has a loss.
            y_pred: the model's outputs for x.
            sample_weight: a weight for each sample, (samples,), or one such for each output.
            training: whether the loss is trained by: then there must be one.

        Returns:
            A tensor of shape (); zero where there is no loss and none is needed.

        Raises:
            ValueError: there is no loss to train by, or no y for a compiled one.
        """
        found = []
        if self._compile_state.loss is not None:
            if y is None:
                raise ValueError(
                    tr(
                        "{name!r} is compiled with the loss {loss!r} and got no y: pass the targets, or compile "
                        "it without a loss if layers add theirs",
                        name=self.name,
                        loss=self.loss,
                    )
                )
            outputs: Any = y_pred
            found.append(self._compile_state.loss(y, outputs, sample_weight))
        found += [_scalar(loss) for loss in self.losses]
        if not found and training:
            raise ValueError(
                tr(
                    "there is no loss to compute: give compile(loss=...) one and fit(x, y) its targets, or "
                    "call add_loss in a layer"
                )
            )
        if not found:
            return ops.zeros(())
        return found[0] if len(found) == 1 else sum(found[1:], found[0])

    def _computed_loss(
        self,
        x: Tensors | None,
        y: Tensors | None,
        y_pred: Tensors | None,
        sample_weight: Tensors | None,
        training: bool,
    ) -> Tensor:
        """`compute_loss`, also where a subclass has written it without `training`."""
        takes = inspect.signature(self.compute_loss).parameters
        several = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values())
        mode: dict[str, Any] = {"training": training} if "training" in takes or several else {}
        return self.compute_loss(x, y, y_pred, sample_weight, **mode)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Update the compiled metrics with a batch; the results of all metrics by name.

        Args:
            x: the batch's inputs; not read here, for subclasses.
            y: its targets, one for each output that has a metric.
            y_pred: the model's outputs for x.
            sample_weight: a weight for each sample, which weighted metrics count.

        Returns:
            The results by name.
        """
        if self._compile_state.metrics is not None:
            self._compile_state.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> Logs:
        """One step of gradient descent on a batch; the metrics by name.

        Args:
            data: x, (x, y) or (x, y, sample_weight), as `fit` was given them.

        Returns:
            The metrics by name.

        Raises:
            ValueError: the model was compiled without an optimizer.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._computed_loss(x, y, y_pred, sample_weight, training=True)
            if self.optimizer is None:
                raise ValueError(
                    tr(
                        "{name!r} was compiled with optimizer=None: it cannot be trained",
                        name=self.name,
                    )
                )
            weights = self.trainable_weights
            if weights and not self.optimizer.built:  # its state has a part in the scale
                self.optimizer.build(weights)
            scaled = self.optimizer.scale_loss(loss)
        self._track(loss, x)
        if weights:
            gradients = tape.gradient(scaled, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Logs:
        """The loss and metrics of a batch, without training.

        Args:
            data: x, (x, y) or (x, y, sample_weight), as `evaluate` was given them.

        Returns:
            The loss and metrics by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._track(self._computed_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Tensors:
        """The model's outputs for a batch.

        Args:
            data: x, as `predict` was given it; y and sample_weight beside it are left aside.

        Returns:
            The outputs, in the model's structure.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def _track(self, loss: Tensor, x: Tensors) -> None:
        """The mean loss, each batch counted by its samples; and the batch's own loss, by which NaN is seen."""
        leaf = next((t for t in trees.flatten(x) if t is not None), None)
        size = leaf.shape[0] if leaf is not None and leaf.shape else 1
        if self._compile_state.loss_tracker is not None:
            self._compile_state.loss_tracker.update_state(loss, sample_weight=float(size))


def _scalar(loss: Tensor) -> Tensor:
    """A penalty as one number."""
    return ops.sum(ops.cast(loss, floatx()) if not is_float(loss.dtype) else loss)
