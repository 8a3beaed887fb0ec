"""keras.ops.numpy's names, which are those of narae.ops."""

from __future__ import annotations

from narae.ops.elsewhere import elsewhere

__path__: list[str] = []  # `from` looks for missing names as it does in a package
__getattr__ = elsewhere(__name__)
