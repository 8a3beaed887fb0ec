"""keras.ops.numpy's names, which are those of narae.ops."""

from __future__ import annotations

from narae.ops.missing import elsewhere

__getattr__ = elsewhere(__name__)
