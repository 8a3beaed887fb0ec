"""What runs through NumPy within native programs, and why. `docs/native.md` shows these tables, and
a test compares both with what happens."""

from __future__ import annotations

from collections.abc import Mapping

# The reason -> the operations that have no native code for it.
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "NumPy's own sort": ("sort", "argsort", "top_k", "searchsorted"),
    "LAPACK's work": (
        *("cholesky", "lu_factor", "qr", "svd", "singular_values", "eigh"),
        *("inv", "det", "slogdet", "solve", "triangular_solve"),
    ),
    "pocketfft's work": ("fft",),
    "in gradients of gradients alone": ("pick_extremes",),
    "made once, at load": ("iota",),
    "in no training step of narae's own": ("nextafter", "gcd", "lcm"),
}
_REASONS = {name: reason for reason, names in OPERATIONS.items() for name in names}

# What a training step of narae's own layers, activations, losses, metrics and optimizers runs
# through NumPy, and whose.
IN_TRAINING: Mapping[str, tuple[str, ...]] = {
    "sort": ("activation sparsemax",),
    "argsort": ("activation sparsemax",),
    "top_k": ("metric Precision", "metric Recall"),
}


def no_code(name: str) -> str:
    """Why an operation runs through NumPy.

    >>> no_code("qr")
    "qr has no native code: LAPACK's work"
    """
    reason = _REASONS.get(name)
    return f"{name} has no native code{f': {reason}' if reason else ''}"
