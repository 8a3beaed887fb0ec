"""SwapEMAWeights: test by the moving averages of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from narae.callbacks.base import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluates with the moving averages of the weights that the optimizer keeps (use_ema=True).

    The averages take the weights' places while the model is tested or predicts, and for good at the
    end of training.

    Args:
        swap_on_epoch: whether they do so from the end of an epoch to the beginning of the next too: what
            checkpoints save are then the averages.

    Raises:
        ValueError: the optimizer keeps no averages, when training begins.

    >>> swap = SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._kept: list[np.ndarray] | None = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        """(weight, average) of each trainable weight."""
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if optimizer is None or not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer. "
                "Received: "
                f"optimizer={type(optimizer).__name__}"
            )
        weights = self.model.trainable_variables if optimizer.built else []
        return [(v, optimizer._averages[optimizer._index[id(v)]]) for v in weights]

    def _to_averages(self) -> None:
        if self._kept is None:
            pairs = self._pairs()
            # Kept here rather than in the averages' places: what `fit` does at its end, putting the
            # averages where the weights are, stays right at any time.
            self._kept = [np.array(weight) for weight, _ in pairs]
            for weight, average in pairs:
                weight.assign(np.array(average))

    def _to_weights(self) -> None:
        if self._kept is not None:
            for (weight, _), kept in zip(self._pairs(), self._kept, strict=True):
                weight.assign(kept)
            self._kept = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """See that there are averages."""
        self._pairs()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Train on the weights."""
        self._to_weights()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Checkpoints see the averages."""
        if self.swap_on_epoch:
            self._to_averages()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """`fit` has put the averages in the weights' places, for good."""
        self._kept = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Test the averages."""
        self._to_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Back to the weights."""
        self._to_weights()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Predict by the averages."""
        self._to_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Back to the weights."""
        self._to_weights()
