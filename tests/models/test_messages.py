"""Bad input is told at the call that caused it: what came, what was expected, the likely fix."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers, ops

_rng = np.random.default_rng(0)
X = _rng.normal(size=(50, 6)).astype("float32")
Y = _rng.integers(0, 3, 50)


def _model(
    units: int = 3, activation: Any = "softmax", loss: str = "sparse_categorical_crossentropy"
) -> Any:
    model = narae.Sequential(
        [narae.Input((6,)), layers.Dense(8), layers.Dense(units, activation=activation)]
    )
    model.compile("rmsprop", loss)
    return model


def _fit(
    x: Any = X, y: Any = Y, loss: str = "sparse_categorical_crossentropy", **options: Any
) -> Any:
    return _model(loss=loss).fit(x, y, **{"verbose": 0, **options})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: _fit(X[:, :5]),
            "takes data of shape (None, 6) for the input 'input_layer', got shape (32, 5)",
        ),
        (lambda: _fit(X.reshape(50, 2, 3)), "the elements fit: reshape((-1, 6)) before it"),
        (lambda: _model()(X[0]), "a batch axis is missing: x[None]"),
        (lambda: _fit(y=Y + 1), "label 3 is out of range for 3 classes"),
        (lambda: _fit(y=Y - 1), "label -1 is out of range for 3 classes"),
        (lambda: _fit(y=Y + 0.5), "labels that are not whole numbers (such as 0.5)"),
        (lambda: _fit(y=np.eye(3)[Y]), "look one-hot: categorical_crossentropy takes those"),
        (
            lambda: _fit(loss="categorical_crossentropy"),
            "one integer per sample? That is sparse_categorical",
        ),
        (lambda: _fit(y=Y[:40]), "x has 50, y has 40"),
        (lambda: _fit(X[:0], Y[:0]), "there are no samples: x has shape (0, 6)"),
        (lambda: _fit(np.array([["a"] * 6] * 50)), "a model takes numbers"),
        (lambda: _fit(y=np.array(["a"] * 50)), "y has the NumPy dtype <U1"),
        (lambda: _model().fit(X, verbose=0), "got no y"),
        (lambda: _fit(batch_size=0), "batch_size is a whole number of at least 1, got 0"),
        (lambda: _fit(epochs=-1), "epochs is a whole number of at least 0, got -1"),
        (lambda: _fit(epochs="5"), "epochs is a whole number of at least 0, got '5'"),
        (lambda: _fit(validation_split=2.0), "validation_split is a share between 0 and 1"),
        (lambda: _fit(validation_data=(X,)), "got no y"),
        (lambda: _fit(validation_data=(X, Y, Y, Y)), "validation_data is (x,), (x, y)"),
        (
            lambda: _fit(verbose="loud"),
            'verbose is 0 (silent), 1 (a bar), 2 (a line per epoch) or "auto"',
        ),
        (
            lambda: narae.Sequential([layers.Dense(1)]).fit(X, Y),
            "You must call `compile()` before `fit()`",
        ),
        (lambda: _model().compile("admm"), "Unknown optimizer: 'admm'. Did you mean 'adam'?"),
        (
            lambda: _model().compile("adam", "mean_sqared_error"),
            "Did you mean 'mean_squared_error'?",
        ),
        (lambda: _model().compile("adam", "mse", metrics=["acuracy"]), "Did you mean 'accuracy'?"),
        (
            lambda: _model().compile("adam", "mse", metrics="accuracy"),
            "compile(metrics=...) takes a list",
        ),
        (lambda: layers.Dense(0), "Dense takes a positive whole number as `units`, got 0"),
        (lambda: layers.Dense(3, actvation="relu"), "Dense got unknown arguments: actvation"),
        (
            lambda: layers.Dense(3, activation="rellu"),
            "Unknown activation: 'rellu'. Did you mean 'relu'?",
        ),
        (lambda: layers.Dense(3)([1, 2]), "takes tensors, got [1, 2]"),
        (lambda: _model().get_layer("dens"), "Did you mean 'dense"),
    ],
)
def test_values_that_do_not_fit_are_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_things_of_the_wrong_kind_are_told() -> None:
    with pytest.raises(ValueError, match=r"Sequential takes layers, got .*Dense"):
        narae.Sequential([layers.Dense])
    with pytest.raises(TypeError, match="callbacks takes"):
        _fit(callbacks=[3])
    with pytest.raises(NotImplementedError, match=r"narae\.layers has no Hashing yet"):
        _ = layers.Hashing
    with pytest.raises(AttributeError, match="Did you mean 'Dense'"):
        _ = layers.Desne


def test_a_nan_is_told_once_with_its_step_and_training_goes_on() -> None:
    data = X.copy()
    data[25, 2] = np.nan
    with pytest.warns(RuntimeWarning, match="The loss became NaN at epoch 1, step 3") as seen:
        history = _fit(data, epochs=2, shuffle=False, batch_size=10).history
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert len(history["loss"]) == 2


def test_a_checkpoint_that_cannot_be_written_is_told_before_training(tmp_path: Any) -> None:
    (tmp_path / "file").write_text("in the place of a folder")
    keep = callbacks.ModelCheckpoint(tmp_path / "file" / "model.keras")
    with pytest.raises(OSError, match="ModelCheckpoint cannot"):
        _fit(callbacks=[keep])


class _Asks(narae.Model):
    """A model with a Python `if` on a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x) if ops.sum(x) > 0 else -self.dense(x)


def test_an_if_on_a_tensor_names_the_way_out_which_works() -> None:
    model = _Asks()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"run_eagerly=True"):
        model.fit(X, X[:, :1], verbose=0)
    model.compile("sgd", "mse", run_eagerly=True)
    assert np.isfinite(model.fit(X, X[:, :1], verbose=0).history["loss"]).all()


_SPARSE = ("sparse_categorical_crossentropy", "crossentropy", "circle")
_DENSE = (
    *("categorical_crossentropy", "categorical_focal_crossentropy", "binary_crossentropy", "mse"),
    *("binary_focal_crossentropy", "mae", "mape", "msle", "huber", "hinge", "squared_hinge"),
    *("categorical_hinge", "kl_divergence", "poisson", "log_cosh", "cosine_similarity", "dice"),
)


@pytest.mark.parametrize("samples", [20, 40])
@pytest.mark.parametrize("loss", [*_SPARSE, *_DENSE])
def test_a_forgotten_flatten_is_the_likely_fix(loss: str, samples: int) -> None:
    x = np.ones((samples, 5, 4), "float32")
    y = np.zeros(samples, "int32") if loss in _SPARSE else np.zeros((samples, 3), "float32")
    model = narae.Sequential([narae.Input((5, 4)), narae.layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss)
    shapes = rf"\(the data: x \({samples}, 5, 4\), y \({samples},"
    with pytest.raises(ValueError, match=rf"Is a Flatten\(\) missing.*{shapes}"):
        model.fit(x, y, verbose=0)
