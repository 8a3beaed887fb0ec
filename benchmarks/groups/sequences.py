"""Recurrent networks and transformers."""

from __future__ import annotations

from rows import (
    FRESH,
    JAX,
    NARAE,
    RIVALS,
    TF,
    TORCH,
    Bar,
    Column,
    Group,
    Line,
    compared,
    faster,
    fastest,
    of,
    peak_share,
    within,
)
from work import LSTM_STEP

LINES = (
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
BARS = (
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
)
RIVAL_ROWS = (
    *("lstm", "gru", "lstm_large", "embedding", "bidirectional"),
    *("encoder", "gpt", "stateful"),
)
OTHERS = tuple(of(peer) for peer in RIVALS[1:])
GROUP = Group(
    rows={
        **dict.fromkeys(RIVAL_ROWS, RIVALS),
        "first_lstm": (FRESH, NARAE),
    },
    bars=BARS,
    title="Sequences",
    columns=(
        *(Column(peer, of(peer)) for peer in RIVALS),
        Column("best of the others / narae's", compared(OTHERS, (of(NARAE),))),
    ),
    lines=LINES,
    # TensorFlow has not been the fastest in any of these.
    extra=dict.fromkeys(RIVAL_ROWS, (TF,)) | {"stateful": (TF, TORCH)},
)
