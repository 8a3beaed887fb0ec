"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of narae that led here, however many of our functions lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("narae."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
