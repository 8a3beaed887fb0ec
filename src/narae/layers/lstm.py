"""LSTM: a state that gates let in, keep and give out."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    DTypeLike,
    InitializerLike,
    RegularizerLike,
    Shape,
)
from narae.engine.variable import Variable
from narae.layers.options import CellOptions, GatedOptions
from narae.layers.recurrence import Step
from narae.layers.recurrent_cell import GatedCell, Parts
from narae.layers.recurrent_layer import GatedLayer, of_cell
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.layers")
class LSTMCell(GatedCell):
    """One time of an LSTM: [i f c' o] = x W + h U + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o) tanh(c).

    inputs: (B, features), states: [h, c], (B, units) each -> h, [h, c]. W: (features, 4 · units), U: (units,
    4 · units), b: (4 · units,).

    Args:
        units: the width of output and states, a positive whole number.
        activation: of the candidate c' and of the state c; None: nothing.
        recurrent_activation: of the gates i, f and o; None: nothing.
        use_bias: whether b is added.
        kernel_initializer: how W begins.
        recurrent_initializer: how U begins.
        bias_initializer: how b begins.
        unit_forget_bias: whether the bias of the gate f begins with 1 (Jozefowicz et al. 2015).
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

    Source: Hochreiter & Schmidhuber 1997; the gate f: Gers et al. 2000.

    >>> import narae
    >>> cell = LSTMCell(3)
    >>> h, states = cell(narae.ops.ones((1, 2)), cell.get_initial_state(1))
    >>> h.shape, len(states)
    ((1, 3), 2)
    """

    gates = 4
    gates_axis = -1  # of x W, counted from the end

    def __init__(
        self,
        units: int,
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
        **kwargs: Unpack[CellOptions],
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
            recurrent_activation=recurrent_activation,
            **kwargs,
        )
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _bias(self, width: int) -> Variable:
        if not self.unit_forget_bias:
            return super()._bias(width)
        return self._weight("bias", (width,), initializer=self._first_bias)

    def _first_bias(self, shape: Shape, dtype: DTypeLike | None = None) -> Tensor:
        """The bias at first: 1 for the gate f."""
        u, own = self.units, self.bias_initializer
        parts = [own((u,), dtype=dtype), ops.ones((u,), dtype), own((2 * u,), dtype=dtype)]
        return ops.concatenate(parts)

    def unfold(self, inputs: Tensor, states: list[Tensor], training: bool) -> tuple[Any, Step]:
        """x W + b for all times, and the rest of the formula."""
        bias = None if self.bias is None else as_tensor(self.bias)
        x = self.of_inputs(inputs, training, bias)
        masks = self.masks_of_state(states[0], training)
        kernel = as_tensor(self.recurrent_kernel)
        kernels = [] if masks is None else self.by_gate(kernel)
        axis = self.gates_axis

        def step(x: Parts, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            h, c = states
            if masks is not None:
                products = [self.of_state(h * m, k) for m, k in zip(masks, kernels, strict=True)]
                z = [a + b for a, b in zip(self.by_gate(x, axis), products, strict=True)]
            elif isinstance(x, list):
                whole = self.by_gate(self.of_state(h, kernel), axis)
                z = [a + b for a, b in zip(x, whole, strict=True)]
            else:
                z = self.by_gate(x + self.of_state(h, kernel), axis)
            act, gate = self.activation, self.recurrent_activation
            c = gate(z[1]) * c + gate(z[0]) * act(z[2])
            h = gate(z[3]) * act(c)
            return h, [h, c]

        return x, step

    def get_config(self) -> Config:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


@builtin("keras.layers")
class LSTM(GatedLayer):
    """A long short-term memory: [i f c' o] = x W + h U + b, c = σ(f) c + σ(i) tanh(c'), h = σ(o) tanh(c) at each time
    of a sequence.

    sequences: (B, T, features) -> (B, units), h at the last time; with `return_sequences` (B, T, units); with
    `return_state` followed by h and c, (B, units) each. mask: (B, T), False for times that are left out. W: (features,
    4 · units), U: (units, 4 · units), b: (4 · units,).

    The call takes `initial_state`, [h, c] at first; None: zeros.

    Args:
        units: the width of output and states, a positive whole number.
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
        unroll: whether the loop is written out, time for time, when it is compiled.
        use_cudnn: 'auto' or False: narae has a loop of its own; with True the call raises.

    Raises:
        ValueError: `units` is not a positive whole number; the batch of a stateful layer is not known, or is another
            one than before; the number of initial states is not that of the layer's.

    Source: Hochreiter & Schmidhuber 1997; the gate f: Gers et al. 2000.

    >>> import narae
    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> outputs, h, c = layer(narae.ops.ones((2, 5, 3)))
    >>> outputs.shape, h.shape, c.shape
    ((2, 5, 4), (2, 4), (2, 4))
    """

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: str | bool = "auto",
        **kwargs: Unpack[GatedOptions],
    ) -> None:
        super().__init__(
            LSTMCell,
            "lstm_cell",
            arguments={
                "units": units,
                "activation": activation,
                "recurrent_activation": recurrent_activation,
                "use_bias": use_bias,
                "kernel_initializer": kernel_initializer,
                "recurrent_initializer": recurrent_initializer,
                "bias_initializer": bias_initializer,
                "unit_forget_bias": unit_forget_bias,
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
            use_cudnn=use_cudnn,
            **kwargs,
        )

    cell: LSTMCell
    unit_forget_bias = of_cell("unit_forget_bias", "Whether the bias of the gate f began with 1.")
