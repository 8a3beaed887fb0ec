"""BatchNormalization: each channel brought to mean 0 and variance 1 over the batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Unpack

from narae import ops
from narae.base.arguments import number, whole
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.settings import epsilon as least
from narae.base.types import (
    Config,
    ConstraintLike,
    DTypeLike,
    InitializerLike,
    RegularizerLike,
    Shape,
)
from narae.engine.variable import Variable
from narae.layers.input_spec import InputSpec
from narae.layers.normalizing import Normalizing, lengths_along
from narae.layers.options import LayerOptions
from narae.tensor.tensor import Tensor

CLIPPED = ("rmax", "rmin", "dmax")


@builtin("keras.layers")
class BatchNormalization(Normalizing):
    """gamma (x - mean) / √(variance + epsilon) + beta, for each place of `axis`.

    In training, mean and variance are the batch's (of the places that `mask` leaves), and the moving ones become
    momentum · moving + (1 - momentum) · batch's. Otherwise, and whenever the layer is not trainable, they are the
    moving ones.

    x: any shape with a known length of `axis` -> the same. mask: the shape of x without its last axis. gamma, beta,
    moving_mean, moving_variance: (length of `axis`,).

    Args:
        axis: the axis whose places have statistics of their own: the channels'.
        momentum: the share of a moving statistic that stays at each step of training, in [0, 1].
        epsilon: what is added to the variance, so that nothing is divided by 0.
        center: whether beta is added.
        scale: whether the result is multiplied by gamma.
        beta_initializer: how beta begins (default: zeros).
        gamma_initializer: how gamma begins (default: ones).
        moving_mean_initializer: how the moving mean begins (default: zeros).
        moving_variance_initializer: how the moving variance begins (default: ones).
        beta_regularizer: the penalty on beta in the loss; None: none.
        gamma_regularizer: the penalty on gamma in the loss; None: none.
        beta_constraint: what brings beta back into bounds after each update; None: nothing.
        gamma_constraint: what brings gamma back into bounds after each update; None: nothing.
        renorm: whether batches are corrected towards the moving statistics (batch renormalization), which brings
            training and inference together.
        renorm_clipping: bounds of these corrections, 'rmin' and 'rmax' of the factor and 'dmax' of the shift; None:
            none.
        renorm_momentum: as `momentum`, for the statistics that the corrections are taken from.
        synchronized: False: narae trains in one process, where there is nothing to synchronize.

    Raises:
        ValueError: `synchronized` is True; `renorm_clipping` has unknown names or an empty range.
        TypeError: a number is given as something else.
        ShapeError: the length of `axis` is not known, or the mask has another rank.

    Source: Ioffe & Szegedy 2015; renorm: Ioffe 2017, algorithm 1.

    >>> import numpy as np
    >>> layer = BatchNormalization(momentum=0.5, epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    >>> layer.moving_mean.numpy().tolist()
    [1.0]
    """

    moving_mean_initializer: Any
    moving_variance_initializer: Any

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike | None = "zeros",
        gamma_initializer: InitializerLike | None = "ones",
        moving_mean_initializer: InitializerLike | None = "zeros",
        moving_variance_initializer: InitializerLike | None = "ones",
        beta_regularizer: RegularizerLike | None = None,
        gamma_regularizer: RegularizerLike | None = None,
        beta_constraint: ConstraintLike | None = None,
        gamma_constraint: ConstraintLike | None = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            number("BatchNormalization", "epsilon", epsilon),
            center,
            scale,
            beta=(beta_initializer, beta_regularizer, beta_constraint),
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            state={
                "moving_mean": (moving_mean_initializer,),
                "moving_variance": (moving_variance_initializer,),
            },
            **kwargs,
        )
        if synchronized:
            raise ValueError(
                "BatchNormalization(synchronized=True) is for training on several devices; narae trains in one "
                "process: leave it False"
            )
        self.axis = whole("BatchNormalization", "axis", axis)
        self.momentum = number("BatchNormalization", "momentum", momentum)
        self.renorm = renorm
        self.renorm_clipping = _bounds(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.gamma = self.beta = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Shape) -> None:
        """gamma, beta, moving_mean, moving_variance, and for renorm the moving deviations."""
        shape = lengths_along("BatchNormalization", input_shape, self.axis)
        self.build_affine(shape)
        self.moving_mean = self._moving("moving_mean", shape)
        self.moving_variance = self._moving("moving_variance", shape)
        if self.renorm:
            self.moving_stddev = self._moving("moving_stddev", shape)
            self.renorm_mean = self._moving("renorm_mean", shape)
            self.renorm_stddev = self._moving("renorm_stddev", shape)
        rank = len(input_shape)
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: shape[0]})

    def _moving(self, name: str, shape: tuple[int, ...]) -> Any:
        """A statistic: means begin as the mean does, deviations as the variance's root."""
        start: Any = self.moving_mean_initializer
        if not name.endswith("mean"):
            start = self.moving_variance_initializer
        if name.endswith("stddev"):
            start = functools.partial(_root, start)
        return self.add_weight(shape, start, trainable=False, autocast=False, name=name)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The normalized inputs."""
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ShapeError(
                f"BatchNormalization takes a mask of the inputs' shape without the last axis, got mask "
                f"{tuple(mask.shape)} for inputs {tuple(inputs.shape)}"
            )
        # the squares of halves overflow: statistics are taken in float32 at least
        x = ops.cast(inputs, "float64" if inputs.dtype == "float64" else "float32")
        gamma, beta = (None if v is None else ops.cast(v, x.dtype) for v in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            if self.renorm:
                gamma, beta = self._corrected(mean, variance, gamma, beta)
                self._follow_deviation(mean, variance)
            else:
                _follow(self.moving_mean, mean, self.momentum)
                _follow(self.moving_variance, variance, self.momentum)
        else:
            mean, variance = (
                ops.cast(v, x.dtype) for v in (self.moving_mean, self.moving_variance)
            )
        out = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        return ops.cast(out, self.compute_dtype)

    def _moments(self, x: Tensor, mask: Tensor | None) -> tuple[Any, Any]:
        """Mean and variance of the batch, of the places that the mask leaves."""
        rank = len(x.shape)
        over = [a for a in range(rank) if a != self.axis % rank]
        if mask is None:
            return ops.moments(x, axes=over)
        there = ops.broadcast_to(ops.cast(ops.expand_dims(mask, -1), "bool"), x.shape)
        count = ops.sum(ops.cast(there, x.dtype), over, keepdims=True) + least()
        mean = ops.sum(ops.where(there, x, 0), over, keepdims=True) / count
        variance = ops.sum(ops.square(ops.where(there, x - mean, 0)), over, keepdims=True) / count
        return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))

    def _corrected(
        self, mean: Tensor, variance: Tensor, gamma: Tensor | None, beta: Tensor | None
    ) -> tuple[Any, Any]:
        """gamma and beta with r and d (Ioffe 2017, algorithm 1): (x r + d) gamma + beta."""
        lowest = ops.sqrt(ops.cast(self.epsilon, mean.dtype))
        deviation = ops.maximum(ops.cast(self.renorm_stddev, mean.dtype), lowest)
        r = ops.sqrt(variance + self.epsilon) / deviation
        d = (mean - ops.cast(self.renorm_mean, mean.dtype)) / deviation
        bounds = self.renorm_clipping or {}
        if bounds.get("rmin") is not None:
            r = ops.maximum(r, bounds["rmin"])
        if bounds.get("rmax") is not None:
            r = ops.minimum(r, bounds["rmax"])
        if bounds.get("dmax") is not None:
            d = ops.clip(d, -bounds["dmax"], bounds["dmax"])
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        if gamma is not None:
            r, d = r * gamma, d * gamma
        return r, d if beta is None else d + beta

    def _follow_deviation(self, mean: Tensor, variance: Tensor) -> None:
        deviation = ops.sqrt(variance + self.epsilon)
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, deviation, self.renorm_momentum)
        _follow(self.moving_mean, mean, self.momentum)
        moved = _follow(self.moving_stddev, deviation, self.momentum)
        self.moving_variance.assign(ops.relu(ops.square(moved) - self.epsilon))

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _root(
    initializer: Callable[..., Tensor], shape: Sequence[int], dtype: DTypeLike | None = None
) -> Tensor:
    return ops.sqrt(initializer(shape, dtype=dtype))


def _follow(moving: Variable, seen: Tensor, momentum: float) -> Tensor:
    """Move a moving average towards what was seen."""
    moved = ops.cast(moving, seen.dtype) * momentum + seen * (1.0 - momentum)
    moving.assign(moved)
    return moved


def _bounds(given: dict[str, float] | None) -> dict[str, float]:
    """The bounds of renorm's corrections. Raises ValueError for unknown names and empty ranges."""
    bounds = dict(given or {})
    if set(bounds) - set(CLIPPED):
        raise ValueError(
            f"BatchNormalization takes `renorm_clipping` with the keys {CLIPPED}, got {sorted(bounds)}"
        )
    rmin, rmax, dmax = bounds.get("rmin"), bounds.get("rmax"), bounds.get("dmax")
    if rmin is not None and rmax is not None and rmax < rmin:
        raise ValueError(f"`renorm_clipping` takes rmax of at least rmin, got {bounds}")
    if dmax is not None and dmax < 0:
        raise ValueError(f"`renorm_clipping` takes dmax of at least 0, got {bounds}")
    return bounds
