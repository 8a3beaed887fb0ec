"""Attention in halves: scores that overflow them, and rows that a mask leaves nothing of."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from narae import ops

MASKS: dict[str, Any] = {
    "none": None,
    "a row": np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], bool).reshape(1, 1, 3, 3),
    "all": np.zeros((1, 1, 3, 3), bool),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("size", [1.0, 300.0])  # 300: scores of 1.7e5, beyond float16
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", MASKS)
def test_halves_attend_as_float32_does(masked: str, causal: bool, size: float, dtype: str) -> None:
    x = ops.cast((np.arange(12.0) * size / 12).reshape(1, 3, 1, 4), dtype)
    v = ops.cast(np.arange(12.0).reshape(1, 3, 1, 4), dtype)
    found = ops.dot_product_attention(x, x, v, mask=MASKS[masked], is_causal=causal)
    wide = [ops.cast(t, "float32") for t in (x, x, v)]
    right = ops.dot_product_attention(*wide, mask=MASKS[masked], is_causal=causal).numpy()
    # weights and values are rounded once each, and so is their sum of three terms
    bound = 6 * float(ml_dtypes.finfo(dtype).eps) * 11
    assert found.dtype == dtype
    np.testing.assert_allclose(ops.cast(found, "float32").numpy(), right, atol=bound)
    if masked == "all":  # the mean of the values
        np.testing.assert_allclose(right[0, :, 0], np.tile([4.0, 5.0, 6.0, 7.0], (3, 1)), rtol=1e-6)
