"""A row for each optimizer and each of its options, and the schedules that rows name."""

from __future__ import annotations

from typing import Any

SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.1, 10, 0.5)),
    "staircase": ("ExponentialDecay", (0.1, 10, 0.5, True)),
    "inverse": ("InverseTimeDecay", (0.1, 10, 0.5)),
    "inverse staircase": ("InverseTimeDecay", (0.1, 10, 0.5, True)),
    "restarts": ("CosineDecayRestarts", (0.1, 7)),
    "even restarts": ("CosineDecayRestarts", (0.1, 7, 1.0, 0.8, 0.1)),
    "polynomial": ("PolynomialDecay", (0.1, 9)),
    "cycle": ("PolynomialDecay", (0.1, 9, 0.01, 2.0, True)),
    "cosine": ("CosineDecay", (0.1, 20)),
    "warm-up": ("CosineDecay", (0.0, 20, 0.1, "c", 0.1, 5)),
    "piecewise": ("PiecewiseConstantDecay", ([5, 9], [0.1, 0.05, 0.01])),
}
FTRL = {"l1_regularization_strength": 0.01, "l2_shrinkage_regularization_strength": 0.01}
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("Nadam", {}),
    ("Adamax", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False}),
    ("Ftrl", {}),
    ("Ftrl", {**FTRL, "beta": 0.1}),
    ("Lion", {}),
    ("Lamb", {}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 20, "weight_decay": 0.1, "beta_1": 0.5}),
    ("Adam", {"use_ema": True}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 3}),
    ("Adam", {"gradient_accumulation_steps": 3}),
    ("Adam", {"gradient_accumulation_steps": 3, "use_ema": True, "weight_decay": 0.01}),
    ("SGD", {"clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.1}),
    ("SGD", {"global_clipnorm": 0.5}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"loss_scale_factor": 4.0}),
    ("SGD", {"learning_rate": "exponential"}),
    ("SGD", {"learning_rate": "exponential", "gradient_accumulation_steps": 3}),
]
IDS = [" ".join([name, *(f"{k}={v}" for k, v in options.items())]) for name, options in ROWS]


def made_by(module: Any, name: str, options: dict[str, Any]) -> Any:
    rate = options.get("learning_rate")
    if rate in SCHEDULES:
        kind, args = SCHEDULES[rate]
        options = {**options, "learning_rate": getattr(module.schedules, kind)(*args)}
    return getattr(module, name)(**options)
