"""Models with a call of their own: building, nesting, modes, weights, errors; beside Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae
from narae import layers

X = np.arange(6, dtype="float32").reshape(2, 3)


def weights(model: Any) -> list[Any]:
    return [(w.path, tuple(w.shape)) for w in model.weights]


def ones(model: Any) -> Any:
    model.set_weights([np.full(w.shape, 0.1 * (i + 1)) for i, w in enumerate(model.get_weights())])
    return model


def simple(k: Any) -> Any:
    class Simple(k.Model):
        def __init__(self) -> None:
            super().__init__(name="m")
            self.a, self.b = k.layers.Dense(4), k.layers.Dense(1)

        def call(self, x: Any, training: bool = False) -> Any:
            h = self.a(x)
            return self.b(h * 2.0 if training else h)

    return Simple()


def modes_and_weights(k: Any) -> Any:
    model = simple(k)
    out = [model.built, len(model.weights)]
    model(X)
    ones(model)
    names = [layer.name for layer in model.layers]
    return [*out, model(X), model(X, training=True), names, weights(model), model.count_params()]


def nested(k: Any) -> Any:
    class Deep(k.Model):
        def __init__(self) -> None:
            super().__init__(name="m")
            self.stack = k.Sequential([k.layers.Dense(4)])
            self.many = [k.layers.Dense(2), k.layers.Dense(3)]
            self.named = {"b": k.layers.Dense(1)}

        def call(self, x: Any) -> Any:
            x = self.stack(x)
            for layer in self.many:
                x = layer(x)
            return self.named["b"](x)

    model = Deep()
    model(X)
    return [[layer.name for layer in model.layers], weights(model), ones(model)(X)]


def dicts_in_and_out(k: Any) -> Any:
    class Dicts(k.Model):
        def __init__(self) -> None:
            super().__init__(name="m")
            self.a = k.layers.Dense(4)

        def call(self, x: Any) -> Any:
            return {"p": self.a(x["l"]), "q": self.a(x["r"])}

    model = Dicts()
    model({"l": X, "r": X})
    out = ones(model)({"l": X, "r": X * 2})
    return [weights(model), out["p"], out["q"]]


def on_symbols(k: Any) -> Any:
    i = k.Input((3,), name="i")
    model = k.Model(i, simple(k)(i))
    return [model.output_shape, [x.name for x in model.layers], weights(model), ones(model)(X)]


def frozen_before_and_after(k: Any) -> Any:
    early, late = simple(k), simple(k)
    early.trainable = False
    early(X)
    late(X)
    late.a.trainable = False
    counts = [len(m.trainable_weights) for m in (early, late)]
    early.trainable = True
    return [*counts, len(early.trainable_weights), [w.path for w in late.non_trainable_weights]]


def metrics_are_no_weights(k: Any) -> Any:
    model = simple(k)
    model.mean = k.metrics.Mean()
    model(X)
    return [len(model.weights), len(model.metrics), len(model.metrics_variables)]


CODE = [
    *(modes_and_weights, nested, dicts_in_and_out, on_symbols, frozen_before_and_after),
    metrics_are_no_weights,
]


@pytest.mark.oracle
@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


def test_build_makes_the_weights_that_a_call_makes() -> None:
    built, called = simple(narae), simple(narae)
    built.build((None, 3))
    called(X)
    assert [w.shape for w in built.weights] == [w.shape for w in called.weights]
    assert built.weights[0].path == "m/dense/kernel"


def test_its_arguments_make_it_again() -> None:
    class Own(narae.Model):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = layers.Dense(units)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    again = Own.from_config(Own(units=5, name="own").get_config())
    assert (again.name, again(X).shape) == ("own", (2, 5))


def test_compiled_calls_and_gradients_agree_with_the_eager_one() -> None:
    model = simple(narae)
    model(X)
    ones(model)
    wanted = model(X).numpy()
    np.testing.assert_allclose(narae.jit(lambda x: model(x))(X).numpy(), wanted, rtol=1e-6)
    with narae.GradientTape() as tape:
        loss = narae.ops.sum(model(X))
    gradients = tape.gradient(loss, model.trainable_variables)
    np.testing.assert_allclose(gradients[0].numpy(), np.repeat(X.sum(0)[:, None] * 0.3, 4, 1))
    assert [g.shape for g in gradients] == [w.shape for w in model.weights]


def test_what_it_refuses_says_why() -> None:
    class NoCall(narae.Model):
        pass

    with pytest.raises(NotImplementedError, match=r"define call\(self, inputs\)"):
        NoCall()(X)
    with pytest.raises(TypeError, match="takes `inputs` and `outputs`"):
        narae.Model(3)
    with pytest.raises(ValueError, match="has no weights before it is built"):
        simple(narae).count_params()
    model = simple(narae)
    with pytest.raises(ValueError, match="it is not built yet"):
        model.set_weights([X])
    model(X)
    with pytest.raises(ValueError, match="comes too late"):
        model.extra = layers.Dense(2)
    with pytest.raises(ValueError, match="Did you mean 'dense_3'"):
        model.get_layer("dense_03")
