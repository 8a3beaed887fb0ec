"""Errors that say what came, what was expected, and the likely fix; warnings that point at the user's line, and
tracebacks of the lines of users alone."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from narae.base import settings
from narae.base.language import mark, tr


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
            tr(
                "{purpose} needs {package}, which is not installed. Install it with: pip install 'narae[{extra}]'",
                purpose=purpose,
                package=package,
                extra=extra,
            )
        )


def nearest(name: object, options: Iterable[str]) -> str:
    """A ready phrase naming the closest option to `name`, or listing a few of them.

    Of options as close, the one that is written in the same way goes first: small letters for small letters.

    >>> nearest("rmsprp", ["rmsprop", "adam"])
    "Did you mean 'rmsprop'?"
    >>> nearest("adma", ["Adam", "Adamax", "adam"])
    "Did you mean 'adam'?"
    """
    options, said = sorted(set(options)), str(name)
    ranked = sorted((*_apart(said, option), option) for option in options)
    if ranked and ranked[0][0] <= max(1, len(said) // 3) and ranked[0][0] < len(said):
        return tr("Did you mean {name!r}?", name=ranked[0][-1])
    shown = ", ".join(options[:40])
    return tr("Known names: {names}.", names=shown + (", ..." if len(options) > 40 else ""))


def _apart(said: str, option: str) -> tuple[int, int]:
    """How far two names are from each other: without case and underscores, where one that begins the other is near;
    and as they are."""
    plain, other = (text.lower().replace("_", "") for text in (said, option))
    length = abs(len(plain) - len(other))
    if len(plain) > 2 and other.startswith(plain):
        return 1, _edits(said, option)
    if length > len(plain) // 3 + 1:  # too far, whatever the letters
        return length, length
    return _edits(plain, other), _edits(said, option)


def _edits(a: str, b: str) -> int:
    """Letters that are left out, put in, changed, or in the place of their neighbours: the distance of optimal string
    alignment (Damerau, 1964)."""
    rows = [list(range(len(b) + 1))]
    for i, letter in enumerate(a):
        row = [i + 1]
        for j, other in enumerate(b):
            step = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter != other))
            if i and j and letter == b[j - 1] and a[i - 1] == other:
                step = min(step, rows[i - 1][j - 1] + 1)
            row.append(step)
        rows.append(row)
    return rows[-1][-1]


def unknown_arguments(
    what: str, given: Iterable[str], *functions: Callable[..., object]
) -> ValueError:
    """The error for arguments that nothing takes, with the nearest right one of what the functions take.

    >>> raise unknown_arguments("SGD", ["learning_rat"], lambda learning_rate=0.01, momentum=0.0: None)
    Traceback (most recent call last):
    ValueError: SGD got unknown arguments: learning_rat. Did you mean 'learning_rate'?
    """
    parameters = [p for f in functions for p in inspect.signature(f).parameters.values()]
    known = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    unknown = sorted(given)
    said = nearest(unknown[0], known - {"self"})
    return ValueError(
        tr(
            "{what} got unknown arguments: {names}. {near}",
            what=what,
            names=", ".join(unknown),
            near=said,
        )
    )


def unknown_name(kind: str, name: object, options: Iterable[str]) -> ValueError:
    """The error for a name that nothing answers to, with the nearest right one.

    >>> raise unknown_name("optimizer", "adm", ["adam", "sgd"])
    Traceback (most recent call last):
    ValueError: Unknown optimizer: 'adm'. Did you mean 'adam'?
    """
    near = nearest(name, options)
    return ValueError(tr("Unknown {kind}: {name!r}. {near}", kind=tr(kind), name=name, near=near))


# kinds of things that are asked for by name
_KINDS = (
    *(mark("optimizer"), mark("loss"), mark("metric"), mark("initializer"), mark("regularizer")),
    *(mark("constraint"), mark("activation"), mark("layer"), mark("executor"), mark("callback")),
)


class ConfigError(ValueError, TypeError):
    """A configuration that describes nothing that can be made. (Keras raises a TypeError for most.)"""


_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"not enough values to unpack|too many values to unpack",
        mark("a list in it has another length than expected"),
    ),
    (
        r"invalid literal for int\(\) with base 10: (.*)|could not convert string to float: (.*)",
        mark("{value} stands where a number is expected"),
    ),
    (
        r"could not convert string to|can't convert|cannot convert float (NaN|infinity) to integer",
        mark("what stands where a number is expected is none"),
    ),
    (r"unexpected keyword argument (.*)", mark("it has no argument {value}")),
    (
        r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)",
        mark("it lacks {value}"),
    ),
    (
        r"takes .*positional arguments? but \d+ (?:was|were) given",
        mark("it is given more than its call takes"),
    ),
    (r"\w+\(\) argument must be", mark("another kind of value stands where a number is expected")),
    (r"too many positional arguments", mark("it is given more than its call takes")),
    (r"missing a required argument: (.*?)(;|$)", mark("its call lacks {value}")),
    (
        r"'(\w+)' object has no attribute",
        mark("a value of type {value} stands where another kind is expected"),
    ),
    (r"unhashable type: '(\w+)'", mark("a {value} stands where a name or number is expected")),
    (
        r"'(\w+)' object is not (iterable|subscriptable|callable|a mapping)",
        mark("a value of type {value} stands where another kind is expected"),
    ),
    (
        r"argument of type '(\w+)' is not (iterable|a container)",
        mark("a value of type {value} stands where another kind is expected"),
    ),
    (
        r"object of type '(\w+)' has no len",
        mark("a value of type {value} stands where a list is expected"),
    ),
    (
        r"cannot unpack non-iterable (\w+)",
        mark("a value of type {value} stands where a list is expected"),
    ),
    (
        r"'(\w+)' object cannot be interpreted as an integer",
        mark("a value of type {value} stands where a whole number is expected"),
    ),
    (
        r"'<' not supported|unsupported operand|not supported between|bad operand type"
        r"|can only concatenate|can't multiply sequence",
        mark("values of kinds that do not go together stand in it"),
    ),
    (
        r"indices must be integers|list index out of range|tuple index out of range",
        mark("a list in it is shorter than expected, or another kind of value stands in its place"),
    ),
    (r"truth value of an array", mark("an array stands where one number is expected")),
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
        return tr("it is nested too deep")
    if isinstance(error, MemoryError):
        return tr("it asks for more memory than there is")
    if type(error) is KeyError:
        return tr("{name} is missing", name=text)
    if isinstance(error, OverflowError):
        return tr("a number in it is too large ({error})", error=text)
    for pattern, words in _WORDS:
        found = re.search(pattern, text)
        if found:
            groups = [g.replace("NoneType", "None") for g in found.groups() if g is not None] or [
                ""
            ]
            return tr(words, value=groups[0])
    if isinstance(error, (AttributeError, IndexError)) and not isinstance(error, NotYet):
        return tr("a value of another kind than expected stands in it ({error})", error=text)
    return text or tr("its values make no sense ({kind})", kind=type(error).__name__)


# -- warnings ----------------------------------------------------------------------------------------


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of narae that led here, however many of our functions lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _between(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _between(module: str) -> bool:
    return module.startswith("narae.") or module in ("narae", "contextlib", "functools")


# -- tracebacks --------------------------------------------------------------------------------------

F = TypeVar("F", bound=Callable[..., Any])

_OURS = str(Path(__file__).parents[1])
_BUILT_ON = frozenset(["numpy", "jax", "jaxlib", "h5py", "rich", "typer", "llvmlite", "matplotlib"])
_MISSPELT = re.compile(r"got an unexpected keyword argument '(\w+)'$")


def entry(function: F) -> F:
    """A function that users call: an error that leaves it shows their lines alone, unless
    `narae.config.disable_traceback_filtering()` was called; a misspelt argument is told the nearest right one."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            shorten(error, function)
            raise

    return called  # type: ignore[return-value]


