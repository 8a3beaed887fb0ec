"""RNN: a cell, called at each time of a sequence with the states that it gave at the time before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, Unpack

from narae import ops
from narae.base import trees
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects, Tensors
from narae.engine.variable import Variable
from narae.layers.base import Layer
from narae.layers.calling import takes_training
from narae.layers.dropout_masks import DropoutRNNCell
from narae.layers.options import LayerOptions
from narae.layers.recurrence import Recurrence, States, Step
from narae.layers.recurrent_cell import RecurrentCell
from narae.layers.stacked_rnn_cells import StackedRNNCells, output_size, zeros_of
from narae.tensor.symbolic import shape_of
from narae.tensor.tensor import Tensor, as_tensor


@builtin("keras.layers")
class RNN(Layer):
    """output, states = cell(x, states), at each time of a sequence.

    sequences: (B, T, ...) -> (B, units), the output of the last time; with `return_sequences` (B, T, units); with
    `return_state` followed by the last states. mask: (B, T), False for times that are left out: states stay, and
    the output is that of the time before.

    The call takes `initial_state`, what the first time starts from: a tensor, or a list of as many as the cell has
    states; None: what `cell.get_initial_state` gives, or zeros.

    A cell is any object with `call(inputs, states)` that gives (output, new states), and with `state_size`: a
    whole number, or a list of as many as there are states. It may have `output_size`, and
    `get_initial_state(batch_size)`.

    Args:
        cell: the cell; a list of cells is stacked: each takes the output of the one before.
        return_sequences: whether the outputs of all times are given.
        return_state: whether the last states are given as well.
        go_backwards: whether the sequence is gone over from its end; outputs are in the order of going.
        stateful: whether a batch starts from the states in which the one before ended; for this the length of the
            batch has to be known.
        unroll: whether the loop is written out, time for time, when it is compiled.
        zero_output_for_mask: whether the output of a time that is left out is 0; without effect with `unroll`.

    Raises:
        ValueError: `cell` is no cell; the batch of a stateful layer is not known, or is another one than before; the
            number of initial states is not that of the cell's.
        ShapeError: the cell gives states of other shapes than it is given.

    >>> import narae
    >>> class Sum(narae.layers.Layer):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> RNN(Sum(), return_sequences=True)(narae.ops.ones((1, 3, 2))).tolist()
    [[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]]
    """

    states: Any  # of a stateful layer, variables in the structure of the cell's; else None

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        size = _state_size(cell)
        super().__init__(**kwargs)
        self.zero_output_for_mask = zero_output_for_mask
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.single_state = isinstance(size, int)
        self.state_size = [size] if isinstance(size, int) else list(size)
        self._keep_states(None)

    def _keep_states(self, states: States | None) -> None:
        """The states between batches are no weights: they are in no list of variables, and in no file."""
        self.__dict__["states"] = states

    # -- shapes ------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """(B, units), or (B, T, units); with `return_state` followed by the shapes of the states."""
        batch, length = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None)
        size = self.state_size[0] if size is None else size
        if not isinstance(size, int):
            raise ValueError(f"`output_size` of a cell is a whole number, got {size!r}")
        output = (batch, length, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        states = [
            (batch, s) if isinstance(s, int) else [(batch, n) for n in s] for s in self.state_size
        ]
        return (output, *states)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of outputs and states."""
        given = args[1] if len(args) > 1 else kwargs.get("initial_state")
        if given is not None:
            self._check_states(given, args[0].shape[0] if args else None)
        return super().compute_output_spec(*args, **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the inputs for outputs of all times; none for a last output and for states."""
        mask = trees.flatten(previous_mask)[0] if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    # -- states ------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, and make the states of a stateful layer."""
        step_shape = (sequences_shape[0], *sequences_shape[2:])
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build(step_shape)
            self.cell.built = True
        if not self.stateful:
            return
        if self.states is not None:
            self.reset_state()
        elif sequences_shape[0] is None:
            raise ValueError(
                f"{self.name!r} is stateful, and keeps a state for each sample: the batch size has to be known, "
                f"got shape {tuple(sequences_shape)}. Input(batch_shape=(n, ...)) or Input(shape, batch_size=n) "
                "names it"
            )
        else:
            self._make_states(sequences_shape[0])

    def _make_states(self, batch: int) -> None:
        def variable(value: Tensor) -> Variable:
            return Variable(value, dtype=self.variable_dtype, trainable=False, name="rnn_state")

        self._keep_states(trees.map_tree(variable, self.get_initial_state(batch)))

    def get_initial_state(self, batch_size: int | None) -> States:
        """What a sequence starts from: what the cell's own method gives, or zeros.

        Args:
            batch_size: the number of samples.

        Returns: the states in a list.
        """
        own = getattr(self.cell, "get_initial_state", None)
        if own is None:
            return [zeros_of(size, batch_size, self._cell_dtype) for size in self.state_size]
        state = own(batch_size=batch_size)
        return list(state) if trees.is_nested(state) else [state]

    def reset_state(self) -> None:
        """Bring the states of a stateful layer to 0."""
        for variable in trees.flatten(self.states):
            if variable is not None:
                variable.assign(ops.zeros(variable.shape, variable.dtype))

    def reset_states(self) -> None:
        """`reset_state` by its older name."""
        self.reset_state()

    @property
    def _cell_dtype(self) -> str:
        return getattr(self.cell, "compute_dtype", self.compute_dtype)

    def _check_states(self, initial_state: Tensors, batch: int | None) -> None:
        """Raises ValueError for another number of states, ShapeError for states of other samples or widths."""
        got = len(initial_state) if trees.is_nested(initial_state) else 1
        if got != len(self.state_size):
            raise ValueError(
                f"{self.name!r} has {len(self.state_size)} state(s) and was given {got} as `initial_state`: it is a "
                "list of one tensor for each"
            )
        cell: Any = self.cell
        usual = getattr(type(cell), "get_initial_state", None) is RecurrentCell.get_initial_state
        own = cell.units if usual else None
        wanted = (batch, ...) if own is None else (batch, own)
        for state in trees.flatten(initial_state):
            shape = shape_of(state)
            fits = own is None or len(shape) == 2
            for given, length in zip(shape, wanted, strict=False):
                fits = fits and (length in (None, ..., given) or given is None)
            if not fits:
                raise ShapeError(f"{self.name!r} starts from states of {wanted}, got {shape}")

    def _first_states(self, batch: int, initial_state: Tensors | None) -> States:
        """What the first time starts from, in the dtype of the cell's computation."""
        if self.stateful and self.states is not None:
            kept = trees.flatten(self.states)[0].shape[0]
            if kept != batch:
                raise ValueError(
                    f"{self.name!r} is stateful and keeps states of {kept} samples, got a batch size of {batch}: all "
                    "batches have to be of one length (fit and predict take batch_size=...)"
                )
        if initial_state is not None:
            self._check_states(initial_state, batch)
            states: Any = initial_state if trees.is_nested(initial_state) else [initial_state]
        elif self.stateful:
            states = self.states
        else:
            states = self.get_initial_state(batch)
        dtype = self._cell_dtype
        return trees.map_tree(lambda s: ops.cast(as_tensor(s), dtype), list(states))

    # -- call --------------------------------------------------------------------------------

    def call(
        self,
        sequences: Tensor,
        initial_state: Tensors | None = None,
        mask: Tensors | None = None,
        training: bool = False,
    ) -> Any:
        """The outputs, and the last states where asked for."""
        states = self._first_states(sequences.shape[0], initial_state)
        with self._masks_drawn(sequences, states, training):
            last, outputs, states = self.inner_loop(sequences, states, mask, training)
        states = trees.map_tree(lambda s: ops.cast(s, self.compute_dtype), states)
        if self.stateful:
            kept, new = trees.flatten(self.states), trees.flatten(states)
            for variable, state in zip(kept, new, strict=True):
                variable.assign(state)
        given: Any = outputs if self.return_sequences else last
        output = ops.cast(given, self.compute_dtype)
        return (output, *states) if self.return_state else output

    def inner_loop(
        self, sequences: Tensor, initial_state: States, mask: Tensors | None, training: bool = False
    ) -> tuple[Tensor, Tensor | None, States]:
        """The loop over time.

        Args:
            sequences: (B, T, ...).
            initial_state: the first states, in a list.
            mask: (B, T), or None.
            training: the mode.

        Returns: the last output; all outputs, (B, T, units), or None where they are not asked for; the last states.
        """
        times = _mask_of_times(trees.flatten(mask)[0], sequences)
        xs, step = self._unfolded(_time_first(sequences), initial_state, training)
        loop = Recurrence(step, initial_state, self.return_sequences, self.zero_output_for_mask)
        last, outputs, states = loop.run(xs, times, self.go_backwards, self.unroll)
        return last, None if outputs is None else _time_first(outputs), states

    def _unfolded(self, xs: Tensor, states: States, training: bool) -> tuple[Any, Step]:
        """What is gone over, and the function of one time."""
        cell: Any = self.cell
        if isinstance(cell, RecurrentCell) and type(cell).call is RecurrentCell.call:
            with cell._reading():  # the cell's dtype may be another one than the layer's
                return cell.unfold(ops.cast(xs, cell.compute_dtype), states, training)
        function: Any = cell if callable(cell) else cell.call
        options = {"training": training} if takes_training(cell) else {}

        def step(x: Tensor, states: States) -> tuple[Tensor, States]:
            found = function(x, states, **options)
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                raise ValueError(f"a cell's call gives (output, new states), got {found!r:.80}")
            output, new = found
            return output, list(new) if trees.is_nested(new) else [new]

        return xs, step

    @contextmanager
    def _masks_drawn(self, sequences: Tensor, states: States, training: bool) -> Iterator[None]:
        """Within it, the cell's dropout has the masks of one sequence: the same at each time."""
        batch, dropping = sequences.shape[0], _dropping(self.cell)
        for cell in dropping:
            _reset(cell)
        if training and dropping:
            _draw(self.cell, ops.zeros((batch, *sequences.shape[2:]), self._cell_dtype), states)
        try:
            yield
        finally:
            for cell in dropping:
                _reset(cell)

    # -- config ------------------------------------------------------------------------------

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        """The layer that `get_config` described."""
        cell = deserialize_keras_object(config["cell"], custom_objects)
        return super().from_config({**config, "cell": cell})


def _state_size(cell: object) -> int | Sequence[Any]:
    """What a cell says of its states. Raises ValueError for what is no cell."""
    if not hasattr(cell, "call"):
        raise ValueError(f"a cell has a method call(inputs, states), got {cell!r:.80}")
    size = getattr(cell, "state_size", None)
    if isinstance(size, bool) or not isinstance(size, (int, list, tuple)):
        raise ValueError(
            f"a cell has `state_size`, a whole number or a list of as many as there are states, got {size!r:.80} of "
            f"{cell!r:.80}"
        )
    return size


def _time_first(x: Tensor) -> Tensor:
    """(B, T, ...) -> (T, B, ...), and back."""
    return ops.swapaxes(x, 0, 1)


def _mask_of_times(mask: Tensor | None, sequences: Tensor) -> Tensor | None:
    """A mask as the loop goes over it. Raises ShapeError for one of other samples or times."""
    if mask is None:
        return None
    mask = as_tensor(mask)
    if mask.shape[:2] != sequences.shape[:2]:
        raise ShapeError(
            f"a mask has a place for each sample and time, {sequences.shape[:2]}, got shape {mask.shape}"
        )
    return _time_first(mask)


def _dropping(cell: object) -> list[DropoutRNNCell]:
    """The cells with masks of dropout: this one, and those below it."""
    if isinstance(cell, Layer):
        return [c for c in cell._flatten_layers() if isinstance(c, DropoutRNNCell)]
    return [cell] if isinstance(cell, DropoutRNNCell) else []


def _draw(cell: object, inputs: Tensor, states: States) -> None:
    """Draw the masks of a cell, of stacked cells those of each."""
    if isinstance(cell, DropoutRNNCell):
        cell.get_dropout_mask(inputs)
        cell.get_recurrent_dropout_mask(trees.flatten(states)[0])
    elif isinstance(cell, StackedRNNCells):
        for i, inner in enumerate(cell.cells):
            _draw(inner, inputs, states[i])
            inputs = ops.zeros((inputs.shape[0], output_size(inner)), inputs.dtype)


def _reset(cell: DropoutRNNCell) -> None:
    cell.reset_dropout_mask()
    cell.reset_recurrent_dropout_mask()
