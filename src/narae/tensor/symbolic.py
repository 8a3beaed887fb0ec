"""KerasTensor: the symbolic value that `Input` gives, and the door every public op passes.

A KerasTensor has a shape with unknown lengths (None) and remembers the call that made it, so that a
functional model can run that call again. Public ops given one do not compute: they infer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, SupportsIndex, TypeVar

from narae.base import trees
from narae.base.dtypes import standardize_dtype
from narae.base.errors import shorten
from narae.base.names import auto_name
from narae.base.types import Axis, DTypeLike, Shape, ShapeLike, TensorLike
from narae.graph.ir import Spec
from narae.graph.recording import traced
from narae.tensor.lengths import Lengths, Unknown
from narae.tensor.operators import LogicalOperators
from narae.tensor.public_names import exported, public_op
from narae.tensor.tensor import Tensor, as_tensor


class KerasHistory(NamedTuple):
    """Where a KerasTensor comes from: the layer or public op, which of its calls, which of its results."""

    operation: Any
    node_index: int
    tensor_index: int


class KerasTensor(LogicalOperators):
    """A tensor to come, of a functional model: shape, dtype, and the call that makes it.

    It is one value, so that it equals itself alone, and can be looked for in a list.

    Args:
        shape: the lengths of the axes, None where one is not known.
        dtype: the dtype's name; None for floatx.
        sparse: False: narae's tensors are dense.
        ragged: False, likewise.
        record_history: whether operations on it remember how they made their results.
        name: its name; None for "keras_tensor", "keras_tensor_1", ...
        history: the call that makes it; None for an input.
        index: which of the call's results it is.
        ragged_rank: None: narae's tensors are dense.
        row_splits_dtype: None, likewise.

    Raises:
        ValueError: the shape is none, or a sparse or ragged tensor is asked for.

    >>> x = KerasTensor((None, 3))
    >>> (x * 2).shape
    (None, 3)
    """

    __slots__ = (
        "_dtype",
        "_index",
        "_keras_mask",  # the mask that a layer put on its output; absent: none
        "_name",
        "_shape",
        "history",
        "record_history",
    )

    def __init__(
        self,
        shape: ShapeLike,
        dtype: str | None = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        history: Call | None = None,
        index: int = 0,
        ragged_rank: int | None = None,
        row_splits_dtype: DTypeLike | None = None,
    ) -> None:
        if sparse or ragged or ragged_rank is not None or row_splits_dtype is not None:
            raise ValueError("narae's tensors are dense: sparse and ragged are not supported")
        self._shape = _standardized(shape)
        self._dtype = standardize_dtype(dtype)
        self._name = name
        self.record_history = record_history
        self.history = history  # the call that makes this tensor, None for an input
        self._index = index

    @property
    def shape(self) -> Shape:
        """The lengths of the axes, None where one is not known."""
        return self._shape

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self._dtype

    @property
    def sparse(self) -> bool:
        """False: narae's tensors are dense."""
        return False

    ragged = sparse

    @property
    def ragged_rank(self) -> None:
        """None: narae's tensors are dense."""
        return None

    row_splits_dtype = ragged_rank

    @property
    def name(self) -> str:
        """The name given, or one by number: inferring shapes makes many tensors, and names those alone that
        somebody sees."""
        if not self._name:
            self._name = auto_name("keras_tensor")
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    @property
    def _keras_history(self) -> KerasHistory:
        call = self.history
        if call is None:
            return KerasHistory(None, 0, self._index)
        calls = getattr(call.target, "_calls", [])
        node = next((i for i, other in enumerate(calls) if other is call), 0)
        return KerasHistory(call.target, node, self._index)

    def reshape(self, *shape: int | ShapeLike) -> Any:
        """The tensor in another shape."""
        return public_op("reshape")(self, shape[0] if len(shape) == 1 else shape)

    def squeeze(self, axis: Axis = None) -> Any:
        """The tensor without axes of length 1."""
        return public_op("squeeze")(self, axis)

    def __eq__(self, other: Any) -> Any:
        return self is other

    __hash__ = object.__hash__

    def __invert__(self) -> Any:
        return public_op("logical_not")(self)

    def __array__(self, *_: object, **__: Any) -> Any:
        raise ValueError(_NO_NUMBERS)

    def __int__(self) -> int:
        raise ValueError(_NO_NUMBERS)

    def __float__(self) -> float:
        raise ValueError(_NO_NUMBERS)

    def __bool__(self) -> bool:
        raise TypeError("A KerasTensor has no truth value; use narae.ops.where or narae.ops.cond")

    def __iter__(self) -> Any:
        raise NotImplementedError("A KerasTensor cannot be iterated over; use narae.ops.unstack")

    def __len__(self) -> int:
        raise TypeError("A KerasTensor's length may be unknown; look at its shape")

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, "
            f"name={self.name}>"
        )


