"""GRU: a state that a gate keeps or replaces."""

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
from narae.engine.variable import Variable
from narae.layers.options import CellOptions, GatedOptions
from narae.layers.recurrence import Step
from narae.layers.recurrent_cell import GatedCell, Parts
from narae.layers.recurrent_layer import GatedLayer, of_cell
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.layers")
class GRUCell(GatedCell):
    """One time of a GRU: [z r h'] = x W + b + h U, with (σ(r) h) U for the third part; h = σ(z) h + (1 - σ(z))
    tanh(h').

    With `reset_after`, the third part is σ(r) (h U + a second bias), which needs one product and not two.

    inputs: (B, features), states: [h], (B, units) -> h, [h]. W: (features, 3 · units), U: (units, 3 · units), b:
    (2, 3 · units), the biases of x W and of h U; (3 · units,) without `reset_after`.

    Args:
        units: the width of output and states, a positive whole number.
        activation: of the candidate h'; None: nothing.
        recurrent_activation: of the gates z and r; None: nothing.
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
        reset_after: whether the gate r acts on what U makes of h; else on h before.
        seed: where the random numbers of dropout begin, a whole number; None: elsewhere each time.

    Raises:
        ValueError: `units` is not a positive whole number.

    Source: Cho et al. 2014.

    >>> import narae
    >>> cell = GRUCell(3)
    >>> h, states = cell(narae.ops.ones((1, 2)), cell.get_initial_state(1))
    >>> h.shape, len(states)
    ((1, 3), 1)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: ActivationLike | None = "tanh",
        recurrent_activation: ActivationLike | None = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def _bias(self, width: int) -> Variable:
        return self._weight("bias", (2, width) if self.reset_after else (width,))

    def _biases(self) -> tuple[Tensor | None, Tensor | None]:
        """What is added to x W, and what to the third part of h U, which a gate acts on."""
        if self.bias is None or not self.reset_after:
            return (None if self.bias is None else as_tensor(self.bias)), None
        both, u = as_tensor(self.bias), self.units
        return both[0] + ops.pad(both[1, : 2 * u], (0, u)), both[1, 2 * u :]

    def unfold(self, inputs: Tensor, states: list[Tensor], training: bool) -> tuple[Any, Step]:
        """x W + b for all times, and the rest of the formula."""
        bias, bias_of_state = self._biases()
        x = self.of_inputs(inputs, training, bias)
        masks = self.masks_of_state(states[0], training)
        kernel, u = as_tensor(self.recurrent_kernel), self.units
        kernels = [] if masks is None and self.reset_after else self.by_gate(kernel)
        first = kernel if self.reset_after else kernel[:, : 2 * u]

        def step(x: Parts, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            h = states[0]
            hs = [h] * 3 if masks is None else [h * m for m in masks]
            if masks is None:
                products = self.by_gate(ops.matmul(h, first))
            else:
                count = first.shape[-1] // u
                products = [ops.matmul(a, k) for a, k in zip(hs[:count], kernels, strict=False)]
            xs = self.by_gate(x)
            z = self.recurrent_activation(xs[0] + products[0])
            r = self.recurrent_activation(xs[1] + products[1])
            if self.reset_after:
                third = products[2] if bias_of_state is None else products[2] + bias_of_state
                third = r * third
            else:
                third = ops.matmul(r * hs[2], kernels[2])
            h = z * h + (1 - z) * self.activation(xs[2] + third)
            return h, [h]

        return x, step

    def get_config(self) -> Config:
        return {**super().get_config(), "reset_after": self.reset_after}


@builtin("keras.layers")
class GRU(GatedLayer):
    """A gated recurrent unit: h = σ(z) h + (1 - σ(z)) tanh(h') at each time of a sequence, with [z r h'] = x W + b +
    what `GRUCell` makes of h.

    sequences: (B, T, features) -> (B, units), h at the last time; with `return_sequences` (B, T, units); with
    `return_state` followed by h, (B, units). mask: (B, T), False for times that are left out. W: (features,
    3 · units), U: (units, 3 · units), b: (2, 3 · units); (3 · units,) without `reset_after`.

    The call takes `initial_state`, h at first; None: zeros.

    Args:
        units: the width of output and states, a positive whole number.
        activation: of the candidate h'; None: nothing.
        recurrent_activation: of the gates; None: nothing.
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
        reset_after: whether the gate r acts on what U makes of h; else on h before.
        use_cudnn: 'auto' or False: narae has a loop of its own; with True the call raises.

    Raises:
        ValueError: `units` is not a positive whole number; the batch of a stateful layer is not known, or is another
            one than before; the number of initial states is not that of the layer's.

    Source: Cho et al. 2014.

    >>> import narae
    >>> layer = GRU(4, return_sequences=True, return_state=True)
    >>> outputs, h = layer(narae.ops.ones((2, 5, 3)))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
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
        reset_after: bool = True,
        use_cudnn: str | bool = "auto",
        **kwargs: Unpack[GatedOptions],
    ) -> None:
        super().__init__(
            GRUCell,
            "gru_cell",
            arguments={
                "units": units,
                "activation": activation,
                "recurrent_activation": recurrent_activation,
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
                "reset_after": reset_after,
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

    cell: GRUCell
    reset_after = of_cell(
        "reset_after", "Whether the gate r acts on what the recurrent kernel makes of the state."
    )
