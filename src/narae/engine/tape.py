"""GradientTape, grad, value_and_grad: three faces of one walk backwards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

from narae.base import limits, trees
from narae.base.context import Pushed
from narae.base.dtypes import is_float
from narae.base.errors import entry
from narae.engine.scope import current_scope
from narae.graph.autodiff import Algebra, backprop
from narae.graph.ir import Value, now
from narae.graph.recording import rested, taped, tapes
from narae.graph.replay import replayed
from narae.primitives.records.arithmetic import add
from narae.primitives.records.body import ALGEBRA
from narae.primitives.records.shape import full
from narae.tensor.tensor import Tensor, as_tensor

if TYPE_CHECKING:
    from narae.base.types import TensorLike, Tensors, Tree
    from narae.engine.variable import Variable


# The sum of eager code, which has no nodes to look at.
PLAIN = Algebra(add=add, zeros=ALGEBRA.zeros)


def note_read(variable: Variable, value: Tensor) -> None:
    """Tell the active tapes that a variable was read: trainable ones are watched by themselves."""
    for tape in tapes():
        if (tape._automatic and variable.trainable) or id(variable) in tape._variables:
            tape._note(variable, value)


class GradientTape:
    """Record what is computed within it, then differentiate.

    Trainable variables are watched by themselves, other tensors by `watch`. A persistent tape can be asked
    for several gradients. Tapes nest: a gradient computed within an outer tape is recorded there.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables that are read are watched.

    >>> import narae
    >>> x = narae.ops.convert_to_tensor(3.0)
    >>> with GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x).item()
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._automatic = watch_accessed_variables
        self._since = -1
        self._used = False
        self._entry: Pushed | None = None  # of the with statement that it records for
        self._variables: dict[int, tuple[Variable, dict[int, Tensor]]] = {}
        self._watched: dict[int, Tensor] = {}

    def __enter__(self) -> GradientTape:
        if self._entry is not None and self._entry.counts():
            raise ValueError("This tape is recording already; enter it once, or make another one")
        self._since = now() if self._since < 0 else self._since
        self._entry = taped(self)
        return self._entry.__enter__()

    def __exit__(self, *_: object) -> None:
        if self._entry is not None:
            self._entry.__exit__()
            self._entry = None  # it holds the tape: what was recorded would wait for gc

    def watch(self, tensor: Tree[Tensor | Variable]) -> None:
        """Watch a tensor or a variable, or a nest of them: its uses from here on are recorded."""
        for leaf in trees.flatten(tensor):
            if isinstance(leaf, Tensor):
                if not is_float(leaf.dtype):
                    raise ValueError(f"A tape watches float tensors; got {leaf.dtype}")
                leaf.tracked = True
                self._watched[leaf.uid] = leaf
            elif hasattr(leaf, "__narae_tensor__"):
                self._variables.setdefault(id(leaf), (leaf, {}))
                leaf.__narae_tensor__()
            else:
                raise ValueError(
                    f"GradientTape.watch takes tensors and variables, got {type(leaf).__name__}; "
                    "narae.ops.convert_to_tensor makes a tensor of it"
                )

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were read within the tape, in the order of the first reading."""
        return tuple(variable for variable, _ in self._variables.values())

    def reset(self) -> None:
        """Forget all that was recorded."""
        self._since, self._used = now(), False
        self._variables.clear()
        self._watched.clear()

    def stop_recording(self) -> AbstractContextManager[None]:
        """A context within which this tape does not record."""
        return rested(self)

    def _note(self, variable: Variable, value: Tensor) -> None:
        value.tracked = True
        self._variables.setdefault(id(variable), (variable, {}))[1][value.uid] = value

    @entry
    def gradient(
        self,
        target: Tensors,
        sources: Tree[Tensor | Variable],
        output_gradients: Tensors | None = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """d(sum of target) / d source, in the structure of `sources`.

        None (or zeros, unconnected_gradients="zero") for a source that the target does not depend on or
        that was not watched. Raises RuntimeError when a tape that is not persistent is asked twice.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"unconnected_gradients is 'none' or 'zero', got {unconnected_gradients!r}"
            )
        if self._used and not self._persistent:
            raise RuntimeError(
                "GradientTape.gradient can be called once on a tape that is not persistent; "
                "GradientTape(persistent=True) allows more"
            )
        self._used = True
        with nullcontext() if self._persistent else self.stop_recording():
            return self._gradient(
                target, sources, output_gradients, unconnected_gradients == "zero"
            )

    def _gradient(
        self, target: Tensors, sources: Tree[Tensor | Variable], seeds: Tensors | None, zero: bool
    ) -> Any:
        leaves = trees.flatten(sources)
        handles = [self._handles(leaf) for leaf in leaves]
        targets = [as_tensor(t) for t in trees.flatten(target)]
        given = [None] * len(targets) if seeds is None else trees.flatten(seeds)
        cotangents = [_seed(t, s) for t, s in zip(targets, given, strict=True)]
        flat: list[Value] = [handle for group in handles for handle in group]
        # A value that is its own target and source is newer than nothing: no node, ct itself.
        scope = current_scope()
        seen = None if scope is None else scope.gradients
        note = None if seen is None else seen.note
        again = None
        if scope is None and not tapes() and not limits.ACTIVE.entries:
            again = replayed(targets, cotangents, flat, PLAIN, self._since)
        if again is None:
            again = backprop(targets, cotangents, flat, ALGEBRA, self._since, note)
        parts = iter(again)
        out = []
        for leaf, group in zip(leaves, handles, strict=True):
            found = [part for part in (next(parts) for _ in group) if part is not None]
            total = functools.reduce(lambda a, b: ALGEBRA.add(a, b), found) if found else None
            out.append(full(0, leaf.shape, leaf.dtype) if total is None and zero else total)
            if seen is not None and total is not None and id(leaf) in self._variables:
                seen.of_variables[id(leaf)] = (leaf, total)
                seen.targets = list(targets)
        return trees.pack_as(sources, out)

    def _handles(self, leaf: Tensor | Variable) -> list[Tensor]:
        """The recorded values of one source: all readings of a variable, or the tensor itself."""
        if isinstance(leaf, Tensor):
            known = leaf.uid in self._watched or (leaf.node is not None and leaf.uid >= self._since)
            return [leaf] if known else []
        if id(leaf) in self._variables:
            return list(self._variables[id(leaf)][1].values())
        if hasattr(leaf, "__narae_tensor__"):
            return []
        raise TypeError(f"a gradient's source is a tensor or a variable, got {type(leaf).__name__}")


