"""Errors that say what came, what was expected, and the likely fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class ShapeError(ValueError):
    """A shape that an operation or a layer cannot take.

    lengths: the two that should have been equal; divisor: what should have divided one. What is inferred
    of unknown lengths learns from them.
    """

    def __init__(
        self, message: str, *, lengths: tuple[int, int] | None = None, divisor: int | None = None
    ) -> None:
        super().__init__(message)
        self.lengths, self.divisor = lengths, divisor


def differing(
    lengths: Sequence[int], others: Sequence[int], beside: int | None = None
) -> tuple[int, int] | None:
    """The first two lengths that differ; `beside`: a length that goes with any (1 broadcasts).

    >>> differing((2, 3), (2, 4))
    (3, 4)
    """
    pairs = zip(lengths, others, strict=False)
    return next(((n, m) for n, m in pairs if n != m and beside not in (n, m)), None)


class DtypeError(TypeError):
    """A dtype that an operation cannot take."""


class NotYet(NotImplementedError, AttributeError):
    """Something that Keras has and narae has not yet; the message names the way out.

    It is an AttributeError too, so that `hasattr(narae.ops, name)` answers False.
    """


class MissingExtra(ImportError):
    """An optional part that is not installed; the message names the command that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {package}, which is not installed. Install it with: "
            f"pip install 'narae[{extra}]'"
        )


def nearest(name: object, options: Iterable[str]) -> str:
    """A ready phrase naming the closest options to `name`, or listing a few of them.

    >>> nearest("rmsprp", ["rmsprop", "adam"])
    "Did you mean 'rmsprop'?"
    """
    options = sorted(set(options))
    lowered = {option.lower(): option for option in reversed(options)}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"Did you mean {lowered[close[0]]!r}?"
    shown = ", ".join(options[:40])
    return f"Known names: {shown}{', ...' if len(options) > 40 else ''}."


def unknown_name(kind: str, name: object, options: Iterable[str]) -> ValueError:
    """The error for a name that nothing answers to, with the nearest right one.

    >>> raise unknown_name("optimizer", "adm", ["adam", "sgd"])
    Traceback (most recent call last):
    ValueError: Unknown optimizer: 'adm'. Did you mean 'adam'?
    """
    return ValueError(f"Unknown {kind}: {name!r}. {nearest(name, options)}")
