"""What is measured: the peers, the rows of work, the bars, and the operations that work needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

import inference_rows
from inference_rows import ONNX, ONNX_ONE

Figures = dict[str, float]
Round = Mapping[str, Figures]  # one round of a row: a peer's figures


class Peer(NamedTuple):
    """A script with its arguments, the packages whose installed size counts, and what is added to
    the name of a task."""

    command: str
    packages: str
    suffix: str = ""


FRESH = "narae, empty cache"
NARAE, JAX, TF = "narae", "Keras on JAX", "Keras on TensorFlow"
XLA = "narae on xla"
KERAS_TORCH, TORCH, LAST = "Keras on PyTorch", "PyTorch by hand", "PyTorch, channels last"
SKLEARN, NUMPY, PRODUCTS = "scikit-learn (Adam)", "NumPy by hand", "bare products"
PEERS = {
    NARAE: Peer("keras_like.py narae", "narae"),
    FRESH: Peer("keras_like.py narae", "narae"),
    XLA: Peer("keras_like.py narae-xla", "narae jax"),
    JAX: Peer("keras_like.py jax", "keras jax"),
    TF: Peer("keras_like.py tensorflow", "keras tensorflow-cpu"),
    KERAS_TORCH: Peer("keras_like.py torch", "keras torch"),
    TORCH: Peer("torch_loop.py", "torch"),
    LAST: Peer("torch_loop.py", "torch", "_channels_last"),
    SKLEARN: Peer("sklearn_mlp.py", "scikit-learn"),
    NUMPY: Peer("numpy_loop.py", "numpy"),
    PRODUCTS: Peer("products.py", "numpy"),
    ONNX: Peer("onnx_inference.py", "onnxruntime"),
    ONNX_ONE: Peer("onnx_inference.py", "onnxruntime", "_one"),
    "machine": Peer("limits.py", "narae"),
}
KERAS = (NARAE, JAX, TF, KERAS_TORCH)
RIVALS = (NARAE, JAX, TF, TORCH)
# Peers take turns in this order; narae's kernel cache starts empty in every row.
ROWS: dict[str, tuple[str, ...]] = {
    "limits": ("machine",),
    "seed": (NARAE, XLA, *KERAS[1:], TORCH, SKLEARN, NUMPY, PRODUCTS),
    "mixed": (NARAE, XLA, JAX),
    "script": (FRESH, NARAE, JAX, TF),
    "deep": (NARAE, PRODUCTS),
    "tiny": (NARAE, XLA, *KERAS[1:], TORCH, SKLEARN, NUMPY),
    "cnn": (NARAE, JAX, TF, TORCH, LAST),
    "predict": (NARAE, JAX, TF, TORCH, SKLEARN, NUMPY),
    "sizes": (NARAE,),
    "busy": (NARAE, JAX, TORCH, PRODUCTS),
    "first_seed": (FRESH, NARAE),
    "first_cnn": (FRESH, NARAE),
    **dict.fromkeys(("lstm", "gru", "lstm_large", "embedding", "bidirectional"), RIVALS),
    **dict.fromkeys(("encoder", "gpt", "stateful"), RIVALS),
    "first_lstm": (FRESH, NARAE),
    **dict.fromkeys(inference_rows.ROWS, (NARAE, ONNX, ONNX_ONE)),
}
# What `--only` takes for several rows.
GROUPS = {
    "sequences": tuple(
        row for row in tuple(ROWS)[list(ROWS).index("lstm") :] if row not in inference_rows.ROWS
    ),
    "inference": tuple(inference_rows.ROWS),
}
# Peers that no bar names: left out of a quick run.
EXTRA = {
    "seed": (SKLEARN, NUMPY),
    "tiny": (SKLEARN, NUMPY),
    "cnn": (JAX,),
    "predict": (TF, TORCH, SKLEARN, NUMPY),
    "stateful": (TF, TORCH),
}
# Of the table of peers: title, row, figure.
COLUMNS = (
    ("import, s", "seed", "import_s"),
    ("first step, s", "seed", "first_step_s"),
    ("epoch, s", "seed", "epoch_s"),
    ("mixed epoch, s", "mixed", "epoch_s"),
    ("script, s", "script", "script_s"),
    ("tiny step, ms", "tiny", "step_ms"),
    ("CNN step, ms", "cnn", "step_ms"),
    ("deep step, ms", "deep", "step_ms"),
    ("predict, ms", "predict", "predict_ms"),
    ("model(x), ms", "predict", "call_ms"),
    ("on batch, ms", "predict", "on_batch_ms"),
    ("peak, MB", "seed", "peak_mb"),
)


class Line(NamedTuple):
    """A line of the table of sequences: the work, its row and figure, and as whom narae runs."""

    what: str
    row: str
    figure: str
    own: str = NARAE


SEQUENCES = (
    Line("LSTM(32), 120 × 14, batch 128: step, ms", "lstm", "step_ms"),
    Line("GRU(32), the same: step, ms", "gru", "step_ms"),
    Line("LSTM(256), 100 × 128, batch 64: step, ms", "lstm_large", "step_ms"),
    Line("Embedding 10,000 × 64, LSTM(32), 25 words, batch 32: step, ms", "embedding", "step_ms"),
    Line(
        "2 × Bidirectional LSTM(64), 200 words, masked, batch 32: step, ms",
        "bidirectional",
        "step_ms",
    ),
    Line("encoder 128 wide, 4 heads, 64 words, batch 32: step, ms", "encoder", "step_ms"),
    Line("GPT of 4 layers, 128 wide, 256 tokens, batch 16: step, ms", "gpt", "step_ms"),
    Line("the GPT's peak memory, MB", "gpt", "peak_mb"),
    Line("one step of a stateful LSTM(32), batch 1: model(x), ms", "stateful", "call_ms"),
    Line("the same: predict_on_batch, ms", "stateful", "on_batch_ms"),
    Line("first step of the LSTM(32), empty cache, s", "first_lstm", "first_step_s", FRESH),
    Line("first step of the LSTM(32), second process, s", "first_lstm", "first_step_s"),
)


# -- operations ------------------------------------------------------------------------------------


def dense_operations(*widths: int) -> float:
    """Operations of a row's training step: forward, to the weights, and to the layers below."""
    return sum(2 * m * n * (3 if below else 2) for below, (m, n) in enumerate(pairwise(widths)))


def dense_weights(*widths: int) -> int:
    return sum(m * n + n for m, n in pairwise(widths))


# Output rows and columns, kernel, channels in and out of the convolutions, 3 × 3 without padding.
CONVOLUTIONS = ((26, 1, 32), (11, 32, 64), (3, 64, 128))
CNN_FORWARD = [2 * 9 * side**2 * m * n for side, m, n in CONVOLUTIONS] + [2 * 1152 * 10]
CNN_OPERATIONS = 3 * sum(CNN_FORWARD) - CNN_FORWARD[0]  # the pictures need no gradient
CNN_WEIGHTS = sum(9 * m * n + n for _, m, n in CONVOLUTIONS) + dense_weights(1152, 10)
SEED, DEEP, TINY = (784, 512, 10), (1024, 1024, 1024, 10), (13, 64, 64, 1)
# The products of LSTM(256)'s step: of inputs and state, forward and to the weights; of the state, back in time.
LSTM_STEP = 64 * 100 * 2 * 4 * 256 * (2 * 128 + 3 * 256)
SEED_OPERATIONS, SEED_WEIGHTS = dense_operations(*SEED), dense_weights(*SEED)
DEEP_STEP = 256 * dense_operations(*DEEP)


class Work(NamedTuple):
    """A figure of narae's, with what it needs at least for each row or step of it.

    unit: seconds in the figure's unit; operations; memory: bytes that no cache can hold; cached:
    bytes that a cache holds (weights are read and, with RMSprop's mean, written at each step).
    count: rows or steps, from how many rows of MNIST there were and how many epochs.
    """

    what: str
    row: str
    figure: str
    unit: float
    operations: float
    memory: float
    cached: float
    count: Callable[[int, int], float] = lambda rows, epochs: 1