def _seed(target: Tensor, given: TensorLike | None) -> Tensor:
    if not is_float(target.dtype):
        raise TypeError(f"only a float can be differentiated, the target is {target.dtype}")
    if given is None:
        return cast("Tensor", full(1, target.shape, target.dtype))
    seed = as_tensor(given, target.dtype)
    if seed.shape != target.shape:
        raise ValueError(
            f"output_gradients of shape {seed.shape} for a target of shape {target.shape}"
        )
    return seed


def value_and_grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives `function`'s scalar value and its gradient.

    Args:
        function: gives a scalar; its arguments may be nests of tensors and variables.
        argnums: by which argument, counted from 0, or by which.
        has_aux: whether `function` gives (value, anything).

    Returns: a function of the same arguments that gives (value, gradient), of the argument's nest, a tuple of
        gradients for several arguments; ((value, anything), gradient) with has_aux.

    Raises:
        ValueError: the value is not a scalar, when it is called.

    >>> value_and_grad(lambda x: x * x)(3.0)[1].item()
    6.0
    """

    @functools.wraps(function)
    def both(*args: Any, **kwargs: Any) -> Any:
        picked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        new = list(args)
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            for i in picked:
                new[i] = trees.map_tree(_fresh, args[i])
                tape.watch(new[i])
            out = function(*new, **kwargs)
        value, aux = out if has_aux else (out, None)
        value = as_tensor(value)
        if value.shape != ():
            raise ValueError(
                f"grad differentiates a function with a scalar result, got shape {value.shape}; "
                "a narae.ops.sum or mean of it?"
            )
        found = tape.gradient(value, [new[i] for i in picked], unconnected_gradients="zero")
        return (value, aux) if has_aux else value, found[0] if isinstance(argnums, int) else tuple(
            found
        )

    return both


def _fresh(leaf: TensorLike) -> Any:
    """A handle of its own on an argument: the caller's tensor is not marked as watched."""
    if hasattr(leaf, "__narae_tensor__"):
        return leaf
    found = as_tensor(leaf)
    if found.data is not None and found.node is None and not found.tracked:
        return Tensor(found.spec, found.data)
    return found


def grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of `function`'s scalar value.

    Args:
        function: gives a scalar; its arguments may be nests of tensors and variables.
        argnums: by which argument, counted from 0, or by which.
        has_aux: whether `function` gives (value, anything).

    Returns: a function of the same arguments that gives the gradient, of the argument's nest, a tuple of gradients
        for several arguments; (gradient, anything) with has_aux.

    Raises:
        ValueError: the value is not a scalar, when it is called.

    >>> grad(grad(lambda x: x * x * x))(2.0).item()
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    @entry
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient
