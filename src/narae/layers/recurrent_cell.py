"""Cells of SimpleRNN, GRU and LSTM: kernel, recurrent kernel and bias, with what dropout leaves of inputs and state."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias, Unpack

from narae import activations, ops
from narae.base import trees
from narae.base.arguments import number
from narae.base.errors import ShapeError
from narae.base.types import ActivationLike, Config, Shape, TensorLike, Tensors
from narae.engine.variable import Variable
from narae.layers.dense import validate_positive
from narae.layers.dropout_masks import DropoutRNNCell, Masks
from narae.layers.options import LayerOptions
from narae.layers.recurrence import States, Step
from narae.layers.weighted import Given, KernelAndBias
from narae.random.keys import SeedGenerator
from narae.tensor.tensor import Tensor, as_tensor

Parts: TypeAlias = "Tensor | list[Tensor]"  # (..., gates · units), or (..., units) for each gate


class RecurrentCell(DropoutRNNCell, KernelAndBias):
    """Base of the built-in cells: kernel (inputs, gates · units), recurrent_kernel (units, gates · units), bias.

    Subclasses say in `unfold` what the inputs alone give, which a layer computes for all times at once, and
    what is left to do at each.
    """

    gates: ClassVar[int] = 1
    recurrent_kernel: Variable
    recurrent_initializer: Any
    recurrent_regularizer: Any
    recurrent_constraint: Any

    def __init__(
        self,
        units: int,
        activation: ActivationLike | None,
        use_bias: bool,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        weights: dict[str, Given],
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        """weights: initializer, regularizer and constraint of kernel, recurrent and bias."""
        kind = type(self).__name__
        units = validate_positive("units", units, kind)
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._declare(**weights)
        self.dropout = _share(kind, "dropout", dropout)
        self.recurrent_dropout = _share(kind, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    def build(self, input_shape: Shape) -> None:
        """kernel, recurrent_kernel and, where asked for, bias."""
        inputs, width = input_shape[-1], self.gates * self.units
        if inputs is None:
            raise ShapeError(
                f"{type(self).__name__} needs a known last axis, got {tuple(input_shape)}; Input(shape=(None, n)) "
                "names it"
            )
        self.kernel = self._weight("kernel", (inputs, width))
        name = "recurrent_kernel"
        self.recurrent_kernel = self._weight("recurrent", (self.units, width), name=name)
        self.bias = self._bias(width) if self.use_bias else None

    def _bias(self, width: int) -> Variable:
        return self._weight("bias", (width,))

    def unfold(self, inputs: Tensor, states: list[Tensor], training: bool) -> tuple[Any, Step]:
        """What the inputs alone give, (..., B, features) -> (..., B, ...) in any structure; and the function of one
        time: (what they gave, states) -> (output, new states).

        states: the first ones, for their shapes.
        """
        raise NotImplementedError

    def call(
        self, inputs: Tensor, states: Tensors, training: bool = False
    ) -> tuple[Tensor, Tensors]:
        """One time: inputs (B, features) and states (B, units) -> output (B, units) and new states."""
        given: States = list(states) if trees.is_nested(states) else [states]
        x, step = self.unfold(inputs, given, training)
        output, new = step(x, given)
        return output, new if trees.is_nested(states) else new[0]

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Zeros, (B, units) for each state.

        Args:
            batch_size: B.

        Returns: the states in a list.
        """
        sizes = trees.flatten(self.state_size)
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def of_inputs(self, inputs: Tensor, training: bool, bias: Tensor | None) -> Parts:
        """inputs · kernel + bias of what dropout leaves of the inputs; where each gate has a mask, for each."""
        masks = self.get_dropout_mask(inputs) if training and self.drops(self.dropout) else None
        if not isinstance(masks, list):
            product = self.product(inputs if masks is None else inputs * masks, self.kernel)
            return product if bias is None else self.biased(product, bias)
        kernels = self.by_gate(as_tensor(self.kernel))
        products = [self.product(inputs * m, k) for m, k in zip(masks, kernels, strict=True)]
        if bias is None:
            return products
        return [self.biased(p, b) for p, b in zip(products, self.by_gate(bias), strict=True)]

    def product(self, inputs: Tensor, kernel: TensorLike) -> Tensor:
        """Inputs of any number of times with the kernel, or one gate's part of it."""
        return ops.matmul(inputs, kernel)

    def biased(self, product: Tensor, bias: Tensor) -> Tensor:
        """A product with the bias, or one gate's part of it."""
        return ops.add(product, bias)

    def of_state(self, state: Tensor, kernel: TensorLike) -> Tensor:
        """A state with the recurrent kernel, or one gate's part of it."""
        return ops.matmul(state, kernel)

    def masks_of_state(self, state: Tensor, training: bool) -> Masks | None:
        """What the state is multiplied with at each time."""
        drops = training and self.drops(self.recurrent_dropout)
        return self.get_recurrent_dropout_mask(state) if drops else None

    def drops(self, rate: float) -> bool:
        """Whether a rate is applied in training."""
        return rate > 0

    def by_gate(self, parts: Parts, axis: int = -1) -> list[Tensor]:
        """(..., units) for each gate. axis: where the gates are, counted from the end."""
        if isinstance(parts, list):
            return parts
        u, rest = self.units, (slice(None),) * (-axis - 1)
        ranges = [slice(i * u, (i + 1) * u) for i in range(parts.shape[axis] // u)]
        return [parts[(..., part, *rest)] for part in ranges]

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class GatedCell(RecurrentCell):
    """Base of cells with gates: `recurrent_activation` is theirs.

    implementation: with 1 each gate has dropout masks of its own, with 2 all gates have the same; with
    `recurrent_dropout` it is 1.
    """

    def __init__(
        self,
        *args: Any,
        recurrent_activation: ActivationLike | None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.dropout_mask_count = self.gates if self.implementation == 1 else None

    def drops(self, rate: float) -> bool:
        """Whether a rate is applied in training: where all would be dropped, nothing is, as in Keras."""
        return 0 < rate < 1

    def get_config(self) -> Config:
        own = activations.serialize(self.recurrent_activation)
        return {**super().get_config(), "recurrent_activation": own}


def _share(layer: str, argument: str, value: float) -> float:
    """A rate, brought into [0, 1]."""
    return min(1.0, max(0.0, number(layer, argument, value)))
