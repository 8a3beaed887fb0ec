"""EinsumDense: a dense layer over any axes."""

from __future__ import annotations

import re
from typing import Any, Unpack

from narae import activations, ops, regularizers
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import (
    ActivationLike,
    Config,
    ConstraintLike,
    InitializerLike,
    RegularizerLike,
    Shape,
    ShapeLike,
)
from narae.layers.full_rank import FullRank
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.weighted import KernelAndBias
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class EinsumDense(FullRank, KernelAndBias):
    """activation(einsum(equation, x, W) + b): a dense layer over any axes.

    x: the shape of the equation's first operand -> the shape of its result. W has the shape of the second operand.

    Args:
        equation: letters of the axes, 'ab,bc->ac'; with an ellipsis for any axes between, '...x,xy->...y'.
        output_shape: lengths of the result without the batch axis, None where the length is the inputs'; a number
            for one axis.
        activation: what follows the sum: a name, a function or a layer; None: nothing.
        bias_axes: letters of the result's axes along which b differs; None: no b.
        kernel_initializer: how the kernel begins (default: uniform within ±√(6 / (inputs + outputs)), inputs and
            outputs those of one unit).
        bias_initializer: how the bias begins (default: zeros).
        kernel_regularizer: the penalty on the kernel in the loss; None: none.
        bias_regularizer: the penalty on the bias in the loss; None: none.
        kernel_constraint: what brings the kernel back into bounds after each update; None: nothing.
        bias_constraint: what brings the bias back into bounds after each update; None: nothing.
        lora_rank: None: kernels of low rank are not in narae.
        lora_alpha: None; it belongs to `lora_rank`.
        gptq_unpacked_column_size: None, as `quantization_config`.
        quantization_config: None: layers are not quantized in narae.

    Raises:
        TypeError: `equation` or `bias_axes` is no string, or `output_shape` neither a length nor a tuple of them.
        ValueError: `equation` has another form, `bias_axes` has a letter that the result has not; an option of low
            rank or of quantization is given.
        ShapeError: the inputs' lengths contradict the equation or `output_shape`, or one that W has is not known.

    >>> import narae
    >>> layer = narae.layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")
    >>> layer(narae.ops.ones((2, 3, 4))).shape
    (2, 3, 5)
    """

    gptq_unpacked_column_size: int | None = None

    def __init__(
        self,
        equation: str,
        output_shape: int | ShapeLike,
        activation: ActivationLike | None = None,
        bias_axes: str | None = None,
        kernel_initializer: InitializerLike | None = "glorot_uniform",
        bias_initializer: InitializerLike | None = "zeros",
        kernel_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        kernel_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        self.refuse_low_rank(
            lora_rank=lora_rank,
            quantization_config=gptq_unpacked_column_size
            if quantization_config is None
            else quantization_config,
        )
        super().__init__(**kwargs)
        self.equation = equation
        if not isinstance(output_shape, (int, list, tuple)):
            raise TypeError(
                f"EinsumDense takes `output_shape` as a length or a tuple of them, got {output_shape!r:.80}"
            )
        self.partial_output_shape = (
            (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        if not isinstance(bias_axes, str | None):
            raise TypeError(f"EinsumDense takes `bias_axes` as letters, got {bias_axes!r:.80}")
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self._declare(
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )
        self._letters = _letters(equation)

    def build(self, input_shape: Shape) -> None:
        """The kernel of the equation's second operand, and the bias of `bias_axes`."""
        kernel_shape, bias_shape, _ = self._shapes(tuple(input_shape), self._letters[1])
        self.kernel = self._weight("kernel", kernel_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        self.bias = None
        if bias_shape is not None:
            self.bias = self._weight("bias", bias_shape)

    def _shapes(
        self, shape: tuple[int | None, ...], weight: str
    ) -> tuple[Any, Any, tuple[int | None, ...]]:
        """Kernel, bias and output shapes for an input shape; without the weight's letters, the output's alone."""
        out = self._letters[2]
        lengths, middle = self._input_lengths(shape)
        names = out.replace("...", "")
        given = dict(zip(reversed(names), reversed(self.partial_output_shape), strict=False))
        for name, length in given.items():
            if length is not None:
                if lengths.get(name) not in (None, length):
                    raise ShapeError(
                        f"EinsumDense {self.equation!r}: axis {name!r} has length {lengths[name]} in the input "
                        f"{shape} and {length} in output_shape {self.partial_output_shape}"
                    )
                lengths[name] = length
        try:
            kernel = tuple(lengths[name] for name in weight)
            output = _expanded(out, lengths, middle)
        except KeyError as error:
            raise ShapeError(
                f"EinsumDense {self.equation!r}: the length of axis {error} follows from neither the input {shape} nor "
                f"output_shape {self.partial_output_shape}"
            ) from None
        if None in kernel:
            raise ShapeError(
                f"EinsumDense {self.equation!r} needs known lengths for {weight!r}, got {shape}"
            )
        bias = None
        if self.bias_axes:
            unknown = set(self.bias_axes) - set(names)
            if unknown:
                raise ValueError(
                    f"bias_axes {self.bias_axes!r}: {sorted(unknown)} are not in the output {out!r}"
                )
            first = min(out.index(a) for a in self.bias_axes)
            ones = {name: 1 for name in names if name not in self.bias_axes}
            bias = _expanded(out[first:], {**lengths, **ones}, (1,) * len(middle))
        return kernel, bias, output

    def _input_lengths(
        self, shape: tuple[int | None, ...]
    ) -> tuple[dict[str, Any], tuple[int | None, ...]]:
        left = self._letters[0]
        names = left.replace("...", "")
        dotted = "..." in left
        if len(shape) < len(names) or (not dotted and len(shape) != len(names)):
            raise ShapeError(
                f"EinsumDense {self.equation!r} takes inputs of rank {len(names)}, got shape {shape}"
            )
        start = left.index("...") if dotted else len(names)
        extra = len(shape) - len(names)
        middle = shape[start : start + extra]
        rest = (*shape[:start], *shape[start + extra :])
        return dict(zip(names, rest, strict=True)), middle

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return x if self.activation is None else self.activation(x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The equation's output."""
        return self._shapes(tuple(input_shape), "")[2]

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "quantization_config": None,
        }


def _letters(equation: str) -> tuple[str, str, str]:
    if not isinstance(equation, str):
        raise TypeError(f"EinsumDense takes an equation like 'ab,bc->ac', got {equation!r:.80}")
    found = re.fullmatch(r"([a-zA-Z.]+),([a-zA-Z]+)->([a-zA-Z.]+)", equation.replace(" ", ""))
    if found is None or any(part.replace("...", "").count(".") for part in found.groups()):
        raise ValueError(
            f"EinsumDense takes an equation like 'ab,bc->ac' or '...x,xy->...y', got {equation!r}"
        )
    return found.groups()  # type: ignore[return-value]


def _expanded(
    out: str, lengths: dict[str, Any], middle: tuple[int | None, ...]
) -> tuple[int | None, ...]:
    shape: list[int | None] = []
    for part in re.findall(r"\.\.\.|[a-zA-Z]", out):
        shape += list(middle) if part == "..." else [lengths[part]]
    return tuple(shape)
