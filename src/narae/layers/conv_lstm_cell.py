"""The cell of convolutional LSTMs: kernels are moved over space, where LSTM has products."""

from __future__ import annotations

import math
from typing import Any, Unpack

from narae import ops
from narae.base.errors import ShapeError
from narae.base.settings import standardize_data_format
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    Ints,
    RegularizerLike,
    Shape,
    TensorLike,
)
from narae.layers.dense import validate_positive
from narae.layers.input_spec import InputSpec
from narae.layers.lstm import LSTMCell
from narae.layers.options import LayerOptions
from narae.layers.recurrence import Step
from narae.layers.windows import (
    count_windows,
    join_shape,
    per_axis,
    split_shape,
    validate_padding,
)
from narae.tensor.tensor import Tensor

_PADDINGS = ("valid", "same")


class ConvLSTMCell(LSTMCell):
    """One time of a convolutional LSTM: [i f c' o] = W ∗ x + U ∗ h + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o) tanh(c).

    inputs: (B, *space, channels), states h and c: (B, *space out, filters) -> h, [h, c]; with channels_first the
    channels come before the space. W: (*kernel_size, channels, 4 · filters), U: (*kernel_size, filters, 4 · filters),
    b: (4 · filters,).

    Args:
        rank: the number of axes of space, 1 to 3.
        filters: the channels of output and states, a positive whole number.
        kernel_size: places of the window along each axis.
        strides: places from one window of the inputs to the next.
        padding: of the inputs: 'valid': windows lie within the space; 'same': zeros around it.
        data_format: 'channels_last' or 'channels_first'; None: narae.config.image_data_format().
        dilation_rate: places from one element of a window of the inputs to the next.
        activation: of the candidate c' and of the state c; None: nothing.
        recurrent_activation: of the gates; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
        unit_forget_bias: whether the bias of the gate f begins with 1.
        kernel_regularizer: the penalty on W in the loss; None: none.
        recurrent_regularizer: the penalty on U in the loss; None: none.
        bias_regularizer: the penalty on b in the loss; None: none.
        kernel_constraint: what brings W back into bounds after each update; None: nothing.
        recurrent_constraint: what brings U back into bounds after each update; None: nothing.
        bias_constraint: what brings b back into bounds after each update; None: nothing.
        dropout: the share of the inputs that is dropped in training, in [0, 1].
        recurrent_dropout: the share of the state h that is dropped in training, in [0, 1].
        seed: where the random numbers of dropout begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: a number is not positive, `rank` is above 3, both strides and dilation are above 1, or `padding` or
            `data_format` is none of its names.
        ShapeError: the inputs' space or channels are not known.

    Source: Shi et al. 2015, equation 3, without the peepholes.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Ints,
        strides: Ints = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Ints = 1,
        activation: ActivationLike | None = "tanh",
        recurrent_activation: ActivationLike | None = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        recurrent_initializer: InitializerLike | None = "orthogonal",
        bias_initializer: InitializerLike | None = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike | None = None,
        recurrent_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        recurrent_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        layer = f"ConvLSTM{rank}D"
        if rank not in (1, 2, 3):
            raise ValueError(f"ConvLSTMCell takes 1 to 3 axes of space, got rank={rank!r}")
        super().__init__(
            validate_positive("filters", filters, layer),
            *(activation, recurrent_activation, use_bias),
            *(kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias),
            *(kernel_regularizer, recurrent_regularizer, bias_regularizer),
            *(kernel_constraint, recurrent_constraint, bias_constraint),
            *(dropout, recurrent_dropout, seed),
            implementation=1,  # each gate has masks of its own
            **kwargs,
        )
        self.rank, self.filters = rank, self.units
        self.kernel_size = per_axis(layer, "kernel_size", kernel_size, rank)
        self.strides = per_axis(layer, "strides", strides, rank)
        self.padding = validate_padding(layer, padding, _PADDINGS)
        self.data_format = standardize_data_format(data_format)
        self.dilation_rate = per_axis(layer, "dilation_rate", dilation_rate, rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{layer} takes strides or dilation, not both: got strides={self.strides} and "
                f"dilation_rate={self.dilation_rate}"
            )
        self.gates_axis = -1 if self.data_format == "channels_last" else -(rank + 1)
        self.input_spec = InputSpec(ndim=rank + 2)

    def build(self, inputs_shape: Shape, states_shape: Any = None) -> None:
        """kernel, recurrent_kernel and, where asked for, bias."""
        _, space, channels = split_shape(inputs_shape, self.data_format)
        if None in (*space, channels):
            raise ShapeError(
                f"ConvLSTM{self.rank}D keeps a state of its inputs' space: space and channels have to be known, got "
                f"shape {tuple(inputs_shape)}"
            )
        self.spatial_dims, self.input_dim = tuple(space), channels
        width = self.gates * self.filters
        self.kernel_shape = (*self.kernel_size, channels, width)
        self.kernel = self._weight("kernel", self.kernel_shape)
        shape = (*self.kernel_size, self.filters, width)
        self.recurrent_kernel = self._weight("recurrent", shape, name="recurrent_kernel")
        self.bias = self._bias(width) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, shape=(None, *inputs_shape[1:]))

    def unfold(self, inputs: Tensor, states: list[Tensor], training: bool) -> tuple[Any, Step]:
        """W ∗ x + b for all times, and the rest of the formula. Raises ShapeError for inputs of another space."""
        shape = tuple(inputs.shape[-(self.rank + 1) :])
        known = join_shape(None, self.spatial_dims, self.input_dim, self.data_format)[1:]
        if shape != known:
            raise ShapeError(
                f"ConvLSTM{self.rank}D was built for inputs of shape {known} at each time, got {shape}"
            )
        return super().unfold(inputs, states, training)

    def product(self, inputs: Tensor, kernel: TensorLike) -> Tensor:
        """W ∗ x of any number of times: their batches are one."""
        lead = inputs.shape[: -(self.rank + 1)]
        rows = ops.reshape(inputs, (math.prod(lead), *inputs.shape[-(self.rank + 1) :]))
        out = ops.conv(
            rows, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )
        return ops.reshape(out, (*lead, *out.shape[1:]))

    def biased(self, product: Tensor, bias: Tensor) -> Tensor:
        """W ∗ x + b."""
        if self.data_format == "channels_first":
            bias = ops.reshape(bias, (-1, *(1,) * self.rank))
        return ops.add(product, bias)

    def of_state(self, state: Tensor, kernel: TensorLike) -> Tensor:
        """U ∗ h: the space stays."""
        return ops.conv(state, kernel, 1, "same", self.data_format)

    def compute_output_shape(self, inputs_shape: Shape, states_shape: Any = None) -> Any:
        """The shapes of h, and of the states in a list."""
        batch, space, _ = split_shape(inputs_shape, self.data_format)
        layer = f"ConvLSTM{self.rank}D"
        windows = count_windows(
            layer, space, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        shape = join_shape(batch, windows, self.filters, self.data_format)
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Zeros of the shape of h, for h and c.

        Args:
            batch_size: B.

        Returns: the states in a list.
        """
        inputs = join_shape(batch_size, self.spatial_dims, self.input_dim, self.data_format)
        shape = self.compute_output_shape(inputs)[0]
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in range(2)]

    def get_config(self) -> Config:
        config = {key: value for key, value in super().get_config().items() if key != "units"}
        names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        return {**config, **{name: getattr(self, name) for name in names}}
