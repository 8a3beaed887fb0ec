"""What layers over space and normalizations do beside the table: training, masks, shapes, dtypes, wrappers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike
from tests.layers.space import IMAGE, LINE, VOLUME, x

import narae
from narae import layers, ops

BATCHES = [(x(6, 3, 2) + np.array([1, -1])).astype("float32") for _ in range(3)]
MASK = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1]], bool)


def trained_norms(k: Any) -> Any:
    out = []
    for options in (
        {},
        {"momentum": 0.5, "epsilon": 0.1, "scale": False},
        {"axis": 1, "center": False},
        {"renorm": True, "renorm_momentum": 0.5, "momentum": 0.8},
        {"renorm": True, "renorm_clipping": {"rmin": 0.9, "rmax": 1.1, "dmax": 0.1}},
        {"renorm": True, "scale": False, "center": False},
    ):
        layer = k.layers.BatchNormalization(**options)
        out += [layer(batch, training=True) for batch in BATCHES]
        out += [layer(BATCHES[0]), [[w.path, w.trainable, w.value] for w in layer.weights]]
    return out


def masked_norms(k: Any) -> Any:
    layer = k.layers.BatchNormalization(momentum=0.5)
    out = [layer(BATCHES[0], training=True, mask=MASK), layer.moving_mean, layer.moving_variance]
    steps = k.layers.Masking()(np.where(MASK[..., None], BATCHES[0], 0).astype("float32"))
    carried = layer(steps, training=True)
    return [*out, carried, carried._keras_mask, layer.moving_mean, layer(BATCHES[1], mask=MASK)]


def frozen_norms(k: Any) -> Any:
    layer = k.layers.BatchNormalization(trainable=False)
    out = [layer(BATCHES[0], training=True), layer.moving_mean, len(layer.trainable_weights)]
    layer.trainable = True
    out += [layer(BATCHES[0], training=True), layer.moving_mean, len(layer.trainable_weights)]
    layer.trainable = False
    out += [layer(BATCHES[0], training=True), layer.moving_mean, len(layer.trainable_weights)]
    return out


def pure_norms(k: Any) -> Any:
    layer = k.layers.BatchNormalization()
    layer.build((None, 3, 2))
    values = [v.value for v in layer.trainable_variables]
    state = [v.value for v in layer.non_trainable_variables]
    outputs, after = layer.stateless_call(values, state, BATCHES[0], training=True)
    return [outputs, after, layer.moving_mean]


def masked_means(k: Any) -> Any:
    mean = k.layers.GlobalAveragePooling1D
    shown, first = MASK[[0, 1, 3]], np.moveaxis(BATCHES[0], 1, 2)[[0, 1, 3]]
    out = [
        mean()(BATCHES[0][[0, 1, 3]], mask=shown),
        mean("channels_first", keepdims=True)(first, mask=shown),
        mean()(k.layers.Masking()(BATCHES[0] * shown[[0, 0, 1, 1, 2, 2], :, None])),
    ]
    return [*out, getattr(out[2], "_keras_mask", None), mean().compute_mask(LINE, MASK)]


def who_lets_masks_pass(k: Any) -> Any:
    made = [k.layers.MaxPooling1D(2), k.layers.Conv1D(1, 1), k.layers.GlobalMaxPooling1D()]
    made += [getattr(k.layers, f"{kind}Normalization")() for kind in ("Batch", "Layer", "RMS")]
    made += [k.layers.GroupNormalization(1), k.layers.GlobalAveragePooling1D()]
    made += [k.layers.UpSampling1D(), k.layers.ZeroPadding1D(), k.layers.Cropping1D()]
    made += [k.layers.SpectralNormalization(k.layers.Dense(1)), k.layers.AdaptiveMaxPooling1D(1)]
    return [layer.supports_masking for layer in made]


def shapes(k: Any) -> Any:
    made, image = k.layers, (None, None, 9, 3)
    out = [
        made.Conv1D(2, 3, padding="causal", strides=2).compute_output_shape((None, 7, 3)),
        made.Conv2D(2, (2, 3), dilation_rate=2).compute_output_shape(image),
        made.Conv2D(2, 3, data_format="channels_first").compute_output_shape((None, 3, None, 9)),
        made.Conv3D(2, 2, strides=2, padding="same").compute_output_shape((2, 5, 6, 7, 3)),
        made.DepthwiseConv2D(2, depth_multiplier=2).compute_output_shape(image),
        made.SeparableConv1D(4, 2).compute_output_shape((None, None, 3)),
        made.Conv2DTranspose(2, 3, 2).compute_output_shape(image),
        made.Conv2DTranspose(2, 3, 2, "same").compute_output_shape(image),
        made.Conv2DTranspose(2, 4, 2, "same", output_padding=1).compute_output_shape(image),
        made.Conv1DTranspose(2, 2, 4, output_padding=3).compute_output_shape((None, 5, 3)),
        made.Conv1DTranspose(2, 3, dilation_rate=2).compute_output_shape((None, 5, 3)),
        made.Conv3DTranspose(2, 3, 1, "same", "channels_first", 0).compute_output_shape(
            (None, 3, 4, 5, 6)
        ),
        made.MaxPooling2D(2).compute_output_shape(image),
        made.AveragePooling2D(3, 2, "same").compute_output_shape(image),
        made.GlobalMaxPooling2D(keepdims=True).compute_output_shape(image),
        made.GlobalAveragePooling2D("channels_first").compute_output_shape(image),
        made.AdaptiveMaxPooling2D(4).compute_output_shape(image),
        made.ZeroPadding2D(2).compute_output_shape(image),
        made.Cropping2D(2).compute_output_shape(image),
        made.UpSampling2D(3).compute_output_shape(image),
        made.UpSampling1D(3).compute_output_shape((None, None, 3)),
        made.SpectralNormalization(made.Conv2D(2, 3)).compute_output_shape((None, 8, 9, 3)),
    ]
    kinds = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization")
    out += [getattr(made, kind)().compute_output_shape(image) for kind in kinds]
    return [list(shape) for shape in out]


def dtypes(k: Any) -> Any:
    image, out = np.ones((2, 4, 4, 2)), []
    kinds: list[Any] = [
        *(("Conv2D", (2, 2)), ("DepthwiseConv2D", (2,)), ("Conv2DTranspose", (2, 2))),
        *(("MaxPooling2D", (2,)), ("AveragePooling2D", (2,)), ("GlobalAveragePooling2D", ())),
        *(("ZeroPadding2D", (2,)), ("Cropping2D", (1,)), ("UpSampling2D", (2,))),
        *(("BatchNormalization", ()), ("LayerNormalization", ()), ("RMSNormalization", ())),
        *(("GroupNormalization", (2,)), ("AdaptiveAveragePooling2D", (3,))),
    ]
    for kind, arguments in kinds:
        for given, policy in (("float64", None), ("float32", "float16"), ("float32", "bfloat16")):
            layer = getattr(k.layers, kind)(*arguments, dtype=policy)
            y = layer(image.astype(given))
            out.append([kind, policy, str(y.dtype), [w.dtype for w in layer.weights]])
    for kind in ("MaxPooling2D", "GlobalMaxPooling2D", "ZeroPadding2D", "UpSampling2D"):
        arguments = () if kind.startswith("Global") else (2,)
        out.append(getattr(k.layers, kind)(*arguments)(image.astype("int32")))
    return out


def halves_in_range(k: Any) -> Any:
    large = np.array([[300.0, 500.0, -400.0, 100.0]] * 2, "float16")
    made = [k.layers.LayerNormalization, k.layers.RMSNormalization, k.layers.BatchNormalization]
    out = [kind(dtype="float16")(large) for kind in made]
    larger = large.astype("float32") * 1000  # not cast to halves before it is normalized
    out += [k.layers.GroupNormalization(2, dtype="float16")(v) for v in (large, larger)]
    out.append(k.layers.LayerNormalization(dtype="float16")(larger))
    return [k.ops.cast(y, "float32") for y in out]


def spectral(k: Any) -> Any:
    start, u = np.linspace(-1, 2, 12, dtype="float32"), np.array([[0.5, -0.2, 0.1]], "float32")
    out = []
    for inside, given, rounds in (
        (k.layers.Dense(3), LINE, 1),
        (k.layers.Conv1D(3, 1, use_bias=False), LINE, 3),
    ):
        layer = k.layers.SpectralNormalization(inside, power_iterations=rounds)
        layer.build(given.shape)
        inside.kernel.assign(start.reshape(inside.kernel.shape))
        layer.vector_u.assign(u)
        out += [
            layer(given),
            layer(given, training=True),
            layer(given, training=True),
            layer(given),
        ]
        out += [[w.path, tuple(w.shape), w.trainable, w.value] for w in layer.weights]
        inside.kernel.assign(start.reshape(inside.kernel.shape) * 0)
        out += [layer(given, training=True), layer.vector_u.value]
    return out


def wrapped(k: Any) -> Any:
    class Twice(k.layers.Wrapper):
        def call(self, x: Any) -> Any:
            return self.layer(self.layer(x))

    layer = Twice(k.layers.Dense(4, kernel_initializer="ones", name="inside"), name="twice")
    again = Twice.from_config(layer.get_config())
    config = layer.get_config()
    inside = config.pop("layer")
    return [layer(LINE), again(LINE), config, inside["class_name"], [w.path for w in layer.weights]]


def hooks(k: Any) -> Any:
    class Halved(k.layers.Conv2D):
        def convolution_op(self, inputs: Any, kernel: Any) -> Any:
            return super().convolution_op(inputs, kernel / 2)

    return Halved(2, 3, kernel_initializer="ones")(IMAGE)


def other_names(k: Any) -> Any:
    made = k.layers
    names = [f"{kind}{n}D" for kind in ("Convolution", "MaxPool", "AvgPool") for n in (1, 2, 3)]
    names += [f"Global{kind}Pool{n}D" for kind in ("Max", "Avg") for n in (1, 2, 3)]
    names += [f"Convolution{n}DTranspose" for n in (1, 2, 3)]
    names += [f"SeparableConvolution{n}D" for n in (1, 2)]
    return [getattr(made, name).__name__ for name in names]


def old_scaling(k: Any) -> Any:
    layer = k.layers.LayerNormalization(rms_scaling=True)
    return [layer(LINE), [w.path for w in layer.weights], layer.get_config()["rms_scaling"]]


CODE = [
    *(trained_norms, masked_norms, frozen_norms, pure_norms, masked_means, who_lets_masks_pass),
    *(shapes, dtypes, halves_in_range, spectral, wrapped, hooks, other_names, old_scaling),
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:LayerNormalization.rms_scaling")
@pytest.mark.parametrize("code", CODE, ids=lambda code: code.__name__)
def test_it_is_keras_s(code: Any, keras: Any) -> None:
    alike(code, keras)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["bicubic", "lanczos3", "lanczos5"])
def test_other_interpolations_are_keras_s(kind: str, keras: Any) -> None:
    for size in ((2, 3), (1, 4)):
        ours = layers.UpSampling2D(size, interpolation=kind)(IMAGE)
        theirs = keras.layers.UpSampling2D(size, interpolation=kind)(IMAGE)
        np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-4, atol=1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"renorm": True, "scale": False}])
def test_gradients_in_training_are_jax_s(options: dict[str, Any], keras: Any) -> None:
    jax = pytest.importorskip("jax")
    ours, theirs = layers.BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    batch, weight = BATCHES[0], BATCHES[1]
    ours.build(batch.shape)
    theirs.build(batch.shape)
    with narae.GradientTape() as tape:
        inputs = ops.convert_to_tensor(batch)
        tape.watch(inputs)
        loss = ops.sum(ours(inputs, training=True) * weight)
    got = tape.gradient(loss, [inputs, *ours.trainable_weights])
    values = [v.value for v in theirs.trainable_variables]
    state = [v.value for v in theirs.non_trainable_variables]

    def objective(inputs: Any, values: Any) -> Any:
        return (theirs.stateless_call(values, state, inputs, training=True)[0] * weight).sum()

    by_input, by_weight = jax.jit(jax.grad(objective, argnums=(0, 1)))(batch, values)
    for mine, other in zip(got, [by_input, *by_weight], strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=1e-4, atol=1e-5)


def test_a_convolution_of_one_place_is_a_dense_layer() -> None:
    dense = layers.Dense(5)
    flat = dense(IMAGE).numpy()
    for layer in (layers.Conv2D(5, 1), layers.Conv2DTranspose(5, 1), layers.SeparableConv2D(5, 1)):
        layer.build(IMAGE.shape)
        kernels: list[np.ndarray] = [dense.kernel.numpy()[None, None]]
        if isinstance(layer, layers.Conv2DTranspose):
            kernels = [kernels[0].swapaxes(2, 3)]
        if isinstance(layer, layers.SeparableConv2D):
            kernels = [np.ones((1, 1, 4, 1), "float32"), *kernels]
        layer.set_weights([*kernels, dense.bias.numpy()])
        np.testing.assert_allclose(layer(IMAGE).numpy(), flat, rtol=1e-5, atol=1e-6)


def test_cropping_undoes_padding() -> None:
    for n, data in ((1, LINE), (2, IMAGE), (3, VOLUME)):
        widths = (1, 2) if n == 1 else ((1, 2),) * n
        padded = getattr(layers, f"ZeroPadding{n}D")(widths)(data)
        back = getattr(layers, f"Cropping{n}D")(widths)(padded)
        np.testing.assert_array_equal(back.numpy(), data)


def test_training_sees_the_normalized_kernel_of_a_spectral_layer() -> None:
    """Gradients are those of the kernel after normalization, and training goes on from there."""
    dense = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = narae.Sequential([narae.Input((4,)), layers.SpectralNormalization(dense)])
    model.compile(narae.optimizers.SGD(0.25), "mse")
    given = np.array([[1.0, 2.0, 0.0, 0.0]])
    model.fit(given, np.zeros((1, 1)), verbose=0)  # kernel 1/2, prediction 3/2, slope 3
    np.testing.assert_allclose(dense.kernel.numpy(), 0.5 - 0.25 * 3 * given.T, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:LayerNormalization.rms_scaling")
def test_the_whole_file_runs_without_keras() -> None:
    for code in CODE:
        code(narae)
