"""The loop of recurrent layers: a step over time, its states kept where a mask leaves a time out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from narae import ops
from narae.base import trees
from narae.base.errors import ShapeError
from narae.base.types import Tensors
from narae.tensor.tensor import Tensor

States: TypeAlias = "list[Any]"  # tensors (B, ...), or lists of them
Moving: TypeAlias = "tuple[Any, Tensor | None]"  # what is gone over, and the mask
# (x of a time, states) -> (output, new states)
Step: TypeAlias = "Callable[[Any, States], tuple[Tensor, States]]"


class Recurrence:
    """output, states = step(x, states) over the times of xs.

    xs: (T, B, ...) each; mask: (T, B, ...) or None, a time counts for a sample where any place holds; states: (B, ...)
    each, in any structure.

    Args:
        step: the function of one time.
        states: what the first time starts from.
        sequences: whether the outputs of all times are wanted.
        zero_masked: whether the output of a time that is left out is 0; else it is the first state, which for
            cells that give their first state is the output of the time before. Where the loop is written out, it is
            that output itself, 0 at first, as in Keras.
    """

    def __init__(
        self, step: Step, states: States, sequences: bool, zero_masked: bool = False
    ) -> None:
        self.step, self.states = step, states
        self.sequences, self.zero_masked = sequences, zero_masked
        # the place of the state that is the output: it need not be stacked to have the last one
        self._output_place: int | None = None
        # the output of the time before, where the loop is written out
        self._before: Tensor | None = None

    def run(
        self, xs: Tensors, mask: Tensor | None, backwards: bool, unroll: bool
    ) -> tuple[Tensor, Tensor | None, States]:
        """The output of the last time that was gone over; all outputs in the order of going, (T, B, ...), or None;
        the last states."""
        times = trees.flatten(xs)[0].shape[0]
        mask = None if mask is None else _by_sample(mask)
        moving: Any = (xs, mask)
        if times == 1 or (unroll and times):  # a loop around one step costs more than the step
            states, outputs = self._written_out(moving, times, backwards, unroll)
        else:
            states, outputs = ops.scan(
                self._body, trees.flatten(self.states), moving, times, reverse=backwards
            )
            if outputs is not None and backwards:
                outputs = ops.flip(outputs, axis=0)
        place = self._output_place
        last: Any = outputs if place is None else states[place]
        last = last[-1] if place is None else last
        kept = outputs if self.sequences else None
        return last, kept, trees.pack_as(self.states, list(states))

    def _written_out(
        self, moving: Moving, times: int, backwards: bool, unroll: bool
    ) -> tuple[list[Tensor], Tensor | None]:
        flat, ys = trees.flatten(self.states), []
        for t in reversed(range(times)) if backwards else range(times):
            xs, counts = trees.map_tree(lambda x, t=t: None if x is None else x[t], moving)
            flat, y = self._body(flat, (xs, counts), unroll)
            ys.append(y)
        if not self.sequences:
            return flat, None if ys[-1] is None else ys[-1][None]
        return flat, ops.stack(ys, axis=0)

    def _body(
        self, flat: Sequence[Tensor], moving: Moving, unroll: bool = False
    ) -> tuple[list[Tensor], Tensor | None]:
        x, counts = moving
        output, new = self.step(x, trees.pack_as(self.states, list(flat)))
        after = self._checked(trees.flatten(new), flat)
        place = next((i for i, state in enumerate(after) if state is output), None)
        if counts is not None:
            kept = [_where(counts, n, o) for n, o in zip(after, flat, strict=True)]
            if unroll:
                before = ops.zeros_like(output) if self._before is None else self._before
                self._before = output = _where(counts, output, before)
                place = None
            elif self.zero_masked:
                output, place = _where(counts, output, ops.zeros_like(output)), None
            else:
                before = self._state_before(flat, output, place)
                if place is not None and flat[place] is before:
                    output = kept[place]
                else:
                    output, place = _where(counts, output, before), None
            after = kept
        self._output_place = place
        return after, output if self.sequences or place is None else None

    def _state_before(self, flat: Sequence[Tensor], output: Tensor, place: int | None) -> Tensor:
        """The state that stands for the output of the time before: the first, of several cells the last one's first.
        Where that has another shape, the one that the output is now. Raises ShapeError where there is none."""
        nested = trees.is_nested(self.states[0])
        first = len(flat) - len(trees.flatten(self.states[-1])) if nested else 0
        for state in (flat[first], *(() if place is None else (flat[place],))):
            if state.shape == output.shape:
                return state
        raise ShapeError(
            f"where a mask leaves a time out the output is the cell's first state, which has shape {flat[first].shape} "
            f"where the output has {output.shape}: zero_output_for_mask=True makes it 0, unroll=True that of the time "
            "before"
        )

    def _checked(self, new: list[Tensor], old: Sequence[Tensor]) -> list[Tensor]:
        """The new states. Raises ShapeError unless they are as many, and of the shapes, as the old ones."""
        shapes = [tuple(s.shape) for s in new], [tuple(s.shape) for s in old]
        if shapes[0] != shapes[1]:
            raise ShapeError(
                f"a cell gives the states that it is given, anew: got shapes {shapes[0]} where {shapes[1]} came in; "
                "does `state_size` (or `initial_state`) say what `call` gives?"
            )
        return new


def _by_sample(mask: Tensor) -> Tensor:
    """A mask of times and samples, (T, B)."""
    mask = ops.cast(mask, "bool")
    return ops.any(mask, axis=tuple(range(2, mask.ndim))) if mask.ndim > 2 else mask


def _where(counts: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """New values of the samples that count, (B,), old ones of others."""
    wide = ops.reshape(counts, (*counts.shape, *(1,) * (new.ndim - counts.ndim)))
    return ops.where(wide, new, ops.cast(old, new.dtype))
