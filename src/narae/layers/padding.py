"""ZeroPadding1D to 3D: zeros around the axes of space."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base.registry import builtin
from narae.base.types import WidthsLike
from narae.layers.borders import Borders
from narae.layers.options import LayerOptions
from narae.layers.windows import join_shape
from narae.tensor.tensor import Tensor


class ZeroPadding(Borders):
    """Base of ZeroPadding1D to 3D, which differ in the number of axes only."""

    def __init__(
        self,
        padding: WidthsLike = 1,
        data_format: str | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(padding, data_format, **kwargs)
        self.padding = self.widths[0] if self.rank == 1 else self.widths

    def length(self, n: int, before: int, after: int) -> int:
        """Longer by the widths."""
        return n + before + after

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs with zeros around them."""
        none: Any = (0, 0)
        return ops.pad(inputs, join_shape(none, self.widths, none, self.data_format))  # type: ignore[arg-type]


@builtin("keras.layers")
class ZeroPadding1D(ZeroPadding):
    """Zeros before and after the steps.

    x: (B, steps, channels) -> (B, before + steps + after, channels); channels_first: (B, channels, steps) -> (B,
    channels, before + steps + after).

    Args:
        padding: zeros at both ends: a number for both, or (before, after).
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `padding` is none of these forms or has a negative number, or `data_format` is none of its
            names.

    >>> import numpy as np
    >>> ZeroPadding1D((1, 0))(np.array([[[5.0]]])).tolist()
    [[[0.0], [5.0]]]
    """

    rank = 1


@builtin("keras.layers")
class ZeroPadding2D(ZeroPadding):
    """Zeros around an image.

    x: (B, rows, columns, channels) -> (B, top + rows + bottom, left + columns + right, channels); channels_first:
    the channels stand after B.

    Args:
        padding: rows and columns of zeros: a number for all sides, (rows, columns), or ((top, bottom), (left,
            right)).
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `padding` is none of these forms or has a negative number, or `data_format` is none of its
            names.

    >>> import narae
    >>> ZeroPadding2D(((1, 0), (2, 3)))(narae.ops.ones((1, 4, 4, 3))).shape
    (1, 5, 9, 3)
    """


@builtin("keras.layers")
class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume.

    x: (B, depth, rows, columns, channels) -> the same, each axis of space longer by its two widths; channels_first:
    the channels stand after B.

    Args:
        padding: places of zeros: a number for all sides, one per axis, or a pair (before, after) per axis.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `padding` is none of these forms or has a negative number, or `data_format` is none of its
            names.

    >>> import narae
    >>> ZeroPadding3D((0, 1, 2))(narae.ops.ones((1, 4, 4, 4, 3))).shape
    (1, 4, 6, 8, 3)
    """

    rank = 3