STATE = 16  # bytes of traffic for a weight in a step
WORKS = (
    Work(
        "784-512-10, epoch",
        *("seed", "epoch_s", 1, SEED_OPERATIONS, 784 * 4, STATE * SEED_WEIGHTS / 128),
        lambda rows, epochs: rows,
    ),
    Work(
        "the classic script",
        *("script", "script_s", 1, SEED_OPERATIONS, 784 * 4, STATE * SEED_WEIGHTS / 128),
        lambda rows, epochs: 60000 * epochs,
    ),
    Work(
        "1024-1024-1024-10, step",
        *("deep", "step_ms", 1e-3, DEEP_STEP, 256 * 1024 * 4, STATE * dense_weights(*DEEP)),
    ),
    Work(
        "13-64-64-1, step",
        *("tiny", "step_ms", 1e-3, 16 * dense_operations(*TINY), 0, STATE * dense_weights(*TINY)),
    ),
    Work(
        "CNN, step",
        *("cnn", "step_ms", 1e-3, 64 * CNN_OPERATIONS, 64 * 784 * 4, STATE * CNN_WEIGHTS),
    ),
    Work(
        "predict of one digit",
        "predict",
        "predict_ms",
        1e-3,
        *(2 * SEED_WEIGHTS, 0, 4 * SEED_WEIGHTS),
    ),
    Work(
        "predict_on_batch of it",
        "predict",
        "on_batch_ms",
        1e-3,
        *(2 * SEED_WEIGHTS, 0, 4 * SEED_WEIGHTS),
    ),
)


# -- bars ------------------------------------------------------------------------------------------


class Bar(NamedTuple):
    """What must hold of a row's figures in a round: `value` at least, or at most, `limit`."""

    row: str
    what: str
    sense: str
    limit: float
    unit: str
    value: Callable[[Round], float]


def faster(row: str, what: str, limit: float, figure: str, *peers: str) -> Bar:
    """narae's figure is so many times smaller than that of the fastest of peers."""
    shown = peers[0] if len(peers) == 1 else "the fastest of " + ", ".join(peers)

    def value(found: Round) -> float:
        return min(found[peer][figure] for peer in peers) / found[NARAE][figure]

    return Bar(row, f"{what}: times faster than {shown}", ">=", limit, "×", value)


def within(row: str, what: str, limit: float, figure: str, peer: str = NARAE) -> Bar:
    """A figure in seconds is at most the limit."""
    return Bar(row, what, "<=", limit, "s", lambda found: found[peer][figure])


