"""keras.ops.numpy's names, which are those of narae.ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narae.ops.keras_modules import with_all_names

__path__: list[str] = []  # `from` looks for missing names as it does in a package
with_all_names(__name__)

if TYPE_CHECKING:  # Keras's module of this name has more
    from narae.ops import *  # noqa: F403