_NO_NUMBERS = (
    "A KerasTensor is symbolic: it has a shape and a dtype but no numbers. Use narae.ops or "
    "layers on it, and get numbers by calling the model that is built from it."
)


def _standardized(shape: ShapeLike) -> Shape:
    """A shape as a tuple of whole numbers and None."""
    if not hasattr(shape, "__iter__") or isinstance(shape, str):
        raise ValueError(f"a shape is a tuple of whole numbers and None, got {shape!r}")
    return tuple(
        n if n is None or (type(n) is int and n >= 0) else _length(n, shape) for n in shape
    )


def _length(n: SupportsIndex, shape: object) -> int | None:
    if type(n) is Unknown:
        return None
    if isinstance(n, (str, float)) or not hasattr(n, "__index__"):
        raise ValueError(f"a shape has whole numbers and None, got {n!r} in {shape!r}")
    if int(n) < 0:
        raise ValueError(f"a shape has lengths of 0 or more, got {n} in {shape!r}")
    return int(n)


class Call:
    """One recorded call of a layer or a public op on KerasTensors: target, arguments, outputs."""

    own_training = False  # whether `training` was given in the call, and is not a layer's default

    def __init__(
        self,
        target: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        specs: Any,
        name: str | None = None,
    ) -> None:
        """name: of the output, where there is one."""
        self.target = target
        self.args = args
        self.kwargs = kwargs
        # layers have names of their own; a call of a public op is an operation with a name, as in Keras
        self.name: str = getattr(target, "name", None) or auto_name(target.__name__)
        leaves = trees.flatten(specs)
        made = [
            KerasTensor(s.shape, s.dtype, name=name, history=self, index=i)
            for i, s in enumerate(leaves)
        ]
        for tensor in made:
            _ = tensor.name  # by the order of the calls
        self.outputs = trees.pack_as(specs, made)
        self.inputs = [
            leaf for leaf in trees.flatten((args, kwargs)) if isinstance(leaf, KerasTensor)
        ]


def any_symbolic(*trees_: object) -> bool:
    """Whether a KerasTensor is among the leaves."""
    for tree in trees_:
        if trees.is_nested(tree):
            if any(isinstance(leaf, KerasTensor) for leaf in trees.flatten(tree)):
                return True
        elif isinstance(tree, KerasTensor):
            return True
    return False


def infer(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    batched: bool = False,
) -> Any:
    """The tree of KerasTensors (shapes, dtypes) that a function gives for symbolic arguments.

    The function is traced without numbers: once, or twice with other lengths where one is not known, and
    what differs in the results is not known either. When it refuses the lengths that stand in for unknown
    ones, what it says of them is learned: an unknown length may have to be that of another argument.
    batched: the unknown axes 0 of all arguments are the batch's, as those of a layer are.
    """
    found = trees.flatten((args, kwargs))
    symbols = list({id(leaf): leaf for leaf in found if isinstance(leaf, KerasTensor)}.values())
    lengths = Lengths([symbol.shape for symbol in symbols], batched)
    trace = functools.partial(_traced, function, args, kwargs, symbols)
    if not lengths.numbers:
        return trees.map_tree(lambda t: KerasTensor(t.shape, t.dtype), trace(lengths.filled(0)))
    try:
        return _settled(trace, lengths)
    except Exception as error:
        raise lengths.without_numbers(error)  # noqa: B904 - the same error, in other words