BARS = (
    Bar(
        *("seed", "784-512-10 epoch: time / bare products", "<=", 0.95, ""),
        lambda found: found[NARAE]["epoch_s"] / found[PRODUCTS]["epoch_s"],
    ),
    *(faster("seed", "784-512-10 epoch", 3, "epoch_s", peer) for peer in (TF, KERAS_TORCH, TORCH)),
    faster("seed", "784-512-10 epoch", 1.4, "epoch_s", JAX),
    Bar(
        *("seed", f"784-512-10 epoch, xla executor: time / {JAX}", "<=", 1.1, ""),
        lambda found: found[XLA]["epoch_s"] / found[JAX]["epoch_s"],
    ),
    Bar(
        *("seed", "784-512-10: peak memory", "<=", 450, "MB"),
        lambda found: found[NARAE]["peak_mb"],
    ),
    faster("script", "classic script", 6, "script_s", TF),
    faster("script", "classic script", 2.5, "script_s", JAX),
    Bar(
        *("script", "classic script, empty cache: times faster than " + TF, ">=", 6, "×"),
        lambda found: found[TF]["script_s"] / found[FRESH]["script_s"],
    ),
    Bar(
        *("script", "classic script, empty cache: times faster than " + JAX, ">=", 2.5, "×"),
        lambda found: found[JAX]["script_s"] / found[FRESH]["script_s"],
    ),
    Bar(
        *("deep", "1024-1024-1024-10: share of the FMA peak", ">=", 75, "%"),
        lambda found: peak_share(DEEP_STEP, found),
    ),
    faster("tiny", "13-64-64-1 step", 10, "step_ms", JAX),
    *(faster("tiny", "13-64-64-1 step", 15, "step_ms", peer) for peer in (KERAS_TORCH, TORCH)),
    Bar(
        *("tiny", f"13-64-64-1 step, xla executor: time / {JAX}", "<=", 0.5, ""),
        lambda found: found[XLA]["step_ms"] / found[JAX]["step_ms"],
    ),
    faster("cnn", "CNN step", 2.5, "step_ms", TF, TORCH, LAST),
    faster("predict", "predict of one digit", 5, "predict_ms", JAX),
    *(
        Bar(
            *("predict", f"{what}: time / predict", "<=", 1, ""),
            lambda found, figure=figure: found[NARAE][figure] / found[NARAE]["predict_ms"],
        )
        for what, figure in (("model(x)", "call_ms"), ("predict_on_batch", "on_batch_ms"))
    ),
    Bar(
        *("sizes", "cost against size: lowest GFLOP/s / highest", ">=", 0.75, ""),
        lambda found: min(rates(found[NARAE])) / max(rates(found[NARAE])),
    ),
    Bar(
        *("busy", "beside a busy process: times slower than alone", "<=", 2, "×"),
        lambda found: found[NARAE]["busy_s"] / found[NARAE]["quiet_s"],
    ),
    faster("busy", "beside a busy process", 1, "busy_s", JAX),
    within("first_seed", "first step, 784-512-10, empty cache", 0.5, "first_step_s", FRESH),
    within("first_cnn", "first step, CNN, empty cache", 1.5, "first_step_s", FRESH),
    within("first_seed", "first step, 784-512-10, second process", 0.1, "first_step_s"),
    within("first_cnn", "first step, CNN, second process", 0.1, "first_step_s"),
    faster("lstm", "LSTM(32) step", 3, "step_ms", *RIVALS[1:]),
    faster("gru", "GRU(32) step", 3, "step_ms", *RIVALS[1:]),
    faster("lstm_large", "LSTM(256) step", 1.5, "step_ms", *RIVALS[1:]),
    Bar(
        *("lstm_large", "LSTM(256): share of the FMA peak", ">=", 50, "%"),
        lambda found: peak_share(LSTM_STEP, found),
    ),
    faster("embedding", "Embedding, LSTM(32) step", 5, "step_ms", *RIVALS[1:]),
    faster("bidirectional", "2 × Bidirectional LSTM(64) step", 2, "step_ms", *RIVALS[1:]),
    faster("encoder", "encoder step", 2, "step_ms", *RIVALS[1:]),
    faster("gpt", "GPT step", 1.5, "step_ms", *RIVALS[1:]),
    Bar(
        *("gpt", "GPT: peak memory / that of the fastest of the others", "<=", 0.5, ""),
        lambda found: found[NARAE]["peak_mb"] / fastest(found, *RIVALS[1:])["peak_mb"],
    ),
    faster("stateful", "stateful LSTM(32), model(x)", 10, "call_ms", JAX),
    faster("stateful", "stateful LSTM(32), predict_on_batch", 10, "on_batch_ms", JAX),
    within("first_lstm", "first step, LSTM(32), empty cache", 1.0, "first_step_s", FRESH),
    *(
        Bar(
            *(row, f"{what}, batch {batch}: slowest way / {ONNX}", "<=", limit, ""),
            lambda found, batch=batch: inference_rows.ratio(found, batch),
        )
        for row, what in inference_rows.ROWS.items()
        for batch, limit in inference_rows.LIMITS.items()
    ),
)


def fastest(found: Round, *peers: str) -> Figures:
    """The figures of the peer with the shortest step."""
    return min((found[peer] for peer in peers), key=lambda figures: figures["step_ms"])


def peak_share(operations: float, found: Round) -> float:
    """Per cent of the FMA peak that a step of so many operations runs at."""
    own = found[NARAE]
    return operations / own["step_ms"] / own["peak_gflops"] / 1e6 * 100


def rates(found: Figures) -> list[float]:
    """The GFLOP/s of the row of sizes."""
    return [rate for size, rate in found.items() if " x " in size]
