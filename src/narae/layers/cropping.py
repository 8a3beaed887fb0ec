"""Cropping1D to 3D: the margins of the axes of space taken away."""

from __future__ import annotations

from typing import Any, Unpack

from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import WidthsLike
from narae.layers.borders import Borders
from narae.layers.options import LayerOptions
from narae.layers.windows import join_shape, split_shape
from narae.tensor.tensor import Tensor


class Cropping(Borders):
    """Base of Cropping1D to 3D, which differ in the number of axes only."""

    argument = "cropping"

    def __init__(
        self, cropping: WidthsLike, data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
        self.cropping = self.widths[0] if self.rank == 1 else self.widths

    def length(self, n: int, before: int, after: int) -> int:
        """Shorter by the widths. Raises ShapeError when nothing remains."""
        if n <= before + after:
            raise ShapeError(
                f"{type(self).__name__}: cropping {(before, after)} leaves nothing of an axis of length {n}"
            )
        return n - before - after

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs without their margins."""
        space = split_shape(inputs.shape, self.data_format)[1]
        kept = [
            slice(before, before + n)
            for (before, _), n in zip(self.widths, self.output_lengths(space), strict=True)
            if n is not None
        ]
        whole: Any = slice(None)
        return inputs[join_shape(whole, tuple(kept), whole, self.data_format)]  # type: ignore[arg-type]


@builtin("keras.layers")
class Cropping1D(Cropping):
    """The steps without their ends.

    x: (B, steps, channels) -> (B, steps - before - after, channels).

    Args:
        cropping: steps taken away at both ends: a number for both, or (before, after).

    Raises:
        ValueError: `cropping` is none of these forms or has a negative number.
        ShapeError: nothing of an axis remains.

    >>> import numpy as np
    >>> Cropping1D(1)(np.array([[[1.0], [2.0], [3.0]]])).tolist()
    [[[2.0]]]
    """

    rank = 1
    has_data_format = False

    def __init__(self, cropping: WidthsLike = (1, 1), **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@builtin("keras.layers")
class Cropping2D(Cropping):
    """An image without its margins.

    x: (B, rows, columns, channels) -> (B, rows - top - bottom, columns - left - right, channels); channels_first:
    the channels stand after B.

    Args:
        cropping: rows and columns taken away: a number for all sides, (rows, columns), or ((top, bottom), (left,
            right)).
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `cropping` is none of these forms or has a negative number, or `data_format` is none of its
            names.
        ShapeError: nothing of an axis remains.

    >>> import narae
    >>> Cropping2D(((1, 0), (2, 1)))(narae.ops.ones((1, 4, 4, 3))).shape
    (1, 3, 1, 3)
    """

    def __init__(
        self,
        cropping: WidthsLike = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


@builtin("keras.layers")
class Cropping3D(Cropping):
    """A volume without its margins.

    x: (B, depth, rows, columns, channels) -> the same, each axis of space shorter by its two widths;
    channels_first: the channels stand after B.

    Args:
        cropping: places taken away: a number for all sides, one per axis, or a pair (before, after) per axis.
        data_format: 'channels_last' or 'channels_first', the place of the axis of channels; None:
            narae.config.image_data_format().

    Raises:
        ValueError: `cropping` is none of these forms or has a negative number, or `data_format` is none of its
            names.
        ShapeError: nothing of an axis remains.

    >>> import narae
    >>> Cropping3D((0, 1, 1))(narae.ops.ones((1, 4, 4, 4, 3))).shape
    (1, 4, 2, 2, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: WidthsLike = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
