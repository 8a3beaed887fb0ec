"""ONNX Runtime on the networks of `inference.py`: the same shapes, weights at random.

python onnx_inference.py TASK [--quick]        the row's name, with _one behind it for one thread
"""

from __future__ import annotations

import time
from typing import Any

import common

start = time.perf_counter()
import onnxruntime  # noqa: E402

imported = time.perf_counter() - start

import inference  # noqa: E402
import numpy as np  # noqa: E402
import sequences as S  # noqa: E402
from onnx import TensorProto, checker, helper, numpy_helper  # noqa: E402

OPSET, IR = 23, 11  # of the models: 23 has attention as one operation


class Built:
    """A model while it is built: nodes in order, weights by name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.random = np.random.default_rng(0)

    def constant(self, array: Any) -> str:
        """A weight or a shape; its name."""
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def normal(self, *shape: int) -> str:
        """Weights as a layer has them before it is trained."""
        size = np.sqrt(1 / max(1, int(np.prod(shape[1:]))))
        return self.constant(self.random.normal(0, size, shape).astype("float32"))

    def __call__(self, operation: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """One operation; the name of its first result (the last, of several)."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, **attributes))
        return names[-1]

    def dense(self, x: str, rows: int, columns: int) -> str:
        """x W + b over the last axis."""
        return self("Add", self("MatMul", x, self.normal(rows, columns)), self.normal(columns))

    def norm(self, x: str, size: int) -> str:
        """Layer normalization over the last axis."""
        ones = self.constant(np.ones(size, "float32"))
        return self("LayerNormalization", x, ones, self.normal(size), axis=-1, epsilon=1e-3)


def seed(m: Built) -> str:
    h = m(
        "Gemm",
        m("Relu", m("Gemm", "x", m.normal(784, 512), m.normal(512))),
        m.normal(512, 10),
        m.normal(10),
    )
    return m("Softmax", h, axis=-1)


def cnn(m: Built) -> str:
    h = m(
        "Reshape", "x", m.constant(np.array([-1, 1, 28, 28]))
    )  # one channel: its order is the same
    for number, (below, above) in enumerate(((1, 32), (32, 64), (64, 128))):
        h = m("Relu", m("Conv", h, m.normal(above, below, 3, 3), m.normal(above)))
        if number < 2:
            h = m("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2])
    return m("Softmax", m("Gemm", m("Flatten", h), m.normal(1152, 10), m.normal(10)), axis=-1)


def lstm(m: Built) -> str:
    """The layer takes (steps, batch, features)."""
    units, features = S.SMALL.units, S.SMALL.features
    shapes = (1, 4 * units, features), (1, 4 * units, units), (1, 8 * units)
    weights = [m.normal(*shape) for shape in shapes]
    h = m("LSTM", m("Transpose", "x", perm=[1, 0, 2]), *weights, outputs=2, hidden_size=units)
    return m.dense(m("Squeeze", h, m.constant(np.array([0]))), units, 1)


def encoder(m: Built) -> str:
    work = S.ENCODER
    h = m("Gather", m.normal(work.words, work.size), "x")
    q, k, v = (m.dense(h, work.size, work.size) for _ in range(3))
    heads = {"q_num_heads": work.heads, "kv_num_heads": work.heads}
    h = m.norm(
        m("Add", h, m.dense(m("Attention", q, k, v, **heads), work.size, work.size)), work.size
    )
    wide = m("Relu", m.dense(h, work.size, work.wide))
    h = m.norm(m("Add", h, m.dense(wide, work.wide, work.size)), work.size)
    mean = m("ReduceMean", h, m.constant(np.array([1])), keepdims=0)
    return m("Sigmoid", m.dense(mean, work.size, 1))


NETWORKS = {"answer_seed": seed, "answer_cnn": cnn, "answer_lstm": lstm, "answer_encoder": encoder}


def session(row: str, threads: int) -> Any:
    """A network as it runs: all of the runtime's own optimizations, `threads` within an operation."""
    built, asked = Built(), inference.NETWORKS[row]
    out = NETWORKS[row](built)
    kind = TensorProto.INT32 if asked.kind == "int32" else TensorProto.FLOAT
    x = helper.make_tensor_value_info("x", kind, ["batch", *asked.shape])
    y = helper.make_tensor_value_info(out, TensorProto.FLOAT, ["batch", asked.results])
    graph = helper.make_graph(built.nodes, row, [x], [y], built.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def task(row: str, threads: int) -> common.Task:
    """The row's figures."""

    def measured() -> dict[str, float]:
        run = session(row, threads).run
        return inference.timed(row, {"run": lambda x: run(None, {"x": x})})

    return measured


TASKS = {row: task(row, 2) for row in NETWORKS}
common.main(TASKS | {f"{row}_one": task(row, 1) for row in NETWORKS}, imported)
