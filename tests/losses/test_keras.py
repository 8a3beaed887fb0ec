"""Every loss against Keras on JAX: values, reductions, weights, masks, gradients, configs."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tables.losses import CASES, IDS, RNG, D, N, X, Y, floats

from narae import losses, ops
from narae.engine.jit import jit
from narae.engine.tape import grad


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "kw", "y_true", "y_pred"), CASES, ids=IDS)
def test_equals_keras(keras, name, kw, y_true, y_pred):
    for reduction in ("sum_over_batch_size", "none"):
        ours = getattr(losses, name)(reduction=reduction, **kw)(y_true, y_pred)
        theirs = getattr(keras.losses, name)(reduction=reduction, **kw)(y_true, y_pred)
        assert ours.dtype == "float32"
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=2e-5, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "kw", "y_true", "y_pred"), CASES, ids=IDS)
def test_gradient_equals_jax(keras, name, kw, y_true, y_pred):
    import jax

    theirs = jax.jit(jax.grad(lambda p: getattr(keras.losses, name)(**kw)(y_true, p)))(y_pred)
    ours = grad(lambda p: getattr(losses, name)(**kw)(y_true, p))(y_pred)
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize(("name", "kw", "y_true", "y_pred"), CASES, ids=IDS)
def test_traced_equals_eager(name, kw, y_true, y_pred):
    loss = getattr(losses, name)(**kw)
    traced = jit(lambda t, p: loss(t, p))(y_true, y_pred)
    # within a few units in the last place: XLA sums in another order
    np.testing.assert_allclose(traced.numpy(), loss(y_true, y_pred).numpy(), rtol=3e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("from_logits", [True, False])
def test_sparse_gradient_at_the_clip(keras, from_logits):
    import jax

    p = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.25, 0.25]], "float32")
    labels = np.array([0, 0, 1], "int32")
    theirs = jax.grad(lambda x: keras.losses.SparseCategoricalCrossentropy(from_logits)(labels, x))(
        p
    )
    ours = grad(lambda x: losses.SparseCategoricalCrossentropy(from_logits)(labels, x))(p)
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-5, atol=1e-7)


REDUCTIONS = ["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None]
WEIGHTS = [None, (), (N,), (N, 1), (1,)]


@pytest.mark.oracle
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", WEIGHTS)
@pytest.mark.parametrize("masked", [False, True])
def test_weights_masks_reductions(keras, reduction, shape, masked):
    if reduction in (None, "none") and shape == (N, 1):
        pytest.skip("the same as a weight per sample")
    weight = None if shape is None else RNG.random(shape).astype("float32")
    mask = np.array([True, False, True, True, False, True])
    ours_pred, theirs_pred = ops.convert_to_tensor(X), keras.ops.convert_to_tensor(X)
    if masked:
        ours_pred._keras_mask = ops.convert_to_tensor(mask)
        theirs_pred._keras_mask = keras.ops.convert_to_tensor(mask)
    ours = losses.MeanSquaredError(reduction=reduction)(Y, ours_pred, weight)
    theirs = keras.losses.MeanSquaredError(reduction=reduction)(Y, theirs_pred, weight)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-5, atol=1e-7)


@pytest.mark.oracle
@pytest.mark.parametrize("shapes", [((N, 3), (N, 3, D)), ((N,), (N, 3, D)), ((N, 3, 1), (N, 3, D))])
def test_weights_of_sequences(keras, shapes):
    weight, (y, x) = RNG.random(shapes[0]).astype("float32"), (floats(*shapes[1]) for _ in "yx")
    if shapes[0] == (N,):
        y, x = y[:, 0], x[:, 0]
    ours = losses.MeanAbsoluteError()(y, x, weight)
    theirs = keras.losses.MeanAbsoluteError()(y, x, weight)
    np.testing.assert_allclose(ours.item(), float(theirs), rtol=1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtype(keras, dtype):
    ours = losses.MeanSquaredError(dtype=dtype)(Y, X)
    assert ours.dtype == dtype
    theirs = keras.losses.MeanSquaredError(dtype="float32")(Y, X)
    np.testing.assert_allclose(float(ours), float(theirs), rtol=2e-2)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "kw"), [(n, k) for n, k, *_ in CASES], ids=IDS)
def test_config_goes_both_ways(keras, name, kw):
    ours, theirs = getattr(losses, name)(**kw), getattr(keras.losses, name)(**kw)
    written = losses.serialize(ours)
    # Keras leaves an axis or a delta out of some configs; ours is then the larger one
    expected = keras.losses.serialize(theirs)
    assert {**written, "config": {k: written["config"][k] for k in expected["config"]}} == expected
    again = losses.deserialize(expected)
    assert type(again) is type(ours)
    assert losses.serialize(losses.deserialize(written)) == written
    if name != "CategoricalGeneralizedCrossEntropy":  # which Keras cannot read back itself
        assert type(keras.losses.deserialize(written)) is type(theirs)


@pytest.mark.oracle
def test_names_and_aliases(keras):
    from keras.src.losses import ALL_OBJECTS_DICT

    for name, thing in ALL_OBJECTS_DICT.items():
        if name in ("LossFunctionWrapper", "loss_function_wrapper"):
            continue  # it wraps a function, which a name alone does not give
        if isinstance(thing, type):
            assert type(losses.deserialize(name)).__name__ == thing.__name__
        else:
            assert losses.get(name).__name__ == thing.__name__
    public = {n for n in dir(keras.losses) if not n.startswith("_")}
    assert public <= set(losses.__all__)
    assert losses.serialize(losses.mean_squared_error) == keras.losses.serialize(
        keras.losses.mean_squared_error
    )
