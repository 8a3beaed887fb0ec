"""What training asks of a model: all that the files of this room know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from narae.base.types import Tensors
    from narae.callbacks import History
    from narae.engine.variable import Variable
    from narae.layers.base import Layer
    from narae.metrics import Mean, Metric
    from narae.models.training.compiled_loss import CompiledLoss
    from narae.models.training.compiled_metrics import CompiledMetrics
    from narae.optimizers import Optimizer
    from narae.tensor.tensor import Tensor

Kind: TypeAlias = Literal["train", "test", "predict"]  # of step
Logs: TypeAlias = "dict[str, Any]"  # losses and metrics by name: numbers, or arrays


class Compiled(Protocol):
    """What `compile` made."""

    loss: CompiledLoss | None
    metrics: CompiledMetrics | None
    loss_tracker: Mean | None
    config: dict[str, Any]
    looked_at_ending: bool


class Trainable(Protocol):
    """A model as its training sees it. The three steps are the model's own, and a subclass may write them."""

    name: str
    built: bool
    optimizer: Optimizer  # None before `compile`
    history: History  # None before `fit`
    run_eagerly: bool
    steps_per_execution: int
    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool

    @property
    def _compile_state(self) -> Compiled: ...

    @property
    def variables(self) -> list[Variable]: ...

    @property
    def trainable_weights(self) -> list[Variable]: ...

    @property
    def losses(self) -> list[Tensor]: ...

    @property
    def metrics(self) -> Sequence[Metric]: ...

    def train_step(self, data: Tensors) -> Mapping[str, Any]: ...

    def test_step(self, data: Tensors) -> Mapping[str, Any]: ...

    def predict_step(self, data: Tensors) -> Tensors: ...

    def reset_metrics(self) -> None: ...

    def get_metrics_result(self) -> Logs: ...

    def _step_function(self, kind: Kind) -> object: ...

    def _flatten_layers(
        self, include_self: bool = True, recursive: bool = True
    ) -> Iterable[Layer]: ...

    def _clear_losses(self) -> None: ...
