"""Inference beside ONNX Runtime: networks by sizes of batch, narae asked in each of its ways.

ONNX Runtime has two threads within an operation, or one: the faster of both counts.
"""

from __future__ import annotations

from rows import NARAE, ONNX, ONNX_ONE, Bar, Column, Group, Line, Round, of

NETWORKS = {
    "answer_seed": "784-512-10",
    "answer_cnn": "CNN",
    "answer_lstm": "LSTM(32), 120 × 14",
    "answer_encoder": "encoder 128 wide, 64 words",
}
WAYS = {
    "call": "model(x)",
    "on batch": "predict_on_batch",
    "predict": "predict",
    "frozen": "compile_inference",
}
LIMITS = {1: 1.5, 128: 1.0, 2048: 1.0}  # times what ONNX Runtime takes, by samples of a batch


def ratio(found: Round, batch: int) -> float:
    """The slowest of narae's ways beside the faster of ONNX Runtime's."""
    peer = min(found[peer][f"run {batch}"] for peer in (ONNX, ONNX_ONE) if peer in found)
    return max(found[NARAE][f"{way} {batch}"] for way in WAYS) / peer


GROUP = Group(
    rows=dict.fromkeys(NETWORKS, (NARAE, ONNX, ONNX_ONE)),
    bars=tuple(
        Bar(
            *(row, f"{what}, batch {batch}: slowest way / {ONNX}", "<=", limit, ""),
            lambda found, batch=batch: ratio(found, batch),
        )
        for row, what in NETWORKS.items()
        for batch, limit in LIMITS.items()
    ),
    title="Inference beside ONNX Runtime",
    columns=(
        *(Column(peer, of(peer, "run {}")) for peer in (ONNX, ONNX_ONE)),
        *(Column(f"narae: {what}", of(NARAE, f"{way} {{}}")) for way, what in WAYS.items()),
        Column("slowest / ONNX Runtime", lambda found, line: ratio(found, int(line.figure))),
    ),
    lines=tuple(
        Line(f"{what}, batch {batch}: ms", row, f"{batch}")
        for row, what in NETWORKS.items()
        for batch in LIMITS
    ),
)
