"""GroupNormalization: groups of channels brought to mean 0 and variance 1, each sample by itself."""

from __future__ import annotations

from typing import Unpack

from narae import ops
from narae.base.arguments import whole
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import Config, ConstraintLike, InitializerLike, RegularizerLike, Shape
from narae.layers.input_spec import InputSpec
from narae.layers.normalizing import Normalizing, lengths_along
from narae.layers.options import LayerOptions
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class GroupNormalization(Normalizing):
    """gamma (x - mean) / √(variance + epsilon) + beta, mean and variance over space and each group of channels of a
    sample.

    x: any shape with a known number of channels -> the same. gamma, beta: (channels,).

    Args:
        groups: into how many groups the channels are divided, a divisor of their number: 1 is layer normalization
            over all axes; -1, or the number of channels, is instance normalization.
        axis: the channels' axis.
        epsilon: what is added to the variance, so that nothing is divided by 0.
        center: whether beta is added.
        scale: whether the result is multiplied by gamma.
        beta_initializer: how beta begins (default: zeros).
        gamma_initializer: how gamma begins (default: ones).
        beta_regularizer: the penalty on beta in the loss; None: none.
        gamma_regularizer: the penalty on gamma in the loss; None: none.
        beta_constraint: what brings beta back into bounds after each update; None: nothing.
        gamma_constraint: what brings gamma back into bounds after each update; None: nothing.

    Raises:
        ValueError: `groups` is no positive whole number, nor -1.
        TypeError: `axis` is no whole number.
        ShapeError: the channels are unknown, or `groups` does not divide them.

    Source: Wu & He 2018.

    >>> import numpy as np
    >>> layer = GroupNormalization(groups=2, epsilon=0.0)
    >>> layer(np.array([[1.0, 3.0, 10.0, 30.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike | None = "zeros",
        gamma_initializer: InitializerLike | None = "ones",
        beta_regularizer: RegularizerLike | None = None,
        gamma_regularizer: RegularizerLike | None = None,
        beta_constraint: ConstraintLike | None = None,
        gamma_constraint: ConstraintLike | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(
                f"GroupNormalization takes `groups` as a positive whole number, or -1 for as many as channels, got "
                f"{groups!r}"
            )
        super().__init__(
            epsilon,
            center,
            scale,
            beta=(beta_initializer, beta_regularizer, beta_constraint),
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            **kwargs,
        )
        self.groups = groups
        self.axis = whole("GroupNormalization", "axis", axis)
        self.autocast = False

    def build(self, input_shape: Shape) -> None:
        """gamma and beta, one for each channel."""
        shape = lengths_along("GroupNormalization", input_shape, self.axis)
        self.groups = shape[0] if self.groups == -1 else self.groups
        if shape[0] % self.groups:
            raise ShapeError(
                f"GroupNormalization shares the channels out among its groups: {shape[0]} channels (axis {self.axis} "
                f"of {tuple(input_shape)}), {self.groups} groups"
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})
        self.build_affine(shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized inputs."""
        shape, axis = tuple(inputs.shape), self.axis % len(inputs.shape)
        split = (self.groups, shape[axis] // self.groups)
        x = ops.reshape(inputs, (*shape[:axis], *split, *shape[axis + 1 :]))
        # the squares of halves overflow: statistics are taken in float32 at least
        x = ops.cast(x, "float64" if x.dtype == "float64" else "float32")
        over = [a for a in range(1, len(x.shape)) if a != axis]
        mean, variance = ops.moments(x, axes=over, keepdims=True)
        wide = (*(1,) * axis, *split, *(1,) * (len(shape) - axis - 1))
        factor = ops.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * ops.cast(ops.reshape(self.gamma, wide), x.dtype)
        shift = -mean * factor
        if self.beta is not None:
            shift = shift + ops.cast(ops.reshape(self.beta, wide), x.dtype)
        return ops.cast(ops.reshape(x * factor + shift, shape), self.compute_dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "groups": self.groups}
