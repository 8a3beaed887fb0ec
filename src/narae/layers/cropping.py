"""Cropping1D to 3D: the margins of the axes of space taken away."""

from __future__ import annotations

from typing import Any, Unpack

from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import WidthsLike
from narae.layers.borders import Borders
from narae.layers.options import LayerOptions
from narae.layers.windows import apart, together
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
        space = apart(inputs.shape, self.data_format)[1]
        kept = [
            slice(before, before + n)
            for (before, _), n in zip(self.widths, self.space_out(space), strict=True)
            if n is not None
        ]
        whole: Any = slice(None)
        return inputs[together(whole, tuple(kept), whole, self.data_format)]  # type: ignore[arg-type]


@builtin("keras.layers")
class Cropping1D(Cropping):
    """The steps without their ends.

    cropping: a number for both ends, or (before, after). x: (B, steps, channels) -> (B, steps - before - after,
    channels). Raises ValueError when nothing remains.

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

    cropping: a number for all sides, (rows, columns), or ((top, bottom), (left, right)). x: (B, rows, columns,
    channels) -> (B, rows - top - bottom, columns - left - right, channels); channels_first: (B, channels, rows,
    columns). Raises ValueError when nothing remains.

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

    cropping: a number for all sides, one per axis, or a pair (before, after) per axis. x: (B, depth, rows, columns,
    channels), shorter in space by the widths; channels_first: (B, channels, depth, rows, columns). Raises
    ValueError when nothing remains.

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
