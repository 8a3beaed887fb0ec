"""Mixed precision: layers compute in halves and keep float32, losses and metrics stay in float32."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.alike import alike
from tests.tables.layers import LAYERS, arguments_of

import narae
from narae import layers, mixed_precision, ops
from narae.engine.scope import autocast
from narae.executors import narrow_products
from narae.primitives.record import RECORDS

POLICIES = ("mixed_float16", "mixed_bfloat16")
X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
CLASSES = np.random.default_rng(1).integers(0, 3, 64)


@contextlib.contextmanager
def in_use(policy: str, *modules: Any) -> Iterator[None]:
    """A global policy, in narae and in other modules of Keras's names."""
    try:
        for module in modules:
            module.config.set_dtype_policy(policy)
        yield
    finally:
        for module in modules:
            module.config.set_dtype_policy("float32")


# -- layers ------------------------------------------------------------------------------------------


def of_layers(policy: str, names: list[str]) -> Any:
    """What layers of a policy give, keep, and say of themselves."""

    def code(k: Any) -> Any:
        out = {}
        for name in names:
            kind, options, x = LAYERS[name]
            layer = getattr(k.layers, kind)(**options, dtype=policy)
            args = narae.tree.map_structure(
                lambda a: k.Input(a.shape[1:], len(a), dtype=str(a.dtype)), arguments_of(x)
            )
            y = layer(*args)
            if k is narae:  # on arrays as on what is to come; Keras compiles half a minute for it
                assert [t.dtype for t in flat(layer(*arguments_of(x)))] == [
                    t.dtype for t in flat(y)
                ], name
            out[name] = [
                [str(t.dtype) for t in flat(y)],
                [(w.path.split("/")[-1], str(w.dtype)) for w in layer.weights],
                [layer.dtype, layer.compute_dtype, layer.variable_dtype, layer.dtype_policy.name],
            ]
        return out

    return code


