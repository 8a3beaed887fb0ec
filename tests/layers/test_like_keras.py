"""What layers do beside computing: the same code on narae and on Keras gives the same, or both refuse."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae

X = np.arange(6, dtype="float32").reshape(2, 3)
STEPS = np.arange(24, dtype="float32").reshape(2, 4, 3)


def weights(layer: Any) -> list[Any]:
    return [(w.path, tuple(w.shape), w.dtype, w.trainable) for w in layer.weights]


def names(k: Any) -> Any:
    made = [k.layers.Dense(1), k.layers.Dense(1), k.layers.PReLU(), k.layers.ReLU(), k.layers.ELU()]
    made += [k.layers.EinsumDense("ab,bc->ac", 3), k.layers.SpatialDropout1D(0.1), k.Sequential()]
    return [layer.name for layer in made]


def paths(k: Any) -> Any:
    class Made(k.layers.Layer):
        """Weights and a layer of its own, made in several places."""

        def __init__(self) -> None:
            super().__init__(name="made")
            self.first = k.layers.Dense(2)

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1],), name="w", initializer="ones")
            self.count = self.add_weight(shape=(), dtype="int32", trainable=False, name="count")
            self.second = k.layers.Dense(3)
            self.first.build(input_shape)

        def call(self, x: Any) -> Any:
            return self.second(self.first(x * self.w))

    layer = Made()
    layer(X)
    return [weights(layer), layer.built, layer.count_params()]


def weights_of_all_kinds(k: Any) -> Any:
    class Kinds(k.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.a = self.add_weight((2,), "zeros", name="a")
            self.b = self.add_weight(name="b", shape=(2, 2), regularizer="l2", constraint="non_neg")
            self.c = self.add_weight()
            self.d = self.add_weight(
                shape=(3,), dtype="float16", initializer="ones", trainable=False
            )

        def call(self, x: Any) -> Any:
            return x

    layer = Kinds(name="kinds")
    layer(X)
    return [weights(layer), type(layer.b.constraint).__name__, len(layer.losses)]


def dtypes(k: Any) -> Any:
    out = []
    for kind in ("int32", "uint8", "bool", "float16"):
        x = np.ones((2, 3), kind)
        dense, plain = k.layers.Dense(2, kernel_initializer="ones"), k.layers.Identity()
        out += [
            dense(x),
            plain(x),
            k.layers.Rescaling(0.5)(x),
            k.layers.Identity(autocast=False)(x),
        ]
    for kind in ("float16", "bfloat16"):
        layer = k.layers.Dense(2, kernel_initializer="ones", dtype=kind)
        y = layer(X)
        seen = [layer.dtype, layer.compute_dtype, layer.variable_dtype, layer.dtype_policy.name]
        out += [seen, k.ops.cast(y, "float32")]
    return out


def modes(k: Any) -> Any:
    seen: list[Any] = []

    class Inner(k.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            seen.append(training)
            return x

    class Outer(k.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()
            self.inner.built = True

        def call(self, x: Any) -> Any:
            return self.inner(x)

    class Trains(Outer):
        def call(self, x: Any, training: bool = True) -> Any:
            return self.inner(x)

    class Never(Outer):
        def call(self, x: Any, training: Any = None) -> Any:
            return self.inner(x, training=False)

    Inner()(X)
    Inner()(X, training=True)
    for kind in (Outer, Trains, Never):
        layer = kind()
        layer.built = True
        layer(X)
        layer(X, training=True)
        layer(X, training=False)
    return seen


def arguments(k: Any) -> Any:
    class Two(k.layers.Layer):
        def build(self, a_shape: Any, b_shape: Any) -> None:
            self.shapes = [tuple(a_shape), tuple(b_shape)]

        def call(self, a: Any, b: Any = None, scale: Any = 1) -> Any:
            return (a + b) * scale

    class First(k.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.shapes = tuple(input_shape)

        def call(self, a: Any, b: Any) -> Any:
            return a + b

    class Nest(k.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.shapes = {key: tuple(shape) for key, shape in input_shape.items()}

        def call(self, x: Any) -> Any:
            return x["u"] + x["v"]

    class Listed(k.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.shapes = [tuple(shape) for shape in input_shape]

        def call(self, x: Any) -> Any:
            return x[0] + x[1]

    two, named, first, nest, listed = Two(), Two(), First(), Nest(), Listed()
    out = [two(X, X, scale=2), named(a=X, b=X), first(X, X), nest({"u": X, "v": X})]
    out += [listed([X, X]), listed((X, X))]
    shapes = [two.shapes, named.shapes, [first.shapes], listed.shapes, list(nest.shapes.values())]
    return [out, shapes, two.get_build_config(), listed.get_build_config()]


def penalties(k: Any) -> Any:
    class Adds(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(k.ops.sum(x))
            return x

    dense = k.layers.Dense(
        2, kernel_initializer="ones", activity_regularizer="l2", kernel_regularizer="l1"
    )
    stack = k.Sequential([dense, Adds(), k.layers.ActivityRegularization(0.1, 0.2)])
    stack(X)
    stack(X)
    dense.trainable = False
    return [[float(v) for v in stack.losses], [float(v) for v in dense.losses]]


def frozen(k: Any) -> Any:
    class Holds(k.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(2)

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(1,), name="w", initializer="ones")
            self.dense.build(input_shape)

        def call(self, x: Any) -> Any:
            return self.dense(x) * self.w

    out = []
    for made in (Holds(trainable=False), Holds()):
        made(X)
        for value in (False, True):
            out.append([len(made.trainable_weights), [w.trainable for w in made.weights]])
            made.trainable = value
            out.append([len(made.trainable_weights), len(made.non_trainable_weights)])
            out.append(made.dense.trainable)
    return out


def own_configs(k: Any) -> Any:
    class Bare(k.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    class Own(k.layers.Layer):
        def __init__(self, units: int, kind: str = "x", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

    class Extended(k.layers.Dense):
        pass

    class Written(k.layers.Layer):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    made = [Bare(), Own(3, dtype="float16", trainable=False), Extended(3), Written(4, name="w")]
    again = [type(layer).from_config(layer.get_config()) for layer in made]
    return [
        [layer.get_config() for layer in made[:2] + made[3:]],
        [[layer.name, layer.dtype, layer.trainable] for layer in again],
        again[1].units,
        again[3].units,
    ]


def shapes(k: Any) -> Any:
    layer, either = k.layers, k.layers.Concatenate()
    out = [
        layer.Dense(2).compute_output_shape((None, 3)),
        layer.Flatten().compute_output_shape((None, 3, 4)),
        layer.Flatten().compute_output_shape((None, None, 4)),
        layer.Reshape((-1, 2)).compute_output_shape((None, 6)),
        layer.Dot(axes=(2, 1)).compute_output_shape([(None, 3, 4), (None, 4, 5)]),
        either.compute_output_shape([(None, 3), (None, 4)]),
        k.Sequential([layer.Dense(2), layer.Dense(4)]).compute_output_shape((None, 3)),
    ]
    return [list(shape) for shape in out]


def masks_of_values(k: Any) -> Any:
    x = np.arange(6, dtype="float32").reshape(1, 2, 3)
    mask = np.array([[[True, False, True], [False, False, False]]])
    soft = k.layers.Softmax
    steps = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    return [
        *(soft()(x, mask=mask), soft(axis=(1, 2))(x, mask=mask), soft(axis=[1, 2])(x)),
        k.layers.Masking().compute_mask(k.ops.convert_to_tensor(steps)),
        k.layers.Masking(1.0)(steps),
        k.layers.Lambda(lambda t, mask=None: t if mask is None else t * 2)(
            k.layers.Masking()(steps)
        ),
    ]


def who_lets_masks_pass(k: Any) -> Any:
    class Masks(k.layers.Layer):
        def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
            return previous_mask

    class Declares(k.layers.Layer):
        supports_masking = True

    simple = ("Flatten", "Add", "Concatenate", "Softmax", "Normalization", "Identity", "Masking")
    made = [getattr(k.layers, name)() for name in (*simple, "PReLU", "Layer", "UnitNormalization")]
    made += [
        k.layers.Dense(2),
        k.layers.Reshape((2,)),
        k.layers.Permute((1,)),
        k.layers.Dropout(0.5),
    ]
    made += [
        k.layers.RepeatVector(2),
        k.layers.Dot(1),
        k.layers.Rescaling(1.0),
        Masks(),
        Declares(),
    ]
    made += [k.layers.EinsumDense("ab,bc->ac", 2), k.layers.Lambda(lambda x: x)]
    return [layer.supports_masking for layer in made]


def dots(k: Any) -> Any:
    a, c = np.arange(24.0).reshape(2, 3, 4), np.arange(8.0).reshape(2, 4)
    b, dot = np.arange(40.0).reshape(2, 4, 5), k.layers.Dot
    out = [dot(axes=(2, 1))([a, b]), dot(axes=-1)([a, a]), dot(axes=(2, 1))([a, c])]
    out += [
        dot(axes=(1, 2))([c, a]),
        dot(axes=(1, 1), normalize=True)([c, c]),
        dot(axes=[2, 2])([a, a]),
    ]
    return [*out, dot(axes=(2, 2))([k.Input((None, 4)), k.Input((None, 4))])]


def equations(k: Any) -> Any:
    out = []
    for equation, output, bias, shape in [
        ("...x,xy->...y", 4, "y", (2, 3, 5)),
        ("abc,cde->abde", (3, 4, 5), "e", (2, 3, 6)),
        ("...abc,cd->...abd", (None, None, 4), None, (2, 3, 4, 5)),
        ("ab...,bc->ac...", (4,), "c", (2, 3, 5)),
        ("ab,bcd->acd", (4, 5), "cd", (2, 3)),
        ("bqd,dhe->bqhe", (None, 2, 3), "he", (2, 4, 6)),
        ("abc,bd->adc", (4, None), None, (2, 3, 5)),
        ("ab...,b->a...", (None,), None, (2, 3, 5)),
    ]:
        layer = k.layers.EinsumDense(equation, output, bias_axes=bias, kernel_initializer="ones")
        out.append([layer(np.ones(shape, "float32")), [tuple(w.shape) for w in layer.weights]])
    return out


def moments(k: Any) -> Any:
    out = []
    for arguments in ({"axis": 1}, {"axis": (1, 2)}, {"axis": None}, {"axis": -1, "invert": True}):
        layer = k.layers.Normalization(**arguments)
        layer.adapt(STEPS)
        out += [layer(STEPS), layer.get_build_config()]
        out += [[(w.name, tuple(w.shape), w.dtype) for w in layer.weights]]
    fixed = k.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])
    flat = k.layers.Normalization(axis=None)
    flat.adapt(np.array([1.0, 2.0, 3.0]))
    return [*out, fixed(STEPS), len(fixed.weights), flat(np.array([1.0, 2.0, 3.0]))]


def functions(k: Any) -> Any:
    layer = k.layers
    several = (
        layer.add,
        layer.average,
        layer.maximum,
        layer.multiply,
        layer.subtract,
        layer.minimum,
    )
    out = [function([X, X + 1]) for function in several]
    return [*out, layer.concatenate([X, X], axis=0), layer.dot([X, X], axes=1)]


def reshapes(k: Any) -> Any:
    known, open_ = k.Input((6, 4)), k.Input((None, 4))
    out = [k.layers.Reshape(s)(known) for s in ((-1, 2), (24,), (2, 3, 4), (2, -1, 2))]
    out += [k.layers.Reshape(s)(open_) for s in ((-1, 2), (2, -1), (4,))]
    return [*out, k.layers.Flatten()(open_), k.layers.Flatten()(np.ones(3, "float32"))]


def pure_calls(k: Any) -> Any:
    model = k.Sequential(
        [k.Input((3,)), k.layers.Dense(2, kernel_regularizer="l2"), k.layers.Dropout(0.5)]
    )
    values = [np.ones((3, 2), "float32"), np.ones(2, "float32")]
    state = [v.value for v in model.non_trainable_variables]
    outputs, after, losses = model.stateless_call(values, state, X, return_losses=True)
    return [outputs, len(after), losses, len(model.stateless_call(values, state, X))]


def without_rate(k: Any) -> Any:
    out = [k.layers.Dropout(0)(X, training=True), k.layers.Dropout(1.0)(X, training=True)]
    seeds = k.Sequential([k.layers.Dropout(0.5), k.layers.Dense(1)])
    seeds(X)
    return [*out, [(v.path, v.dtype, tuple(v.shape)) for v in seeds.variables], len(seeds.weights)]


CODE = [
    *(names, paths, weights_of_all_kinds, dtypes, modes, arguments, penalties, frozen, own_configs),
    *(shapes, masks_of_values, who_lets_masks_pass, dots, equations, moments, functions, reshapes),
    *(pure_calls, without_rate),
]


@pytest.mark.oracle
@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


def test_gradients_go_through_pure_calls() -> None:
    layer = narae.layers.Dense(2, use_bias=False)
    layer.build((None, 3))
    kept = layer.kernel.numpy()
    loss = lambda w: narae.ops.sum(layer.stateless_call([w], [], X)[0])
    gradient = narae.grad(loss)(narae.ops.ones((3, 2)))
    np.testing.assert_allclose(gradient.numpy(), np.repeat(X.sum(0)[:, None], 2, 1))
    np.testing.assert_array_equal(layer.kernel.numpy(), kept)
    with pytest.raises(ValueError, match="has 1 trainable variables, stateless_call got 2"):
        layer.stateless_call([1, 2], [], X)
    with pytest.raises(ValueError, match="needs its variables"):
        narae.layers.Dense(2).stateless_call([], [], X)


def test_the_whole_file_runs_without_keras() -> None:
    for code in CODE:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what both warn of is compared where Keras is there
            code(narae)
