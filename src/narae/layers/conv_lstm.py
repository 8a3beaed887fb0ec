"""ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: an LSTM of images, whose products are convolutions."""

from __future__ import annotations

import functools
from typing import Any, ClassVar, Unpack

from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    ConstraintLike,
    InitializerLike,
    Ints,
    RegularizerLike,
    Shape,
    Tree,
)
from narae.layers.conv_lstm_cell import ConvLSTMCell
from narae.layers.input_spec import InputSpec
from narae.layers.options import ConvolvedOptions
from narae.layers.recurrent_layer import RecurrentLayer, of_cell


class ConvLSTM(RecurrentLayer):
    """Base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D, which differ in the number of axes of space only."""

    rank: ClassVar[int] = 2
    cell: ConvLSTMCell

    def __init__(
        self,
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
        activity_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        recurrent_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Unpack[ConvolvedOptions],
    ) -> None:
        cell = functools.partial(
            ConvLSTMCell,
            *(self.rank, filters, kernel_size, strides, padding, data_format, dilation_rate),
            *(activation, recurrent_activation, use_bias),
            *(kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias),
            *(kernel_regularizer, recurrent_regularizer, bias_regularizer),
            *(kernel_constraint, recurrent_constraint, bias_constraint),
            *(dropout, recurrent_dropout, seed),
        )
        super().__init__(
            cell,
            "conv_lstm_cell",
            arguments={},
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)
        self.single_state = True  # as Keras says of it

    def compute_output_shape(
        self, sequences_shape: Shape, initial_state_shape: Tree[Shape] | None = None
    ) -> Any:
        """(B, *space out, filters), or (B, T, *space out, filters); with `return_state` followed by h's and c's."""
        batch, times, *rest = sequences_shape
        state = self.cell.compute_output_shape((batch, *rest))[0]
        output = (batch, times, *state[1:]) if self.return_sequences else state
        return (output, state, state) if self.return_state else output

    filters = of_cell("filters", "The channels of outputs and states.")
    kernel_size = of_cell("kernel_size", "Places of the window along each axis.")
    strides = of_cell("strides", "Places from one window of the inputs to the next.")
    padding = of_cell("padding", "The padding of the inputs.")
    data_format = of_cell("data_format", "The place of the axis of channels.")
    dilation_rate = of_cell("dilation_rate", "Places from one element of a window to the next.")
    recurrent_activation = of_cell(
        "recurrent_activation", "What follows the sums of the gates, as a function."
    )
    unit_forget_bias = of_cell("unit_forget_bias", "Whether the bias of the gate f began with 1.")


@builtin("keras.layers")
class ConvLSTM1D(ConvLSTM):
    """An LSTM over a sequence of lines: [i f c' o] = W ∗ x + U ∗ h + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o)
    tanh(c) at each time, where ∗ moves a window over space.

    sequences: (B, T, steps, channels) -> (B, steps out, filters), h at the last
    time; with `return_sequences` an axis T after B; with `return_state` followed by h and c. channels_first: the
    channels come before the space. mask: (B, T), False for times that are left out.

    The call takes `initial_state`, [h, c] at first; None: zeros.

    Args:
        filters: the channels of outputs and states, a positive whole number.
        kernel_size: places of the window along each axis.
        strides: places from one window of the inputs to the next.
        padding: of the inputs: 'valid': windows lie within the space; 'same': zeros around it. The state's
            convolution keeps its space.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: places from one element of a window of the inputs to the next; 1 where strides are above 1.
        activation: of the candidate c' and of the state c; None: nothing.
        recurrent_activation: of the gates; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
        unit_forget_bias: whether the bias of the gate f begins with 1 (Jozefowicz et al. 2015).
        kernel_regularizer: the penalty on W in the loss; None: none.
        recurrent_regularizer: the penalty on U in the loss; None: none.
        bias_regularizer: the penalty on b in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings W back into bounds after each update; None: nothing.
        recurrent_constraint: what brings U back into bounds after each update; None: nothing.
        bias_constraint: what brings b back into bounds after each update; None: nothing.
        dropout: the share of the inputs that is dropped in training, in [0, 1]: the same ones at all times.
        recurrent_dropout: the share of the state h that is dropped in training, in [0, 1]: the same numbers at all
            times.
        seed: where the random numbers of dropout begin, a whole number; None: elsewhere each time.
        return_sequences: whether the outputs of all times are given.
        return_state: whether the last states, h and c, are given as well.
        go_backwards: whether the sequence is gone over from its end; outputs are in the order of going.
        stateful: whether a batch starts from the states in which the one before ended; for this the length of the
            batch has to be known.

    Raises:
        ValueError: a number is not positive, both strides and dilation are above 1, `padding` or `data_format` is none
            of its names; the batch of a stateful layer is not known, or is another one than before.
        ShapeError: the inputs have another rank, or their space or channels are not known.

    Source: Shi et al. 2015, equation 3, without the peepholes.

    >>> import narae
    >>> ConvLSTM1D(2, 2)(narae.ops.ones((1, 2, 4, 3))).shape
    (1, 3, 2)
    """

    rank = 1


