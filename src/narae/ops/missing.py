"""Keras's `keras.ops` names that narae has not yet, each with the way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from narae.base.errors import NotYet, nearest


def _rows(names: str, way_out: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), way_out)


MISSING = {
    **_rows(
        "eig polar view_as_complex view_as_real",
        "narae has no complex numbers; fft and its kin take and give pairs (real, imaginary)",
    ),
    **_rows("image", "Pillow or SciPy do it outside of a model"),
}


def missing(name: str, known: Sequence[str]) -> AttributeError:
    """The error for a name that narae.ops does not have: not yet, or unknown with the nearest one."""
    if name in MISSING:
        return NotYet(f"narae.ops has no {name} yet: {MISSING[name]}")
    return AttributeError(f"narae.ops has no {name!r}. {nearest(name, known)}")


def elsewhere(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module whose namesake in Keras has more: the rest is in narae.ops itself."""

    def found(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{module} has no {name!r}")
        import narae.ops

        return getattr(narae.ops, name)

    return found