def flat(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


@pytest.mark.oracle
@pytest.mark.parametrize("policy", POLICIES)
def test_layers_have_kerass_dtypes(policy: str, keras: Any) -> None:
    alike(of_layers(policy, sorted(LAYERS)), keras)


def nests(k: Any) -> Any:
    class Inner(k.layers.Layer):
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(2,), initializer="ones", name="w")
            self.kept = self.add_weight(shape=(2,), initializer="ones", autocast=False, name="kept")
            self.count = self.add_weight(shape=(), dtype="int32", initializer="zeros", name="count")

        def call(self, x: Any) -> Any:
            seen.append([str(v.dtype) for v in (x, self.w, self.kept, self.count)])
            seen.append([str(v.value.dtype) for v in (self.w, self.kept, self.count)])
            return self.w * x

    class Outer(k.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.parts = [
                Inner(dtype=d, autocast=a)
                for d in ("mixed_float16", "float32", "mixed_bfloat16", "int32")
                for a in (True, False)
            ]

        def build(self, shape: Any) -> None:
            for part in self.parts:
                part.build(shape)
                part.built = True

        def call(self, x: Any) -> Any:
            return sum(k.ops.sum(k.ops.cast(part(x), "float32")) for part in self.parts)

    seen: list[Any] = []
    for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
        for autocast_ in (True, False):
            Outer(dtype=policy, autocast=autocast_)(np.ones((3, 2), "float32"))
    return seen


@pytest.mark.oracle
def test_layers_within_layers_read_variables_as_kerass(keras: Any) -> None:
    alike(nests, keras)


def policies(k: Any) -> Any:
    out: list[Any] = []
    for name in (*POLICIES, "float16", "int32", "bfloat16", "float64"):
        p = k.dtype_policies.get(name)
        out.append([p.name, p.compute_dtype, p.variable_dtype, repr(p), p.quantization_mode])
        out.append([p == k.DTypePolicy(name), k.dtype_policies.serialize(p)])
        out.append(k.dtype_policies.deserialize(k.dtype_policies.serialize(p)).name)
    k.mixed_precision.set_global_policy("mixed_bfloat16")
    out += [k.DTypePolicy().name, k.layers.Dense(1).dtype_policy.name, k.Sequential().dtype]
    out.append(k.layers.Dense(1, dtype="float32").compute_dtype)
    layer = k.layers.Dense(1)
    layer.dtype_policy = "mixed_float16"
    out.append([layer.compute_dtype, k.config.dtype_policy().name])
    k.config.set_dtype_policy("float32")
    return out


@pytest.mark.oracle
def test_policies_are_kerass(keras: Any) -> None:
    alike(policies, keras)
    for bad in ("mixed_float8", "half-and-half", 3):
        with pytest.raises((ValueError, TypeError)):
            narae.DTypePolicy(bad)
        with pytest.raises((ValueError, TypeError)):
            keras.DTypePolicy(bad)


def test_variables_keep_their_precision() -> None:
    v = narae.Variable([1.0])
    with autocast("bfloat16"):
        assert v.dtype == v.value.dtype == "bfloat16"
        v.assign_add([1e-4])  # lost in bfloat16, whose numbers near 1 are 2^-7 apart
        assert v.own_value.dtype == "float32"
    assert v.numpy()[0] == np.float32(1 + 1e-4)
    with narae.GradientTape() as tape, autocast("float16"):
        y = v * v
    gradient = tape.gradient(y, v)
    assert gradient.dtype == "float32"
    np.testing.assert_allclose(gradient.numpy(), [2.0], rtol=1e-3)


# -- sums of halves ----------------------------------------------------------------------------------

LONG = np.random.default_rng(0).uniform(0, 1, (4096, 2)).astype("float32")
SUMS: dict[str, Any] = {
    "sum": lambda x: ops.sum(x, 0),
    "sum of all": ops.sum,
    "mean": lambda x: ops.mean(x, 0),
    "cumsum": lambda x: ops.cumsum(x, 0)[-1],
    "matmul": lambda x: ops.matmul(ops.transpose(x), x),
    "segments": lambda x: ops.segment_sum(x, np.zeros(4096, "int32"), 1),
    "pool": lambda x: ops.average_pool(ops.reshape(x, (1, 64, 64, 2)), (64, 64)),
    "conv": lambda x: ops.conv(ops.reshape(x, (1, 64, 64, 2)), ops.ones((64, 64, 2, 1), x.dtype)),
    "logsumexp": lambda x: ops.logsumexp(x, 0),
    "softmax": lambda x: ops.softmax(x, 0)[:4],
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_of_halves_are_rounded_once(each_executor: str, dtype: str) -> None:
    halves = ops.cast(LONG, dtype)

    def every(x: Any) -> Any:
        return {name: function(x) for name, function in SUMS.items()}

    exact = every(ops.cast(halves, "float64"))
    for got in (every(halves), narae.jit(every)(halves)):
        for name, value in got.items():
            assert value.dtype == dtype, name
            # a sum of exponentials adds up the rounding of each: 2 units; others half a unit
            units = 2 if name in ("softmax", "logsumexp") else 0.5
            eps = float(np.finfo(np.float16).eps) if dtype == "float16" else 2.0**-7
            np.testing.assert_allclose(
                np.asarray(value, "float64"), exact[name].numpy(), rtol=units * eps, err_msg=name
            )


def test_linear_algebra_refuses_halves() -> None:
    with pytest.raises(TypeError, match="takes float32 or float64, got float16; a cast"):
        RECORDS["inv"](ops.cast(np.eye(2), "float16"))


# -- training ----------------------------------------------------------------------------------------


def stack(k: Any, last: str | None = "float32") -> Any:
    return k.Sequential(
        [
            k.Input((6,)),
            k.layers.Dense(16, activation="tanh", kernel_regularizer="l2"),
            k.layers.BatchNormalization(),
            k.layers.LayerNormalization(),
            k.layers.Dense(3, activation="softmax", dtype=last),
        ]
    )


def compiled(k: Any, **options: Any) -> Any:
    model = stack(k)
    loss = "sparse_categorical_crossentropy"
    model.compile(k.optimizers.Adam(0.02), loss, metrics=["accuracy"], **options)
    return model


@pytest.mark.oracle
@pytest.mark.parametrize("policy", POLICIES)
def test_training_is_kerass(policy: str, keras: Any, each_executor: str) -> None:
    with in_use(policy, narae, keras):
        theirs, ours = compiled(keras), compiled(narae)
        ours.set_weights(theirs.get_weights())
        fitted = {"batch_size": 16, "epochs": 4, "shuffle": False, "verbose": 0}
        want = theirs.fit(X, CLASSES, **fitted).history
        got = ours.fit(X, CLASSES, **fitted).history
        assert [type(m.optimizer).__name__ for m in (ours, theirs)] == [
            "LossScaleOptimizer" if policy == "mixed_float16" else "Adam"
        ] * 2
    tolerance = 2e-3 if policy == "mixed_float16" else 1e-2
    np.testing.assert_allclose(got["loss"], want["loss"], rtol=tolerance)
    np.testing.assert_allclose(got["accuracy"], want["accuracy"], atol=0.04)
    assert got["loss"][-1] < 0.8 * got["loss"][0]
    assert [v.dtype for v in ours.variables] == ["float32"] * len(ours.variables)
    outputs = [m.predict(X[:4], verbose=0) for m in (ours, theirs)]
    assert outputs[0].dtype == outputs[1].dtype == "float32"


def test_the_loss_is_scaled_by_itself_for_float16_alone() -> None:
    for policy, auto, kind in (
        ("mixed_float16", True, "LossScaleOptimizer"),
        ("mixed_float16", False, "Adam"),
        ("mixed_bfloat16", True, "Adam"),
        ("float16", True, "Adam"),
    ):
        with in_use(policy, narae):
            model = compiled(narae, auto_scale_loss=auto)
            assert type(model.optimizer).__name__ == kind
            assert model.get_compile_config()["optimizer"]["class_name"] == "Adam"
            given = mixed_precision.LossScaleOptimizer(narae.optimizers.SGD())
            model.compile(given, "mse")
            assert model.optimizer is given


def test_gradients_too_small_for_float16_arrive_by_the_scale(each_executor: str) -> None:
    def moved(auto: bool) -> float:
        with in_use("mixed_float16", narae):
            model = narae.Sequential([narae.Input((1,)), layers.Dense(1, use_bias=False)])
            sgd = narae.optimizers.SGD(1e6)
            model.compile(sgd, lambda y, p: ops.mean(p) * 1e-9, auto_scale_loss=auto)
            model.set_weights([np.zeros((1, 1))])
            model.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=4, verbose=0)
            return float(model.get_weights()[0][0, 0])

    assert moved(auto=False) == 0.0
    assert moved(auto=True) == pytest.approx(-1e-3, rel=1e-2)


def test_steps_whose_gradients_overflow_are_left_out(each_executor: str) -> None:
    with in_use("mixed_float16", narae):
        model = narae.Sequential([narae.Input((1,)), layers.Dense(1, use_bias=False)])
        model.compile("sgd", lambda y, p: ops.mean(p) * 16.0)  # 16 · 2^15 is beyond float16
        model.set_weights([np.zeros((1, 1))])
        model.fit(np.ones((8, 1)), np.ones((8, 1)), batch_size=1, verbose=0, shuffle=False)
    scale, done = float(model.optimizer.dynamic_scale), int(model.optimizer.iterations)
    assert 0 < done < 8
    assert scale == 2.0 ** (15 - (8 - done))
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(-0.01 * 16 * done, rel=1e-3)


# -- files -------------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("policy", POLICIES)
def test_files_go_both_ways(policy: str, keras: Any, tmp_path: Any) -> None:
    for source, target in ((narae, keras), (keras, narae)):
        with in_use(policy, narae, keras):
            model = compiled(source)
            model.fit(X, CLASSES, batch_size=16, verbose=0)
            model.save(tmp_path / "m.keras")
        with in_use(policy, keras):  # Keras forgets a Sequential's own policy; narae reads it
            read = target.saving.load_model(tmp_path / "m.keras")
        assert [layer.dtype_policy.name for layer in read.layers] == [policy] * 3 + ["float32"]
        assert read.dtype_policy.name == policy
        assert type(read.optimizer).__name__ == type(model.optimizer).__name__
        for a, b in zip(read.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        kept = [np.asarray(v) for v in read.optimizer.variables]
        for a, b in zip(kept, model.optimizer.variables, strict=True):
            np.testing.assert_array_equal(a, np.asarray(b))
        outputs = [m.predict(X[:8], verbose=0) for m in (read, model)]
        np.testing.assert_allclose(*outputs, atol=2e-3 if policy == "mixed_float16" else 2e-2)


def test_summaries_and_explanations_know_it(
    capsys: pytest.CaptureFixture[str], each_executor: str
) -> None:
    with in_use("mixed_bfloat16", narae):
        model = compiled(narae)
        model.summary()
        assert "Dense" in capsys.readouterr().out
        report = model.explain_plan(X[:8], CLASSES[:8])
    if each_executor == "xla":
        assert {"bfloat16", "float32"} <= {row.dtype for row in report.rows}
    elif "bfloat16" in (narrow_products(each_executor) or ()):  # products of the processor's own
        assert "wide_dot" in {name for row in report.rows for name in row.operations}
        assert "bfloat16" in {row.dtype for row in report.rows}
    else:  # no halves to compute in
        assert "rounded to bfloat16" in {name for row in report.rows for name in row.operations}
        assert "bfloat16" not in {row.dtype for row in report.rows}
    assert "bfloat16" in str(report)
    with contextlib.redirect_stdout(io.StringIO()):
        model.fit(X, CLASSES, batch_size=16, verbose=2)
