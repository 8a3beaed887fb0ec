"""Errors that say what came, what was expected, and the likely fix."""

from __future__ import annotations

import re
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
    from difflib import get_close_matches  # only errors need it: start-up

    close = get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.6)
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


class ConfigError(ValueError, TypeError):
    """A configuration that describes nothing that can be made. (Keras raises a TypeError for most.)"""


_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"not enough values to unpack|too many values to unpack",
        "a list in it has another length than expected",
    ),
    (
        r"invalid literal for int\(\) with base 10: (.*)|could not convert string to float: (.*)",
        "{0} stands where a number is expected",
    ),
    (
        r"could not convert string to|can't convert|cannot convert float (NaN|infinity) to integer",
        "what stands where a number is expected is none",
    ),
    (r"unexpected keyword argument (.*)", "it has no argument {0}"),
    (r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)", "it lacks {0}"),
    (
        r"takes .*positional arguments? but \d+ (?:was|were) given",
        "it is given more than its call takes",
    ),
    (r"\w+\(\) argument must be", "another kind of value stands where a number is expected"),
    (r"too many positional arguments", "it is given more than its call takes"),
    (r"missing a required argument: (.*?)(;|$)", "its call lacks {0}"),
    (
        r"'(\w+)' object has no attribute",
        "a value of type {0} stands where another kind is expected",
    ),
    (r"unhashable type: '(\w+)'", "a {0} stands where a name or number is expected"),
    (
        r"'(\w+)' object is not (iterable|subscriptable|callable|a mapping)",
        "a value of type {0} stands where another kind is expected",
    ),
    (
        r"argument of type '(\w+)' is not (iterable|a container)",
        "a value of type {0} stands where another kind is expected",
    ),
    (r"object of type '(\w+)' has no len", "a value of type {0} stands where a list is expected"),
    (r"cannot unpack non-iterable (\w+)", "a value of type {0} stands where a list is expected"),
    (
        r"'(\w+)' object cannot be interpreted as an integer",
        "a value of type {0} stands where a whole number is expected",
    ),
    (
        r"'<' not supported|unsupported operand|not supported between|bad operand type"
        r"|can only concatenate|can't multiply sequence",
        "values of kinds that do not go together stand in it",
    ),
    (
        r"indices must be integers|list index out of range|tuple index out of range",
        "a list in it is shorter than expected, or another kind of value stands in its place",
    ),
    (r"truth value of an array", "an array stands where one number is expected"),
)


def in_words(error: BaseException) -> str:
    """What an error says, for people who did not write the code that raised it: Python's own messages
    about lists, numbers and arguments say what is wrong with the data.

    >>> in_words(ValueError("not enough values to unpack (expected 2, got 1)"))
    'a list in it has another length than expected'
    >>> in_words(KeyError("units"))
    "'units' is missing"
    """
    text = str(error)
    if isinstance(error, ConfigError):
        return text  # in words already
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    if type(error) is KeyError:
        return f"{text} is missing"
    if isinstance(error, OverflowError):
        return f"a number in it is too large ({text})"
    for pattern, words in _WORDS:
        found = re.search(pattern, text)
        if found:
            groups = [g.replace("NoneType", "None") for g in found.groups() if g is not None] or [
                ""
            ]
            return words.format(*groups)
    if isinstance(error, (AttributeError, IndexError)) and not isinstance(error, NotYet):
        return f"a value of another kind than expected stands in it ({text})"
    return text or f"its values make no sense ({type(error).__name__})"
