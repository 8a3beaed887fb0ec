"""The rows of inference beside ONNX Runtime: networks by sizes of batch, narae asked in each of its ways.

ONNX Runtime has two threads within an operation, or one: the faster of both counts.
"""

from __future__ import annotations

from collections.abc import Mapping

ONNX, ONNX_ONE = "ONNX Runtime", "ONNX Runtime, one thread"
ROWS = {
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
HEADS = (ONNX, ONNX_ONE, *(f"narae: {way}" for way in WAYS.values()), "slowest / ONNX Runtime")


def peers_ms(found: Mapping[str, Mapping[str, float]], batch: int) -> float:
    """The faster of ONNX Runtime's."""
    return min(found[peer][f"run {batch}"] for peer in (ONNX, ONNX_ONE) if peer in found)


def ratio(found: Mapping[str, Mapping[str, float]], batch: int) -> float:
    """The slowest of narae's ways beside ONNX Runtime."""
    own = found["narae"]
    return max(own[f"{way} {batch}"] for way in WAYS) / peers_ms(found, batch)
