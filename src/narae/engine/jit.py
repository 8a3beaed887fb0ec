"""jit: a function traced once per kind of arguments, then run as one program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from narae.base import trees
from narae.base.dtypes import standardize_dtype
from narae.engine.compiled import Compiled, Programs, compile_function
from narae.engine.scope import is_eager
from narae.graph.ir import Spec
from narae.tensor.symbolic import any_symbolic
from narae.tensor.tensor import Tensor, as_tensor, tensor_of


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """A faster function: traced at the first call for each combination of shapes, dtypes and other
    arguments, simplified, fused and planned. Variables may be read and assigned within.

    Python's `if` and `while` on tensors cannot be traced: narae.ops.cond and while_loop can. Within a tape
    or another trace the function runs as it is, recorded like any code.

    Args:
        function: of tensors, numbers, nests of them, and anything that can be compared.

    Returns: a function of the same arguments.

    >>> f = jit(lambda x: x * 2 + 1)
    >>> f(3.0).item()
    7.0
    """
    cache = Programs()

    @functools.wraps(function)
    def jitted(*args: Any, **kwargs: Any) -> Any:
        if not is_eager() or any_symbolic(args, kwargs):
            return function(*args, **kwargs)
        leaves = trees.flatten((args, kwargs))
        arrays = [as_tensor(leaf).data if _is_array(leaf) else None for leaf in leaves]
        shown = [
            leaf if array is None else Spec(array.shape, standardize_dtype(array.dtype))
            for leaf, array in zip(leaves, arrays, strict=True)
        ]
        spec_args, spec_kwargs = trees.pack_as((args, kwargs), shown)
        key = (repr(_structure((args, kwargs))), *map(_identity, shown))
        program = cache.get(key)
        if program is None:
            program = cache.put(key, compile_function(function, *spec_args, **spec_kwargs))
        return call(program, [array for array in arrays if array is not None])

    return jitted


def call(compiled: Compiled, arrays: list[np.ndarray]) -> Any:
    """Run a compiled function on arrays; the result has tensors of its own."""
    with compiled.lock.held():
        for buffer, array in zip(compiled.inputs, arrays, strict=True):
            np.copyto(buffer, array)
        result = compiled()
        return trees.map_tree(
            lambda leaf: tensor_of(leaf.copy()) if isinstance(leaf, np.ndarray) else leaf, result
        )


def _is_array(leaf: object) -> bool:
    # Python floats are traced too: a learning rate that changes must not compile anew. Ints are axes,
    # sizes and flags more often than numbers: they stay what they are.
    return isinstance(leaf, (Tensor, np.ndarray, np.generic, float))


def _identity(leaf: object) -> tuple[type, Hashable]:
    """By what a static argument differs from others: 1 is not True, a layer is itself alone whatever it shows."""
    try:
        hash(leaf)
    except TypeError:  # a slice or a set
        return type(leaf), repr(leaf)
    return type(leaf), leaf


def _structure(tree: object) -> Any:
    return trees.map_tree(lambda _: 0, tree)