@builtin("keras.layers")
class ConvLSTM2D(ConvLSTM):
    """An LSTM over a sequence of images: [i f c' o] = W ∗ x + U ∗ h + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o)
    tanh(c) at each time, where ∗ moves a window over space.

    sequences: (B, T, rows, columns, channels) -> (B, rows out, columns out, filters), h at the last
    time; with `return_sequences` an axis T after B; with `return_state` followed by h and c. channels_first: the
    channels come before the space. mask: (B, T), False for times that are left out.

    The call takes `initial_state`, [h, c] at first; None: zeros.

    Args:
        filters: the channels of outputs and states, a positive whole number.
        kernel_size: places of the window along each axis.
        strides: places from one window of the inputs to the next.
        padding: of the inputs: 'valid': windows lie within the space; 'same': zeros around it. The state's
            convolution keeps its space.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: places from one element of a window of the inputs to the next; 1 where strides are above 1.
        activation: of the candidate c' and of the state c; None: nothing.
        recurrent_activation: of the gates; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
        unit_forget_bias: whether the bias of the gate f begins with 1 (Jozefowicz et al. 2015).
        kernel_regularizer: the penalty on W in the loss; None: none.
        recurrent_regularizer: the penalty on U in the loss; None: none.
        bias_regularizer: the penalty on b in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings W back into bounds after each update; None: nothing.
        recurrent_constraint: what brings U back into bounds after each update; None: nothing.
        bias_constraint: what brings b back into bounds after each update; None: nothing.
        dropout: the share of the inputs that is dropped in training, in [0, 1]: the same ones at all times.
        recurrent_dropout: the share of the state h that is dropped in training, in [0, 1]: the same numbers at all
            times.
        seed: where the random numbers of dropout begin, a whole number; None: elsewhere each time.
        return_sequences: whether the outputs of all times are given.
        return_state: whether the last states, h and c, are given as well.
        go_backwards: whether the sequence is gone over from its end; outputs are in the order of going.
        stateful: whether a batch starts from the states in which the one before ended; for this the length of the
            batch has to be known.

    Raises:
        ValueError: a number is not positive, both strides and dilation are above 1, `padding` or `data_format` is none
            of its names; the batch of a stateful layer is not known, or is another one than before.
        ShapeError: the inputs have another rank, or their space or channels are not known.

    Source: Shi et al. 2015, equation 3, without the peepholes.

    >>> import narae
    >>> ConvLSTM2D(2, 2)(narae.ops.ones((1, 2, 4, 4, 3))).shape
    (1, 3, 3, 2)
    """

    rank = 2


@builtin("keras.layers")
class ConvLSTM3D(ConvLSTM):
    """An LSTM over a sequence of volumes: [i f c' o] = W ∗ x + U ∗ h + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o)
    tanh(c) at each time, where ∗ moves a window over space.

    sequences: (B, T, planes, rows, columns, channels) -> (B, planes out, rows out, columns out, filters), h at the last
    time; with `return_sequences` an axis T after B; with `return_state` followed by h and c. channels_first: the
    channels come before the space. mask: (B, T), False for times that are left out.

    The call takes `initial_state`, [h, c] at first; None: zeros.

    Args:
        filters: the channels of outputs and states, a positive whole number.
        kernel_size: places of the window along each axis.
        strides: places from one window of the inputs to the next.
        padding: of the inputs: 'valid': windows lie within the space; 'same': zeros around it. The state's
            convolution keeps its space.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().
        dilation_rate: places from one element of a window of the inputs to the next; 1 where strides are above 1.
        activation: of the candidate c' and of the state c; None: nothing.
        recurrent_activation: of the gates; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
        unit_forget_bias: whether the bias of the gate f begins with 1 (Jozefowicz et al. 2015).
        kernel_regularizer: the penalty on W in the loss; None: none.
        recurrent_regularizer: the penalty on U in the loss; None: none.
        bias_regularizer: the penalty on b in the loss; None: none.
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        kernel_constraint: what brings W back into bounds after each update; None: nothing.
        recurrent_constraint: what brings U back into bounds after each update; None: nothing.
        bias_constraint: what brings b back into bounds after each update; None: nothing.
        dropout: the share of the inputs that is dropped in training, in [0, 1]: the same ones at all times.
        recurrent_dropout: the share of the state h that is dropped in training, in [0, 1]: the same numbers at all
            times.
        seed: where the random numbers of dropout begin, a whole number; None: elsewhere each time.
        return_sequences: whether the outputs of all times are given.
        return_state: whether the last states, h and c, are given as well.
        go_backwards: whether the sequence is gone over from its end; outputs are in the order of going.
        stateful: whether a batch starts from the states in which the one before ended; for this the length of the
            batch has to be known.

    Raises:
        ValueError: a number is not positive, both strides and dilation are above 1, `padding` or `data_format` is none
            of its names; the batch of a stateful layer is not known, or is another one than before.
        ShapeError: the inputs have another rank, or their space or channels are not known.

    Source: Shi et al. 2015, equation 3, without the peepholes.

    >>> import narae
    >>> ConvLSTM3D(2, 2)(narae.ops.ones((1, 2, 4, 4, 4, 3))).shape
    (1, 3, 3, 3, 2)
    """

    rank = 3
