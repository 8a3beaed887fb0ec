"""The public door to `narae.base.files`."""

from __future__ import annotations

from narae.base.files import atomic_write, cache_dir

__all__ = ["atomic_write", "cache_dir"]
