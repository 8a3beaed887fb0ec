"""KerasTensor: the symbolic value that `Input` gives, and the door every public op passes.

A KerasTensor has a shape with unknown lengths (None) and remembers the call that made it, so that a
functional model can run that call again. Public ops given one do not compute: they infer.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from narae.base import trees
from narae.base.dtypes import standardize_dtype
from narae.base.names import auto_name
from narae.graph.ir import Spec
from narae.graph.recording import traced
from narae.ops.tensor import LogicalOperators, Tensor

Shape = tuple[int | None, ...]
_names = itertools.count()


class KerasTensor(LogicalOperators):
    """A tensor to come, of a functional model: shape, dtype, and the call that makes it.

    >>> x = KerasTensor((None, 3))
    >>> (x * 2).shape
    (None, 3)
    """

    __slots__ = ("_keras_history", "dtype", "name", "record_history", "shape", "sparse")

    def __init__(
        self,
        shape: Shape,
        dtype: str | None = None,
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        history: Call | None = None,
        index: int = 0,
    ) -> None:
        if sparse or ragged:
            raise ValueError("narae's tensors are dense: sparse and ragged are not supported")
        self.shape = tuple(shape)
        self.dtype = standardize_dtype(dtype)
        self.name = name or f"keras_tensor_{next(_names)}"
        self.sparse = False
        self.record_history = record_history
        self._keras_history = (history, index)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def history(self) -> Call | None:
        """The call that makes this tensor, None for an input."""
        return self._keras_history[0]

    def reshape(self, *shape: Any) -> Any:
        """The tensor in another shape."""
        import narae.ops

        return narae.ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __invert__(self) -> Any:
        import narae.ops

        return narae.ops.logical_not(self)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ValueError(
            "A KerasTensor is symbolic: it has a shape and a dtype but no numbers. Use narae.ops or "
            "layers on it, and get numbers by calling the model that is built from it."
        )

    def __bool__(self) -> bool:
        raise TypeError("A KerasTensor has no truth value; use narae.ops.where or narae.ops.cond")

    def __iter__(self) -> Any:
        raise TypeError("A KerasTensor cannot be iterated over; use narae.ops.unstack")

    def __len__(self) -> int:
        raise TypeError("A KerasTensor's length may be unknown; look at its shape")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Call:
    """One recorded call of a layer or a public op on KerasTensors: target, arguments, outputs."""

    own_training = False  # whether `training` was given in the call, and is not a layer's default

    def __init__(
        self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], specs: Any
    ) -> None:
        self.target = target
        self.args = args
        self.kwargs = kwargs
        # layers have names of their own; a call of a public op is an operation with a name, as in Keras
        self.name: str = getattr(target, "name", None) or auto_name(target.__name__)
        leaves = trees.flatten(specs)
        made = [KerasTensor(s.shape, s.dtype, history=self, index=i) for i, s in enumerate(leaves)]
        self.outputs = trees.pack_as(specs, made)
        self.inputs = [
            leaf for leaf in trees.flatten((args, kwargs)) if isinstance(leaf, KerasTensor)
        ]


def any_symbolic(*trees_: Any) -> bool:
    """Whether a KerasTensor is among the leaves."""
    return any(isinstance(leaf, KerasTensor) for leaf in trees.flatten(trees_))


# Two lengths stand in for an unknown one: what differs between the two inferences is unknown in the
# result. Primes, so that products of lengths do not meet by chance; then what many lengths divide.
_STAND_INS = ((83, 97), (83 * 24, 97 * 24))


def infer(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """The tree of KerasTensors (shapes, dtypes) that a function gives for symbolic arguments.

    The function is traced without numbers, once, or twice where a length is unknown. When it refuses the
    lengths that stand in for unknown ones, those are known after all: from the other arguments.
    """
    leaves = trees.flatten((args, kwargs))
    unknown = {
        axis
        for leaf in leaves
        if isinstance(leaf, KerasTensor)
        for axis, n in enumerate(leaf.shape)
        if n is None
    }
    if not unknown:
        only = _traced(function, args, kwargs, lambda axis: 0)
        return trees.map_tree(lambda t: KerasTensor(t.shape, t.dtype), only)
    first, second = _STAND_INS[0]
    try:
        return _merged(function, args, kwargs, lambda axis: first, lambda axis: second)
    except (ValueError, IndexError) as error:
        for lengths in _others(leaves, unknown):
            with contextlib.suppress(ValueError, IndexError):
                return _merged(function, args, kwargs, *lengths)
        if str(first) in str(error):
            error.add_note(f"({first} stands for a length that is not known yet: None)")
        raise


Lengths = Callable[[int], int]


def _others(leaves: list[Any], unknown: set[int]) -> Iterator[tuple[Lengths, Lengths]]:
    """Other lengths of unknown axes to try: divisible ones, then an axis's as another argument has it."""
    (first, second), (many, more) = _STAND_INS
    yield lambda axis: many, lambda axis: more
    shapes = [getattr(leaf, "shape", ()) for leaf in leaves]
    known = {(axis, shape[axis]) for shape in shapes for axis in unknown if axis < len(shape)}
    for place, n in sorted((axis, n) for axis, n in known if n is not None):
        yield (
            lambda axis, place=place, n=n: n if axis == place else first,
            lambda axis, place=place, n=n: n if axis == place else second,
        )


def _merged(
    function: Callable[..., Any], args: Any, kwargs: Any, first: Lengths, second: Lengths
) -> Any:
    """What both inferences agree on."""

    def merged(a: Any, b: Any) -> KerasTensor:
        shape = tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
        return KerasTensor(shape, a.dtype)

    found = (_traced(function, args, kwargs, lengths) for lengths in (first, second))
    return trees.map_tree(merged, *found)


def _traced(function: Callable[..., Any], args: Any, kwargs: Any, length: Lengths) -> Any:
    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        shape = tuple(length(axis) if n is None else n for axis, n in enumerate(leaf.shape))
        return Tensor(Spec(shape, leaf.dtype))

    args, kwargs = trees.map_tree(stand_in, (args, kwargs))
    with traced():
        return function(*args, **kwargs)


F = TypeVar("F", bound=Callable[..., Any])


def public(function: F) -> F:
    """Make a function of tensors a public op: given KerasTensors it records itself and infers."""

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            kind = type(arg)
            if kind is KerasTensor or (kind in _NESTED and any_symbolic(arg)):
                break
        else:
            if not kwargs or not any_symbolic(kwargs):
                return function(*args, **kwargs)
        return Call(op, args, kwargs, infer(function, args, kwargs)).outputs

    op.__narae_public__ = True  # type: ignore[attr-defined]
    return op  # type: ignore[return-value]


_NESTED = (list, tuple, dict)
