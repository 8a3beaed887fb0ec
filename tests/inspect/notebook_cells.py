"""The cells of the notebook that tests/inspect/test_notebook.py runs in a kernel, without any magic."""

CELLS = {
    "train": """
import numpy as np
import narae
from narae import layers, ops
model = narae.Sequential([narae.Input((8,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = np.random.default_rng(0).random((96, 8), "float32"), np.arange(96) % 3
h = model.fit(x, y, epochs=2, batch_size=8, validation_split=0.25)
""",
    "history": "h",
    "plot": "h.plot()",
    "plot_model": "narae.utils.plot_model(model, to_file=None, show_shapes=True)",
    "confusion": """
from narae.inspect import confusion_matrix, plot_confusion
plot_confusion(confusion_matrix(y, model.predict(x, verbose=0)))
""",
    "pyplot": """
import matplotlib.pyplot as plt
h.plot()
""",
    "explain": "narae.inspect.explain(model, x[:8], y[:8])",
    "plan": "model.explain_plan(x[:8], y[:8])",
    "model": "model",
    "layer": "model.layers[0]",
    "tensor": "ops.reshape(ops.arange(600), (20, 30))",
    "variable": "model.weights[0]",
    "error": "model.predict(x[0])",
}
