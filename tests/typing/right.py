"""What people write, as they write it: type checkers have nothing to say of it, and it runs.

The README's program, the first chapters of the book, and each thing that a user makes: layer, loss, metric, callback,
model, loop.
"""

import math
from pathlib import Path

import numpy as np

import narae
import narae as keras
from narae import GradientTape, Variable, layers, ops, optimizers
from narae.callbacks import Callback, EarlyStopping, ModelCheckpoint
from narae.datasets import mnist

x = np.random.default_rng(0).random((64, 28, 28), dtype="float32")
y = np.arange(64) % 10


def readme() -> None:
    """The first program of the README, with fewer digits."""
    (train_images, train_labels), _ = mnist.load_data()
    model = keras.Sequential(
        [layers.Dense(16, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    train_images = train_images[:64].reshape((64, 28 * 28)).astype("float32") / 255
    model.fit(train_images, train_labels[:64], epochs=1, batch_size=32, verbose=0)
    test_loss, test_acc = model.evaluate(train_images, train_labels[:64], verbose=0)
    print(f"{test_loss:.3f}, {test_acc:.3f}")


def first_look() -> None:
    """Chapter 1: predictions, histories, layers one by one."""
    narae.utils.set_random_seed(1)
    network = narae.Sequential([layers.Dense(16, activation="relu")])
    network.add(layers.Dropout(0.5))
    network.add(layers.Dense(10, activation="softmax"))
    network.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    flat = x.reshape((64, 784))
    stop = EarlyStopping(patience=5, restore_best_weights=True)
    history = network.fit(flat, y, epochs=2, validation_data=(flat, y), callbacks=[stop], verbose=0)
    best = int(np.argmin(history.history["val_loss"])) + 1
    print("the lowest validation loss", best, history.history["accuracy"][-1], history.epoch)
    probabilities = network.predict(flat[:10], verbose=0)
    print(probabilities.shape, probabilities[0].max(), probabilities.argmax(axis=1) != y[:10])
    hidden = network.layers[0](flat[:1])
    output = network.layers[2](hidden)
    print(hidden.shape, int((hidden.numpy() == 0).sum()), output.numpy()[0])
    print(network.evaluate(flat, y, verbose=0, return_dict=True)["accuracy"])
    network.summary()


def tensors() -> None:
    """Chapters 2 and 3: shapes, slices, operations."""
    a = ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
    b = a * 2 + 1 - a / 3
    c = ops.relu(ops.matmul(a, b) + np.zeros(2)) @ b
    print(c.shape, c.dtype, c.ndim, c[0], c[:, 1].numpy(), float(ops.mean(c)), c.numpy().round(2))
    print(
        ops.reshape(c, (4, 1)).tolist(), ops.sum(c, axis=0, keepdims=True), ops.max(c, axis=(0, 1))
    )
    print(ops.add(np.ones((5, 1)), 1).shape, ops.stack([a, b]), ops.concatenate([a, b], axis=-1))
    print(ops.where(a > 2, a, 0.0), -a, a == b, 3 - a, 2**a, ops.one_hot([1, 2], 3))
    print(ops.cast(a, "int32"), ops.softmax(a), narae.random.normal((2, 2), seed=1))


def gradients() -> None:
    """Chapters 4 and 5: tapes, variables, a loop by hand."""
    t = ops.convert_to_tensor(3.0)
    with GradientTape() as tape:
        tape.watch(t)
        height = t**2 - 2 * t + 2
    print("exactly", tape.gradient(height, t))
    weights = Variable([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    bias = Variable(ops.zeros(3))
    inputs, wanted = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")
    optimizer = optimizers.SGD(0.1, momentum=0.75)
    for _ in range(2):
        with GradientTape() as tape:
            loss = ops.mean((ops.matmul(inputs, weights) + bias - wanted) ** 2)
        down, up = tape.gradient(loss, [weights, bias])
        weights.assign(weights - 0.3 * down)
        bias.assign_sub(0.1 * up)
        optimizer.apply_gradients(zip([down, up], [weights, bias], strict=True))
        print(f"loss {loss.item():.4f}", float(loss), weights.numpy().max())


def functional() -> None:
    """Two inputs, a branch, two outputs; data by name."""
    picture = keras.Input(shape=(28, 28), name="picture")
    number = keras.Input((1,), name="number", dtype="float32")
    h = layers.Rescaling(1 / 255)(picture)
    h = layers.Reshape((28, 28, 1))(h)
    h = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv")(h)
    h = layers.BatchNormalization()(h)
    h = layers.MaxPooling2D(2)(h)
    h = layers.GlobalAveragePooling2D()(h) * 2 + 1
    h = layers.Concatenate()([h, number])
    h = ops.relu(h)
    kind = layers.Dense(10, activation="softmax", name="kind")(h)
    size = layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1e-4), name="size")(h)
    model = keras.Model([picture, number], [kind, size])
    model.compile(
        optimizer=keras.optimizers.Adam(
            learning_rate=keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9), clipnorm=1.0
        ),
        loss={"kind": keras.losses.SparseCategoricalCrossentropy(), "size": "mse"},
        loss_weights={"kind": 1.0, "size": 0.1},
        metrics={
            "kind": ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3)],
            "size": "mae",
        },
    )
    numbers = np.ones((64, 1))
    model.fit({"picture": x, "number": numbers}, {"kind": y, "size": numbers}, verbose=0)
    kinds, sizes = model.predict([x, numbers], verbose=0)
    print(kinds.shape, sizes.shape, model.count_params(), [w.name for w in model.trainable_weights])
    print(model.get_layer("conv").get_weights()[0].shape, model.inputs, model.output_shape)
    narrow = keras.Model(model.inputs, model.get_layer("conv").output)
    print(narrow([x, numbers]).shape, model.to_json()[:10])


class Linear(layers.Layer):
    """x W + b."""

    def __init__(self, units: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer=keras.initializers.Zeros())

    def call(self, inputs, training=False):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Distance(keras.losses.Loss):
    """The mean distance."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class Share(keras.metrics.Metric):
    """The share of right answers."""

    def __init__(self, name="share", **kwargs):
        super().__init__(name=name, **kwargs)
        self.right = self.add_weight(name="right", initializer="zeros")
        self.all = self.add_weight(name="all", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        hits = ops.equal(ops.argmax(y_pred, axis=-1), ops.argmax(y_true, axis=-1))
        self.right.assign_add(ops.sum(ops.cast(hits, "float32")))
        self.all.assign(self.all + ops.size(hits))

    def result(self):
        return self.right / self.all

    def reset_state(self):
        self.right.assign(0.0)
        self.all.assign(0.0)


class Stop(Callback):
    """Ends training at a loss."""

    def __init__(self, below: float) -> None:
        super().__init__()
        self.below = below

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if logs.get("loss", math.inf) < self.below:
            print(f"epoch {epoch}: enough, at {self.model.optimizer.learning_rate}")
            self.model.stop_training = True


class Network(keras.Model):
    """A model with a step of its own."""

    def __init__(self, units: int = 8):
        super().__init__()
        self.hidden = Linear(units, name="hidden")
        self.out = layers.Dense(10)
        self.tracker = keras.metrics.Mean(name="loss")

    def call(self, inputs, training=None):
        return self.out(ops.relu(self.hidden(inputs)))

    def train_step(self, data):
        x, y = data
        with GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


class Tenths(keras.initializers.Initializer):
    """0.1, 0.2, ..."""

    def __call__(self, shape, dtype=None):
        return ops.reshape(ops.arange(math.prod(shape), dtype=dtype or "float32"), shape) / 10


class Largest(keras.regularizers.Regularizer):
    """A penalty on the largest weight."""

    def __call__(self, x):
        return 0.01 * ops.max(ops.abs(x))


class Positive(keras.constraints.Constraint):
    """No weight below 0."""

    def __call__(self, w):
        return w * ops.cast(w > 0, w.dtype)


class Halving(optimizers.schedules.LearningRateSchedule):
    """Half the rate, every so many steps."""

    def __init__(self, rate: float, every: int = 10) -> None:
        self.rate, self.every = rate, every

    def __call__(self, step):
        return self.rate * 0.5 ** ops.floor(ops.cast(step, "float32") / self.every)

    def get_config(self):
        return {"rate": self.rate, "every": self.every}


class Plain(optimizers.Optimizer):
    """w - lr g."""

    def __init__(self, learning_rate=0.01, **kwargs):
        super().__init__(learning_rate, **kwargs)

    def update(self, w, g, state, lr, t):
        return w - lr * g, state


def own_settings() -> None:
    """What a layer and an optimizer are given, by one's own classes and functions."""
    layer = layers.Dense(
        10,
        kernel_initializer=Tenths(),
        bias_initializer=lambda shape, dtype=None: ops.zeros(shape, dtype),
        kernel_regularizer=Largest(),
        activity_regularizer=lambda a: 0.1 * ops.mean(a),
        kernel_constraint=Positive(),
        bias_constraint=keras.constraints.MaxNorm(2),
    )
    model = keras.Sequential([layer])
    model.compile(Plain(0.1), lambda a, b: ops.mean(ops.square(a - b)), metrics=["mae"])
    model.fit(x.reshape((64, 784)), np.ones((64, 10)), verbose=0)
    model.compile(optimizers.Adam(Halving(0.1)), "mse")
    print(layer.kernel.numpy().min(), layer.losses, layer.name)


def own_parts(folder: Path) -> None:
    """A layer, a loss, a metric, a callback and a model of one's own; files."""
    flat = x.reshape((64, 784))
    network = Network(units=4)
    network.compile(
        optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    network.fit(flat, y, epochs=1, callbacks=[Stop(0.1)], verbose=0)
    network.optimizer.learning_rate = 0.001
    network.save_weights(folder / "all.weights.h5")
    network.load_weights(str(folder / "all.weights.h5"))
    model = keras.Sequential([keras.Input((784,)), Linear(10), layers.Softmax()], name="own")
    model.compile("adam", Distance(), metrics=[Share()])
    kept = ModelCheckpoint(str(folder / "best.keras"), monitor="loss", save_best_only=True)
    model.fit(flat, np.ones((64, 10)), callbacks=kept, validation_split=0.5, verbose=0)
    model.save(folder / "own.keras")
    again = keras.models.load_model(
        folder / "own.keras",
        custom_objects={"Linear": Linear, "Distance": Distance, "Share": Share},
    )
    print(again.predict(flat[:2], verbose=0).shape)
    error = keras.losses.MeanSquaredError()(y, y)
    metric = keras.metrics.Mean()
    metric.update_state(error)
    print(float(error), float(metric.result()), metric.name)


class Scaled(layers.Dense):
    """A layer of the package, extended."""

    def __init__(self, units: int, factor: float = 1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.factor = factor

    def build(self, input_shape):
        super().build(input_shape)
        self.shift = self.add_weight((self.units,), "zeros", name="shift")

    def call(self, inputs, training=None):
        return super().call(inputs) * self.factor + self.shift

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def options_of_layers() -> None:
    """What layers take, in the forms that people write."""
    begin = keras.Input(shape=(28, 28, 1), name="image", dtype="float32")
    h = layers.Conv2D(
        *(8, (3, 3)),
        strides=(2, 2),
        padding="same",
        kernel_initializer=keras.initializers.HeNormal(seed=1),
        kernel_regularizer=keras.regularizers.L2(1e-4),
        kernel_constraint=keras.constraints.MaxNorm(3.0),
    )(begin)
    h = layers.Activation(keras.activations.relu)(layers.BatchNormalization(axis=-1)(h))
    h = layers.ZeroPadding2D(((1, 1), (0, 2)))(layers.MaxPooling2D(pool_size=2)(h))
    h = layers.Flatten()(layers.Cropping2D(cropping=[(1, 0), (0, 0)])(h))
    h = layers.Concatenate(axis=1)([layers.add([h, h]), layers.Lambda(lambda t: t * 2)(h)])
    h = layers.Reshape((4, -1))(layers.Dropout(0.5, noise_shape=(None, 1), seed=3)(h))
    h = layers.Rescaling(1 / 255.0, offset=np.zeros(1))(layers.LayerNormalization([1, 2])(h))
    own = Scaled(3, 0.5, activation=keras.activations.softmax, bias_regularizer="l1")
    kept = layers.Dense(
        3,
        kernel_initializer=lambda shape, dtype=None: keras.ops.ones(shape),
        bias_initializer=keras.initializers.Constant(0.1),
    )
    model = keras.Model(begin, kept(own(h)))
    print(model.count_params(), kept.kernel.shape, own.units, kept.kernel_initializer)
    again = Scaled.from_config(own.get_config())
    norm = layers.Normalization(mean=[1.0, 2.0], variance=np.ones(2))
    print(again, norm(np.ones((3, 2))), keras.initializers.get("zeros")((3,), "float32"))


def batches_by_hand() -> None:
    """A generator, a loop of steps, a function as loss, activation and initializer."""

    def batches():
        while True:
            yield x[:8].reshape(8, 784), y[:8]

    def loss(y_true, y_pred):
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    model = keras.Sequential()
    model.add(keras.Input((784,)))
    model.add(layers.Dense(10, activation=ops.tanh, bias_initializer="ones", dtype="float32"))
    model.add(layers.Activation(lambda t: t * 2))
    model.compile(loss=loss, optimizer=optimizers.Adam(1e-3))
    model.fit(batches(), steps_per_epoch=2, epochs=2, shuffle=False, verbose=0)
    print(model.train_on_batch(x[:8].reshape(8, 784), y[:8]))
    for weight in model.trainable_variables:
        print(weight.path, weight.shape, weight.numpy().mean(), weight.value.dtype)
    found = keras.grad(lambda w: ops.sum(w**2))(ops.ones(3))
    print(found, keras.jit(lambda a: a + 1)(ops.ones(2)))


def main(folder: Path) -> None:
    """All of it."""
    readme()
    first_look()
    tensors()
    gradients()
    functional()
    own_parts(folder)
    own_settings()
    options_of_layers()
    batches_by_hand()
