"""What padding and cropping layers share: two widths for each axis of space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack

from narae.base.settings import standardize_data_format
from narae.base.types import Config, Shape, WidthsLike
from narae.layers.base import Layer
from narae.layers.input_spec import InputSpec
from narae.layers.options import LayerOptions
from narae.layers.windows import Lengths, join_shape, per_axis, split_shape

Widths = tuple[tuple[int, int], ...]


def standardize_widths(layer: str, argument: str, value: WidthsLike, rank: int) -> Widths:
    """(before, after) for each axis: from a number, one number or pair per axis, or a pair for a single axis."""
    if rank == 1:
        before, after = per_axis(layer, argument, value, 2, least=0)
        return ((before, after),)
    each: Sequence[object] = [value] * rank
    several = isinstance(value, Iterable) and not isinstance(value, str)
    if isinstance(value, Iterable) and several:
        each = list(value)
    if len(each) != rank or not (several or isinstance(value, int)):
        raise ValueError(
            f"{layer} takes `{argument}` as a whole number, {rank} of them, or {rank} pairs (before, after), got "
            f"{value!r}"
        )
    rows = [per_axis(layer, argument, item, 2, least=0) for item in each]
    return tuple((before, after) for before, after in rows)


class Borders(Layer):
    """Base of the padding and cropping layers: widths before and after each axis of space."""

    rank = 2
    argument = "padding"
    has_data_format = True

    def __init__(
        self, widths: WidthsLike, data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.widths = standardize_widths(type(self).__name__, self.argument, widths, self.rank)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def length(self, n: int, before: int, after: int) -> int:
        """An axis's length after the change."""
        raise NotImplementedError

    def output_lengths(self, space: Lengths) -> Lengths:
        """The lengths that come out."""
        return tuple(
            None if n is None else self.length(n, *pair)
            for n, pair in zip(space, self.widths, strict=True)
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The lengths in space change; batch and channels stay."""
        batch, space, channels = split_shape(input_shape, self.data_format)
        return join_shape(batch, self.output_lengths(space), channels, self.data_format)

    def get_config(self) -> Config:
        widths = self.widths[0] if self.rank == 1 else self.widths
        config = {**super().get_config(), self.argument: widths}
        return {**config, "data_format": self.data_format} if self.has_data_format else config
