"""What the normalization layers share: gamma and beta, epsilon, checked axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from narae.base.errors import ShapeError
from narae.base.types import Config, Ints, Shape
from narae.engine.variable import Variable
from narae.layers.options import LayerOptions
from narae.layers.weighted import Given, Weighted


def require_axes(layer: str, shape: Shape, axes: Ints) -> list[int]:
    """The axes as a list. Raises ShapeError for one that is not there."""
    listed: list[Any] = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    for axis in listed:
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(f"{layer}: axis {axis} is not in an input of shape {tuple(shape)}")
    return listed


def lengths_along(layer: str, shape: Shape, axes: Ints) -> tuple[int, ...]:
    """The known lengths of some axes. Raises ShapeError for an axis that is not there, or of unknown length."""
    lengths: list[int] = []
    for axis in require_axes(layer, shape, axes):
        length = shape[axis]
        if length is None:
            raise ShapeError(
                f"{layer} has a weight for each place of axis {axis}, whose length is unknown in {tuple(shape)}: "
                "name it in Input(shape=...)"
            )
        lengths.append(length)
    return tuple(lengths)


class Normalizing(Weighted):
    """Base of the layers that bring to mean 0 and variance 1, then scale by gamma and shift by beta."""

    axis: Any
    gamma: Variable | None
    beta: Variable | None
    gamma_initializer: Any
    gamma_regularizer: Any
    gamma_constraint: Any
    beta_initializer: Any
    beta_regularizer: Any
    beta_constraint: Any

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta: Given,
        gamma: Given,
        state: Mapping[str, Given] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self._declare(beta=beta, gamma=gamma, **(state or {}))
        self.supports_masking = True

    def build_affine(self, shape: tuple[int, ...]) -> None:
        """gamma and beta, where asked for."""
        self.gamma = None
        self.beta = None
        if self.scale:
            self.gamma = self._weight("gamma", shape, autocast=False)
        if self.center:
            self.beta = self._weight("beta", shape, autocast=False)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape stays. Raises ShapeError when it does not have the axes."""
        require_axes(type(self).__name__, input_shape, self.axis)
        return input_shape

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }
