"""What learners get wrong: each marked line is an error in an editor, and no other is. Nobody runs this.

The mark says what a checker's message contains.
"""

import numpy as np

import narae
from narae import initializers, layers, losses, ops, optimizers
from narae.callbacks import EarlyStopping

x, y = np.ones((8, 4)), np.ones((8, 1))


def names() -> None:
    layers.Dens(3)  # wrong: "Dens"
    narae.layer.Dense(3)  # wrong: "layer"
    ops.rellu(x)  # wrong: "rellu"
    losses.MeanSquareError()  # wrong: "MeanSquareError"
    from narae.layers import LSTN  # wrong: "LSTN"

    print(LSTN)


def arguments_of_layers() -> None:
    layers.Dense()  # wrong: "units"
    layers.Dense(unit=3)  # wrong: "unit"
    layers.Dense(3, activatoin="relu")  # wrong: "activatoin"
    layers.Dense("3")  # wrong: "units"
    layers.Dense(3, use_bias="zeros")  # wrong: "use_bias"
    layers.Dense(3, name=3)  # wrong: "name"
    layers.Conv2D(8)  # wrong: "kernel_size"
    layers.Conv2D(8, 3, stride=2)  # wrong: "stride"
    layers.Dense(3, activation=3)  # wrong: "activation"
    layers.Dense(3, kernel_regularizer=0.01)  # wrong: "kernel_regularizer"
    layers.Conv2D(8, "3")  # wrong: "kernel_size"
    layers.Reshape("28, 28")  # wrong: "target_shape"
    narae.Input("784")  # wrong: "shape"
    narae.Input(784)  # wrong: "shape"
    layers.Dropout("0.5")  # wrong: "rate"
    layers.Dense(3, kernel_regularizer=0.01)  # wrong: "kernel_regularizer"
    layers.Conv2D(8, 3, padding=1)  # wrong: "padding"
    layers.Conv2D(8, 3, dilation_rate=1.5)  # wrong: "dilation_rate"
    layers.MaxPooling2D(pool=2)  # wrong: "pool"
    layers.Reshape("3")  # wrong: "target_shape"
    layers.BatchNormalization(axis="last")  # wrong: "axis"
    layers.ZeroPadding2D("1")  # wrong: "padding"
    layers.Normalization(mean="0")  # wrong: "mean"
    layers.Dense(3, kernel_initializer=initializers.HeNormal("1"))  # wrong: "seed"


def models() -> None:
    narae.Sequential(layers.Dense(3))  # wrong: "layers"
    narae.Sequential([layers.Dense])  # wrong: "layers"
    model = narae.Sequential([layers.Dense(3)])
    model.ad(layers.Dense(3))  # wrong: "ad"
    model.add("relu")  # wrong: "layer"
    model.compile(optimiser="adam", loss="mse")  # wrong: "optimiser"
    model.compile(optimizers.Adam(), loss=3)  # wrong: "loss"
    model.compile(3, "mse")  # wrong: "optimizer"
    model.compile("adam", "mse", metrics=0.5)  # wrong: "metrics"
    model.fitt(x, y)  # wrong: "fitt"
    model.fit(x=x, y=y, epoch=5)  # wrong: "epoch"
    model.fit(x, y, epochs="5")  # wrong: "epochs"
    model.fit(x, y, callbacks="early_stopping")  # wrong: "callbacks"
    model.fit(x, y, callbacks=[EarlyStopping])  # wrong: "callbacks"
    model.fit(x, y, batch_size=2.5)  # wrong: "batch_size"
    model.predict()  # wrong: "x"
    model.optimizer.learningrate = 0.1  # wrong: "learningrate"


def graphs() -> None:
    begin = narae.Input((3,))
    end = layers.Dense(2)(begin)
    narae.Model(inputs=begin, output=end)  # wrong: "__init__"
    narae.Model(begin, 3)  # wrong: "__init__"
    narae.Model(begin, end, nam="graph")  # wrong: "__init__"


def histories() -> None:
    model = narae.Sequential([layers.Dense(3)])
    history = model.fit(x, y)
    print(history + 1)  # wrong: "+"
    print(history.hist)  # wrong: "hist"
    print(history["loss"])  # wrong: "__getitem__"
    loss, accuracy = model.fit(x, y)  # wrong: "History"
    print(loss, accuracy)


def other_objects() -> None:
    optimizers.Adam(lr=0.1)  # wrong: "lr"
    optimizers.Adam([0.1])  # wrong: "learning_rate"
    optimizers.Adam(learning_rate="0.1")  # wrong: "learning_rate"
    optimizers.SGD(0.1, momentom=0.9)  # wrong: "momentom"
    EarlyStopping(patient=3)  # wrong: "patient"
    EarlyStopping(patience="3")  # wrong: "patience"
    losses.SparseCategoricalCrossentropy(from_logit=True)  # wrong: "from_logit"
    narae.metrics.Mean(3)  # wrong: "name"


def tensors() -> None:
    a = ops.convert_to_tensor([1.0, 2.0])
    print(a.shap)  # wrong: "shap"
    ops.matmul(a)  # wrong: "x2"
    ops.sum(a, axes=0)  # wrong: "axes"
    ops.reshape(a, "2, 1")  # wrong: "newshape"
    ops.add("a", 1)  # wrong: "x1"
    w = narae.Variable([1.0])
    w.asign(a)  # wrong: "asign"
    narae.random.normal((3,), stdev=2.0)  # wrong: "stdev"
