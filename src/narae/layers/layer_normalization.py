"""LayerNormalization and RMSNormalization: each sample brought to scale by itself."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.arguments import axes
from narae.base.errors import warn_user
from narae.base.registry import builtin
from narae.base.types import Config, ConstraintLike, InitializerLike, Ints, RegularizerLike, Shape
from narae.layers.base import Layer
from narae.layers.normalizing import Normalizing, lengths_along, require_axes
from narae.layers.options import LayerOptions, ScalingOptions
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class LayerNormalization(Normalizing):
    """gamma (x - mean) / √(variance + epsilon) + beta, mean and variance over `axis` of each sample.

    x: any shape -> the same. gamma, beta: the lengths of `axis`, which are known. rms_scaling=True, out of use:
    divide by the deviation without taking the mean away.

    Args:
        axis: the axis, or axes, over which a sample is brought to mean 0 and variance 1.
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
        TypeError: `axis` is no whole number, nor a list of them.
        ShapeError: the inputs have not that axis, or its length is not known.

    Source: Ba et al. 2016.

    >>> import numpy as np
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: Ints = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike | None = "zeros",
        gamma_initializer: InitializerLike | None = "ones",
        beta_regularizer: RegularizerLike | None = None,
        gamma_regularizer: RegularizerLike | None = None,
        beta_constraint: ConstraintLike | None = None,
        gamma_constraint: ConstraintLike | None = None,
        **kwargs: Unpack[ScalingOptions],
    ) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        if self.rms_scaling:
            warn_user(
                "LayerNormalization(rms_scaling=True) divides by the deviation, not by the root mean square; "
                "RMSNormalization does the latter"
            )
        super().__init__(
            epsilon,
            center,
            scale,
            beta=(beta_initializer, beta_regularizer, beta_constraint),
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            **kwargs,
        )
        axes("LayerNormalization", "axis", axis)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.autocast = False

    def build(self, input_shape: Shape) -> None:
        """gamma and beta, of the shape of the axes."""
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        shape = lengths_along("LayerNormalization", input_shape, self.axis)
        if self.rms_scaling:
            self.gamma = self._weight("gamma", shape, autocast=False)
            self.beta = None
        else:
            self.build_affine(shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized inputs."""
        out = ops.layer_normalization(
            *(inputs, self.gamma, self.beta, self.axis, self.epsilon), rms_scaling=self.rms_scaling
        )
        return ops.cast(out, self.compute_dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


@builtin("keras.layers")
class RMSNormalization(Layer):
    """scale x / √(mean x² + epsilon), the mean over `axis` of each sample.

    x: any shape -> the same. scale: the lengths of `axis`, which are known; it begins as ones.

    Args:
        axis: the axis, or axes, over which a sample is brought to a mean square of 1.
        epsilon: what is added to the mean square, so that nothing is divided by 0.

    Raises:
        TypeError: `axis` is no whole number, nor a list of them.
        ShapeError: the inputs have not that axis, or its length is not known.

    Source: Zhang & Sennrich 2019.

    >>> import numpy as np
    >>> RMSNormalization(epsilon=0.0)(np.array([[2.0, -2.0]])).tolist()
    [[1.0, -1.0]]
    """

    def __init__(
        self, axis: Ints = -1, epsilon: float = 1e-6, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        axes("RMSNormalization", "axis", axis)
        self.axis: Any = axis
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        """scale, of the shape of the axes."""
        listed = isinstance(self.axis, (list, tuple))
        self.axis = sorted(self.axis) if listed else [self.axis]
        shape = lengths_along("RMSNormalization", input_shape, self.axis)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Tensor) -> Tensor:
        """The normalized inputs."""
        return ops.rms_normalization(x, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays. Raises ShapeError when it does not have the axes."""
        require_axes("RMSNormalization", input_shape, self.axis)
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
