"""Dropout of recurrent cells: masks drawn once for a sequence, and used at each of its times."""

from __future__ import annotations

from narae import ops
from narae.random import basic as random
from narae.random.keys import SeedGenerator
from narae.tensor.tensor import Tensor

Masks = Tensor | list[Tensor]  # one for all gates, or one for each


class DropoutRNNCell:
    """Mixed into cells with rates `dropout` (of the inputs) and `recurrent_dropout` (of the state) and a
    `seed_generator`: masks that are drawn when first asked for, and kept until they are reset.

    `RNN` draws them before the first time and resets them after the last one (Gal & Ghahramani 2016: the same mask
    at each time). With `dropout_mask_count`, each mask is a list of as many.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: SeedGenerator
    dropout_mask_count: int | None = None
    _dropout_mask: Masks | None = None
    _recurrent_dropout_mask: Masks | None = None

    def get_dropout_mask(self, step_input: Tensor) -> Masks | None:
        """The mask of the inputs, drawn if there is none.

        Args:
            step_input: a tensor of the inputs of one time, (B, features), whose shape and dtype the mask has.

        Returns: 0 where an input is dropped, 1 / (1 - dropout) elsewhere; None for a rate of 0.
        """
        if self._dropout_mask is None and self.dropout > 0:
            self._dropout_mask = self._drawn(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, step_input: Tensor) -> Masks | None:
        """The mask of the state, drawn if there is none.

        Args:
            step_input: a tensor of a state's shape, (B, units), and dtype.

        Returns: 0 where a number of the state is dropped, 1 / (1 - recurrent_dropout) elsewhere; None for a rate of
            0.
        """
        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:
            self._recurrent_dropout_mask = self._drawn(step_input, self.recurrent_dropout)
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        """Forget the mask of the inputs: the next call draws another."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the mask of the state: the next call draws another."""
        self._recurrent_dropout_mask = None

    def _drawn(self, like: Tensor, rate: float) -> Masks:
        ones = ops.ones(like.shape, like.dtype)
        if self.dropout_mask_count is None:
            return random.dropout(ones, rate, seed=self.seed_generator)
        return [
            random.dropout(ones, rate, seed=self.seed_generator)
            for _ in range(self.dropout_mask_count)
        ]
