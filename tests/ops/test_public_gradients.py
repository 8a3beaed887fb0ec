"""Gradients of the public operations are JAX's through Keras, at ordinary points and at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import ops

_rng = np.random.default_rng(0)


def _f(*shape: int) -> Any:
    return _rng.normal(size=shape).astype("float32")


def _row(*numbers: float) -> Any:
    return np.array(numbers, "float32")


_zeros, _image = np.zeros((3, 4), "float32"), _f(1, 5, 5, 2)
_spd = (lambda a: a @ a.T + np.eye(3, dtype="float32"))(_f(3, 3))
_labels = np.array([0, 2, 3])
_hot = np.eye(4, dtype="float32")[_labels]
_bits = (_f(3, 4) > 0).astype("float32")
_chances = (lambda e: e / e.sum(1, keepdims=True))(np.exp(_f(3, 4)))
_certain = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0]], "float32")
_extreme = np.array([[0, 1e4, -1e4, 3], [1e4, 1e4, 0, 0], [0, 0, 0, 0]], "float32")
_ties = np.array([[1, 1, 0], [2, 2, 2]], "float32")
_segments = np.array([0, 0, 1, 1])

# (name of the operation, points, what is called: of a module of operations and x; None: the operation itself)
Row = tuple[str, Any, Callable[[Any, Any], Any] | None]


def _losses() -> list[Row]:
    truths = {"sparse_categorical": _labels, "categorical": _hot, "binary": _bits}
    points = [(_chances, False), (_certain, False), (_f(3, 4), True), (_extreme, True)]
    return [
        (
            f"{kind}_crossentropy",
            point,
            lambda m, x, n=f"{kind}_crossentropy", t=truth, s=scores: getattr(m, n)(t, x, s),
        )
        for kind, truth in truths.items()
        for point, scores in points
    ]


ROWS: list[Row] = [
    *_losses(),
    *((name, _f(3, 4), None) for name in ("norm", "normalize", "glu", "std", "cumsum")),
    *((name, _f(3, 4), None) for name in ("layer_normalization", "rms_normalization", "average")),
    ("norm", _f(3, 4), lambda m, x: m.norm(x, ord=1, axis=1)),
    ("norm", _f(3, 4), lambda m, x: m.norm(x, ord=3, axis=1)),
    ("norm", _f(3, 4), lambda m, x: m.norm(x, ord=np.inf, axis=1)),
    ("norm", _f(3, 4), lambda m, x: m.norm(x, ord="nuc")),
    ("layer_normalization", _zeros + 1, None),
    ("var", _f(3, 4), lambda m, x: m.var(x, axis=1)),
    ("max", _ties, lambda m, x: m.max(x, axis=1)),
    ("min", _row(1, 1, 0), None),
    ("maximum", _row(-1, 0, 1), lambda m, x: m.maximum(x, 0.0)),
    ("minimum", _row(-1, 0, 1), lambda m, x: m.minimum(x, 0.0)),
    ("clip", _row(-2, -1, 0, 1, 2), lambda m, x: m.clip(x, -1.0, 1.0)),
    ("prod", _row(0, 2, 3), None),
    ("prod", _row(0, 0, 3), None),
    ("cumprod", _row(2, 0, 3), None),
    ("sort", _f(5), None),
    ("median", _f(5), None),
    ("median", _f(6), None),
    ("quantile", _f(6), lambda m, x: m.quantile(x, 0.3)),
    ("top_k", _f(5), lambda m, x: m.top_k(x, 2)[0]),
    ("logsumexp", _row(1e4, -1e4, 0), None),
    ("logsumexp", _row(-np.inf, 0), None),
    ("logaddexp", _row(1e4, -1e4, 0), lambda m, x: m.logaddexp(x, 0.0)),
    ("gelu", _f(3, 4), lambda m, x: m.gelu(x, approximate=False)),
    ("sinc", _row(0, 0.5, 1), None),
    ("power", _row(0, -1, 2), lambda m, x: m.power(x, 3)),
    ("tanh", _row(-1e4, 0, 1e4), None),
    ("expm1", _row(0, -1e4), None),
    ("nan_to_num", _row(np.nan, 1, np.inf), None),
    ("nansum", _row(np.nan, 1, 2), None),
    ("nanmean", _row(np.nan, 1, 2), None),
    (
        "where",
        _f(5),
        lambda m, x: m.where(m.greater(x, 0), m.log(m.where(m.greater(x, 0), x, 1)), 0),
    ),
    *((name, _spd, None) for name in ("logdet", "det", "inv", "cholesky", "trace")),
    ("max_pool", np.ones((1, 4, 4, 1), "float32"), lambda m, x: m.max_pool(x, 2, 2, "same")),
    ("max_pool", _image, lambda m, x: m.max_pool(x, 2, 2, "same")),
    ("average_pool", _image, lambda m, x: m.average_pool(x, 2, 2, "same")),
    ("segment_max", _f(4, 2), lambda m, x: m.segment_max(x, _segments, 2)),
    ("take", _f(4, 2), lambda m, x: m.take(x, np.array([0, 0, 3]), axis=0)),
    ("cdist", _f(3, 2), lambda m, x: m.cdist(x, x[:2] + 0.1)),
    ("pad", _f(3, 4), lambda m, x: m.pad(x, 1, mode="reflect")),
    ("einsum", _f(3, 4), lambda m, x: m.einsum("ij,kj->ik", x, x)),
]


@pytest.mark.oracle
@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row[0]}" for i, row in enumerate(ROWS)])
def test_gradients_are_jax_s(row: Row, keras: Any) -> None:
    jax = pytest.importorskip("jax")
    name, point, call = row
    call = call or (lambda m, x: getattr(m, name)(x))
    weight = np.random.default_rng(1).normal(size=np.shape(call(ops, point))).astype("float32")
    ours = narae.grad(lambda x: ops.sum(call(ops, x) * weight))(point).numpy()
    theirs = jax.jit(jax.grad(lambda x: (call(keras.ops, x) * weight).sum()))(point)
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "point", "slope"),
    [
        ("absolute", _row(-1, 0, 2), [-1, 0, 1]),  # JAX says 1 at 0
        ("relu", _row(-1, 0, 2), [0, 0, 1]),
        ("relu6", _row(-1, 0, 6, 7), [0, 0, 0, 0]),
        ("round", _row(0.4, 1.6), [0, 0]),
        ("sign", _row(-1, 0, 2), [0, 0, 0]),
    ],
)
def test_slopes_at_kinks(name: str, point: Any, slope: list[float]) -> None:
    found = narae.grad(lambda x: ops.sum(getattr(ops, name)(x)))(point)
    assert found.tolist() == slope


@pytest.mark.parametrize(
    "call",
    [
        ops.norm,
        lambda x: ops.norm(x, axis=-1),
        lambda x: ops.norm(x, ord=3, axis=-1),
        lambda x: ops.cdist(x, x),
    ],
)
def test_the_length_of_zeros_has_slope_zero(call: Any) -> None:  # NaN in Keras on JAX
    assert not narae.grad(lambda x: ops.sum(call(x)))(_zeros).numpy().any()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_zeros_and_large_halves_are_normalized(dtype: str) -> None:
    rows = np.array([[0, 0], [300, 400]], dtype)
    np.testing.assert_allclose(ops.normalize(rows), [[0, 0], [0.6, 0.8]], rtol=1e-3)
    slope = narae.grad(lambda x: ops.sum(ops.normalize(x)))(rows[1:])
    assert np.isfinite(slope.numpy()).all()


def test_sparsemax_moves_as_its_difference_quotient() -> None:  # Keras on JAX gives another slope
    scores, weight, step = np.float64([[1.0, 0.8, 0.9, -2.0], [0.1, 0.5, 0.2, 0.0]]), _f(2, 4), 1e-6

    def loss(x: Any) -> Any:
        return ops.sum(ops.sparsemax(x) * weight)

    slopes = [
        (loss(scores + step * e).item() - loss(scores - step * e).item()) / (2 * step)
        for e in np.eye(8).reshape(8, 2, 4)
    ]
    np.testing.assert_allclose(narae.grad(loss)(scores).numpy().ravel(), slopes, atol=1e-6)


@pytest.mark.parametrize("labels", [[0, 4], [0, -1]])
def test_labels_out_of_range_are_told(labels: list[int]) -> None:
    with pytest.raises(ValueError, match=r"label (4|-1) is out of range for 4 classes"):
        ops.sparse_categorical_crossentropy(labels, _chances[:2])


def test_probabilities_are_clipped_and_what_is_clipped_has_no_slope() -> None:
    loss = ops.sparse_categorical_crossentropy([0], [[0.0, 1.0]])
    assert loss.numpy()[0] == pytest.approx(-np.log(1e-7), rel=1e-5)
    slope = narae.grad(lambda p: ops.sum(ops.sparse_categorical_crossentropy([0], p)))
    assert slope(_row(0, 1)[None]).tolist() == [[0, 0]]