def shorten(error: BaseException, function: Callable[..., Any] | None = None) -> None:
    """Leave narae's own lines, and those of libraries that it called, out of the tracebacks of an error and of those
    that it came from. To be called where it is handled, before a bare `raise`, which adds none.

    function: the one that was called there: an argument that it does not have is told the nearest one.
    """
    if function is not None and isinstance(error, TypeError) and _never_began(error):
        _tell_nearest(error, function)
    if not settings.is_traceback_filtering_enabled():
        return
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = _users(one.__traceback__)
        one = one.__cause__ or one.__context__


def _users(whole: TracebackType | None) -> TracebackType | None:
    """The lines that are users' own, and what those called of libraries."""
    kept: list[TracebackType] = []
    theirs = True
    while whole is not None:
        path = whole.tb_frame.f_code.co_filename
        if path.startswith(_OURS):
            theirs = False
        elif not _is_of_a_library(path):
            theirs = True
        if theirs:
            kept.append(whole)
        whole = whole.tb_next
    found: TracebackType | None = None
    for line in reversed(kept):
        found = TracebackType(found, line.tb_frame, line.tb_lasti, line.tb_lineno)
    return found


@functools.cache
def _is_of_a_library(path: str) -> bool:
    """Whether a file is nobody's program: Python's own, or of what narae is built on."""
    places = sysconfig.get_paths()
    for packages in (places["purelib"], places["platlib"]):
        if path.startswith(packages):
            return Path(path).relative_to(packages).parts[0] in _BUILT_ON
    return path.startswith((places["stdlib"], "<frozen"))


def _never_began(error: TypeError) -> bool:
    """Whether the call's arguments did not fit: the function has no line in the traceback."""
    line = error.__traceback__
    return line is not None and line.tb_next is None


def _tell_nearest(error: TypeError, function: Callable[..., Any]) -> None:
    said = str(error)
    found = _MISSPELT.search(said)
    if found is not None:
        error.args = (f"{said}. {nearest(found[1], inspect.signature(function).parameters)}",)