Trace = Callable[[list[tuple[int, ...]]], Any]


def _settled(trace: Trace, lengths: Lengths) -> Any:
    """What both traces agree on, once lengths are found that the function takes."""
    results, errors = _both(trace, lengths)
    first = errors[1] or errors[0]  # the second one has numbers that are nobody else's
    for _ in range(2 * len(lengths.numbers) + 1):
        if not any(errors) or not lengths.learn(errors):
            break
        results, errors = _both(trace, lengths)
    guesses = lengths.guesses()
    while any(errors) and (guess := next(guesses, None)) is not None:
        results, errors = _both(trace, guess)
    if any(errors):
        raise first or errors[1] or ValueError
    return trees.map_tree(_merged, *results)


def _both(trace: Trace, lengths: Lengths) -> tuple[list[Any], list[Exception | None]]:
    results: list[Any] = []
    errors: list[Exception | None] = []
    for which in (0, 1):
        try:
            results.append(trace(lengths.filled(which)))
            errors.append(None)
        except (ValueError, IndexError) as error:
            errors.append(error)
    return results, errors


def _merged(a: Tensor, b: Tensor) -> Any:
    shape = tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
    return KerasTensor(shape, a.dtype)


def _traced(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    symbols: list[KerasTensor],
    shapes: list[tuple[int, ...]],
) -> Any:
    stand_ins = {
        id(symbol): Tensor(Spec(shape, symbol.dtype))
        for symbol, shape in zip(symbols, shapes, strict=True)
    }
    args, kwargs = trees.map_tree(lambda leaf: stand_ins.get(id(leaf), leaf), (args, kwargs))
    with traced():
        return function(*args, **kwargs)


F = TypeVar("F", bound=Callable[..., Any])


def public(function: F) -> F:
    """Make a function of tensors a public op: given KerasTensors it records itself and infers. Its name
    becomes one of `narae.ops`."""
    return exported(recording(function))


def recording(function: F) -> F:
    """A function of tensors that, given KerasTensors, records itself and infers: without a public name."""

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        try:
            for arg in args:
                kind = type(arg)
                if kind is KerasTensor or (kind in _NESTED and any_symbolic(arg)):
                    break
            else:
                if not kwargs or not any_symbolic(*kwargs.values()):
                    return function(*args, **kwargs)
            own = _RULES.get(name)
            specs = NotImplemented if own is None else own(*args, **kwargs)
            if specs is NotImplemented:
                specs = infer(function, args, kwargs)
            return Call(op, args, kwargs, specs).outputs
        except Exception as error:
            shorten(error, function)
            raise

    name = function.__name__
    _UNRULED.setdefault(name, function)
    op.__narae_public__ = True  # type: ignore[attr-defined]
    return op  # type: ignore[return-value]


_RULES: dict[str, Callable[..., Any]] = {}
_UNRULED: dict[str, Callable[..., Any]] = {}


def rule(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """Enter what a public op gives for symbolic arguments, by the op's name: called as the op is, it gives
    KerasTensors, refuses, or gives NotImplemented: then the op is traced."""
    _RULES[name or function.__name__] = function
    return function


def unruled(name: str) -> Callable[..., Any]:
    """A public op's own function, to be traced."""
    return _UNRULED[name]


def shape_of(x: TensorLike) -> Shape:
    """A shape, known or not, of what a public op takes: symbolic or concrete tensors, arrays, numbers."""
    shape = getattr(x, "shape", None)
    return as_tensor(x).shape if shape is None else tuple(shape)


_NESTED = (list, tuple, dict)
