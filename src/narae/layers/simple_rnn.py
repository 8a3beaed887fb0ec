"""SimpleRNN: a state that is the output."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    RegularizerLike,
)
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions, RecurrentOptions
from narae.layers.recurrence import Step
from narae.layers.recurrent_cell import RecurrentCell
from narae.layers.recurrent_layer import RecurrentLayer
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.layers")
class SimpleRNNCell(RecurrentCell):
    """One time of a SimpleRNN: h = tanh(x W + h U + b).

    inputs: (B, features), states: [h], (B, units) -> h, [h]. W: (features, units), U: (units, units), b: (units,).

    Args:
        units: the width of output and states, a positive whole number.
        activation: what follows the sum; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
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
        ValueError: `units` is not a positive whole number.

    Source: Elman 1990.

    >>> import narae
    >>> cell = SimpleRNNCell(3)
    >>> h, states = cell(narae.ops.ones((1, 2)), cell.get_initial_state(1))
    >>> h.shape, len(states)
    ((1, 3), 1)
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike | None = "tanh",
        use_bias: bool = True,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        recurrent_initializer: InitializerLike | None = "orthogonal",
        bias_initializer: InitializerLike | None = "zeros",
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
        super().__init__(
            units,
            activation,
            use_bias,
            dropout,
            recurrent_dropout,
            seed,
            {
                "kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
                "recurrent": (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            **kwargs,
        )

    def unfold(self, inputs: Tensor, states: list[Tensor], training: bool) -> tuple[Any, Step]:
        """x W + b for all times, and the rest of the formula."""
        bias = None if self.bias is None else as_tensor(self.bias)
        x = self.of_inputs(inputs, training, bias)
        mask = self.masks_of_state(states[0], training)
        kernel = as_tensor(self.recurrent_kernel)

        def step(x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            h = states[0] if mask is None else states[0] * mask
            h = self.activation(x + ops.matmul(h, kernel))
            return h, [h]

        return x, step


@builtin("keras.layers")
class SimpleRNN(RecurrentLayer):
    """h = tanh(x W + h U + b) at each time of a sequence.

    sequences: (B, T, features) -> (B, units), h at the last time; with `return_sequences` (B, T, units); with
    `return_state` followed by h, (B, units). mask: (B, T), False for times that are left out. W: (features, units), U:
    (units, units), b: (units,).

    The call takes `initial_state`, h at first; None: zeros.

    Args:
        units: the width of output and states, a positive whole number.
        activation: what follows the sum; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
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
        return_state: whether the last state h is given as well.
        go_backwards: whether the sequence is gone over from its end; outputs are in the order of going.
        stateful: whether a batch starts from the states in which the one before ended; for this the length of the
            batch has to be known.
        unroll: whether the loop is written out, time for time, when it is compiled.

    Raises:
        ValueError: `units` is not a positive whole number; the batch of a stateful layer is not known, or is another
            one than before; the number of initial states is not that of the layer's.

    Source: Elman 1990.

    >>> import narae
    >>> layer = SimpleRNN(4, return_sequences=True, return_state=True)
    >>> outputs, h = layer(narae.ops.ones((2, 5, 3)))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike | None = "tanh",
        use_bias: bool = True,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        recurrent_initializer: InitializerLike | None = "orthogonal",
        bias_initializer: InitializerLike | None = "zeros",
        kernel_regularizer: RegularizerLike | None = None,
        recurrent_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        activity_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        recurrent_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Unpack[RecurrentOptions],
    ) -> None:
        super().__init__(
            SimpleRNNCell,
            "simple_rnn_cell",
            arguments={
                "units": units,
                "activation": activation,
                "use_bias": use_bias,
                "kernel_initializer": kernel_initializer,
                "recurrent_initializer": recurrent_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "recurrent_regularizer": recurrent_regularizer,
                "bias_regularizer": bias_regularizer,
                "kernel_constraint": kernel_constraint,
                "recurrent_constraint": recurrent_constraint,
                "bias_constraint": bias_constraint,
                "dropout": dropout,
                "recurrent_dropout": recurrent_dropout,
                "seed": seed,
            },
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=3)]

    cell: SimpleRNNCell

    def get_config(self) -> Config:
        return {key: value for key, value in super().get_config().items() if key != "seed"}
