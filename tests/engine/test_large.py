"""Eager operations that have programs of their own give what the operation's forward gives, wherever they run."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from narae import GradientTape, Variable, jit, ops
from narae.config import set_executor
from narae.engine import config, large
from narae.engine.compiled import Programs
from narae.graph.ir import run
from narae.primitives.record import RECORDS
from narae.tensor.tensor import tensor_of

CONV = RECORDS["conv"]
PLAIN: dict[str, Any] = {
    "strides": (1, 1),
    "padding": ((1, 1), (1, 1)),
    "lhs_dilation": (1, 1),
    "rhs_dilation": (1, 1),
    "groups": 1,
}


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(large, "_programs", Programs(1 << 28))
    return large._programs


def _arrays(rng: np.random.Generator, dtype: str = "float32") -> list[np.ndarray]:
    return [
        rng.normal(size=shape).astype(dtype) for shape in ((8, 16, 16, 32), (3, 3, 32, 32))
    ]  # 19 million multiplications


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_convolution_is_the_forward_however_its_inputs_lie(
    rng: np.random.Generator, programs: Programs, dtype: str
) -> None:
    x, w = _arrays(rng, dtype)
    (wanted,) = run(CONV, [x, w], PLAIN)
    tolerance = 3 * 3 * 32 * np.finfo(dtype).eps * np.abs(x).max() * np.abs(w).max()
    as_channels_first = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    with_gaps = np.repeat(x, 2, axis=1)[:, ::2]
    mirrored = np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    for given in (x, as_channels_first, with_gaps, mirrored):
        got = [CONV(tensor_of(given), tensor_of(w), **PLAIN) for _ in range(2)]
        np.testing.assert_allclose(got[0], wanted, rtol=0, atol=tolerance)
        assert got[0].numpy().tobytes() == got[1].numpy().tobytes()
    assert len(programs) == 2  # arrays with gaps are copied


def test_gradients_are_those_of_a_compiled_step_and_the_same_each_time(
    rng: np.random.Generator, programs: Programs
) -> None:
    x, w = _arrays(rng)
    v = Variable(w)

    def step(x: Any) -> Any:
        with GradientTape() as tape:
            loss = ops.mean(ops.square(ops.conv(x, v, padding="same")))
        return tape.gradient(loss, v)

    found = [step(tensor_of(x)) for _ in range(3)]
    assert len({g.numpy().tobytes() for g in found}) == 1
    wanted = jit(step)(x)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-3, atol=1e-5)
    assert len(programs) > 1


def test_small_ones_and_other_executors_run_as_ever(
    rng: np.random.Generator, programs: Programs
) -> None:
    x, w = _arrays(rng)
    CONV(tensor_of(x[:1]), tensor_of(w), **PLAIN)
    set_executor("numpy")
    got = CONV(tensor_of(x), tensor_of(w), **PLAIN)
    assert got.numpy().tobytes() == run(CONV, [x, w], PLAIN)[0].tobytes()
    assert len(programs) == 0


def test_threads_share_a_program(rng: np.random.Generator, programs: Programs) -> None:
    x, w = _arrays(rng)
    wanted = [CONV(tensor_of(x * k), tensor_of(w), **PLAIN).numpy() for k in range(3)]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(5):
            got = CONV(tensor_of(x * k), tensor_of(w), **PLAIN).numpy()
            if got.tobytes() != wanted[k].tobytes():
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
