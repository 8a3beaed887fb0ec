"""SpectralNormalization: a layer whose kernel stretches nothing by more than 1."""

from __future__ import annotations

from typing import Any, Unpack

from narae import initializers, ops
from narae.base.registry import builtin
from narae.base.types import Config, Shape
from narae.layers.base import Layer
from narae.layers.dense import validate_positive
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.wrapper import Wrapper
from narae.tensor.tensor import Tensor


@builtin("keras.layers")
class SpectralNormalization(Wrapper):
    """Another layer, whose kernel W is divided in each training call by its largest singular value σ.

    σ ≈ v W uᵀ, with v = u Wᵀ/|u Wᵀ| and u = v W/|v W| after `power_iterations` rounds; u is kept from call to call,
    and the kernel keeps its new value. Gradients are those of the new kernel.

    x: what the layer inside takes -> what it gives.

    Args:
        layer: the layer inside, which has a `kernel` or `embeddings`.
        power_iterations: rounds of the power method in each call, a positive whole number.

    Raises:
        ValueError: `power_iterations` is no positive whole number, or `layer` is no layer, or has neither `kernel`
            nor `embeddings` once it is built.

    Source: Miyato et al. 2018, algorithm 1.

    >>> import numpy as np
    >>> from narae.layers import Dense
    >>> layer = SpectralNormalization(Dense(1, kernel_initializer="ones"))
    >>> layer(np.ones((1, 4)), training=True).numpy().round(3).tolist()
    [[2.0]]
    """

    def __init__(
        self, layer: Layer, power_iterations: int = 1, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = validate_positive(
            "power_iterations", power_iterations, "SpectralNormalization"
        )

    def build(self, input_shape: Shape | None = None) -> None:
        """The layer inside, and u (1, the kernel's last axis)."""
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ValueError(
                f"SpectralNormalization wraps a layer with a kernel or embeddings, "
                f"{type(self.layer).__name__} has neither"
            )
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1] if input_shape else None})
        self.kernel = kernel
        self.kernel_shape = tuple(kernel.shape)
        self.vector_u = self.add_weight(
            (1, kernel.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            dtype=kernel.dtype,
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The layer's outputs; in training with the kernel normalized first."""
        if training:
            u, kernel = self.normalized_weights()
            self.vector_u.assign(u)
            # the new value is what training goes on from, so gradients are taken there
            self.kernel.assign(ops.stop_gradient(kernel))
        return ops.cast(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """u and the kernel after normalization; a kernel of zeros stays."""
        kernel = self.kernel.value
        weights = ops.reshape(kernel, (-1, kernel.shape[-1]))
        before = u = self.vector_u.value
        v = u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(weights)), axis=None)  # type: ignore[arg-type]
            u = ops.normalize(ops.matmul(v, weights), axis=None)  # type: ignore[arg-type]
        sigma = ops.matmul(ops.matmul(v, weights), ops.transpose(u))
        zero = ops.all(ops.equal(kernel, 0))
        scaled = kernel / ops.where(zero, 1, ops.reshape(sigma, ()))
        return ops.where(zero, before, u), scaled

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The layer's."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "power_iterations": self.power_iterations}
