"""What SimpleRNN, GRU and LSTM have in common as layers: one of the built-in cells, whose settings are theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from narae import regularizers
from narae.base.types import Config, Tensors
from narae.layers.input_spec import InputSpec
from narae.layers.recurrence import States
from narae.layers.recurrent_cell import GatedCell, RecurrentCell
from narae.layers.rnn import RNN
from narae.tensor.tensor import Tensor


def of_cell(name: str, meaning: str) -> property:
    """An attribute of the cell as one of the layer."""
    return property(lambda layer: getattr(layer.cell, name), doc=meaning)


class RecurrentLayer(RNN):
    """Base of the built-in recurrent layers: made of the cell's arguments, which are attributes and config."""

    cell: RecurrentCell
    _of_layer: ClassVar[tuple[str, ...]] = ("name", "trainable", "dtype")

    def __init__(
        self,
        cell: Callable[..., RecurrentCell],
        cell_name: str,
        arguments: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        """cell, cell_name, arguments: the cell's class, name and arguments; kwargs: what `RNN` takes."""
        shared = {key: kwargs[key] for key in ("dtype", "trainable") if key in kwargs}
        inside = cell(**arguments, **shared, name=cell_name)
        super().__init__(inside, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> Config:
        config = {key: value for key, value in super().get_config().items() if key != "cell"}
        own = self.cell.get_config()
        penalty = regularizers.serialize(self.activity_regularizer)
        config["activity_regularizer"] = penalty
        return {**config, **{k: v for k, v in own.items() if k not in self._of_layer}}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The layer that `get_config` described."""
        return super(RNN, cls).from_config(config)

    units = of_cell("units", "The width of output and states.")
    activation = of_cell("activation", "What follows the sum, as a function.")
    use_bias = of_cell("use_bias", "Whether there is a bias.")
    kernel_initializer = of_cell("kernel_initializer", "How the kernel begins.")
    recurrent_initializer = of_cell("recurrent_initializer", "How the recurrent kernel begins.")
    bias_initializer = of_cell("bias_initializer", "How the bias begins.")
    kernel_regularizer = of_cell("kernel_regularizer", "The penalty on the kernel.")
    recurrent_regularizer = of_cell("recurrent_regularizer", "The penalty on the recurrent kernel.")
    bias_regularizer = of_cell("bias_regularizer", "The penalty on the bias.")
    kernel_constraint = of_cell("kernel_constraint", "What keeps the kernel in bounds.")
    recurrent_constraint = of_cell(
        "recurrent_constraint", "What keeps the recurrent kernel in bounds."
    )
    bias_constraint = of_cell("bias_constraint", "What keeps the bias in bounds.")
    dropout = of_cell("dropout", "The share of the inputs that is dropped in training.")
    recurrent_dropout = of_cell(
        "recurrent_dropout", "The share of the state that is dropped in training."
    )


class GatedLayer(RecurrentLayer):
    """Base of GRU and LSTM."""

    cell: GatedCell

    def __init__(
        self,
        *args: Any,
        use_cudnn: str | bool,
        implementation: int = 2,
        arguments: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        if not isinstance(use_cudnn, bool) and not (
            isinstance(use_cudnn, str) and use_cudnn == "auto"
        ):
            raise ValueError(f"`use_cudnn` is 'auto', True or False, got {use_cudnn!r}")
        arguments = {**arguments, "implementation": implementation}
        super().__init__(*args, arguments=arguments, **kwargs)
        self.use_cudnn = use_cudnn

    def inner_loop(
        self, sequences: Tensor, initial_state: States, mask: Tensors | None, training: bool = False
    ) -> tuple[Tensor, Tensor | None, States]:
        """The loop over time, as of `RNN`. Raises ValueError where `use_cudnn` asks for what is not there."""
        if self.use_cudnn is True:
            raise ValueError(
                f"{self.name!r} has use_cudnn=True, and narae runs its own loop alone: leave it at 'auto'"
            )
        return super().inner_loop(sequences, initial_state, mask, training)

    recurrent_activation = of_cell(
        "recurrent_activation", "What follows the sums of the gates, as a function."
    )
