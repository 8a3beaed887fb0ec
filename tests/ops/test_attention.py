"""Attention block by block is the composition of other operations: values, gradients, gradients of gradients."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest

from narae import ops
from narae.base.errors import ShapeError
from narae.engine.compiled import compile_function
from narae.engine.tape import GradientTape
from narae.graph.ir import Spec
from narae.primitives.records import attention_blocks
from narae.tensor.tensor import Tensor, tensor_of

RNG = np.random.default_rng(0)


def _of(*shape: int) -> np.ndarray:
    return np.asarray(RNG.normal(size=shape))


# (queries, keys, values): heads apart; heads that share keys and wider values; fewer keys than queries; one of each.
HEADS: dict[str, tuple[np.ndarray, ...]] = {
    "apart": (_of(2, 7, 2, 5), _of(2, 9, 2, 5), _of(2, 9, 2, 5)),
    "shared": (_of(1, 7, 4, 3), _of(1, 7, 2, 3), _of(1, 7, 2, 6)),
    "long": (_of(1, 9, 1, 2), _of(1, 4, 1, 2), _of(1, 4, 1, 2)),
    "one": (_of(1, 1, 1, 1), _of(1, 1, 1, 1), _of(1, 1, 1, 1)),
}


def _rest(kind: str, options: dict[str, bool]) -> dict[str, Any]:
    """A bias and a mask for scores; the mask's second row hides all, its first the first key alone."""
    q, k, _ = HEADS[kind]
    rows, keys = q.shape[1], k.shape[1]
    mask = np.random.default_rng(1).integers(0, 2, (1, 1, rows, keys)).astype(bool)
    mask[:, :, 1:2] = False
    mask[:, :, 0, 0] = False
    made: dict[str, Any] = {"mask": mask if options["mask"] else None}
    bias = np.random.default_rng(2).normal(size=(1, q.shape[2], 1, keys))
    made["bias"] = tensor_of(bias) if options["bias"] else None
    made["is_causal"] = options["causal"]
    made["attn_logits_soft_cap"] = 1.5 if options["cap"] else None
    return made


def _results(kind: str, flash: bool | None, rest: dict[str, Any], twice: bool) -> list[np.ndarray]:
    """The means; the cotangents of q, k, v and the bias; with `twice`, those of their sum of squares too."""
    arrays: list[Any] = [tensor_of(x) for x in HEADS[kind]]
    arrays += [] if rest["bias"] is None else [rest["bias"]]
    weights = np.cos(np.arange(64.0 * 16)).reshape(1, 16, 1, 64)
    with GradientTape() as outer:
        outer.watch(arrays)
        with GradientTape() as tape:
            tape.watch(arrays)
            out = ops.dot_product_attention(*arrays[:3], flash_attention=flash, **rest)
            down = ops.sum(out * weights[:, : out.shape[1], :, : out.shape[3]])
        found = tape.gradient(down, arrays)
        total = sum(ops.sum(g * g) for g in found) if twice else down
    second = outer.gradient(total, arrays) if twice else []
    return [x.numpy() for x in [out, *found, *second] if isinstance(x, Tensor)]


@pytest.mark.filterwarnings("ignore:softmax over axis -1 of shape")  # one key alone
@pytest.mark.parametrize("kind", HEADS)
def test_blocks_are_the_composition(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for scores in (1 << 20, 1):  # all rows in one block, and each in its own
        monkeypatch.setattr(attention_blocks, "SCORES", scores)
        for on in itertools.product([False, True], repeat=4):
            names = ("mask", "bias", "causal", "cap")
            options: dict[str, bool] = dict(zip(names, on, strict=True))
            rest, twice = _rest(kind, options), scores == 1
            for got, want in zip(
                _results(kind, None, rest, twice), _results(kind, False, rest, twice), strict=True
            ):
                np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=str(options))


