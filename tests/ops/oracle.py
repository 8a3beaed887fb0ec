"""Keras's answers to many calls at once, and their comparison with ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.ops.public_cases import Case


def flat_leaves(result: Any) -> list[Any]:
    """The tensors of a result, in order."""
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in flat_leaves(item)]
    return [result]


def flat(result: Any) -> list[np.ndarray]:
    """The arrays of a result, in order."""
    return [np.asarray(leaf) for leaf in flat_leaves(result)]


def keras_answers(operations: Any, cases: Sequence[Case]) -> list[Any]:
    """What Keras on JAX gives for each call: one compilation for all, not one for each part of each.

    A call whose result's shape depends on numbers runs by itself; one that Keras refuses gives its error.
    """
    import jax

    calls = [_Call(getattr(operations, name), args, kwargs) for name, args, kwargs in cases]
    traced = {}
    answers: list[Any] = [None] * len(calls)
    for i, call in enumerate(calls):
        try:
            jax.eval_shape(call, call.arrays)
            traced[i] = call
        except Exception:
            try:
                answers[i] = call(call.arrays)
            except Exception as error:
                answers[i] = error
    together = jax.jit(lambda arrays: {i: call(arrays[i]) for i, call in traced.items()})
    for i, found in together({i: call.arrays for i, call in traced.items()}).items():
        answers[i] = found
    return answers


class _Call:
    """A call as a function of its arrays."""

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        import jax

        leaves, self.tree = jax.tree.flatten((args, kwargs), is_leaf=lambda leaf: leaf is None)
        self.function, self.leaves = function, leaves
        self.arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]

    def __call__(self, arrays: Sequence[Any]) -> Any:
        import jax

        rest = iter(arrays)
        leaves = [next(rest) if isinstance(leaf, np.ndarray) else leaf for leaf in self.leaves]
        args, kwargs = jax.tree.unflatten(self.tree, leaves)
        return self.function(*args, **kwargs)


def same(name: str, got: Any, wanted: Any, rtol: float = 2e-4) -> None:
    """Assert equal shapes, dtypes and, within a tolerance, numbers."""
    if isinstance(wanted, Exception):
        raise wanted
    ours, theirs = flat(got), flat(wanted)
    assert len(ours) == len(theirs), name
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype.name) == (b.shape, b.dtype.name), name
        if name in ("qr", "eigh"):  # unique up to signs
            a, b = np.abs(a), np.abs(b)
        a, b = a.astype("float64"), b.astype("float64")
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol / 10, err_msg=name)
