"""Networks of Dense layers and convolutions: training, scripts, starts, calls, sizes, a busy neighbour."""

from __future__ import annotations

from rows import (
    FRESH,
    JAX,
    KERAS,
    KERAS_TORCH,
    LAST,
    MKL,
    NARAE,
    NUMPY,
    PRODUCTS,
    SKLEARN,
    TF,
    TORCH,
    XLA,
    Bar,
    Figures,
    Group,
    faster,
    within,
)

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


def rates(found: Figures) -> list[float]:
    """The GFLOP/s of the row of sizes."""
    return [rate for size, rate in found.items() if " x " in size]


BARS = (
    Bar(
        *("seed", "784-512-10 epoch: time / bare products", "<=", 0.9, ""),
        lambda found: found[NARAE]["epoch_s"] / found[PRODUCTS]["epoch_s"],
    ),
    *(faster("seed", "784-512-10 epoch", 3, "epoch_s", peer) for peer in (TF, KERAS_TORCH, TORCH)),
    faster("seed", "784-512-10 epoch", 1.4, "epoch_s", JAX),
    Bar(
        *("seed", f"784-512-10 epoch, xla executor: time / {JAX}", "<=", 1.1, ""),
        lambda found: found[XLA]["epoch_s"] / found[JAX]["epoch_s"],
    ),
    Bar(
        *("seed", "784-512-10: peak memory", "<=", 400, "MB"),
        lambda found: found[NARAE]["peak_mb"],
    ),
    faster("script", "classic script", 6, "script_s", TF),
    faster("script", "classic script", 3, "script_s", JAX),
    Bar(
        *("script", "classic script, empty cache: times faster than " + TF, ">=", 6, "×"),
        lambda found: found[TF]["script_s"] / found[FRESH]["script_s"],
    ),
    Bar(
        *("script", "classic script, empty cache: times faster than " + JAX, ">=", 3, "×"),
        lambda found: found[JAX]["script_s"] / found[FRESH]["script_s"],
    ),
    Bar(
        *("deep", "1024-1024-1024-10: rate / MKL's of its products", ">=", 75, "%"),
        lambda found: 100 * found[MKL]["step_ms"] / found[NARAE]["step_ms"],
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
        *("sizes", "cost against size: lowest GFLOP/s / highest", ">=", 0.6, ""),
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
)
GROUP = Group(
    rows={
        "seed": (NARAE, XLA, *KERAS[1:], TORCH, SKLEARN, NUMPY, PRODUCTS),
        "mixed": (NARAE, XLA, JAX),
        "script": (FRESH, NARAE, JAX, TF),
        "deep": (NARAE, PRODUCTS, MKL),
        "tiny": (NARAE, XLA, *KERAS[1:], TORCH, SKLEARN, NUMPY),
        "cnn": (NARAE, JAX, TF, TORCH, LAST),
        "predict": (NARAE, JAX, TF, TORCH, SKLEARN, NUMPY),
        "sizes": (NARAE,),
        "busy": (NARAE, JAX, TORCH, PRODUCTS),
        "first_seed": (FRESH, NARAE),
        "first_cnn": (FRESH, NARAE),
    },
    bars=BARS,
    # Peers that no bar names: left out of a quick run.
    extra={
        "seed": (SKLEARN, NUMPY),
        "tiny": (SKLEARN, NUMPY),
        "cnn": (JAX,),
        "predict": (TF, TORCH, SKLEARN, NUMPY),
    },
    scripts={MKL: "products.py mkl"},
    rounds=100,
)