def test_a_bias_or_mask_may_have_fewer_axes() -> None:
    """From the right, or from the batch on where that does not fit, as Keras on JAX has it."""
    q, k, v = _of(2, 3, 4, 6), _of(2, 5, 4, 6), _of(2, 5, 4, 6)
    for shape, full in {
        (5,): (1, 1, 1, 5),
        (3, 5): (1, 1, 3, 5),
        (4, 3, 5): (1, 4, 3, 5),
        (2, 5): (2, 1, 1, 5),
        (2, 3, 5): (2, 1, 3, 5),
        (2, 4, 5): (2, 4, 1, 5),
    }.items():
        bias = _of(*shape)
        for name, given in (("bias", bias), ("mask", bias > 0)):
            few: dict[str, Any] = {name: given}
            all_: dict[str, Any] = {name: given.reshape(full)}
            got = ops.dot_product_attention(q, k, v, **few)
            want = ops.dot_product_attention(q, k, v, **all_)
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("flash", [None, False])
def test_the_mean_of_nothing_is_0(flash: bool | None) -> None:
    """Of no queries, keys, samples, heads, or of no width: zeros of the shape, and gradients that are 0."""
    for b, t, s, n, h in [
        (2, 0, 3, 2, 4),
        (2, 3, 0, 2, 4),
        (0, 3, 3, 2, 4),
        (2, 3, 3, 0, 4),
        (2, 3, 3, 2, 0),
    ]:
        q, *pair = (tensor_of(np.ones((b, time, n, h))) for time in (t, s, s))
        rest = {"mask": np.ones((1, 1, t, s), bool), "bias": np.ones((1, 1, t, s))}
        with GradientTape() as tape:
            tape.watch([q, *pair])
            out = ops.dot_product_attention(q, *pair, flash_attention=flash, is_causal=True, **rest)
            down = ops.sum(out)
        assert out.shape == q.shape
        for got in (out, *tape.gradient(down, [q, *pair])):
            assert got is None or not np.asarray(got).any()


def test_what_does_not_fit_is_an_error() -> None:
    q, k = np.ones((2, 3, 4, 6)), np.ones((2, 5, 4, 6))
    cases: tuple[tuple[Any, dict[str, Any], str], ...] = (
        ((q[0], k, k), {}, "takes \\(batch, time, heads, width\\)"),
        ((q, k[..., :3], k), {}, "as wide as queries"),
        ((q, k, k[:, :4]), {}, "one batch, length"),
        ((q, k[:, :, :3], k[:, :, :3]), {}, "shares 3 heads"),
        ((q, k, k), {"mask": np.ones((3, 4), bool)}, "mask of \\(3, 4\\)"),
        ((q, k, k), {"bias": np.ones((2, 3, 3, 5))}, "bias of"),
    )
    for given, rest, said in cases:
        with pytest.raises(ShapeError, match=said):
            ops.dot_product_attention(*given, **rest)


def test_a_scale_may_be_a_tensor_and_one_sample_of_keys_is_for_all() -> None:
    q, k = _of(2, 3, 2, 4), _of(1, 5, 2, 4)
    got = ops.dot_product_attention(q, k, k, scale=tensor_of(np.asarray(0.3)))
    want = ops.dot_product_attention(q, *[np.repeat(k, 2, 0)] * 2, scale=0.3)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.usefixtures("own_executor")
@pytest.mark.parametrize("causal", [False, True])
def test_a_training_step_never_has_all_scores(causal: bool) -> None:
    """The memory of a program, forward and backward, grows with the length, not with its square."""
    length = 2048
    long = Spec((1, length, 1, 8), "float32")

    def step(q: Tensor, k: Tensor, v: Tensor) -> Any:
        with GradientTape() as tape:
            tape.watch([q, k, v])
            out = ops.sum(ops.dot_product_attention(q, k, v, is_causal=causal))
        return tape.gradient(out, [q, k, v])

    compile_function(
        step, long, long, long
    )  # what it takes to make kernels is no matter of lengths
    tracemalloc.start()
    try:
        program = compile_function(step, long, long, long)
        program()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < length * length * 4 / 2, peak
